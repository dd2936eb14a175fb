"""The rules of reports. Pure."""

from .arrears import AGE_WORDS, age_of
from .consumption import (
    Known,
    Place,
    Use,
    between,
    covered_place,
    percent_text,
    total_use,
    use_of,
    values_at,
)
from .lasting import LOOKED_BACK_DAYS, Lasting, lasting
from .sheet import name_cell, sheet_text
from .steps import STEPS_MAX, Step, Steps, TooManySteps, dates_before, steps_of

__all__ = [
    "AGE_WORDS",
    "LOOKED_BACK_DAYS",
    "STEPS_MAX",
    "Known",
    "Lasting",
    "Place",
    "Step",
    "Steps",
    "TooManySteps",
    "Use",
    "age_of",
    "between",
    "covered_place",
    "dates_before",
    "lasting",
    "name_cell",
    "percent_text",
    "sheet_text",
    "steps_of",
    "total_use",
    "use_of",
    "values_at",
]
