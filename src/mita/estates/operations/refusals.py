"""What writes of estates may be refused with, and what they have in common."""

from __future__ import annotations

from mita.kit.errors import Conflict


class NameTaken(Conflict):
    """Another one of the same name exists already."""

    code = "name_taken"
    title = "The name is taken"


class ChangedMeanwhile(Conflict):
    """Somebody else has changed it since the version that the caller has seen."""

    code = "changed_meanwhile"
    title = "It was changed meanwhile"


class StillInUse(Conflict):
    """Something still hangs on it, so it cannot be archived; ``problems`` says what."""

    code = "still_in_use"
    title = "Something still hangs on it"


def check_version(version: int, *, expected: int | None) -> None:
    """Refuse a change of something that is not what the caller has seen; None has seen nothing.

    :raises ChangedMeanwhile: if it has another version
    """
    if expected is not None and version != expected:
        raise ChangedMeanwhile(f"it is version {version} by now, and you have seen version {expected}")
