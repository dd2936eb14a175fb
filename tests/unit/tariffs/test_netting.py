"""Net metering: figures by hand, and the law that the bill is that of the netted consumption."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import Interval, RateTableInvalid, bill, calculate_bill, parse_document

from .tables import document
from .tables import usage as priced

UTC_ZONE = ZoneInfo("UTC")
UNIT = 1_000_000
PAID = {"name": "Net", "kind": "netting", "surplus_price": "0.10"}
CARRIED = {**PAID, "surplus": "carried", "carried_until": "03-31"}
BLOCKS = [{"up_to": "100", "price": "1.00"}, {"price": "2.00"}]
LETTERS = {"weekday": "O" * 12 + "P" * 12, "saturday": "O" * 12 + "P" * 12, "sunday": "O" * 12 + "P" * 12}


def usage(**changes):
    return priced(**({} if changes.keys() & {"blocks", "price"} else {"price": "1.00"}), **changes)


def at(month: int, day: int = 1, hour: int = 0, *, year: int = 2025) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def months(*quantities: int) -> list[Interval]:
    return [Interval(at(n), at(n + 1), micro * UNIT) for n, micro in enumerate(quantities, start=1)]


def periods(table, *, drawn, fed_in, until=date(2025, 5, 1)):
    parsed = table if isinstance(table, list) else [parse_document(table)]
    uses = {"import": drawn, "export": fed_in}
    made = bill(parsed, zone=UTC_ZONE, uses=uses, first=date(2025, 1, 1), until=until)
    return made.periods


def nets(*args, **kwargs):
    return [period.net_micro for period in periods(*args, **kwargs)]


def plain(*charges, **more):
    return document(charges=list(charges), **{"effective_from": "2025-01-01", "tax": None, **more})


def test_export_is_taken_off_before_blocks_are_priced():
    table = plain(usage(blocks=BLOCKS), PAID)
    found = nets(table, drawn=months(150, 50, 0, 10), fed_in=months(60, 80, 5, 10))
    # 90; 0 and 30 of surplus; 5 of surplus; nothing
    assert found == [90 * UNIT, -3 * UNIT, -UNIT // 2, 0]


def test_surplus_is_carried_until_the_period_of_its_day_and_paid_there():
    table = plain(usage(blocks=BLOCKS), CARRIED)
    found = nets(table, drawn=months(40, 190, 10, 50), fed_in=months(100, 30, 70, 0))
    # 60 go on; 190 - 30 - 60 = 100; 60 are paid; April begins with none
    assert found == [0, 100 * UNIT, -6 * UNIT, 50 * UNIT]


def test_what_goes_on_is_told():
    first = periods(plain(usage(), CARRIED), drawn=months(40, 0), fed_in=months(100, 30))[:2]
    told = [
        [(line.kind, line.quantity_micro) for line in period.lines if line.kind == "carried"]
        for period in first
    ]
    assert told == [[("carried", 60 * UNIT)], [("carried", 90 * UNIT)]]


def test_each_letter_has_its_own():
    table = plain(usage(price={"O": "1.00", "P": "3.00"}), PAID, clocks=LETTERS)
    drawn = [Interval(at(1, 1), at(1, 1, 12), 10 * UNIT), Interval(at(1, 1, 12), at(1, 2), 10 * UNIT)]
    fed_in = [Interval(at(1, 3), at(1, 3, 12), 14 * UNIT), Interval(at(1, 4, 12), at(1, 5), 4 * UNIT)]
    # off-peak: 4 of surplus; peak: 6 at 3.00
    assert nets(table, drawn=drawn, fed_in=fed_in, until=date(2025, 2, 1)) == [18 * UNIT - UNIT * 4 // 10]


def test_a_carried_letter_goes_off_its_own_letter():
    table = plain(usage(price={"O": "1.00", "P": "3.00"}), CARRIED, clocks=LETTERS)
    fed_in = [Interval(at(1, 3), at(1, 3, 12), 14 * UNIT)]
    drawn = [Interval(at(2, 1), at(2, 1, 12), 10 * UNIT), Interval(at(2, 1, 12), at(2, 2), 10 * UNIT)]
    assert nets(table, drawn=drawn, fed_in=fed_in, until=date(2025, 4, 1)) == [0, 30 * UNIT, -UNIT * 4 // 10]


def test_seasons_of_one_period_do_not_mix():
    seasons = {"warm": {"from": "01-16", "to": "06-30"}, "cold": {"from": "07-01", "to": "01-15"}}
    table = plain(usage(price={"warm": "1.00", "cold": "5.00"}), PAID, seasons=seasons)
    drawn = [Interval(at(1, 2), at(1, 3), 10 * UNIT)]
    fed_in = [Interval(at(1, 20), at(1, 21), 10 * UNIT)]
    # nothing is taken off: 50, and 10 of surplus
    assert nets(table, drawn=drawn, fed_in=fed_in, until=date(2025, 2, 1)) == [49 * UNIT]


def test_what_is_left_of_a_letter_is_its_earliest():
    table = plain(
        usage(blocks={"O": BLOCKS, "P": [{"up_to": "100", "price": "3.00"}, {"price": "7.00"}]}),
        PAID,
        clocks=LETTERS,
    )
    drawn = [
        Interval(at(1, 1), at(1, 1, 12), 60 * UNIT),
        Interval(at(1, 1, 12), at(1, 2), 60 * UNIT),
        Interval(at(1, 2), at(1, 2, 12), 60 * UNIT),
    ]
    fed_in = [Interval(at(1, 9), at(1, 9, 12), 50 * UNIT)]
    # O 60, P 60, O 10: 60 at 1.00, 40 at 3.00 and 20 at 7.00, 10 at 2.00
    assert nets(table, drawn=drawn, fed_in=fed_in, until=date(2025, 2, 1)) == [(60 + 120 + 140 + 20) * UNIT]


def test_volume_blocks_may_become_dearer():
    blocks = [{"up_to": "100", "price": "1.00"}, {"price": "0.10"}]
    table = plain(usage(blocks=blocks, blocks_mode="volume"), PAID)
    (january, *_) = periods(table, drawn=months(250), fed_in=months(200))
    assert january.net_micro == 50 * UNIT
    assert [(line.quantity_micro, line.net_micro) for line in january.lines if line.kind == "netting"] == [
        (50 * UNIT, 50 * UNIT),
        (-250 * UNIT, -25 * UNIT),
    ]


def test_tax_and_minimum_follow_what_is_left():
    minimum = {"name": "Least", "kind": "minimum", "price": "100.00"}
    tax = {"name": "VAT", "percent": "15", "prices": "inclusive"}
    (january, *_) = periods(
        plain(usage(blocks=BLOCKS), PAID, minimum, tax=tax), drawn=months(150), fed_in=months(60)
    )
    assert january.net_micro + january.tax_micro == 100 * UNIT
    # 90.00 and 10.00 that are missing, each with its tax inside
    assert january.net_micro == 78_260_870 + 8_695_652


def test_a_new_table_pays_what_it_does_not_carry():
    tables = [
        parse_document(plain(usage(), CARRIED)),
        parse_document(plain(usage(), effective_from="2025-02-01")),
    ]
    assert nets(tables, drawn=months(1, 1), fed_in=[Interval(at(1), at(1, 2), 11 * UNIT)])[0] == -UNIT


def test_export_is_paid_where_a_new_table_supplies_nothing():
    tables = [
        parse_document(plain(usage(), PAID)),
        parse_document(plain(usage(register="export", price="0.30"), effective_from="2025-02-01")),
    ]
    # 5 of 8 are netted and 3 are surplus; from February on there is no import to net
    assert nets(tables, drawn=months(5), fed_in=months(8, 4)) == [-300_000, -1_200_000, 0, 0]


def test_a_quantity_alone_has_no_export():
    found, _ = calculate_bill(
        [parse_document(plain(usage(price="2.00"), PAID))], zone=UTC_ZONE, quantity_micro=7 * UNIT
    )
    assert found.net_micro == 14 * UNIT


AMOUNTS = st.lists(st.integers(0, 400 * UNIT), min_size=60, max_size=60)


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, AMOUNTS, st.sampled_from(["slab", "volume"]), st.booleans(), st.integers(0, 200))
def test_the_bill_is_that_of_the_netted_consumption(drawn, fed_in, mode, inclusive, percent):
    """One letter: days of any sizes cost what the months' differences cost, to the micro, tax included."""
    tax = {
        "name": "VAT",
        "percent": f"{percent / 2:.1f}",
        "prices": "inclusive" if inclusive else "exclusive",
    }
    charge = usage(
        blocks=[{"up_to": "3333.333333", "price": "1.234567"}, {"price": "0.765433"}], blocks_mode=mode
    )
    days = [at(1) + 86_400 * day for day in range(61)]
    intervals = [
        [Interval(days[n], days[n + 1], micro) for n, micro in enumerate(some)] for some in (drawn, fed_in)
    ]
    uses = dict(zip(("import", "export"), intervals, strict=True))
    span = {"first": date(2025, 1, 1), "until": date(2025, 3, 2)}
    netted = bill(
        [parse_document(plain(charge, PAID | {"surplus_price": "0"}, tax=tax))],
        zone=UTC_ZONE,
        uses=uses,
        **span,
    )
    edges = [0, 31, 59, 60]
    left = [
        Interval(days[low], days[high], max(0, sum(drawn[low:high]) - sum(fed_in[low:high])))
        for low, high in pairwise(edges)
    ]
    alone = bill([parse_document(plain(charge, tax=tax))], zone=UTC_ZONE, uses={"import": left}, **span)
    assert [(p.net_micro, p.tax_micro) for p in netted.periods] == [
        (p.net_micro, p.tax_micro) for p in alone.periods
    ]
    for period in netted.periods:
        assert sum(line.net_micro for line in period.lines) == period.net_micro
        assert sum(line.tax_micro for line in period.lines) == period.tax_micro


