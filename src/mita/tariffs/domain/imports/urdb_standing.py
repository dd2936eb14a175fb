"""Fixed and minimum charges of a URDB rate, and the charges that no rate table can say."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mita.tariffs.domain.document import DAY, MONTH
from mita.tariffs.domain.problems import shown

from .urdb_values import Findings, read_micro

if TYPE_CHECKING:
    from collections.abc import Mapping

_PER = {"$/day": DAY, "$/month": MONTH}
_LEFT_OUT = {
    "annualmincharge": "a minimum of a year; a rate table has one of a month",
    "coincidentratestructure": "power at the time of the network's peak",
    "demandratchetpercentage": "power of earlier months that counts on",
    "demandreactivepowercharge": "a charge on reactive power",
    "fixedchargeeaaddl": "a fixed charge of further meters",
    "fueladjustmentsmonthly": "a fuel adjustment of each month; add it to the prices",
    "lookbackpercent": "power of earlier months that counts on",
    "lookbackrange": "power of earlier months that counts on",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Fixed prices per day and per month, and the least that a month costs; in micro, 0 for none."""

    day_micro: int = 0
    month_micro: int = 0
    minimum_micro: int = 0


def read_standing(findings: Findings, item: Mapping[str, Any]) -> Standing:
    """Return the fixed and minimum charges; name what is left out."""
    fixed = {DAY: 0, MONTH: 0}
    for key, units, usual in (
        ("fixedchargefirstmeter", "fixedchargeunits", "$/month"),
        ("fixedmonthlycharge", "", "$/month"),
    ):
        per, amount = _amount(findings, item, key=key, units=units, usual=usual)
        if per in fixed:
            fixed[per] += amount
    minimums = [0]
    for key, units in (("mincharge", "minchargeunits"), ("minmonthlycharge", "")):
        per, amount = _amount(findings, item, key=key, units=units, usual="$/month")
        if per == MONTH:
            minimums.append(amount)
        elif per:
            message = "a minimum of a day; a rate table has one of a month"
            findings.leave_out((key,), "not_expressible", message)
    for word, what in _LEFT_OUT.items():
        for key in item:
            if key.lower() == word and _says_something(item[key]):
                findings.leave_out((key,), "not_expressible", what)
    return Standing(day_micro=fixed[DAY], month_micro=fixed[MONTH], minimum_micro=max(minimums))


def _amount(
    findings: Findings, item: Mapping[str, Any], *, key: str, units: str, usual: str
) -> tuple[str, int]:
    """Return what an amount is per ("" if it is left out) and the amount in micro."""
    if item.get(key) is None:
        return "", 0
    amount = read_micro(findings, item[key], path=(key,))
    if not amount:
        return "", 0
    unit = item.get(units, usual) if units else usual
    if amount < 0 or not isinstance(unit, str) or unit not in _PER:
        what = "an amount below zero" if amount < 0 else f"an amount in {shown(unit)}"
        message = f"{what}; a rate table has amounts from 0 per day and per month"
        findings.leave_out((key,), "not_expressible", message)
        return "", 0
    return _PER[unit], amount


def _says_something(value: Any) -> bool:
    if isinstance(value, list):
        return any(_says_something(each) for each in value)
    if isinstance(value, dict):
        return any(_says_something(each) for each in value.values())
    if isinstance(value, int | Decimal):
        return value != 0
    return bool(value)
