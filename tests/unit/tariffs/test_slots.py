from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mita.tariffs.domain import (
    NO_TABLE,
    NOT_PRICED,
    BadSpan,
    VersionsNotInOrder,
    build_slots,
    day_type_on,
    public_holidays,
    season_on,
)

from .tables import (
    CLOCKS,
    JOHANNESBURG,
    LONDON,
    LORD_HOWE,
    document,
    homeflex,
    seconds,
    table,
    usage,
)

HOUR = 3_600


def build(*versions, zone=JOHANNESBURG, start, end, register="import"):
    return build_slots(
        versions, zone=zone, register=register, start_s=seconds(start, zone), end_s=seconds(end, zone)
    )


def letters_of(slots, *, start, end):
    """[(letter, hours)] between two seconds."""
    found = []
    for index, row in enumerate(slots.row):
        low, high = max(slots.starts[index], start), min(slots.starts[index + 1], end)
        if low < high:
            found.append((slots.letter[row], (high - low) / HOUR))
    return found


def test_flat_table_has_one_slot_per_billing_period():
    slots = build(table(), start="2025-03-10", end="2025-04-10")
    assert slots.starts.tolist() == [
        seconds("2025-02-28T22:00"),
        seconds("2025-03-31T22:00"),
        seconds("2025-04-30T22:00"),
    ]
    assert slots.period.tolist() == slots.starts[:-1].tolist()
    assert slots.row.tolist() == [0, 0]
    assert slots.price.tolist() == [[2_000_000]]
    assert (slots.tax_num.tolist(), slots.tax_den.tolist(), slots.sign.tolist()) == ([3], [20], [1])


def test_adjacent_hours_of_a_letter_merge_over_midnight():
    slots = build(homeflex(), start="2025-07-07", end="2025-07-08")
    day = letters_of(
        slots, start=seconds("2025-07-07", JOHANNESBURG), end=seconds("2025-07-08", JOHANNESBURG)
    )
    assert day == [("O", 6), ("P", 2), ("S", 9), ("P", 3), ("S", 2), ("O", 2)]
    # Monday 22:00 to Tuesday 06:00 is one slot
    at = int(np.searchsorted(slots.starts, seconds("2025-07-08", JOHANNESBURG), side="right")) - 1
    assert slots.starts[at] == seconds("2025-07-07T22:00", JOHANNESBURG)
    assert slots.starts[at + 1] == seconds("2025-07-08T06:00", JOHANNESBURG)


def test_season_change_cuts():
    slots = build(homeflex(), start="2025-05-31", end="2025-06-02")
    at = int(np.searchsorted(slots.starts, seconds("2025-06-01", JOHANNESBURG)))
    assert slots.starts[at] == seconds("2025-06-01", JOHANNESBURG)
    assert (slots.season[slots.row[at - 1]], slots.season[slots.row[at]]) == ("low", "high")


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-07-07", 24)])
def test_london_days_follow_the_wall_clock(day, hours):
    clock = "ABCDEFGHIJKLMNOPQRSTUVWX"
    prices = dict.fromkeys(clock, "1.00")
    clocks = {"weekday": clock, "saturday": clock, "sunday": clock}
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    slots = build(table(clocks=clocks, charges=[usage(price=prices)]), zone=LONDON, start=day, end=following)
    found = letters_of(slots, start=seconds(day, LONDON), end=seconds(following, LONDON))
    assert sum(length for _, length in found) == hours
    text = "".join(letter * int(length) for letter, length in found)
    # 01:00 is skipped in March and repeated in October: hour B
    assert text == {23: clock.replace("B", ""), 25: clock.replace("B", "BB"), 24: clock}[hours]


def test_lord_howe_shifts_by_half_an_hour():
    clock = "".join(letter * 2 for letter in "ABCDEFGHIJKLMNOPQRSTUVWX")
    clocks = {"weekday": clock, "saturday": clock, "sunday": clock}
    priced = table(clocks=clocks, charges=[usage(price=dict.fromkeys(clock, "1.00"))])
    slots = build(priced, zone=LORD_HOWE, start="2025-04-06", end="2025-04-07")
    found = letters_of(slots, start=seconds("2025-04-06", LORD_HOWE), end=seconds("2025-04-07", LORD_HOWE))
    # 02:00 goes back to 01:30: hour B lasts an hour and a half
    assert found[:3] == [("A", 1), ("B", 1.5), ("C", 1)]
    assert sum(length for _, length in found) == 24.5


def test_half_hour_letters():
    half = "O" * 13 + "P" * 3 + "O" * 32
    clocks = {"weekday": half, "saturday": "O" * 24, "sunday": "O" * 24}
    slots = build(
        table(clocks=clocks, charges=[usage(price={"O": "1.00", "P": "2.00"})]),
        start="2025-07-07",
        end="2025-07-08",
    )
    day = letters_of(
        slots, start=seconds("2025-07-07", JOHANNESBURG), end=seconds("2025-07-08", JOHANNESBURG)
    )
    assert day == [("O", 6.5), ("P", 1.5), ("O", 16)]


@pytest.mark.parametrize(
    ("name", "day", "first"),
    [
        # at midnight clocks go forward: the day begins at 01:00
        ("America/Havana", "2025-03-09", "2025-03-09T05:00"),
        # 00:01 goes back to 23:01 of the day before: the day has begun and stays
        ("America/St_Johns", "2009-11-01", "2009-11-01T02:30"),
    ],
)
def test_clock_changes_at_midnight(name, day, first):
    zone = ZoneInfo(name)
    at = date.fromisoformat(day)
    slots = build_slots(
        [table(effective_from="2000-01-01", billing_day=at.day)],
        zone=zone,
        register="import",
        start_s=seconds(first) + 2 * HOUR,
        end_s=seconds(first) + 2 * 86_400,
    )
    assert slots.starts[0] == seconds(first)
    assert len(slots.row) == 1


