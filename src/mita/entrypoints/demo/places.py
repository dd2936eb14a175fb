"""The two places of the demo: their names, who lives there, what the weather is like. Constants only."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class HouseholdKind(StrEnum):
    """Who lives in a unit; the order is the row order of the daily rhythms in `appliances`."""

    SINGLE = "single"
    COUPLE = "couple"
    FAMILY = "family"
    STUDENTS = "students"
    RETIRED = "retired"
    VACANT = "vacant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An estate before anybody moved in.

    `households` counts the units of each kind and adds up to `len(unit_names)`; the two counts of
    houses with a pool pump and with a garden are of occupied units.
    """

    name: str
    unit_names: tuple[str, ...]
    households: tuple[tuple[HouseholdKind, int], ...]
    pool_pumps: int
    gardens: int


CURRENCY: Final = "ZAR"
TIME_ZONE: Final = "Africa/Johannesburg"

WILLOW_CREEK: Final = Place(
    name="Willow Creek",
    unit_names=tuple(f"{row}-{number:02}" for row in "ABCDE" for number in range(1, 11)),
    households=(
        (HouseholdKind.FAMILY, 20),
        (HouseholdKind.COUPLE, 12),
        (HouseholdKind.RETIRED, 9),
        (HouseholdKind.SINGLE, 7),
        (HouseholdKind.VACANT, 2),
    ),
    pool_pumps=12,
    gardens=40,
)
OAK_GARDENS: Final = Place(
    name="Oak Gardens",
    unit_names=tuple(f"{floor}{door:02}" for floor in range(1, 6) for door in range(1, 16)),
    households=(
        (HouseholdKind.SINGLE, 25),
        (HouseholdKind.COUPLE, 18),
        (HouseholdKind.STUDENTS, 15),
        (HouseholdKind.FAMILY, 8),
        (HouseholdKind.RETIRED, 6),
        (HouseholdKind.VACANT, 3),
    ),
    pool_pumps=0,
    gardens=0,
)
PLACES: Final = (WILLOW_CREEK, OAK_GARDENS)

# Johannesburg: January near 21 °C, July near 10 °C, cool nights all year.
TEMPERATURE_MEAN_C: Final = 15.5
TEMPERATURE_SEASON_C: Final = 5.5
TEMPERATURE_DAILY_C: Final = 5.5
WARMEST_DAY_OF_YEAR: Final = 15
WARMEST_HOUR: Final = 15.0
LONGEST_DAY_OF_YEAR: Final = 355
SUNRISE_MEAN_HOUR: Final = 6.05
SUNSET_MEAN_HOUR: Final = 18.2
SUN_SEASON_HOURS: Final = 0.83

FIRST_NAMES: Final = (
    "Thabo", "Naledi", "Sipho", "Lerato", "Johan", "Anika", "Priya", "Rajesh", "Zanele", "Kagiso",
    "Bongani", "Nomsa", "Pieter", "Marelize", "Farouk", "Yasmin", "Tumelo", "Palesa", "Graham", "Helen",
    "Lindiwe", "Mandla", "Refilwe", "Dineo", "Andile", "Chantal", "Devan", "Kavitha", "Riaan", "Busisiwe",
)  # fmt: skip
LAST_NAMES: Final = (
    "Mokoena", "Dlamini", "Nkosi", "Botha", "Naidoo", "Pillay", "Khumalo", "Molefe", "Steyn", "Venter",
    "Ndlovu", "Sithole", "Abrahams", "Jacobs", "Maseko", "Tshabalala", "Govender", "Fourie", "Radebe",
    "Mthembu", "Williams", "Daniels", "Motaung", "Zwane", "Kruger",
)  # fmt: skip
