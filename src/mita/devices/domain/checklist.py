"""What is missing until a device works, in plain words: what an installer goes through on site. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.drivers.wire import Abilities

CheckState = Literal["done", "missing", "open"]


@dataclass(frozen=True, slots=True)
class Check:
    """One step: ``done``, ``missing`` with what to do, or ``open`` while nothing can be said yet."""

    name: str
    state: CheckState
    sentence: str


def checklist(
    *,
    problems: Sequence[str],
    meters: Sequence[str],
    is_heard: bool,
    has_reading: bool,
    abilities: Abilities,
    switch_is_known: bool,
    open_issues: Sequence[str],
) -> list[Check]:
    """Return the steps in the order in which one goes through them.

    ``problems`` are the driver's with its settings, ``meters`` serials, ``open_issues`` sentences.
    """
    found = [
        Check("settings", "missing", f"Set it up: {'; '.join(problems)}")
        if problems
        else Check("settings", "done", "It is set up."),
        Check("meters", "done", f"It speaks for {', '.join(meters[:5])}.")
        if meters
        else Check("meters", "missing", "No meter names it: install its meters."),
        Check("heard", "done", "It was heard.")
        if is_heard
        else Check("heard", "missing", "Nothing came from it yet: look at its power and connection."),
    ]
    if has_reading:
        found.append(Check("reading", "done", "A reading of it was accepted."))
    elif is_heard:
        found.append(
            Check("reading", "missing", "It speaks, but no reading was accepted: look at its frames.")
        )
    else:
        found.append(Check("reading", "open", "Readings come once it is heard."))
    if abilities.cut == "relay":
        found.append(_switch(abilities, is_known=switch_is_known, is_heard=is_heard))
    found.append(
        Check("issues", "missing", f"Look after: {'; '.join(open_issues)}")
        if open_issues
        else Check("issues", "done", "Nothing is wrong with it.")
    )
    return found


def _switch(abilities: Abilities, *, is_known: bool, is_heard: bool) -> Check:
    if is_known:
        return Check("switch", "done", "It reports how its switch stands.")
    if not is_heard:
        return Check("switch", "open", "How its switch stands is known once it is heard.")
    wait = " It hears us only after it has spoken." if abilities.sleeps else ""
    return Check("switch", "missing", f"Its switch was not reported yet: switch it off and on once.{wait}")
