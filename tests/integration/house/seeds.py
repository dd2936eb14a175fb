"""An estate with a row in every estate-owned table, made through the operations."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.credit import operations as credit
from mita.credit.domain import FriendlyHours, Limit, LimitCause, Rule
from mita.entrypoints.checkpoints import SigningKey
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.flexibility import operations as flexibility
from mita.flexibility.domain import Terms
from mita.identity import operations as identity
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import CheckpointKind, sign_checkpoint
from mita.metering import operations as metering
from mita.solar import operations as solar_credits
from mita.tariffs import operations as tariffs
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import parse_document
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Allocation, AllocationRules, Emergency, SpendLimit, Target

from .doubted import set_one_aside
from .seeds_of_meters import (
    derive,
    fall_silent,
    import_files,
    measure_warmth,
    read,
    read_by_hand,
    register_device,
)
from .seeds_of_people import give_access, hand_over, let_join, live_and_own, share
from .seeds_of_rates import NOW, RATES

if TYPE_CHECKING:
    from mita.kit.db import Database


async def seed(database: Database, *, name: str) -> int:
    """Make an estate with a row in every estate-owned table, through the operations."""
    async with database.unit_of_work(estates=[]) as session:
        estate = await estates.create_estate(
            session, name=name, currency="ZAR", time_zone="Africa/Johannesburg", seen=[], now=NOW
        )
        estate_id = estate.estate_id
        units = await estates.create_units(session, estate_id=estate_id, names=["1"], now=NOW)
        meter = metering.NewMeter(units[0], "m1", "electricity", device=f"device-of-{name}")
        await metering.install_meters(session, estate_id=estate_id, meters=[meter], now=NOW)
        added = await tariffs.add_rate_table(
            session, estate_id=estate_id, currency="ZAR", table=parse_document(RATES), now=NOW
        )
        await tariffs.assign_rate_table(
            session, estate_id=estate_id, order=tariffs.Order(added.rate_table_id, "staff:test"), now=NOW
        )
        rule = Rule(
            "electricity", is_cutting=True, low_micro=50_000_000, cut_micro=0, restore_micro=10_000_000
        )
        await credit.set_rule(session, estate_id=estate_id, rule=rule, now=NOW)
    await _charge(database, estate_id=estate_id)
    await _owe(database, estate_id=estate_id)
    await _switch(database, estate_id=estate_id)
    await _rule_wallets(database, estate_id=estate_id)
    await hand_over(database, estate_id=estate_id)
    await _stop_and_limit(database, estate_id=estate_id)
    await give_access(database, estate_id=estate_id, name=name)
    await let_join(database, estate_id=estate_id)
    await _sign(database, estate_id=estate_id)
    await _keep_books(database, estate_id=estate_id)
    await _add_network(database, estate_id=estate_id)
    await _stand(database, estate_id=estate_id)
    await _accrue(database, estate_id=estate_id)
    await _assign_again(database, estate_id=estate_id)
    await _tell_of_rates(database, estate_id=estate_id)
    await measure_warmth(database, estate_id=estate_id)
    await set_one_aside(database, estate_id=estate_id, now=NOW)
    await share(database, estate_id=estate_id)
    await live_and_own(database, estate_id=estate_id)
    await _credit_panels(database, estate_id=estate_id)
    await import_files(database, estate_id=estate_id)
    await fall_silent(database, estate_id=estate_id)
    await read_by_hand(database, estate_id=estate_id)
    await register_device(database, estate_id=estate_id)
    await derive(database, estate_id=estate_id)
    await _ask_for_less(database, estate_id=estate_id)
    await _seal(database, estate_id=estate_id)
    return estate_id


async def _ask_for_less(database: Database, *, estate_id: int) -> None:
    async with database.unit_of_work(estates=[estate_id]) as session:
        (unit, *_) = await estate_queries.units(session, estate_id=estate_id)
        place = {"estate_id": estate_id, "unit_id": unit.unit_id}
        supplies = await credit.hold_supplies(session, estate_id=estate_id, unit_ids=[unit.unit_id])
        limit = Limit(LimitCause.STAFF, 2_000, "limited by staff", "staff:test")
        supplied = supplies[unit.unit_id, "electricity"]
        await credit.put_limit(session, supplied=supplied, limit=limit, now=NOW)
        await credit.record_limit(
            session, **place, utility="electricity", limit_w=1_900, said_at=NOW, now=NOW
        )
        await flexibility.set_consent(
            session, **place, takes_part=True, is_protected=None, actor="staff:test", now=NOW
        )
        hour = dt.timedelta(hours=1)
        await flexibility.plan_event(
            session,
            estate_id=estate_id,
            terms=Terms("Evening peak", 2_000, NOW + hour, NOW + 2 * hour),
            unit_ids=[unit.unit_id],
            actor="staff:test",
            now=NOW,
        )


async def _seal(database: Database, *, estate_id: int) -> None:
    async with database.unit_of_work(estates=[0, estate_id]) as session:
        assert await identity.seal_audit(session, estates=[0, estate_id], now=NOW) > 0


async def _charge(database: Database, *, estate_id: int) -> None:
    # first, charged, late, duplicate, rejected
    rows = ((0, 0, "m1"), (3600, 9, "m1"), (1800, 4, "m1"), (1800, 4, "m1"), (1, 1, "gone"))
    await read(database, *rows, estate_id=estate_id)


async def _add_network(database: Database, *, estate_id: int) -> None:
    """A second table on the same usage."""
    network = parse_document(RATES.replace("Flat", "Network").replace("2.5", "0.01"))
    async with database.unit_of_work(estates=[estate_id]) as session:
        added = await tariffs.add_rate_table(
            session, estate_id=estate_id, currency="ZAR", table=network, now=NOW
        )
        order = tariffs.Order(added.rate_table_id, "staff:test", role="network", effective_from=NOW.date())
        await tariffs.assign_rate_table(session, estate_id=estate_id, order=order, now=NOW)


async def _stand(database: Database, *, estate_id: int) -> None:
    """A standing charge of a levy, as far as it is due."""
    levy = RATES.replace("Flat", "Levy").replace("2025-01-01", "2026-03-10")
    levy = levy.replace('kind: usage, price: "2.5"', 'kind: fixed, per: day, price: "0.01"')
    async with database.unit_of_work(estates=[estate_id]) as session:
        added = await tariffs.add_rate_table(
            session, estate_id=estate_id, currency="ZAR", table=parse_document(levy), now=NOW
        )
        order = tariffs.Order(added.rate_table_id, "staff:test", role="levy")
        await tariffs.assign_rate_table(session, estate_id=estate_id, order=order, now=NOW)
        await charging.post_timed_charges(session, estate_id=estate_id, limit=10, now=NOW)


async def _accrue(database: Database, *, estate_id: int) -> None:
    """Charges that were posted together, and some that wait."""
    for seconds, value, cadence in ((4000, 10, Cadence.EACH), (5000, 11, Cadence.DAILY)):
        async with database.unit_of_work(estates=[estate_id]) as session:
            await charging.set_cadence(session, estate_id=estate_id, cadence=Cadence.DAILY, now=NOW)
        await read(database, (seconds, value, "m1"), estate_id=estate_id)
        if cadence is Cadence.EACH:
            async with database.unit_of_work(estates=[estate_id]) as session:
                await charging.post_accruals(session, estate_id=estate_id, now=NOW)


async def _keep_books(database: Database, *, estate_id: int) -> None:
    """A rule, a hold that was taken, an adjustment that was approved, a reversal, a month that is locked."""
    month = dt.date(2026, 2, 1)
    async with database.unit_of_work(estates=[estate_id]) as session:
        of_estate = {"estate_id": estate_id, "now": NOW}
        await ledger.set_ledger_rule(
            session, **of_estate, adjustment_limit_micro=10**9, clearing_due_hours=24
        )
        accounts = await wallet_queries.accounts(session, estate_id=estate_id, utility="electricity")
        by = {"actor": "staff:test", **of_estate}
        asked = {"account_id": accounts[0].account_id, "reason": "test"}
        await ledger.ask_adjustment(session, **by, **asked, amount_micro=500_000_000, key="k1")
        hold = ledger.Authorisation(asked["account_id"], 1, "test", NOW + dt.timedelta(days=1))
        hold_id, _ = await ledger.place_hold(session, asked=hold, key="k1", **by)
        await ledger.resolve_hold(session, hold_id=hold_id, taken_micro=0, to_account_id=None, **by)
        heads = await ledger_queries.heads(session, estate_id=estate_id, account_ids=[asked["account_id"]])
        await ledger.reverse_entry(session, **by, **asked, seq=int(heads.seq[0]))
        await ledger.close_month(session, period=month, **by)
        await ledger.lock_month(session, period=month, **of_estate)


async def _owe(database: Database, *, estate_id: int) -> None:
    """Emergency credit, and arrears that are set aside."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        (wallet,) = await wallet_queries.wallets(session, estate_id=estate_id)
        emergency = Emergency(is_on=True, amount_micro=5_000_000, who="staff")
        await wallets.set_emergency_rule(session, estate_id=estate_id, rule=emergency, now=NOW)
        ordered = {"estate_id": estate_id, "actor": "staff:test", "now": NOW}
        await wallets.draw_emergency_credit(
            session, **ordered, wallet_id=wallet.wallet_id, utility=None, key="k1"
        )
        asked = wallets.SetAside(wallet.wallet_id, 10, amount_micro=10_000_000)
        await wallets.set_debt_aside(session, **ordered, asked=asked, key="k1")


