"""What an installer is told, step by step."""

from __future__ import annotations

from typing import Any

from mita.devices.domain import checklist
from mita.drivers.wire import Abilities

PLAIN: dict[str, Any] = {
    "problems": [],
    "meters": [],
    "is_heard": False,
    "has_reading": False,
    "abilities": Abilities(),
    "switch_is_known": False,
    "open_issues": [],
}


def told(**said: Any) -> list[tuple[str, str, str]]:
    return [(each.name, each.state, each.sentence) for each in checklist(**{**PLAIN, **said})]


def test_a_device_fresh_out_of_its_box() -> None:
    assert told() == [
        ("settings", "done", "It is set up."),
        ("meters", "missing", "No meter names it: install its meters."),
        ("heard", "missing", "Nothing came from it yet: look at its power and connection."),
        ("reading", "open", "Readings come once it is heard."),
        ("issues", "done", "Nothing is wrong with it."),
    ]


def test_a_device_that_works() -> None:
    done = told(
        meters=list("abcdef"),
        is_heard=True,
        has_reading=True,
        abilities=Abilities(cut="relay"),
        switch_is_known=True,
    )
    assert {state for _, state, _ in done} == {"done"}
    # five serials are enough to know which it is
    assert done[1][2] == "It speaks for a, b, c, d, e."
    assert done[4] == ("switch", "done", "It reports how its switch stands.")


def test_what_is_missing_says_what_to_do() -> None:
    found = told(problems=["no key", "no port"], is_heard=True, open_issues=["low battery, at 9 %"])
    assert found[0][1:] == ("missing", "Set it up: no key; no port")
    assert found[3][1:] == ("missing", "It speaks, but no reading was accepted: look at its frames.")
    assert found[4] == ("issues", "missing", "Look after: low battery, at 9 %")


def test_a_switch_is_known_once_it_was_reported() -> None:
    relay = Abilities(cut="relay", sleeps=True)
    assert told(abilities=relay)[4][1] == "open"
    assert told(abilities=relay, is_heard=True)[4] == (
        "switch",
        "missing",
        "Its switch was not reported yet: switch it off and on once. It hears us only after it has spoken.",
    )
    assert told(abilities=Abilities(cut="relay"), is_heard=True)[4][2].endswith("off and on once.")
