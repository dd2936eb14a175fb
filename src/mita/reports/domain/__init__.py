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
from .reconciliation import (
    ChangeKind,
    MeterChange,
    Reconciled,
    Stretch,
    StretchUse,
    changes_of,
    instants_of,
    own_window,
    reconciled,
    stretch_use,
    stretches_of,
    windows_of,
)
from .statement import StatementLine, cents_of, shared_cents
from .steps import STEPS_MAX, Step, Steps, TooManySteps, dates_before, steps_of

__all__ = [
    "AGE_WORDS",
    "LOOKED_BACK_DAYS",
    "STEPS_MAX",
    "ChangeKind",
    "Known",
    "Lasting",
    "MeterChange",
    "Place",
    "Reconciled",
    "StatementLine",
    "Step",
    "Steps",
    "Stretch",
    "StretchUse",
    "TooManySteps",
    "Use",
    "age_of",
    "between",
    "cents_of",
    "changes_of",
    "covered_place",
    "dates_before",
    "instants_of",
    "lasting",
    "own_window",
    "percent_text",
    "reconciled",
    "shared_cents",
    "steps_of",
    "stretch_use",
    "stretches_of",
    "total_use",
    "use_of",
    "values_at",
    "windows_of",
]