async def _rule_wallets(database: Database, *, estate_id: int) -> None:
    """Allocation, a promotion that lasts and one that ended, a target that is missed."""
    later = NOW + dt.timedelta(hours=1)
    async with database.unit_of_work(estates=[estate_id]) as session:
        (wallet,) = await wallet_queries.wallets(session, estate_id=estate_id)
        rules = AllocationRules(Allocation("arrears_first"), residents_may_choose=True)
        await wallets.set_allocation_rules(session, estate_id=estate_id, rules=rules, now=NOW)
        of_wallet = {"estate_id": estate_id, "wallet_id": wallet.wallet_id, "now": NOW}
        await wallets.choose_allocation(
            session, **of_wallet, allocation=Allocation("general"), actor="staff:test"
        )
        for key, until in (("p1", later), ("p2", NOW + dt.timedelta(days=9))):
            grant = wallets.Grant(wallet.wallet_id, 1_000_000, until, "Welcome")
            promotion_id, _ = await wallets.grant_promotion(
                session, estate_id=estate_id, grant=grant, key=key, actor="staff:test", now=NOW
            )
            if until == later:
                await wallets.expire_promotion(
                    session, estate_id=estate_id, promotion_id=promotion_id, now=later
                )
        await wallets.set_balance_target(session, **of_wallet, target=Target(10**9, 10**9))


