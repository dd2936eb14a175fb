"""The audit log: no table that it forgets, no column that it must not show, no gap in its chain."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mita.identity import operations as identity
from mita.identity import queries
from mita.identity.domain import AUDITED
from mita.kit.context import Context, entered

from .seeds import NOW, seed
from .test_catalogue import leaves, rows, tables

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

AUDIT = Path(__file__).parents[3] / "docs" / "reference" / "audit.md"
# what is hidden by its name when the trigger is made
HIDDEN = re.compile(
    r"(^|_)(hash|sealed|secret|token|code|mark|password|email|phone|address|identifier|content|credential"
    r"|public_key|sha256|notes|prefix)($|_)"
)
# columns of words in audited tables that say nothing of a person and are no secret
SHOWN = {
    "accepted_by", "action", "actor", "asked_by", "by", "cadence", "cause", "chosen_by", "closed_by",
    "country", "created_by", "currency", "decided_by", "description", "device", "document", "done_by",
    "door", "estate_ids", "granted_by", "hears", "holidays_country", "holidays_subdivision",
    "invited_by", "issued_by", "keys", "kind", "kinds", "languages", "made_by", "media_type", "off_reason",
    "permissions", "revoked_by", "rights", "role", "roles", "rule", "scope", "sees_after", "serial",
    "set_by", "shares", "state", "status", "subject", "time_zone", "topics", "typed_by", "updated_by", "url",
    "utility", "who",
}  # fmt: skip
# of a building, not of a person; and why somebody decided something
SHOWN_OF = {
    "api_key.name", "codec.name", "device.driver", "device.fields", "device.model", "device.name",
    "meter_token.failure", "meter_token.reason",
    "device_task.active", "device_task.failure", "device_task.intended",
    "estate.name", "flexibility_event.title", "load_limit.reason",
    "organisation.name", "pulse_counter.weight", "rate_assignment.reason",
    "rate_table.name", "register_factor.factor", "register_factor.reason", "sharing_group.name",
    "solar_installation.name", "supply_stop.reason", "unit.name", "virtual_part.share",
}  # fmt: skip


def documented(heading: str) -> dict[str, str]:
    """Return the tables of the documented table that begins with ``heading``, each with its second cell."""
    found = {}
    text = AUDIT.read_text(encoding="utf-8").split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    for line in text.splitlines()[2:]:
        first, second = (cell.strip() for cell in line.strip("|").split("|"))
        found |= dict.fromkeys(re.findall(r"`(\w+)`", first), second)
    return found


def triggers(admin: psycopg.Connection, function: str) -> dict[str, list[tuple[str, bytes]]]:
    found: dict[str, list[tuple[str, bytes]]] = {}
    for table, name, arguments in rows(
        admin,
        "SELECT c.relname, t.tgname, t.tgargs FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
        " JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE p.proname = %s",
        function,
    ):
        found.setdefault(table, []).append((name, arguments))
    return found


def test_every_table_is_audited_append_only_or_listed_with_a_reason(admin: psycopg.Connection) -> None:
    audited = set(triggers(admin, "record_row_change"))
    append_only = {
        table
        for table, found in triggers(admin, "refuse_change").items()
        if {"append_only", "no_truncate"} <= {name for name, _ in found}
    }
    listed = documented("not audited")
    every = tables(admin) - leaves(admin)
    assert every - audited - append_only == set(listed)
    assert all(len(reason) > 20 for reason in listed.values())
    assert set(documented("audited")) == audited == AUDITED


def test_no_column_that_may_be_secret_or_personal_is_shown(admin: psycopg.Connection) -> None:
    told = {
        table: {word for _, sent in found for word in re.findall(r"\w+", sent.split(b"\x00", 1)[1].decode())}
        for table, found in triggers(admin, "record_row_change").items()
    }
    columns = rows(
        admin,
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN"
        " ('text', 'character', 'character varying', 'bytea', 'jsonb', 'tsvector', 'ARRAY')",
    )
    open_columns = [
        f"{table}.{column}"
        for table, column, kind in columns
        if table in AUDITED
        and column not in told[table]
        and (
            HIDDEN.search(column) or kind == "bytea" or not {column, f"{table}.{column}"} & (SHOWN | SHOWN_OF)
        )
    ]
    assert open_columns == []


async def test_changes_tell_old_and_new_of_whoever_made_them(
    database: Database, admin: psycopg.Connection
) -> None:
    estate_id = await seed(database, name="Willow")
    for _ in range(2):
        admin.execute(
            "UPDATE person SET name = name || 'Mokoena', email = 'mo@' || name, phone = '+27' || name"
        )
    people = rows(admin, "SELECT unnest(ARRAY[name, email, phone]) FROM person")
    (log,) = rows(admin, "SELECT string_agg(c::text, ' ') FROM audit_change AS c")[0]
    assert [name for (name,) in people if name in log] == []
    assert "Mokoena" not in log
    asked = Context("order-4711", actor="person:7", action="rename_unit", impersonator="staff:ann")
    with entered(asked):
        async with database.unit_of_work(estates=[estate_id]) as session:
            connection = await session.connection()
            await connection.exec_driver_sql("UPDATE unit SET name = 'Loft', notes = 'owes Bob', version = 9")
            # no value is another one
            await connection.exec_driver_sql("UPDATE unit SET name = name")
    admin.execute("UPDATE credit_rule SET low_line_micro = 7 WHERE utility = 'electricity'")
    found = rows(
        admin,
        "SELECT actor, impersonator, action, correlation_id, act_id IS NULL, subject, subject_id, verb, old,"
        " new"
        " FROM audit_change WHERE estate_id = %s ORDER BY audit_change_id DESC LIMIT 2",
        estate_id,
    )
    (unit_id,) = rows(admin, "SELECT unit_id FROM unit WHERE estate_id = %s", estate_id)[0]
    assert found[0][0].startswith("database:")
    assert found[0][4:] == (
        True, "credit_rule", "electricity", "changed", {"low_line_micro": 50_000_000}, {"low_line_micro": 7}
    )  # fmt: skip
    assert found[1] == (
        "person:7", "staff:ann", "rename_unit", "order-4711", False, "unit", str(unit_id), "changed",
        {"name": "1", "notes": "(hidden)"}, {"name": "Loft", "notes": "(hidden)"},
    )  # fmt: skip


async def _sealed(database: Database, *, estate_id: int) -> None:
    async with database.unit_of_work(estates=[0, estate_id]) as session:
        while await identity.seal_audit(session, estates=[0, estate_id], now=NOW, most=50):
            pass


async def _breaks(database: Database, *, estate_id: int) -> list[str]:
    async with database.unit_of_work(estates=[estate_id]) as session:
        checked = await queries.check_audit(session, estate_id=estate_id)
    return [f"{each.place}: {each.detail}" for each in checked.breaks]


def _attack(admin: psycopg.Connection, statement: str, *values: Any) -> None:
    """What somebody with the database's own password can do: no trigger speaks."""
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        assert admin.execute(statement, values).rowcount > 0


