"""The kinds of files that can be imported, and every column of each; templates and guide say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mita.identity.domain import Permission

KindWord = Literal["units", "people", "meters", "occupancies", "ownerships", "top_ups"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: what its cells say, and one that is right."""

    name: str
    means: str
    example: str
    is_needed: bool = False
    form: Literal["text", "decimal", "day", "yes_no"] = "text"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Rows that say the same in all ``key`` columns are the same row. ``permission`` is what the single
    operation needs. ``again`` says what a row does that was imported before.
    """

    name: KindWord
    permission: Permission
    means: str
    key: tuple[str, ...]
    again: str
    columns: tuple[Column, ...]

    @property
    def by_name(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}


_UNIT = Column("unit", "Name of the unit, as the estate has it", "A101", is_needed=True)
_PERSON = Column(
    "person", "Email address or phone number of a person whom the estate knows", "thandi@example.com", True
)
_FROM = Column("from_on", "First local day, year-month-day", "2026-03-01", is_needed=True, form="day")
_UNTIL = Column(
    "until_on",
    "The local day before which it ends; empty: no end, or the one it has",
    "2027-03-01",
    form="day",
)

_UNITS = Kind(
    "units",
    Permission.UNITS_WRITE,
    "The units of the estate",
    ("name",),
    "A unit of that name is changed to what the row says; an empty cell leaves what is there",
    (
        Column("name", "Unique in the estate", "A101", is_needed=True),
        Column("kind", "flat, house, shop, office, parking, storage, common or other", "flat"),
        Column("door", "What stands at the door", "3B"),
        Column("address", "Where it lies, if not where the estate does", "1 Willow Lane, block A"),
        Column("floor_area", "Square metres", "64.5", form="decimal"),
        Column("participation", "The unit's part in the scheme, of the whole 1", "0.0125", form="decimal"),
        Column("notes", "For staff", "Keys at the front desk"),
        Column("is_out_of_use", "yes or no", "no", form="yes_no"),
    ),
)
_PEOPLE = Kind(
    "people",
    Permission.PEOPLE_WRITE,
    "The people whom the estate is to know",
    ("name", "email", "phone"),
    "Who has the email address, or without one the same name and number, is known and stays as they are",
    (
        Column("name", "Full name", "Thandi Mokoena", is_needed=True),
        Column("email", "This or a phone number is needed", "thandi@example.com"),
        Column("phone", "With the country's code", "+27 82 555 0101"),
    ),
)
_METERS = Kind(
    "meters",
    Permission.METERS_WRITE,
    "The meters in the units; a unit gets its wallet with the first one",
    ("serial",),
    "A meter of that serial must say the same, or the row fails: a meter is swapped, not overwritten",
    (
        Column("serial", "Unique in the estate", "E-1001", is_needed=True),
        _UNIT,
        Column("utility", "electricity, water, hot_water, gas or solar", "electricity", is_needed=True),
        Column("registers", "Names of its counters with spaces between; empty is import", "import export"),
        Column("device", "What speaks for the meter on MQTT", "wc-a101"),
        Column("max_rate", "Base units per hour; a faster rise is held", "20", form="decimal"),
        Column("burst", "Base units allowed on top of max_rate", "1.5", form="decimal"),
        Column("is_read_by_hand", "yes if people read it; empty is no", "no", form="yes_no"),
    ),
)
_OCCUPANCIES = Kind(
    "occupancies",
    Permission.TENANCIES_WRITE,
    "Who lives in which unit",
    ("unit", "person", "from_on"),
    "The same person in the same unit from the same day: an end that the row names replaces the one before",
    (_UNIT, _PERSON, _FROM, _UNTIL, Column("is_main", "yes or no; empty is yes", "yes", form="yes_no")),
)
_OWNERSHIPS = Kind(
    "ownerships",
    Permission.TENANCIES_WRITE,
    "Who owns which unit",
    ("unit", "person", "from_on"),
    "The same person, unit and first day: as with occupancies; another share fails",
    (_UNIT, _PERSON, _FROM, _UNTIL, Column("share", "Of the whole 1; empty is 1", "0.5", form="decimal")),
)
_TOP_UPS = Kind(
    "top_ups",
    Permission.WALLETS_TOP_UP,
    "Money that was received for units' wallets",
    ("reference",),
    "A reference is booked once in the estate; the same one with other words or another amount fails",
    (
        Column("reference", "The receipt's own number at the bank or in your books", "R-1042", True),
        _UNIT,
        Column("amount", "In the estate's currency", "200.00", is_needed=True, form="decimal"),
        Column("method", "cash or eft", "eft", is_needed=True),
        Column("utility", "Where all of it goes; empty: as the wallet's allocation says", "electricity"),
        Column("currency", "If given, it must be the estate's", "ZAR"),
    ),
)
KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (_UNITS, _PEOPLE, _METERS, _OCCUPANCIES, _OWNERSHIPS, _TOP_UPS)
}