async def _switch(database: Database, *, estate_id: int) -> None:
    async with database.unit_of_work(estates=[estate_id]) as session:
        (wallet,) = await wallet_queries.wallets(session, estate_id=estate_id)
        top_up = wallets.TopUp(wallet.wallet_id, 100_000_000, "cash", "slip 1")
        await wallets.receive_top_up(
            session, estate_id=estate_id, top_up=top_up, idempotency_key="k1", actor="staff:test", now=NOW
        )
        commands = await credit.queries.commands(session, estate_id=estate_id, states=["asked"])
        await credit.record_command_state(
            session, estate_id=estate_id, command_id=commands[0].command_id, state="confirmed", now=NOW
        )


async def _sign(database: Database, *, estate_id: int) -> None:
    signer = SigningKey.of(Ed25519PrivateKey.generate(), name="test")
    async with database.unit_of_work(estates=[estate_id]) as session:
        leaves = await ledger_queries.checkpoint_leaves(session, estate_id=estate_id)
        signed = sign_checkpoint(
            leaves,
            estate_id=estate_id,
            kind=CheckpointKind.DAILY,
            period=None,
            taken_at=NOW,
            signer=signer,
        )
        await ledger.record_checkpoint(session, estate_id=estate_id, signed=signed)


async def _stop_and_limit(database: Database, *, estate_id: int) -> None:
    async with database.unit_of_work(estates=[estate_id]) as session:
        (wallet,) = await wallet_queries.wallets(session, estate_id=estate_id)
        hours = FriendlyHours(is_on=True, weekends=True)
        await credit.set_friendly_hours(session, estate_id=estate_id, hours=hours, now=NOW)
        await credit.stop_by_staff(
            session,
            estate_id=estate_id,
            unit_id=wallet.unit_id,
            utility="electricity",
            reason="repairs",
            actor="staff:test",
            now=NOW,
        )
        await wallets.set_spend_limit(
            session,
            estate_id=estate_id,
            wallet_id=wallet.wallet_id,
            limit=SpendLimit(100_000_000, None),
            actor="staff:test",
            now=NOW,
        )


async def _assign_again(database: Database, *, estate_id: int) -> None:
    """Correct a price of the past so that charging again waits for the job."""
    with patch("mita.charging.operations.rerate.AT_ONCE_MAX", 0):
        async with database.unit_of_work(estates=[estate_id]) as session:
            dearer = parse_document(RATES.replace("2.5", "2.6"))
            added = await tariffs.add_rate_table(
                session, estate_id=estate_id, currency="ZAR", table=dearer, now=NOW
            )
            order = tariffs.Order(added.rate_table_id, "staff:test", reason="a slip", is_correction=True)
            await tariffs.assign_rate_table(session, estate_id=estate_id, order=order, now=NOW)


async def _tell_of_rates(database: Database, *, estate_id: int) -> None:
    """A notice of the assignments, and a benchmark beside them."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        (newest, *_) = await tariff_queries.rate_tables(session, estate_id=estate_id)
        await tariffs.set_rate_rule(
            session,
            estate_id=estate_id,
            notice_days=7,
            benchmarks={"electricity": [newest.rate_table_id]},
            now=NOW,
        )
        await charging.tell_of_rates(session, estate_id=estate_id, now=NOW)


async def _credit_panels(database: Database, *, estate_id: int) -> None:
    """Panels whose capacity is credited to a home for the month before."""
    before = (NOW.date().replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    async with database.unit_of_work(estates=[estate_id]) as session:
        unit_id = (await estate_queries.units(session, estate_id=estate_id))[0].unit_id
        new = solar_credits.NewInstallation("Panels", 3_500_000, 36_500_000, before, {unit_id: 500_000})
        await solar_credits.create_installation(
            session, estate_id=estate_id, new=new, actor="staff:test", now=NOW
        )
        assert await solar_credits.post_solar_credits(session, estate_id=estate_id, now=NOW) == 1
