"""From when on somebody sees a wallet and its unit. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Sight:
    """Nothing of a unit is seen from before ``sees_from`` (None: no limit).

    Of the wallet's accounts, entries after ``after`` are seen, by account id as JSON has keys; of accounts
    that it does not name, all.
    """

    sees_from: datetime | None = None
    after: Mapping[str, int] = field(default_factory=dict)

    def recorded(self) -> list[object]:
        """Return it as JSON values."""
        return [None if self.sees_from is None else self.sees_from.isoformat(), dict(self.after)]

    @classmethod
    def of(cls, recorded: list[object]) -> Sight:
        """Return the sight that :meth:`recorded` wrote down."""
        since, after = recorded
        assert isinstance(after, dict), "as it was written"
        return cls(None if since is None else datetime.fromisoformat(str(since)), after)


EVERYTHING = Sight()
