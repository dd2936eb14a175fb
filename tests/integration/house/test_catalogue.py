"""What the migrated database says of itself: keys, row-level security, privileges, guards, models."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql
from sqlalchemy import TEXT, String, create_engine

import mita.charging.models
import mita.credit.models
import mita.estates.models
import mita.identity.models
import mita.ledger.models
import mita.metering.models
import mita.notifications.models
import mita.tariffs.models
import mita.wallets.models  # noqa: F401 - all of them, for the metadata
from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.credit import operations as credit
from mita.credit.domain import FriendlyHours, Rule
from mita.entrypoints.checkpoints import SigningKey
from mita.entrypoints.lane import Lane
from mita.estates import operations as estates
from mita.identity import operations as identity
from mita.identity.domain import Principal
from mita.kit.db import Base, sqlalchemy_url
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import CheckpointKind, sign_checkpoint
from mita.metering import operations as metering
from mita.metering.domain import ReadingBatch
from mita.notifications import operations as notifications
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import parse_document
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

if TYPE_CHECKING:
    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

NOW = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
PERMISSIONS = Path(__file__).parents[3] / "docs" / "reference" / "permissions.md"

# tables that belong to no estate
PLATFORM = {"api_token", "person", "device_route", "alembic_version"}
QUEUE = "procrastinate_"
APPEND_ONLY = {
    "checkpoint",
    "entry",
    "journal",
    "request",
    "rate_table",
    "rerating",
    "access_event",
    "promotion",
    "promotion_end",
    "account_opening",
    "accrual_entry",
    "adjustment",
    "adjustment_decision",
    "hold",
    "hold_resolution",
    "reversal",
}
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


def rows(admin: psycopg.Connection, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return admin.execute(query, parameters).fetchall()


def tables(admin: psycopg.Connection) -> set[str]:
    """Return every ordinary and partitioned table of ours, leaves too."""
    found = rows(
        admin,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )
    return {name for (name,) in found if not name.startswith(QUEUE)}


def leaves(admin: psycopg.Connection) -> set[str]:
    found = rows(
        admin,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relispartition AND relkind = 'r'",
    )
    return {name for (name,) in found}


def estate_tables(admin: psycopg.Connection) -> set[str]:
    found = rows(
        admin,
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'estate_id'",
    )
    return {name for (name,) in found} & tables(admin)


@pytest.fixture
def with_months(admin: psycopg.Connection) -> psycopg.Connection:
    """The database with a month of each partitioned table."""
    admin.execute("SELECT ensure_month_partition('reading', '2026-03-01')")
    admin.execute("SELECT ensure_month_partition('entry', '2026-03-01')")
    return admin


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
            session, estate_id=estate_id, rate_table_id=added.rate_table_id, now=NOW
        )
        rule = Rule(
            "electricity", is_cutting=True, low_micro=50_000_000, cut_micro=0, restore_micro=10_000_000
        )
        await credit.set_rule(session, estate_id=estate_id, rule=rule, now=NOW)
    await _charge(database, estate_id=estate_id)
    await _owe(database, estate_id=estate_id)
    await _switch(database, estate_id=estate_id)
    await _rule_wallets(database, estate_id=estate_id)
    await _stop_and_limit(database, estate_id=estate_id)
    await _give_access(database, estate_id=estate_id, name=name)
    await _sign(database, estate_id=estate_id)
    await _keep_books(database, estate_id=estate_id)
    await _accrue(database, estate_id=estate_id)
    return estate_id


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
        await notifications.raise_alert(
            session,
            estate_id=estate_id,
            kind="low_balance",
            subject="wallet:1",
            person_ids=[person.person_id],
            detail={},
            now=NOW,
        )


@pytest.fixture
async def two_estates(database: Database) -> tuple[int, int]:
    return await seed(database, name="Willow"), await seed(database, name="Oak")


# ── keys ──


def test_every_table_belongs_to_an_estate_or_is_listed(with_months: psycopg.Connection) -> None:
    assert tables(with_months) - estate_tables(with_months) == PLATFORM - {"device_route"}
    assert len(estate_tables(with_months)) >= 20


def test_every_key_leads_with_the_estate(with_months: psycopg.Connection) -> None:
    found = rows(
        with_months,
        "SELECT c.conrelid::regclass::text, c.contype, a.attname FROM pg_constraint AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
        " WHERE c.contype IN ('p', 'f', 'u') AND c.connamespace = 'public'::regnamespace",
    )
    owned = estate_tables(with_months) - PLATFORM
    primary = {table: first for table, kind, first in found if kind == "p" and table in owned}
    assert set(primary) == owned, "every table has a primary key"
    assert set(primary.values()) == {"estate_id"}
    others = [(table, kind, first) for table, kind, first in found if table in owned and first != "estate_id"]
    # an estate's name is unique on the whole platform
    assert others == [("estate", "u", "name")]


# ── row-level security ──


def test_every_estate_table_is_behind_row_level_security(with_months: psycopg.Connection) -> None:
    secured = rows(
        with_months,
        "SELECT relname, relrowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)"
        " FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )
    state = {name: (bool(is_on), count) for name, is_on, count in secured}
    own = leaves(with_months)
    for name in sorted(estate_tables(with_months) - PLATFORM):
        assert state[name] == (True, 0 if name in own else 1), name


def test_a_policy_reads_and_writes_the_named_estates_only(admin: psycopg.Connection) -> None:
    policies = rows(
        admin, "SELECT tablename, permissive, roles::text, cmd, qual, with_check FROM pg_policies"
    )
    assert len(policies) >= 20
    for table, permissive, roles, command, using, check in policies:
        assert (permissive, roles, command) == ("PERMISSIVE", "{public}", "ALL"), table
        assert using == check, table
        assert "current_setting('mita.estates'" in using, table


def test_leaves_are_closed_to_the_application(with_months: psycopg.Connection) -> None:
    own = leaves(with_months)
    assert own == {"reading_default", "reading_2026_03", "entry_default", "entry_2026_03"}
    granted = rows(
        with_months, "SELECT table_name FROM information_schema.table_privileges WHERE grantee = 'mita_app'"
    )
    assert not own & {name for (name,) in granted}


def test_the_application_role_is_powerless(admin: psycopg.Connection) -> None:
    (role,) = rows(
        admin,
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles"
        " WHERE rolname = 'mita_app'",
    )
    assert role == (False,) * 5
    assert rows(admin, "SELECT 1 FROM pg_auth_members WHERE member = 'mita_app'::regrole") == []
    assert rows(admin, "SELECT relname FROM pg_class WHERE relowner = 'mita_app'::regrole") == []
    assert rows(admin, "SELECT has_schema_privilege('mita_app', 'public', 'CREATE')") == [(False,)]


def test_functions_that_act_as_the_owner_are_listed(admin: psycopg.Connection) -> None:
    found = rows(
        admin,
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace",
    )
    assert {name for name, _ in found} == {
        "platform_estate_ids",
        "ensure_month_partition",
        "refresh_statistics",
    }
    assert all("search_path=public, pg_temp" in (config or []) for _, config in found)


async def test_without_any_filter_nothing_leaks(
    two_estates: tuple[int, int], admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    mine, foreign = two_estates
    owned = sorted(estate_tables(admin) - PLATFORM - leaves(admin))
    with psycopg.connect(postgres.app_url(database_name)) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (str(mine),))
        for table in owned:
            truth = {e for (e,) in rows(admin, f"SELECT DISTINCT estate_id FROM {table}")}
            assert {mine, foreign} <= truth, f"{table} has no rows of both estates: the test proves nothing"
            seen = {e for (e,) in app.execute(f"SELECT estate_id FROM {table}").fetchall()}
            assert seen == {mine}, table


@pytest.mark.parametrize("setting", [None, "", "0"])
async def test_a_connection_that_names_no_estate_sees_nothing(
    two_estates: tuple[int, int],
    admin: psycopg.Connection,
    postgres: EmbeddedPostgres,
    database_name: str,
    setting: str | None,
) -> None:
    with psycopg.connect(postgres.app_url(database_name)) as app:
        if setting is not None:
            app.execute("SELECT set_config('mita.estates', %s, false)", (setting,))
        for table in sorted(estate_tables(admin) - PLATFORM - leaves(admin)):
            assert app.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


async def test_no_row_can_be_written_into_another_estate(
    two_estates: tuple[int, int], admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    mine, foreign = two_estates
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (f"{mine}",))
        for table in sorted(estate_tables(admin) - PLATFORM - leaves(admin)):
            columns = sql.SQL(", ").join(
                sql.Identifier(name)
                for (name,) in rows(
                    admin,
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
                    " AND table_name = %s AND column_name <> 'estate_id'",
                    table,
                )
            )
            into = sql.SQL("INSERT INTO {} (estate_id, {}) SELECT {}, {} FROM {} LIMIT 1").format(
                sql.Identifier(table), columns, sql.Literal(foreign), columns, sql.Identifier(table)
            )
            # a locked month is refused before anybody asks whose it is
            refused = "only|cannot begin to close" if table == "period" else "row-level security"
            with pytest.raises(psycopg.Error, match=refused):
                app.execute(into)


async def test_no_row_can_be_moved_into_another_estate(
    two_estates: tuple[int, int], postgres: EmbeddedPostgres, database_name: str
) -> None:
    mine, foreign = two_estates
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (f"{mine}",))
        for table in ("credit_rule", "supply"):  # the only estate tables of which every column may be updated
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                app.execute(f"UPDATE {table} SET estate_id = {foreign}")
        assert app.execute(f"UPDATE supply SET is_on = false WHERE estate_id = {foreign}").rowcount == 0


# ── privileges ──


def documented_privileges() -> dict[str, tuple[set[str], set[str]]]:
    """Return what permissions.md says of each table: privileges, and columns that may be updated."""
    found = {}
    for line in PERMISSIONS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().split("|")[1:-1]]
        if len(cells) == 4 and (name := re.fullmatch(r"`(\w+)`", cells[0])):
            privileges = set() if cells[1] == "nothing" else set(cells[1].split(", "))
            columns = {"all"} if cells[2] == "all" else set(re.findall(r"`(\w+)`", cells[2]))
            found[name.group(1)] = (privileges, columns)
    return found


def test_privileges_are_those_of_the_documentation(admin: psycopg.Connection) -> None:
    actual = {name: (set(), set()) for name in tables(admin) - leaves(admin)}
    for table, privilege in rows(
        admin,
        "SELECT table_name, privilege_type FROM information_schema.table_privileges"
        " WHERE grantee IN ('mita_app', 'PUBLIC') AND table_schema = 'public'"
        " AND table_name NOT LIKE 'procrastinate%%'",
    ):
        actual[table][0].add(privilege)
        if privilege == "UPDATE":
            actual[table][1].add("all")
    for table, column in rows(
        admin,
        "SELECT table_name, column_name FROM information_schema.column_privileges"
        " WHERE grantee IN ('mita_app', 'PUBLIC') AND privilege_type = 'UPDATE' AND table_schema = 'public'"
        " AND table_name NOT LIKE 'procrastinate%%'",
    ):
        if "all" not in actual[table][1]:
            actual[table][0].add("UPDATE")
            actual[table][1].add(column)
    assert actual == documented_privileges()


async def test_the_application_cannot_change_the_ledger(
    two_estates: tuple[int, int], admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    partitions = sorted(name for name in leaves(admin) if name.startswith("entry"))
    assert "entry_2026_03" in partitions
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (str(two_estates[0]),))
        for table in sorted(APPEND_ONLY) + partitions:
            for attack in (
                f"UPDATE {table} SET estate_id = estate_id",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                    app.execute(attack)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("DELETE FROM account")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("ALTER TABLE entry DISABLE TRIGGER ALL")


async def test_the_owner_cannot_change_the_ledger_by_accident(
    two_estates: tuple[int, int], admin: psycopg.Connection
) -> None:
    filled = {name for name in leaves(admin) if name == "entry_2026_03"}
    for table in sorted(APPEND_ONLY | filled):
        assert rows(admin, f"SELECT count(*) FROM {table}") != [(0,)], table
        for attack in (
            f"UPDATE {table} SET estate_id = estate_id",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                admin.execute(attack)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        admin.execute("TRUNCATE entry_default")
    for attack in ("DELETE FROM account", "TRUNCATE account CASCADE"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            admin.execute(attack)


async def test_a_journal_that_does_not_balance_is_refused(
    two_estates: tuple[int, int], postgres: EmbeddedPostgres, database_name: str
) -> None:
    entry = (
        "INSERT INTO entry SELECT estate_id, account_id, seq + 1000, {amount}, 0, 0, 0, event_at, {journal},"
        " period, 0, kind, source_kind, hash_v, hash FROM entry LIMIT 1"
    )
    unknown = "'00000000-0000-7000-8000-000000000000'::uuid"
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (str(two_estates[0]),))
        with pytest.raises(psycopg.errors.CheckViolation, match="off by 1"):
            app.execute(entry.format(amount=1, journal="journal_id"))
        with pytest.raises(psycopg.errors.CheckViolation, match="missing"):
            app.execute(entry.format(amount=0, journal=unknown))


# ── models ──


def _ours(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Leave out what the models do not describe: leaves, the queue, versions, and constraints but keys."""
    if kind == "table":
        return not re.match(rf"{QUEUE}|alembic_version$|(reading|entry)_(default|\d{{4}}_\d\d)$", name or "")
    return kind == "column"


def _type_differs(_context: Any, _inspected: Any, _column: Any, actual: Any, declared: Any) -> bool | None:
    """Take a ``str`` without a length for what it is: text."""
    if isinstance(actual, TEXT) and type(declared) is String and declared.length is None:
        return False
    return None


def test_the_models_are_the_tables(
    with_months: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
) -> None:
    engine = create_engine(sqlalchemy_url(postgres.admin_url(database_name)))
    try:
        with engine.connect() as connection:
            options = {"compare_type": _type_differs, "include_object": _ours}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, Base.metadata) == []
    finally:
        engine.dispose()


def test_the_models_have_the_keys_of_the_tables(admin: psycopg.Connection) -> None:
    """Autogeneration does not compare primary keys."""
    found = rows(
        admin,
        "SELECT c.conrelid::regclass::text, array_agg(a.attname::text) FROM pg_constraint AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
        " WHERE c.contype = 'p' AND c.connamespace = 'public'::regnamespace GROUP BY 1",
    )
    keys = {table: set(columns) for table, columns in found}
    assert {name: {c.name for c in table.primary_key} for name, table in Base.metadata.tables.items()} == {
        name: keys[name] for name in Base.metadata.tables
    }
