"""A wallet asks for a top-up when its total falls below a minimum. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """Below ``minimum_micro`` a wallet asks for what brings its total to ``target_micro``."""

    minimum_micro: int
    target_micro: int
    is_on: bool = True

    def problems(self) -> list[str]:
        """Return what is wrong with it, in sentences."""
        return ["target must be at least minimum"] if self.target_micro < self.minimum_micro else []

    def wanted_micro(self, total_micro: int) -> int:
        """Return how much is asked for at a total, zero if nothing is."""
        if not self.is_on or total_micro >= self.minimum_micro:
            return 0
        return self.target_micro - total_micro

    def is_met(self, total_micro: int) -> bool:
        """Tell whether a total needs no top-up any more."""
        return total_micro >= self.minimum_micro
