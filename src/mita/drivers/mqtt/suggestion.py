"""What an unknown device on the wire seems to be. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mita.drivers.fields import Field


@dataclass(frozen=True, slots=True)
class Suggestion:
    """How an unknown device could be set up, for the one who knows it to confirm.

    ``fields`` are empty where the convention's own suffice; ``notes`` are sentences on what to look at.
    """

    driver: str
    address: str
    model: str | None = None
    fields: tuple[Field, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    has_switch: bool = False
    notes: tuple[str, ...] = ()

    @property
    def device(self) -> str:
        """The name that the device would be known by."""
        return f"{self.driver}:{self.address}"
