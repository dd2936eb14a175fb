"""A year of URDB months as seasons and clocks, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mita.tariffs.domain.document import Block

MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LAST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class EnergyPrice:
    """What energy costs in an hour, and what is paid for energy fed in; no blocks: it has no price."""

    blocks: tuple[Block, ...] = ()
    sell_micro: int = 0


@dataclass(frozen=True, slots=True)
class Hour:
    """What an hour says: its energy price, and the demand period that counts its power (None: none)."""

    energy: EnergyPrice
    demand: int | None


@dataclass(frozen=True, slots=True)
class Month:
    """The 24 hours of its weekdays and weekends, and the price of its highest power at any hour."""

    weekday: tuple[Hour, ...]
    weekend: tuple[Hour, ...]
    flat_micro: int

    @property
    def hours(self) -> tuple[Hour, ...]:
        """All of its hours."""
        return self.weekday + self.weekend


@dataclass(frozen=True, slots=True)
class SeasonSpan:
    """Months that are alike, from the first to the last one, which may wrap around the year's end."""

    name: str
    first: int
    last: int
    month: Month


class TooManyLetters(ValueError):
    """A season in which more than 26 hours differ."""


@dataclass(frozen=True, slots=True)
class Year:
    """Seasons (one of no name if months are alike) and the letter of each hour in each ("" for no clocks)."""

    seasons: tuple[SeasonSpan, ...]
    letters: tuple[dict[Hour, str], ...]

    @property
    def has_seasons(self) -> bool:
        """Whether months differ."""
        return len(self.seasons) > 1

    @property
    def has_clocks(self) -> bool:
        """Whether hours differ within a month."""
        return any("" not in letters.values() for letters in self.letters)

    def hours(self) -> Iterator[tuple[str, str, Hour]]:
        """Yield (season, letter, hour) of every hour that differs, in the order of the year."""
        for season, letters in zip(self.seasons, self.letters, strict=True):
            for hour, letter in letters.items():
                yield season.name, letter, hour


def year_of(months: Sequence[Month]) -> Year:
    """Return the seasons and letters of twelve months.

    :raises TooManyLetters: if a season needs more than 26
    """
    seasons = _seasons(months)
    distinct = [tuple(dict.fromkeys(season.month.hours)) for season in seasons]
    if all(len(hours) == 1 for hours in distinct):
        return Year(seasons, tuple({hours[0]: ""} for hours in distinct))
    everywhere = tuple(dict.fromkeys(hour for hours in distinct for hour in hours))
    if len(everywhere) <= len(LETTERS):
        named = dict(zip(everywhere, LETTERS, strict=False))
        return Year(seasons, tuple({hour: named[hour] for hour in hours} for hours in distinct))
    if max(map(len, distinct)) > len(LETTERS):
        raise TooManyLetters
    return Year(seasons, tuple(dict(zip(hours, LETTERS, strict=False)) for hours in distinct))


def _seasons(months: Sequence[Month]) -> tuple[SeasonSpan, ...]:
    count = len(months)
    firsts = [at for at in range(count) if months[at] != months[at - 1]]
    if not firsts:
        return (SeasonSpan("", 0, count - 1, months[0]),)
    spans = []
    for place, first in enumerate(firsts):
        last = (firsts[(place + 1) % len(firsts)] - 1) % count
        name = MONTH_NAMES[first] if first == last else f"{MONTH_NAMES[first]}-{MONTH_NAMES[last]}"
        spans.append(SeasonSpan(name, first, last, months[first]))
    return tuple(spans)


def season_documents(year: Year) -> dict[str, dict[str, str]]:
    """Return the ``seasons`` of a document."""
    return {
        each.name: {
            "from": f"{each.first + 1:02d}-01",
            "to": f"{each.last + 1:02d}-{LAST_DAYS[each.last]:02d}",
        }
        for each in year.seasons
    }


def clock_documents(year: Year) -> dict[str, Any]:
    """Return the ``clocks`` of a document: Saturday and Sunday are the weekend."""
    clocks: dict[str, Any] = {}
    for season, letters in zip(year.seasons, year.letters, strict=True):
        weekday = "".join(letters[hour] for hour in season.month.weekday)
        weekend = "".join(letters[hour] for hour in season.month.weekend)
        clocks[season.name] = {"weekday": weekday, "saturday": weekend, "sunday": weekend}
    return dict(clocks.get("", clocks))
