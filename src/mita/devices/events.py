"""What the registry of devices tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mita.devices.domain import IssueTold


@dataclass(frozen=True, slots=True)
class IssuesOpened:
    """There is something to look after."""

    name: ClassVar[str] = "devices.issues.opened"
    estate_id: int
    issues: tuple[IssueTold, ...]


@dataclass(frozen=True, slots=True)
class IssuesClosed:
    """Something that was to be looked after is over."""

    name: ClassVar[str] = "devices.issues.closed"
    estate_id: int
    issues: tuple[IssueTold, ...]
