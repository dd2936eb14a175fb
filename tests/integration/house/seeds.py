"""An estate with a row in every estate-owned table, made through the operations."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.credit import operations as credit
from mita.credit.domain import FriendlyHours, Limit, LimitCause, Rule
from mita.devices import operations as devices
from mita.drivers.wire import Alarm
from mita.entrypoints.checkpoints import SigningKey
from mita.entrypoints.lane import Lane
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.domain import Days
from mita.estates.operations import Share, Stay
from mita.flexibility import operations as flexibility
from mita.flexibility.domain import Terms
from mita.identity import operations as identity
from mita.identity.domain import Principal
from mita.imports import operations as imports
from mita.imports.domain import Mode, ReadingTerms
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import CheckpointKind, sign_checkpoint
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingBatch
from mita.notifications import operations as notifications
from mita.rounds import operations as rounds
from mita.rounds.domain import WindowRule
from mita.sharing import operations as sharing
from mita.sharing.domain import rule_of
from mita.solar import operations as solar_credits
from mita.tariffs import operations as tariffs
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import parse_document
from mita.tenancies import operations as tenancies
from mita.tenancies.domain import Newcomer, Onboarding
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import (
    Access,
    Allocation,
    AllocationRules,
    Emergency,
    Right,
    SpendLimit,
    StandingOrder,
    Target,
)
from mita.webhooks import operations as webhooks
from mita.webhooks.domain import NO_PRIVATE, Answer, Topic

from .doubted import set_one_aside

if TYPE_CHECKING:
    from mita.kit.db import Database

NOW = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
RATES = """
rate_table: 1
name: Flat
utility: electricity
currency: ZAR
effective_from: 2025-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges:
  - {name: Energy, kind: usage, price: "2.5"}
"""


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
    await _hand_over(database, estate_id=estate_id)
    await _stop_and_limit(database, estate_id=estate_id)
    await _give_access(database, estate_id=estate_id, name=name)
    await _let_join(database, estate_id=estate_id)
    await _sign(database, estate_id=estate_id)
    await _keep_books(database, estate_id=estate_id)
    await _add_network(database, estate_id=estate_id)
    await _stand(database, estate_id=estate_id)
    await _accrue(database, estate_id=estate_id)
    await _assign_again(database, estate_id=estate_id)
    await _tell_of_rates(database, estate_id=estate_id)
    await _measure_warmth(database, estate_id=estate_id)
    await set_one_aside(database, estate_id=estate_id, now=NOW)
    await _share(database, estate_id=estate_id)
    await _live_and_own(database, estate_id=estate_id)
    await _credit_panels(database, estate_id=estate_id)
    await _import(database, estate_id=estate_id)
    await _fall_silent(database, estate_id=estate_id)
    await _read_by_hand(database, estate_id=estate_id)
    await _register_device(database, estate_id=estate_id)
    await _derive(database, estate_id=estate_id)
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
    await _read(database, *rows, estate_id=estate_id)


async def _read(database: Database, *rows: tuple[int, int, str], estate_id: int) -> None:
    """Charge (seconds, value, serial) one by one."""
    lane = Lane(database, estate_id=estate_id)
    start = int(NOW.timestamp()) - 7200
    for seconds, value, serial in rows:
        batch = ReadingBatch(
            key=[(serial, "import", "kWh")],
            taken_s=np.array([start + seconds]),
            value_micro=np.array([value * 1_000_000]),
            source="test",
            received_us=int(NOW.timestamp()) * 1_000_000,
        )
        await lane.charge(batch, now=NOW)


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
        await _read(database, (seconds, value, "m1"), estate_id=estate_id)
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


async def _let_join(database: Database, *, estate_id: int) -> None:
    """Turn the join code on, and let somebody wait."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        person = await identity.create_person(session, name="Sipho", email=None, phone=None, now=NOW)
        await identity.set_join_code(
            session, estate_id=estate_id, is_on=True, is_new=False, actor="staff:test", now=NOW
        )
        await identity.ask_to_join(
            session, estate_id=estate_id, person_id=person.person_id, unit_name="1", now=NOW
        )