def test_span_that_ends_in_the_repeated_hour_of_the_day_before_is_covered():
    zone = ZoneInfo("America/St_Johns")
    end = seconds("2009-11-01T02:40")
    slots = build_slots(
        [table(effective_from="2000-01-01")],
        zone=zone,
        register="import",
        start_s=end - 86_400,
        end_s=end,
    )
    assert slots.starts[-1] >= end
    assert seconds("2009-11-01T02:30") in slots.starts.tolist()


def test_billing_day_and_version_cut_the_period():
    old = table(effective_from="2024-01-01", billing_day=10)
    new = table(effective_from="2025-04-20", billing_day=15, charges=[usage(price="3.00")])
    slots = build(old, new, start="2025-04-12", end="2025-05-16")
    expected = ["2025-04-10", "2025-04-20", "2025-05-15", "2025-06-15"]
    assert slots.starts.tolist() == [seconds(day, JOHANNESBURG) for day in expected]
    assert slots.version[slots.row].tolist() == [0, 1, 1]
    assert slots.price[slots.row, 0].tolist() == [2_000_000, 3_000_000, 3_000_000]
    assert slots.period.tolist() == slots.starts[:-1].tolist()


def test_no_table_and_not_priced():
    slots = build(table(effective_from="2025-03-10"), start="2025-03-01", end="2025-04-01")
    assert slots.row.tolist() == [NO_TABLE, 0]
    assert slots.starts[1] == seconds("2025-03-10", JOHANNESBURG)
    slots = build(table(), start="2025-03-01", end="2025-04-01", register="export")
    assert slots.row.tolist() == [NOT_PRICED]
    assert slots.price.shape == (0, 1)
    assert build(start="2025-03-01", end="2025-04-01").row.tolist() == [NO_TABLE]


def test_versions_and_spans_are_checked():
    with pytest.raises(VersionsNotInOrder):
        build(table(), table(), start="2025-03-01", end="2025-04-01")
    with pytest.raises(BadSpan):
        build(table(), start="2025-03-01", end="2025-03-01")
    with pytest.raises(BadSpan):
        build_slots([table()], zone=JOHANNESBURG, register="import", start_s=10**12, end_s=10**12 + 1)


def test_charges_of_a_register_merge():
    charges = [
        usage(
            blocks=[{"up_to": "6", "price": "10.00"}, {"up_to": "15", "price": "25.00"}, {"price": "40.00"}]
        ),
        usage(name="Sewer", blocks=[{"up_to": "10", "price": "1.50"}, {"price": "2.00"}]),
        usage(name="Levy", price="0.25"),
        usage(name="Feed-in", register="export", price="1.00"),
    ]
    slots = build(table(charges=charges), start="2025-03-01", end="2025-04-01")
    assert slots.lower.tolist() == [[0, 6_000_000, 10_000_000, 15_000_000]]
    assert slots.upper.tolist() == [[6_000_000, 10_000_000, 15_000_000, 2**62]]
    assert slots.price.tolist() == [[11_750_000, 26_750_000, 27_250_000, 42_250_000]]
    export = build(table(charges=charges), start="2025-03-01", end="2025-04-01", register="export")
    assert (export.price.tolist(), export.sign.tolist()) == ([[1_000_000]], [-1])


def test_day_types():
    calendar = {
        "country": "ZA",
        "holiday_as": "sunday",
        "dates": {"2025-12-26": "saturday", "2025-04-18": "weekday"},
    }
    priced = homeflex(calendar=calendar)
    expected = {
        "2025-07-07": "weekday",
        "2025-07-12": "saturday",
        "2025-07-13": "sunday",
        "2025-06-16": "sunday",  # Youth Day, a Monday
        "2025-04-28": "sunday",  # in lieu of Sunday the 27th
        "2025-12-26": "saturday",  # the exception wins over the holiday
        "2025-04-18": "weekday",
        "2025-12-27": "saturday",
    }
    assert {day: day_type_on(priced, day=date.fromisoformat(day)) for day in expected} == expected


def test_holidays_of_years_the_library_only_estimates():
    assert date(1975, 1, 26) in public_holidays("IN", year=1975)


def test_every_date_has_its_season():
    priced = homeflex()
    assert [season_on(priced, day=date(2024, month, 1)) for month in (1, 5, 6, 8, 9, 12)] == [
        "low",
        "low",
        "high",
        "high",
        "low",
        "low",
    ]
    assert season_on(priced, day=date(2024, 2, 29)) == "low"
    assert season_on(table(), day=date(2024, 2, 29)) == ""


def test_clocks_may_be_shared_by_a_table_without_seasons():
    priced = table(clocks=CLOCKS["high"], charges=[usage(price={"P": "3.00", "S": "2.00", "O": "1.00"})])
    slots = build(priced, start="2025-07-07", end="2025-07-08")
    assert sorted(zip(slots.letter, slots.price[:, 0].tolist(), strict=True)) == [
        ("O", 1_000_000),
        ("P", 3_000_000),
        ("S", 2_000_000),
    ]
    assert document()["charges"] == [usage(price="2.00")]
