"""Why an entry has its amount: lines that add up to it, also where the past was charged again since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.charging.domain.explain_text import explanation_text
from mita.kit.errors import NotFound
from mita.ledger import queries as ledger_queries
from mita.metering.domain import Limits
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from mita.tariffs.operations import Order
from mita.wallets import queries as wallet_queries
from tests.integration.charging.test_streams import BY_LETTER, LEVY, NETWORK, VOLUME
from tests.integration.charging.timed import run as run_timed
from tests.integration.world import FLAT, World, new_world

if TYPE_CHECKING:
    from mita.charging.domain.explained import Explained
    from mita.kit.db import Database

# local midnight of 3 March 2026 in Johannesburg, a Tuesday
MIDNIGHT = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
HOMEFLEX = """
rate_table: 1
name: Homeflex
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
seasons: {high: {from: 01-01, to: 06-30}, low: {from: 07-01, to: 12-31}}
clocks:
  high:
    {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO, sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
  low:
    {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO, sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
charges:
  - {name: Energy, kind: usage, price: {P: "7.0697", S: "2.1631", O: "1.5926"}}
"""
BLOCKS = """
rate_table: 1
name: Blocks
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {name: VAT, percent: "15", prices: inclusive}
charges:
  - {name: Energy, kind: usage, allowance: "2", blocks: [{up_to: "3", price: "1.15"}, {price: "2.30"}]}
  - {name: Network, kind: usage, price: "0.115"}
"""


@dataclass
class Story:
    """A world in which each thing happens a minute after the one before."""

    world: World
    now: datetime

    async def charge(self, *rows: tuple[str, datetime, str]) -> None:
        self.now += MINUTE
        await self.world.charge(list(rows), now=self.now)

    async def assign(self, rates: str, **order: object) -> None:
        self.now += MINUTE
        async with self.world.unit_of_work() as session:
            table = parse_document(rates)
            row = await tariffs.add_rate_table(
                session, estate_id=self.world.estate_id, currency=table.currency, table=table, now=self.now
            )
            await tariffs.assign_rate_table(
                session,
                estate_id=self.world.estate_id,
                order=Order(row.rate_table_id, "staff:ann", **order),
                now=self.now,
            )

    async def explained(self, *, utility: str = "electricity") -> list[Explained]:
        """Return every entry of the first wallet's account, the oldest first, explained."""
        async with self.world.unit_of_work() as session:
            (account,) = await wallet_queries.accounts(
                session,
                estate_id=self.world.estate_id,
                unit_ids=[self.world.unit_ids[0]],
                utility=utility,
            )
            rows = await ledger_queries.entries(
                session, estate_id=self.world.estate_id, account_id=account.account_id, limit=1000
            )
            found = [
                await charging.explain_entry(
                    session,
                    estate_id=self.world.estate_id,
                    wallet_id=account.wallet_id,
                    utility=utility,
                    seq=seq,
                )
                for seq in range(1, len(rows) + 1)
            ]
        for told in found:
            check(told)
        return found


def check(told: Explained) -> None:
    """The lines add up to the entry, to the millionth."""
    if told.subject == "other" or not told.is_exact:
        assert not told.lines
        return
    lines = [each.line for each in (*told.taken_back, *told.lines)]
    assert sum(line.net_micro for line in lines) == told.total.net_micro
    assert sum(line.tax_micro for line in lines) == told.total.tax_micro
    assert told.total.gross_micro == -told.amount_micro
    assert explanation_text(told).endswith("\n")


async def story(database: Database, rates: str | None = FLAT, **more: object) -> Story:
    world = await new_world(database, rates=None, **more)
    told = Story(world, datetime(2026, 4, 1, 8, 0, tzinfo=UTC))
    if rates is not None:
        await told.assign(rates)
    return told


def shown(told: Explained, *, back: bool = False) -> list[tuple[str, str, int, int]]:
    """Return charge, letter or block, quantity and net of each line."""
    return [
        (
            each.line.charge,
            each.line.letter or str(each.line.block),
            each.line.quantity_micro,
            each.line.net_micro,
        )
        for each in (told.taken_back if back else told.lines)
    ]


async def test_one_reading_is_told_with_its_hours_price_and_tax(database: Database):
    told = await story(database, HOMEFLEX)
    six = MIDNIGHT + 18 * HOUR
    await told.charge(("M1", six, "100"), ("M1", six + 30 * MINUTE, "101.25"))
    (entry,) = await told.explained()
    assert (entry.subject, entry.is_exact, entry.register, entry.meter) == ("reading", True, "import", "M1")
    # 1.25 * 7.0697 = 8.837125; 15 % = 1.32556875
    assert (entry.total.net_micro, entry.total.tax_micro) == (8_837_125, 1_325_569)
    (line,) = entry.lines
    assert (line.line.season, line.line.letter, line.line.price_micro) == ("high", "P", 7_069_700)
    assert (line.rate_table_id, line.table.name, line.in_force_from) == (1, "Homeflex", date(2026, 1, 1))
    assert explanation_text(entry).splitlines() == [
        "From 18:00 to 18:30 on 3 March 2026 you used 1.250 kWh.",
        "It counted as peak (P) in the high season: 1.250 kWh at R7.0697 = R8.84.",
        "VAT 15 %: R1.33. Together R10.16.",
        "The prices are those of Homeflex, in force since 1 January 2026.",
    ]


async def test_a_long_gap_is_spread_over_its_hours_and_says_so(database: Database):
    told = await story(database, HOMEFLEX)
    start = MIDNIGHT + 5 * HOUR
    await told.charge(("M1", start, "0"), ("M1", start + 4 * HOUR, "8"))
    (entry,) = await told.explained()
    # 05:00 to 06:00 O, 06:00 to 08:00 P, 08:00 to 09:00 S
    assert shown(entry) == [
        ("Energy", "O", 2_000_000, 3_185_200),
        ("Energy", "P", 4_000_000, 28_278_800),
        ("Energy", "S", 2_000_000, 4_326_200),
    ]
    lines = explanation_text(entry).splitlines()
    assert lines[1] == "The price changed in that time, so the quantity was spread evenly over it:"
    assert lines[3] == (
        "- From 06:00 to 08:00 on 3 March 2026: Energy, peak (P) in the high season:"
        " 4.000 kWh at R7.0697 = R28.28."
    )
    # a week has too many changes to list: told in sums
    await told.charge(("M1", start + 4 * HOUR + timedelta(days=7), "176"))
    entry = (await told.explained())[1]
    assert {each.start_s for each in entry.lines} == {None}
    # 7 days of 24 kWh: 5 weekdays of 5 P, 11 S, 8 O; saturday 7 S of 24; sunday 2 S of 24
    assert {letter: quantity for _, letter, quantity, _ in shown(entry)} == {
        "P": 25_000_000,
        "S": 64_000_000,
        "O": 79_000_000,
    }


async def test_allowance_blocks_and_prices_with_tax_inside(database: Database):
    told = await story(database, BLOCKS)
    await told.charge(("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "1"), ("M1", MIDNIGHT + 2 * HOUR, "6"))
    first, second = await told.explained()
    assert shown(first) == [("Energy", "0", 1_000_000, 0), ("Network", "1", 1_000_000, 100_000)]
    # one more is free, 3 in the first block, 1 above it; 5 at 0.115 for the network
    assert shown(second) == [
        ("Energy", "0", 1_000_000, 0),
        ("Energy", "1", 3_000_000, 3_000_000),
        ("Energy", "2", 1_000_000, 2_000_000),
        ("Network", "1", 5_000_000, 500_000),
    ]
    assert explanation_text(second).splitlines() == [
        "From 01:00 to 02:00 on 3 March 2026 you used 5.000 kWh.",
        "- Energy, the allowance: 1.000 kWh, free.",
        "- Energy, block 1: 3.000 kWh at R1.15 = R3.45.",
        "- Energy, block 2: 1.000 kWh at R2.30 = R2.30.",
        "- Network: 5.000 kWh at R0.115 = R0.58.",
        "VAT 15 %, which the prices contain: R0.83. Together R6.33.",
        "The prices are those of Blocks, in force since 1 January 2026.",
    ]


async def test_a_month_that_ends_in_the_interval_starts_the_blocks_again(database: Database):
    told = await story(database, BLOCKS)
    april = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    await told.charge(("M1", april - 2 * HOUR, "0"), ("M1", april - HOUR, "100"), ("M1", april + HOUR, "102"))
    entry = (await told.explained())[1]
    # the last kWh of March is dear, the first one of April is free
    assert shown(entry) == [
        ("Energy", "2", 1_000_000, 2_000_000),
        ("Network", "1", 1_000_000, 100_000),
        ("Energy", "0", 1_000_000, 0),
        ("Network", "1", 1_000_000, 100_000),
    ]


async def test_what_is_fed_in_is_a_credit(database: Database):
    rates = FLAT.replace(
        'price: "2.00"}]', 'price: "2.00"}, {name: Feed-in, kind: usage, register: export, price: "0.50"}]'
    )
    told = await story(database, rates, registers=("import", "export"))
    await told.charge(("M1/export", MIDNIGHT, "0"), ("M1/export", MIDNIGHT + HOUR, "4"))
    (entry,) = await told.explained()
    assert entry.amount_micro == 2_300_000
    assert explanation_text(entry).splitlines()[:3] == [
        "From 00:00 to 01:00 on 3 March 2026 you fed in 4.000 kWh.",
        "4.000 kWh at R0.50 = \N{MINUS SIGN}R2.00.",
        "VAT 15 %: \N{MINUS SIGN}R0.30. A credit to the wallet of R2.30.",
    ]


async def test_an_entry_that_a_late_reading_corrected_still_says_what_was_known_then(database: Database):
    told = await story(database, HOMEFLEX)
    four = MIDNIGHT + 4 * HOUR
    await told.charge(("M1", four, "0"), ("M1", four + 4 * HOUR, "8"))
    await told.charge(("M1", four + 5 * HOUR, "9"))
    before = [shown(each) for each in await told.explained()]
    # two hours off-peak, two of peak; then it turns out that 7 of the 8 kWh were used off-peak
    await told.charge(("M1", four + 2 * HOUR, "7"))
    first, second, correction = await told.explained()
    assert [shown(first), shown(second)] == before
    assert before[0] == [("Energy", "O", 4_000_000, 6_370_400), ("Energy", "P", 4_000_000, 28_278_800)]
    assert all(each.is_exact for each in (first, second, correction))
    assert correction.cause == "late reading"
    # what came after the late reading was charged again too
    assert shown(correction, back=True) == [
        ("Energy", "O", -4_000_000, -6_370_400),
        ("Energy", "P", -4_000_000, -28_278_800),
        ("Energy", "S", -1_000_000, -2_163_100),
    ]
    assert shown(correction) == [
        ("Energy", "O", 7_000_000, 11_148_200),
        ("Energy", "P", 1_000_000, 7_069_700),
        ("Energy", "S", 1_000_000, 2_163_100),
    ]
    assert [[each.seq for each in entry.later] for entry in (first, second, correction)] == [[3], [3], []]


async def test_an_entry_before_another_table_for_its_past_keeps_its_old_prices(database: Database):
    told = await story(database)
    await told.charge(("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "3"))
    await told.charge(("M1", MIDNIGHT + 2 * HOUR, "4"))
    await told.assign(
        FLAT.replace("2.00", "1.50").replace("Flat", "Cheaper"), is_correction=True, reason="a slip"
    )
    await told.charge(("M1", MIDNIGHT + 3 * HOUR, "6"))
    first, second, correction, fourth = await told.explained()
    assert [shown(each) for each in (first, second, fourth)] == [
        [("Energy", "1", 3_000_000, 6_000_000)],
        [("Energy", "1", 1_000_000, 2_000_000)],
        [("Energy", "1", 2_000_000, 3_000_000)],
    ]
    assert shown(correction, back=True) == [("Energy", "1", -4_000_000, -8_000_000)]
    assert shown(correction) == [("Energy", "1", 4_000_000, 6_000_000)]
    assert (correction.amount_micro, correction.old.gross_micro) == (2_300_000, 9_200_000)
    assert [each.later[0].seq for each in (first, second)] == [3, 3]
    assert correction.later == fourth.later == ()
    assert explanation_text(correction).splitlines() == [
        "The past from 3 March 2026, 00:00 on was charged again. The cause: rate table 2 from 2026-01-01.",
        "It cost R9.20 before and costs R6.90 now: R2.30 less, given back to the wallet.",
        "Taken back, as it was charged before:",
        "- Energy: \N{MINUS SIGN}4.000 kWh at R2.00 = \N{MINUS SIGN}R8.00.",
        "Charged now:",
        "- Energy: 4.000 kWh at R1.50 = R6.00.",
        "VAT 15 %: \N{MINUS SIGN}R0.30. A credit to the wallet of R2.30.",
        "The prices are those of Cheaper, in force since 1 January 2026.",
    ]
    assert explanation_text(first).splitlines()[-1] == (
        "Later, on 1 April 2026, this was charged again (rate table 2 from 2026-01-01): R9.20 became R6.90"
        " from 1 January 2026, 00:00 on; the correction is entry 3."
    )


async def test_an_entry_names_the_table_that_was_in_force_then_though_the_price_is_the_same(
    database: Database,
):
    told = await story(database)
    await told.charge(("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "3"))
    await told.assign(FLAT.replace("Flat", "Renamed"), is_correction=True, reason="another name")
    await told.charge(("M1", MIDNIGHT + 2 * HOUR, "4"))
    assert [each.lines[0].table.name for each in await told.explained()] == ["Flat", "Renamed"]


async def test_a_held_reading_that_was_accepted_later(database: Database):
    told = await story(database, limits=Limits(1_000_000, 0))
    await told.charge(("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "1"))
    await told.charge(("M1", MIDNIGHT + 2 * HOUR, "50"), ("M1", MIDNIGHT + 60 * HOUR, "52"))
    told.now += MINUTE
    async with told.world.unit_of_work() as session:
        await charging.accept_held_reading(
            session,
            estate_id=told.world.estate_id,
            register_id=1,
            taken_at=MIDNIGHT + 2 * HOUR,
            actor="staff:ann",
            now=told.now,
        )
    first, second, *rest = await told.explained()
    assert all(each.is_exact for each in (first, second, *rest))
    assert shown(first) == [("Energy", "1", 1_000_000, 2_000_000)]
    assert shown(second) == [("Energy", "1", 51_000_000, 102_000_000)]
    assert await told.world.verified()


async def test_a_day_of_readings_in_one_entry_and_what_was_charged_again_in_it(database: Database):
    told = await story(database, BLOCKS)
    async with told.world.unit_of_work() as session:
        await charging.set_cadence(
            session, estate_id=told.world.estate_id, cadence=Cadence.DAILY, now=told.now
        )
    rows = [("M1", MIDNIGHT + hour * HOUR, str(hour)) for hour in range(5)]
    await told.charge(*rows[:3])
    await told.charge(*rows[3:])
    await post(told)
    (first,) = await told.explained()
    assert (first.subject, first.charges, first.is_exact, first.cause) == ("readings", 4, True, "")
    assert shown(first) == [
        ("Energy", "0", 2_000_000, 0),
        ("Energy", "1", 2_000_000, 2_000_000),
        ("Network", "1", 4_000_000, 400_000),
    ]
    assert "(4 readings)" in explanation_text(first)
    # more readings, and another table for all of it, in the same sum
    await told.charge(("M1", MIDNIGHT + 5 * HOUR, "5"))
    await told.assign(
        BLOCKS.replace("0.115", "0.23").replace("name: Blocks", "name: More"), is_correction=True, reason="x"
    )
    await told.charge(("M1", MIDNIGHT + 6 * HOUR, "6"))
    await post(told)
    again, second = await told.explained()
    assert shown(again) == shown(first)
    assert second.is_exact
    assert second.cause == "rate table 2 from 2026-01-01"
    # 4 at 0.10 go back, 6 at 0.20 come: energy went on by one kWh in the first block and one above it
    assert second.total.net_micro == 3_000_000 - 400_000 + 1_200_000


async def post(told: Story) -> None:
    told.now += MINUTE
    async with told.world.unit_of_work() as session:
        await charging.post_accruals(session, estate_id=told.world.estate_id, now=told.now)


async def test_money_that_is_no_charge_is_a_plain_sentence(database: Database):
    told = await story(database)
    await told.charge(("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "1"))
    await told.world.top_up("50.00", key="k", now=told.now)
    await reverse(told, seq=1)
    charge, top_up, reversal = await told.explained()
    assert explanation_text(top_up).splitlines()[:4] == [
        "Money came in: R50.00.",
        "From: Cash received, not yet banked. To: Wallet of U1, electricity.",
        "Booked on 1 April 2026, 10:02 by staff.",
        "The note: cash: test.",
    ]
    assert explanation_text(reversal).splitlines()[:2] == [
        "This is the reversal of entry 1, charge of −R2.30 on 3 March 2026: R2.30.",  # noqa: RUF001 - a minus
        "From: Income from electricity; Tax collected, not yet paid. To: Wallet of U1, electricity.",
    ]
    assert shown(charge) == [("Energy", "1", 1_000_000, 2_000_000)]


async def reverse(told: Story, *, seq: int) -> None:
    async with told.world.unit_of_work() as session:
        (account,) = await wallet_queries.accounts(
            session, estate_id=told.world.estate_id, utility="electricity"
        )
        await charging.reverse(
            session,
            estate_id=told.world.estate_id,
            account_id=account.account_id,
            seq=seq,
            reason="test",
            actor="staff:ann",
            now=told.now,
        )


async def test_what_is_not_there(database: Database):
    told = await story(database)
    for where in (
        {"utility": "water", "seq": 1},
        {"utility": "electricity", "seq": 1},
        {"utility": "electricity", "seq": 0},
    ):
        async with told.world.unit_of_work() as session:
            with pytest.raises(NotFound):
                await charging.explain_entry(session, estate_id=told.world.estate_id, wallet_id=1, **where)


async def test_several_tables_at_once_are_lines_of_their_own(database: Database):
    told = await story(database)
    await told.assign(NETWORK, role="network")
    await told.assign(LEVY, role="levy")
    await told.charge(("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "10"))
    (entry,) = await told.explained()
    assert [
        (each.role, each.line.charge, each.line.net_micro, each.line.tax_micro) for each in entry.lines
    ] == [
        ("supply", "Energy", 20_000_000, 3_000_000),
        ("network", "Lines", 5_000_000, 0),
        ("levy", "Fund", 1_000_000, 100_000),
    ]
    assert entry.total.quantity_micro == 10_000_000
    assert "The prices (levy) are those of Levy, in force since 1 January 2026." in explanation_text(entry)


async def test_a_volume_price_takes_back_what_cost_more_before(database: Database):
    dear_first = VOLUME.replace('price: "1.00"', 'price: "4.00"')
    told = await story(database, dear_first)
    await told.charge(("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "8"), ("M1", MIDNIGHT + 2 * HOUR, "12"))
    first, second = await told.explained()
    assert shown(first) == [("Energy", "1", 8_000_000, 32_000_000)]
    # 12 at 3.00 in place of 8 at 4.00
    assert sorted(shown(second)) == [
        ("Energy", "1", -8_000_000, -32_000_000),
        ("Energy", "2", 12_000_000, 36_000_000),
    ]


async def test_blocks_of_each_letter_by_itself(database: Database):
    told = await story(database, BY_LETTER)
    await told.charge(
        ("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + 12 * HOUR, "9"), ("M1", MIDNIGHT + 24 * HOUR, "18"),
        ("M1", MIDNIGHT + 36 * HOUR, "22"),
    )  # fmt: skip
    entries = await told.explained()
    # the off-peak hours of the second day go on where those of the first one ended
    assert shown(entries[2]) == [("Energy", "O", 1_000_000, 1_000_000), ("Energy", "O", 3_000_000, 6_000_000)]


async def test_charges_by_time_and_their_corrections(database: Database):
    daily = FLAT.replace("}]", '}, {name: Line, kind: fixed, per: day, price: "1.00"}]')
    told = await story(database, daily)
    await told.charge(("M1", MIDNIGHT, "0"))
    await run_timed(told.world, MIDNIGHT + 26 * HOUR)
    first, second = await told.explained()
    assert (first.subject, first.total.gross_micro) == ("standing_charge", 1_150_000)
    assert explanation_text(first).splitlines() == [
        "Line for 3 March 2026, R1.00 a day = R1.00.",
        "VAT 15 %: R0.15. Together R1.15.",
        "The prices are those of Flat, in force since 1 January 2026.",
    ]
    await told.assign(
        daily.replace("1.00", "3.00").replace("Flat", "Dear"),
        effective_from=date(2026, 3, 4),
        reason="dearer",
    )
    await run_timed(told.world, told.now)
    entries = await told.explained()
    correction = next(each for each in entries if each.subject == "correction")
    assert (correction.old.gross_micro, correction.new.gross_micro) == (1_150_000, 3_450_000)
    assert [each.line.net_micro for each in (*correction.taken_back, *correction.lines)] == [
        -1_000_000,
        3_000_000,
    ]
    assert [each.later[0].seq for each in entries if each.seq == second.seq] == [correction.seq]
    assert "- Line for 4 March 2026, R3.00 a day = R3.00." in explanation_text(correction).splitlines()