async def _give_access(database: Database, *, estate_id: int, name: str) -> None:
    """A person with a grant, somebody invited, a group with a rule, an alert."""
    staff = Principal("test")
    async with database.unit_of_work(estates=[estate_id]) as session:
        (wallet,) = await wallet_queries.wallets(session, estate_id=estate_id)
        person = await identity.create_person(session, name=name, email=None, phone=None, now=NOW)
        of_wallet = {"estate_id": estate_id, "wallet_id": wallet.wallet_id}
        access = Access(Right.VIEW)
        await wallets.grant_access(
            session, **of_wallet, person_id=person.person_id, access=access, caller=staff, now=NOW
        )
        await wallets.invite(
            session,
            **of_wallet,
            email="x@example.com",
            access=access,
            expires_at=NOW + dt.timedelta(days=7),
            caller=staff,
            now=NOW,
        )
        group = await wallets.create_group(
            session, estate_id=estate_id, name="Group", owner_person_id=person.person_id, now=NOW
        )
        await wallets.add_member(session, group=group, wallet_id=wallet.wallet_id, caller=staff, now=NOW)
        rule = StandingOrder(is_on=True, threshold_micro=0, target_micro=0)
        await wallets.set_distribution_rule(session, group=group, rule=rule, now=NOW)
        keyed = identity.Keyed(estate_id, "staff:console", "first", bytes(32))
        await identity.begin_keyed(session, keyed=keyed, now=NOW)
        answer = identity.Answer(201, "application/json", b"{}")
        await identity.keep_answer(session, keyed=keyed, answer=answer)
        token, _ = await identity.issue_device_token(
            session,
            estate_id=estate_id,
            device=f"device-of-{name}",
            expires_at=NOW + dt.timedelta(days=30),
            actor="staff:test",
            now=NOW,
        )
        await identity.hold_shielded(session, estate_id=estate_id, device_token_id=token.device_token_id)
        await notifications.raise_alert(
            session,
            estate_id=estate_id,
            kind="low_balance",
            subject="wallet:1",
            person_ids=[person.person_id],
            detail={},
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


async def _share(database: Database, *, estate_id: int) -> None:
    """A home that shares a roof: settled, with a key of one interval."""
    since = NOW.date() - dt.timedelta(days=2)
    begin = dt.datetime(2026, 3, 7, 22, 0, tzinfo=dt.UTC)
    async with database.unit_of_work(estates=[estate_id]) as session:
        names = [unit.unit_id for unit in await estate_queries.units(session, estate_id=estate_id)]
        new = [metering.NewMeter(names[0], serial, "electricity", ("import",)) for serial in ("roof", "home")]
        await metering.install_meters(session, estate_id=estate_id, meters=new, now=NOW)
        solar = await tariffs.add_rate_table(
            session,
            estate_id=estate_id,
            currency="ZAR",
            table=parse_document(RATES.replace("Flat", "Roof").replace("2.5", "1.5")),
            now=NOW,
        )
        infos = await metering_queries.registers_of_meters(
            session, estate_id=estate_id, serials=["roof", "home"]
        )
        of = {info.meter: info.register_id for info in infos}
        rule = rule_of(country=None, name="static", is_own_surplus=False, interval_minutes=60)
        group = sharing.NewGroup("Roof", None, rule, solar.rate_table_id, None, since)
        row = await sharing.create_sharing_group(
            session, estate_id=estate_id, new=group, actor="staff:test", now=NOW
        )
        key = {"estate_id": estate_id, "sharing_group_id": row.sharing_group_id}
        await sharing.add_sources(
            session, **key, terms=[sharing.TermsIn(of["roof"], since)], actor="staff:test", now=NOW
        )
        home = sharing.TermsIn(of["home"], since, unit_id=names[0], key_micro=500_000)
        await sharing.add_members(session, **key, terms=[home], actor="staff:test", now=NOW)
        keys = {(begin, names[0]): 250_000}
        await sharing.add_keys(session, **key, keys=keys, actor="staff:test", now=NOW)
    ago = int(begin.timestamp()) - (int(NOW.timestamp()) - 7200)
    for serial in ("roof", "home"):
        await _read(database, (ago, 0, serial), (ago + 86_400, 24, serial), estate_id=estate_id)
    async with database.unit_of_work(estates=[estate_id]) as session:
        assert (await sharing.settle_group(session, **key, now=NOW)).changed == 1


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


async def _measure_warmth(database: Database, *, estate_id: int) -> None:
    """A reading with a temperature."""
    taken_s = int(NOW.timestamp()) - 600
    batch = ReadingBatch(
        key=[("m1", "import", "kWh")],
        taken_s=np.array([taken_s]),
        value_micro=np.array([12_000_000]),
        source="test",
        received_us=int(NOW.timestamp()) * 1_000_000,
        temperature_centi={0: 5825},
    )
    await Lane(database, estate_id=estate_id).charge(batch, now=NOW)


async def _fall_silent(database: Database, *, estate_id: int) -> None:
    """A meter that sends nothing for months, of which an endpoint is told that is gone."""
    later = NOW + dt.timedelta(days=90)
    terms = webhooks.EndpointTerms("https://example.com/hook", tuple(Topic))
    async with database.unit_of_work(estates=[estate_id]) as session:
        await webhooks.create_endpoint(
            session, estate_id=estate_id, terms=terms, rules=NO_PRIVATE, actor="staff:test", now=NOW
        )
        await metering.set_silence_rule(session, estate_id=estate_id, silent_hours=48, now=NOW)
        assert await metering.notice_silence(session, estate_id=estate_id, now=later) == 1
        claimed = await webhooks.claim_due(
            session, busy={}, at_once=9, limit=9, claim_for=dt.timedelta(minutes=1), now=later
        )
        answer = Answer(status=500, error=None, duration_ms=12)
        tried = [webhooks.Tried(each, answer, later, spread_permille=0) for each in claimed]
        await webhooks.record_tries(session, tried=tried, now=later)


async def _read_by_hand(database: Database, *, estate_id: int) -> None:
    """A window on whose last day residents are reminded, and a meter that is then read."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        rule = WindowRule(NOW.date(), 1, 10, "view")
        by = {"actor": "staff:test", "now": NOW}
        await rounds.set_window_rule(session, estate_id=estate_id, rule=rule, **by)
        unit = (await estate_queries.units(session, estate_id=estate_id))[0]
        meter = metering.NewMeter(unit.unit_id, "hand", "electricity", is_read_by_hand=True)
        (meter_id,) = await metering.install_meters(session, estate_id=estate_id, meters=[meter], now=NOW)
        assert not await rounds.remind_residents(session, estate_id=estate_id, now=NOW)
        asked = rounds.HandReading(meter_id, None, 1_000_000, "kWh", NOW)
        await rounds.take_reading(
            session, estate_id=estate_id, asked=asked, caller=Principal("test"), now=NOW
        )


async def _register_device(database: Database, *, estate_id: int) -> None:
    """A device with a codec that is watched while it complains."""
    of_estate = {"estate_id": estate_id, "now": NOW}
    async with database.unit_of_work(estates=[estate_id]) as session:
        codec = await devices.new_codec(session, name="acme", body="function decodeUplink(i) {}", **of_estate)
        terms = devices.DeviceTerms(codec_id=codec.codec_id)
        row = await devices.register_device(
            session, driver="tasmota", address=f"plug-{estate_id}", terms=terms, **of_estate
        )
        await devices.watch(session, device_id=row.device_id, **of_estate)
        # nobody reaches it
        emlite = await devices.register_device(
            session,
            driver="emop",
            address=f"flat-{estate_id}",
            terms=devices.DeviceTerms(settings={"url": "tcp://127.0.0.1"}),
            **of_estate,
        )
        await devices.ask_clock(
            session, device_id=emlite.device_id, may_cross=True, asked_by="test", **of_estate
        )
        await devices.take_counter(session, estate_id=estate_id, name=emlite.name, key="k", count=10)
        frame = devices.Passed("tele/plug/SENSOR", b"{}", {"readings": 0})
        said = devices.Noted(row.name, NOW, reports=[Alarm("tamper", "opened")], frames=[frame])
        await devices.note(session, estate_id=estate_id, noted=[said])
        await devices.set_issue_rule(session, estate_id=estate_id, kinds=["leak"], frozen_days=30, now=NOW)
        # the token of a device that nobody registered ends
        assert await devices.note_tokens(session, estate_id=estate_id, now=NOW + dt.timedelta(days=40)) == 1


async def _derive(database: Database, *, estate_id: int) -> None:
    """A register that counts pulses, one that is multiplied, and one that is made of both."""
    of_estate = {"estate_id": estate_id, "now": NOW}
    staff = {"actor": "staff:test", **of_estate}
    async with database.unit_of_work(estates=[estate_id]) as session:
        (unit, *_) = await estate_queries.units(session, estate_id=estate_id)
        names = ("import", "export", "both")
        meter = metering.NewMeter(unit.unit_id, "made", "electricity", names)
        (meter_id,) = await metering.install_meters(session, meters=[meter], **of_estate)
        rows = await metering_queries.registers_of_meter(session, estate_id=estate_id, meter_id=meter_id)
        counted, multiplied, both = (row.register_id for row in rows)
        counter = metering.NewCounter("1000 imp/kWh", 16)
        await metering.set_pulse_counter(session, register_id=counted, new=counter, **staff)
        factor = metering.NewFactor("200/5", "transformers")
        await metering.set_factor(session, register_id=multiplied, new=factor, **staff)
        made = metering.NewVirtualMeter((counted, multiplied), (), ((both, "1"),), 3600, NOW)
        await metering.set_virtual_meter(session, new=made, **staff)


async def _hand_over(database: Database, *, estate_id: int) -> None:
    """Somebody moves in, and that is undone."""
    staff = Principal("test")
    async with database.unit_of_work(estates=[estate_id]) as session:
        (unit,) = await estate_queries.units(session, estate_id=estate_id)
        done = await tenancies.hand_over(
            session,
            estate_id=estate_id,
            asked=Onboarding(unit.unit_id, Newcomer(None, "Newcomer")),
            key="k1",
            caller=staff,
            now=NOW,
        )
        assert done.handover_id is not None
        await tenancies.undo_handover(
            session,
            estate_id=estate_id,
            handover_id=done.handover_id,
            reason="a slip",
            key="k1",
            caller=staff,
            now=NOW + dt.timedelta(minutes=1),
        )


async def _live_and_own(database: Database, *, estate_id: int) -> None:
    """A person with an occupancy and an ownership, a swapped meter that is a bulk meter, a document."""
    by = {"estate_id": estate_id, "actor": "staff:test", "now": NOW}
    async with database.unit_of_work(estates=[estate_id]) as session:
        (unit,) = await estate_queries.units(session, estate_id=estate_id)
        (wallet,) = await wallet_queries.wallets(session, estate_id=estate_id)
        grants = await wallet_queries.live_grants(session, estate_id=estate_id, wallet_id=wallet.wallet_id)
        days = Days(NOW.date())
        # an owner who moves in keeps their sight of what was before
        share = Share(unit.unit_id, grants[0].person_id, days, 1_000_000)
        await estates.add_ownership(session, share=share, **by)
        await estates.add_occupancy(session, stay=Stay(unit.unit_id, grants[0].person_id, days), **by)
        old = metering.NewMeter(unit.unit_id, "old", "electricity")
        (meter_id,) = await metering.install_meters(session, estate_id=estate_id, meters=[old], now=NOW)
        order = tenancies.SwapOrder(meter_id, tenancies.NewPart("new", {"import": 0}), NOW, "broken")
        await tenancies.swap_meter(session, order=order, key="k1", **by)
        (other, *_) = await metering_queries.meters(session, estate_id=estate_id)
        bulk = metering.NewBulkMeter(meter_id, Days(NOW.date()), (other.meter_id,))
        await metering.set_bulk_meter(session, new=bulk, **by)
        paper = estates.NewDocument(
            "unit", unit.unit_id, unit.unit_id, "plan.pdf", "application/pdf", b"%PDF-1", for_residents=True
        )
        await estates.store_document(session, new=paper, **by)


async def _import(database: Database, *, estate_id: int) -> None:
    new = imports.NewFile("units", "units.csv", b"name\nimported\n", Mode.VALID_ROWS, False, "seed")
    async with database.unit_of_work(estates=[estate_id]) as session:
        await imports.receive_file(session, estate_id=estate_id, new=new, actor="staff:test", now=NOW)
    terms = ReadingTerms("nem12")
    sent = imports.NewReadingFile("march.csv", b"100,NEM12", terms, Mode.VALID_ROWS, False, "seed")
    async with database.unit_of_work(estates=[estate_id]) as session:
        await imports.receive_reading_file(
            session, estate_id=estate_id, new=sent, actor="staff:test", now=NOW
        )
