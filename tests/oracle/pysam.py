"""Ask NREL-PySAM's Utilityrate5: `python -m tests.oracle.pysam`, one JSON object in, one out.

In a process of its own: the package is C++ inside and knows only floats. In: ``loads`` and ``gens`` (average
kW by step, 8,760 or 17,520 of them) and ``cases`` (which of them, and the rate). Out: twelve bills a case.
The year begins on a Monday and has no leap day, no holidays, no clock changes and no tax.
"""

import json
import sys
from typing import Any

OPEN = 1e38
ROLLOVER, DOLLARS, NET_BILLING = 0, 1, 2
_BUY_ALL = 4


def monthly_bills(case: dict[str, Any], load: list[float], gen: list[float]) -> list[float]:
    """Return what each month costs: energy, standing charge, demand and what is missing to the minimum."""
    from PySAM import Utilityrate5

    # the model must live for as long as its outputs are read
    model = Utilityrate5.new()
    model.Load.load = load
    model.SystemOutput.gen = gen or [0.0] * len(load)
    model.SystemOutput.degradation = [0]
    model.Lifetime.system_use_lifetime_output = 0
    model.Lifetime.analysis_period = 1
    model.Lifetime.inflation_rate = 0
    rates = model.ElectricityRates
    rates.en_electricity_rates = 1
    rates.rate_escalation = [0]
    rates.ur_metering_option = case.get("metering", NET_BILLING) if gen else _BUY_ALL
    rates.ur_nm_yearend_sell_rate = case.get("yearend", 0.0)
    rates.ur_monthly_fixed_charge = case.get("fixed", 0.0)
    rates.ur_monthly_min_charge = case.get("minimum", 0.0)
    rates.ur_annual_min_charge = 0
    rates.ur_en_ts_sell_rate = 0
    rates.ur_sell_eq_buy = 0
    rates.ur_ec_sched_weekday = case["weekday"]
    rates.ur_ec_sched_weekend = case["weekend"]
    rates.ur_ec_tou_mat = case["energy"]
    rates.ur_dc_enable = int("demand" in case)
    if "demand" in case:
        rates.ur_dc_flat_mat = case["demand"]["by_month"]
        rates.ur_dc_tou_mat = case["demand"]["by_period"]
        rates.ur_dc_sched_weekday = case["demand"]["weekday"]
        rates.ur_dc_sched_weekend = case["demand"]["weekend"]
    model.execute(0)
    outputs = model.Outputs
    bills = outputs.year1_monthly_utility_bill_w_sys if gen else outputs.year1_monthly_utility_bill_wo_sys
    return [float(bill) for bill in bills]


def main() -> None:
    asked = json.load(sys.stdin)
    loads, gens = asked["loads"], asked["gens"]
    answers = [
        monthly_bills(case, loads[case["load"]], gens[case["gen"]] if "gen" in case else [])
        for case in asked["cases"]
    ]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