@pytest.mark.parametrize(
    ("charges", "path", "code"),
    [
        ([PAID], "charges[0]", "nothing_to_net"),
        ([usage(register="feeder"), PAID], "charges[1]", "nothing_to_net"),
        ([usage(), usage(name="Feed-in", register="export"), PAID], "charges[1]", "credited_twice"),
        ([usage(), PAID, {**PAID, "name": "Again"}], "charges[2]", "second_netting"),
        ([usage(), {**PAID, "surplus": "carried"}], "charges[1]", "missing_key"),
        ([usage(), {**PAID, "carried_until": "03-31"}], "charges[1].carried_until", "not_carried"),
        ([usage(), {**CARRIED, "carried_until": "02-30"}], "charges[1].carried_until", "not_a_day"),
        ([usage(), {**PAID, "surplus": "kept"}], "charges[1].surplus", "not_one_of"),
        ([usage(), {"name": "Net", "kind": "netting"}], "charges[1]", "missing_key"),
        ([usage(), {**PAID, "surplus_price": 1}], "charges[1].surplus_price", "not_text"),
    ],
)
def test_what_cannot_be_netted_is_refused_with_its_place(charges, path, code):
    with pytest.raises(RateTableInvalid) as refused:
        parse_document(document(charges=charges))
    assert [(each.path, each.code) for each in refused.value.problems] == [(path, code)]


def test_water_is_not_netted():
    with pytest.raises(RateTableInvalid) as refused:
        parse_document(document(utility="water", charges=[usage(), PAID]))
    assert [(each.path, each.code) for each in refused.value.problems] == [("charges[1]", "no_power")]


def test_export_at_no_price_may_stand_beside_it():
    parse_document(document(charges=[usage(), usage(name="Feed-in", register="export", price="0.00"), PAID]))
