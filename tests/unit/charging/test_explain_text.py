"""Explanations in sentences: what a resident reads, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from mita.charging.domain.explain_text import explanation_text
from mita.charging.domain.explained import Explained, Mirrored, Mover, Totals
from mita.charging.domain.explanation import CostLine
from mita.ledger.domain.chart import AccountWords
from mita.tariffs.domain import BillLine, parse_document
from tests.unit.tariffs.tables import document

NOON = datetime(2026, 3, 5, 10, tzinfo=UTC)  # in Johannesburg
EVENING = datetime(2026, 3, 5, 16, 30, 5, tzinfo=UTC)
JOURNAL = UUID("01930000-0000-7000-8000-000000000001")
KWH = 1_000_000
UNKNOWN = "What was known when this was booked cannot be put together again exactly: no prices are listed."
TABLE = parse_document(document(name="Home"))
LEVY = parse_document(document(name="State", tax={"name": "Duty", "percent": "5", "prices": "exclusive"}))
GAS = parse_document(
    document(name="Gas", utility="gas", conversion={"unit": "kWh", "factor": "11.5"}, tax=None)
)

UNIT = AccountWords("Unit 4", "wallet", whose="Unit 4")

BOOKED = Explained(
    subject="other",
    seq=9,
    kind="top_up",
    journal_kind="top_up",
    memo="",
    amount_micro=50_000_000,
    currency="ZAR",
    base_unit="kWh",
    zone=ZoneInfo("Africa/Johannesburg"),
    event_at=NOON,
    booked_at=NOON,
    journal_id=JOURNAL,
)
CHARGE = replace(BOOKED, subject="reading", kind="charge", journal_kind="charge", amount_micro=-12_345_000)


def said(told: Explained, **changed: object) -> list[str]:
    """The sentences; each ends its line."""
    text = explanation_text(replace(told, **changed))
    assert text.endswith("\n")
    return text.splitlines()


def line(kind: str, *, net_micro: int = 0, tax_micro: int = 0, **changed: object) -> CostLine:
    plain = BillLine("Line", kind, "kWh", KWH, 2_000_000, net_micro, tax_micro, days=31, whole_days=31)
    return CostLine("supply", 1, TABLE, replace(plain, **changed), first_day=date(2026, 3, 1))


@pytest.mark.parametrize(
    ("changed", "first"),
    [
        ({}, "The reading of 5 March 2026, 12:00 cost R12.35."),
        ({"amount_micro": 3_000_000}, "The reading of 5 March 2026, 12:00 brought R3.00."),
        ({"subject": "correction"}, "This corrects earlier charges: \N{MINUS SIGN}R12.35."),
        (
            {
                "subject": "readings",
                "start": NOON,
                "end": EVENING,
                "charges": 2,
                "total": Totals(3 * KWH, 10_000_000, 2_345_000),
            },
            "From 12:00 to 18:30:05 on 5 March 2026 you used 3.000 kWh (2 readings).",
        ),
    ],
)
def test_what_cannot_be_put_together_again_names_no_prices(changed: dict[str, object], first: str) -> None:
    assert said(CHARGE, is_exact=False, **changed) == [first, UNKNOWN]


def test_a_correction_whose_prices_are_not_known_still_says_both_sums() -> None:
    old, new = Totals(KWH, 10_000_000, 0), Totals(KWH, 7_500_000, 0)
    told = replace(CHARGE, subject="correction", is_exact=False, cause="late reading", old=old, new=new)
    assert said(told, total=Totals(0, -2_500_000, 0), start=NOON) == [
        "The past from 5 March 2026, 12:00 on was charged again. The cause: late reading.",
        "It cost R10.00 before and costs R7.50 now: R2.50 less, given back to the wallet.",
        UNKNOWN,
    ]


BOOKING = ["Booked on 5 March 2026, 12:00.", f"Journal {JOURNAL}."]


@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        ({}, ["Money came in: R50.00.", *BOOKING]),
        (
            {
                "account": UNIT,
                "others": (AccountWords("Money received", "clearing"),),
                "memo": "EFT 7",
                "mover": Mover("staff"),
                "key": "k1",
            },
            [
                "Money came in: R50.00.",
                "From: Money received. To: Unit 4.",
                "Booked on 5 March 2026, 12:00 by staff.",
                "The note: EFT 7.",
                f"Journal {JOURNAL}, asked for with the key k1.",
            ],
        ),
        # nobody else is named, and the money went further with the same order
        (
            {"account": UNIT, "beside": ((AccountWords("Unit 4, water", "wallet"), 20_000_000),)},
            ["Money came in: R50.00.", "With the same order R20.00 went to: Unit 4, water.", *BOOKING],
        ),
        ({"kind": "reversal"}, ["This is the reversal: R50.00.", *BOOKING]),
        # what it mirrors was archived
        ({"kind": "reversal", "of_seq": 4}, ["This is the reversal of entry 4: R50.00.", *BOOKING]),
        (
            {"kind": "reversal", "of_seq": 4, "of": Mirrored("pay_out", -50_000_000, NOON)},
            [
                "This is the reversal of entry 4, pay out of \N{MINUS SIGN}R50.00 on 5 March 2026: R50.00.",
                *BOOKING,
            ],
        ),
        ({"kind": "banking"}, ["Banking: R50.00.", *BOOKING]),
    ],
)
def test_money_that_moved(changed: dict[str, object], sentences: list[str]) -> None:
    assert said(BOOKED, **changed) == sentences


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            line("fixed", unit="day", net_micro=2_000_000),
            "Line for 1 March 2026, R2.00 a day = R2.00.",
        ),
        (
            line("fixed", unit="month", price_micro=31_000_000, net_micro=31_000_000),
            "Line for the month from 1 March 2026 on, R31.00 a month = R31.00.",
        ),
        (
            line("fixed", unit="month", price_micro=31_000_000, net_micro=9_000_000, days=9),
            "Line for the month from 1 March 2026 on, R31.00 a month, 9 of 31 days of it = R9.00.",
        ),
        (
            line("surplus", quantity_micro=-7_500_000, net_micro=-15_000_000),
            (
                "Line, the month from 1 March 2026 on: 7.500 kWh that you fed in beyond what you used,"
                " at R2.00 = \N{MINUS SIGN}R15.00."
            ),
        ),
        (
            line("minimum", unit="month", price_micro=40_000_000, net_micro=15_000_000),
            "Line of R40.00 a month: the month from 1 March 2026 on lacked R15.00.",
        ),
        (
            line("demand", unit="kW", quantity_micro=4_000_000, net_micro=8_000_000, at_s=1_772_704_800),
            "Line for 4.000 kW, reached 5 March 2026, 12:00, at R2.00 for each kW = R8.00.",
        ),
        # what was taken back keeps no time of its peak
        (
            line("demand", unit="kVA", quantity_micro=-4_000_000, net_micro=-8_000_000),
            "Line for 4.000 kVA, at R2.00 for each kVA = \N{MINUS SIGN}R8.00.",
        ),
    ],
)
def test_charges_by_time(made: CostLine, sentence: str) -> None:
    net = made.line.net_micro
    told = replace(CHARGE, subject="standing_charge", amount_micro=-net, lines=(made,))
    ending = f"Together R{net // KWH}.00." if net > 0 else f"A credit to the wallet of R{-net // KWH}.00."
    assert said(told, total=Totals(0, net, 0)) == [
        sentence,
        ending,
        "The prices are those of Home, in force since 1 January 2024.",
    ]


def test_taxes_of_several_names_are_told_in_one_sum() -> None:
    supply = line("usage", charge="Energy", quantity_micro=3 * KWH, net_micro=6_000_000, tax_micro=900_000)
    levy = replace(
        line("usage", charge="Fund", quantity_micro=3 * KWH, price_micro=200_000, net_micro=600_000),
        role="levy",
        table=LEVY,
    )
    told = replace(CHARGE, start=NOON, end=EVENING, lines=(supply, levy))
    assert said(told, register="generation", total=Totals(3 * KWH, 6_600_000, 930_000)) == [
        "From 12:00 to 18:30:05 on 5 March 2026 the register generation counted 3.000 kWh.",
        "- Energy: 3.000 kWh at R2.00 = R6.00.",
        "- Fund: 3.000 kWh at R0.20 = R0.60.",
        "Tax: R0.93. Together R7.53.",
        "The prices are those of Home, in force since 1 January 2024.",
        "The prices (levy) are those of State, in force since 1 January 2024.",
    ]


def test_the_unit_of_a_price_is_explained() -> None:
    made = replace(
        line("usage", charge="Gas", quantity_micro=23 * KWH, price_micro=1_000_000, net_micro=23_000_000),
        table=GAS,
    )
    told = replace(CHARGE, base_unit="m3", start=NOON, end=EVENING, lines=(made,))
    assert said(told, total=Totals(2 * KWH, 23_000_000, 0)) == [
        "From 12:00 to 18:30:05 on 5 March 2026 you used 2.000 m³.",
        "23.000 kWh at R1.00 = R23.00.",
        "Together R23.00.",
        "The prices are those of Gas, in force since 1 January 2024.",
        "1 m³ is 11.5 kWh.",
    ]