async def test_the_chain_tells_what_was_altered_taken_out_or_put_in(
    database: Database, admin: psycopg.Connection
) -> None:
    estate_id = await seed(database, name="Willow")
    await _sealed(database, estate_id=estate_id)
    assert await _breaks(database, estate_id=estate_id) == []
    links = rows(
        admin, "SELECT seq, kind, row_id FROM audit_link WHERE estate_id = %s ORDER BY seq", estate_id
    )
    (count,) = rows(
        admin,
        "SELECT (SELECT count(*) FROM audit_entry WHERE estate_id = %s)"
        " + (SELECT count(*) FROM audit_change WHERE estate_id = %s)",
        estate_id,
        estate_id,
    )[0]
    assert [seq for seq, _, _ in links] == list(range(1, count + 1))
    _check_first_hash(admin, estate_id=estate_id)
    altered = next(row_id for seq, kind, row_id in links if kind == "change" and seq > 5)
    at = "WHERE estate_id = %s AND audit_change_id = %s"
    (actor,) = rows(admin, f"SELECT actor FROM audit_change {at}", estate_id, altered)[0]
    _attack(admin, f"UPDATE audit_change SET actor = 'person:8' {at}", estate_id, altered)
    (told,) = await _breaks(database, estate_id=estate_id)
    assert told.startswith(f"change {altered} (link")
    assert told.endswith("it was altered, or the link before it was")
    _attack(admin, f"UPDATE audit_change SET actor = %s {at}", actor, estate_id, altered)
    assert await _breaks(database, estate_id=estate_id) == []
    gone = links[7]
    _attack(admin, f"DELETE FROM audit_{gone[1]} WHERE audit_{gone[1]}_id = %s", gone[2])
    assert await _breaks(database, estate_id=estate_id) == [f"{gone[1]} {gone[2]} (link 8): it is gone"]
    _attack(admin, "DELETE FROM audit_link WHERE estate_id = %s AND seq = 8", estate_id)
    assert await _breaks(database, estate_id=estate_id) == ["links 8 to 8: they are missing from the chain"]
    _attack(
        admin,
        "INSERT INTO audit_entry (estate_id, audit_entry_id, at, actor, action, outcome)"
        " VALUES (%s, '01900000-0000-7000-8000-000000000000', now(), 'x', 'x', 'done')",
        estate_id,
    )
    put_in = "entry 01900000-0000-7000-8000-000000000000: it was never sealed, although later ones were"
    assert (await _breaks(database, estate_id=estate_id))[1:] == [put_in]


def _check_first_hash(admin: psycopg.Connection, *, estate_id: int) -> None:
    """Calculate the first hash by the documented rule, with other code."""
    kind, row_id, found = rows(
        admin, "SELECT kind, row_id, hash FROM audit_link WHERE estate_id = %s AND seq = 1", estate_id
    )[0]
    own = ("subject", "subject_id", "verb") if kind == "change" else ("subject", "outcome", "address")
    names = ["estate_id", f"audit_{kind}_id", "at", "act_id", "actor", "impersonator", "action"]
    names += ["correlation_id", *own, "old", "new"]
    shown = ["(extract(epoch FROM at) * 1000000)::bigint" if name == "at" else name for name in names]
    values = rows(
        admin,
        f"SELECT {', '.join(f'({each})::text' for each in shown)} FROM audit_{kind}"
        f" WHERE audit_{kind}_id = %s",
        row_id,
    )[0]
    written = b"".join(b"-" if v is None else b"%d:%s" % (len(v.encode()), v.encode()) for v in values)
    assert hashlib.sha256(b"mita audit 1\n" + bytes(32) + f"1:{kind}\n".encode() + written).digest() == found
