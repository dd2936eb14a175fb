"""People of the estate: who lives, owns, joins, may see and shares."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.domain import Days
from mita.estates.operations import Share, Stay
from mita.identity import operations as identity
from mita.identity.domain import Principal
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.notifications import operations as notifications
from mita.sharing import operations as sharing
from mita.sharing.domain import rule_of
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
from mita.tenancies import operations as tenancies
from mita.tenancies.domain import Newcomer, Onboarding
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Access, Right, StandingOrder

from .seeds_of_meters import read
from .seeds_of_rates import NOW, RATES

if TYPE_CHECKING:
    from mita.kit.db import Database


async def hand_over(database: Database, *, estate_id: int) -> None:
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


async def live_and_own(database: Database, *, estate_id: int) -> None:
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
        area = await metering.set_bulk_meter(session, new=bulk, **by)
        loss = metering.Loss(area.bulk_meter_id, 125_000_000, 25_000_000)
        month = NOW.date().replace(day=1)
        await metering.note_losses(session, estate_id=estate_id, month=month, losses=[loss], now=NOW)
        paper = estates.NewDocument(
            "unit", unit.unit_id, unit.unit_id, "plan.pdf", "application/pdf", b"%PDF-1", for_residents=True
        )
        await estates.store_document(session, new=paper, **by)


async def let_join(database: Database, *, estate_id: int) -> None:
    """Turn the join code on, and let somebody wait."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        person = await identity.create_person(session, name="Sipho", email=None, phone=None, now=NOW)
        await identity.set_join_code(
            session, estate_id=estate_id, is_on=True, is_new=False, actor="staff:test", now=NOW
        )
        await identity.ask_to_join(
            session, estate_id=estate_id, person_id=person.person_id, unit_name="1", now=NOW
        )


async def give_access(database: Database, *, estate_id: int, name: str) -> None:
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


async def share(database: Database, *, estate_id: int) -> None:
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
        await read(database, (ago, 0, serial), (ago + 86_400, 24, serial), estate_id=estate_id)
    async with database.unit_of_work(estates=[estate_id]) as session:
        assert (await sharing.settle_group(session, **key, now=NOW)).changed == 1
