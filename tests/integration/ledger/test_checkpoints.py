"""Checkpoints: what is signed, where it goes, that it cannot be overwritten, and when it is taken."""

from __future__ import annotations

import hashlib
import stat
import struct
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mita.entrypoints.worker.app import create_worker_app
from mita.ledger.domain import (
    CheckpointKind,
    parse_key,
    read_leaves,
    read_note,
    worth_checking,
)
from mita.ledger.jobs import take_daily_checkpoint
from mita.ledger.operations import NotPublished
from tests.integration.ledger.notary import TestNotary
from tests.integration.world import NOW, World, at, new_world

if TYPE_CHECKING:
    from pathlib import Path

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def notary(tmp_path: Path) -> TestNotary:
    return TestNotary(tmp_path / "data")


async def charged(database: Database, *, meters: int = 3, name: str = "Test estate") -> World:
    world = await new_world(database, meters=meters, name=name)
    await world.charge([(f"M{m + 1}", at(h), str(h)) for h in range(4) for m in range(meters)])
    await world.top_up("50.00", key="k")
    return world


def files(path: Path) -> list[str]:
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


# ── what is signed ──


async def test_the_leaves_are_all_heads_and_the_root_is_theirs(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    world = await charged(database)
    other = await charged(database, name="Another")
    signed = await notary.take(database, estate_id=world.estate_id)
    rows = admin.execute(
        "SELECT estate_id, account_id, head_seq, head_hash, posted_micro, held_micro FROM account"
        " WHERE estate_id = %s ORDER BY account_id",
        (world.estate_id,),
    ).fetchall()
    leaves = [struct.pack(">qqq32sqq", *row) for row in rows]
    assert len(leaves) >= 6
    assert signed.leaves == b"".join(leaves)
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + b"".join(level[i : i + 2])).digest() if i + 1 < len(level) else level[i]
            for i in range(0, len(level), 2)
        ]
        level = pairs
    summary = read_note(signed.note, keys=[notary.signer.key])
    assert (summary.root, summary.size) == (level[0], len(leaves))
    assert (summary.kind, summary.period, summary.taken_at) == (CheckpointKind.DAILY, None, NOW)
    assert summary.origin == f"mita/{world.estate_id}"
    assert other.estate_id not in read_leaves(signed.leaves)["estate_id"]


def test_a_leaf_has_the_same_frozen_bytes_in_sql(admin: psycopg.Connection) -> None:
    (leaf,) = admin.execute(
        "SELECT ledger_checkpoint_leaf(7, 42, 3, decode(repeat('ab', 32), 'hex'), -1234567, 5)"
    ).fetchone()
    frozen = (
        "0000000000000007000000000000002a0000000000000003" + "ab" * 32 + "ffffffffffed29790000000000000005"
    )
    assert bytes(leaf).hex() == frozen


async def test_an_estate_without_accounts_is_signed_as_empty(database: Database, notary: TestNotary) -> None:
    world = await new_world(database, meters=0, rates=None)
    signed = await notary.take(database, estate_id=world.estate_id)
    assert (signed.summary.size, signed.leaves) == (0, b"")
    assert signed.summary.root == hashlib.sha256(b"").digest()
    found = await notary.verify(database, estate_id=world.estate_id)
    assert (found.is_verified, found.checkpoints) == (True, 1)


async def test_the_table_keeps_what_was_published(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    world = await charged(database)
    march = date(2026, 3, 1)
    signed = await notary.take(
        database, estate_id=world.estate_id, kind=CheckpointKind.CLOSE, period=march, now=LATER
    )
    row = admin.execute("SELECT kind, period, size, root, note, leaves, taken_at FROM checkpoint").fetchone()
    assert row == (
        "close",
        march,
        signed.summary.size,
        signed.summary.root,
        signed.note,
        signed.leaves,
        LATER,
    )
    for change in ("UPDATE checkpoint SET note = ''", "DELETE FROM checkpoint", "TRUNCATE checkpoint"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            admin.execute(change)


async def test_money_that_moves_meanwhile_is_wholly_in_or_wholly_out(
    database: Database, notary: TestNotary
) -> None:
    """The balances of a checkpoint sum to zero: it is one instant, not one account after the other."""
    world = await charged(database)
    await world.top_up("7.00", key="meanwhile")
    signed = await notary.take(database, estate_id=world.estate_id)
    assert int(read_leaves(signed.leaves)["posted_micro"].astype("int64").sum()) == 0


# ── where it goes ──


async def test_a_checkpoint_is_published_read_only_and_the_key_lies_beside(
    database: Database, notary: TestNotary
) -> None:
    world = await charged(database)
    await notary.take(database, estate_id=world.estate_id)
    await notary.take(
        database,
        estate_id=world.estate_id,
        kind=CheckpointKind.CLOSE,
        period=date(2026, 2, 1),
        now=LATER,
    )
    path = notary.directory.path
    folder = f"mita/{world.estate_id}"
    assert files(path) == [
        "key.pub",
        f"{folder}/20260320T120000.000000Z-daily.leaves",
        f"{folder}/20260320T120000.000000Z-daily.note",
        f"{folder}/20260320T130000.000000Z-close.leaves",
        f"{folder}/20260320T130000.000000Z-close.note",
    ]
    for name in files(path):
        assert stat.S_IMODE((path / name).stat().st_mode) == 0o444, name
    assert parse_key((path / "key.pub").read_text()) == notary.signer.key
    key = notary.settings.data / "checkpoint.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    # another process finds the same key
    assert TestNotary(notary.settings.data).signer.key == notary.signer.key


async def test_what_is_published_is_never_overwritten_and_not_recorded_twice(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    world = await charged(database)
    signed = await notary.take(database, estate_id=world.estate_id)
    await world.top_up("1.00", key="later")
    with pytest.raises(NotPublished, match="exists"):
        await notary.take(database, estate_id=world.estate_id)
    path = notary.directory.path / f"{signed.summary.place}.note"
    assert path.read_text(encoding="utf-8") == signed.note
    assert admin.execute("SELECT count(*) FROM checkpoint").fetchone() == (1,)
    assert not [name for name in files(notary.directory.path) if "/." in name]


async def test_what_cannot_be_published_is_not_recorded(
    database: Database, admin: psycopg.Connection, tmp_path: Path
) -> None:
    world = await charged(database)
    wall = tmp_path / "wall"
    wall.write_text("a file where the directory should be")
    notary = TestNotary(tmp_path / "data", checkpoint_dir=wall)
    with pytest.raises(NotPublished, match="cannot be written"):
        await notary.take(database, estate_id=world.estate_id)
    assert admin.execute("SELECT count(*) FROM checkpoint").fetchone() == (0,)


@pytest.mark.parametrize("content", [None, b"", b"rubbish", "rsa"])
async def test_a_key_that_cannot_be_used_is_said_plainly(
    database: Database, admin: psycopg.Connection, tmp_path: Path, content: bytes | str | None
) -> None:
    world = await charged(database)
    path = tmp_path / "named.key"
    if content == "rsa":
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

        secret = generate_private_key(SECP256R1())
        content = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if content is not None:
        path.write_bytes(content)
    notary = TestNotary(tmp_path / "data", checkpoint_key=path)
    with pytest.raises(NotPublished, match=r"named\.key"):
        await notary.take(database, estate_id=world.estate_id)
    assert admin.execute("SELECT count(*) FROM checkpoint").fetchone() == (0,)
    # a named key is never made: a slip of the pen would sign with a new one
    assert path.exists() == (content is not None)


async def test_a_named_key_and_origin_sign(database: Database, tmp_path: Path) -> None:
    world = await charged(database)
    secret = Ed25519PrivateKey.generate()
    path = tmp_path / "named.key"
    path.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    notary = TestNotary(tmp_path / "data", checkpoint_key=path, checkpoint_origin="mita.example.org/south")
    signed = await notary.take(database, estate_id=world.estate_id)
    assert signed.summary.origin == f"mita.example.org/south/{world.estate_id}"
    assert notary.signer.key.public_key == secret.public_key().public_bytes_raw()
    assert not (notary.settings.data / "checkpoint.key").exists()
    found = await notary.verify(database, estate_id=world.estate_id)
    assert (found.is_verified, found.checkpoints) == (True, 1)


async def test_a_new_key_does_not_disown_what_the_old_one_signed(database: Database, tmp_path: Path) -> None:
    world = await charged(database)
    old = TestNotary(tmp_path / "data")
    await old.take(database, estate_id=world.estate_id)
    (tmp_path / "data" / "checkpoint.key").unlink()
    new = TestNotary(tmp_path / "data")
    assert new.signer.key != old.signer.key
    await new.take(database, estate_id=world.estate_id, now=LATER)
    assert new.directory.keys() == [old.signer.key, new.signer.key]
    found = await new.verify(database, estate_id=world.estate_id, now=LATER)
    assert (found.is_verified, found.checkpoints) == (True, 2)


# ── when it is taken ──


async def test_one_daily_checkpoint_for_each_local_day(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    """Johannesburg is two hours ahead: its 21 March begins at 22:00 UTC."""
    world = await charged(database)
    evening = datetime(2026, 3, 20, 21, 59, tzinfo=UTC)

    async def tick(now: datetime) -> bool:
        taken = await take_daily_checkpoint(database, estate_id=world.estate_id, notary=notary, now=now)
        return taken is not None

    assert await tick(NOW)
    # others do not stand in for it
    await notary.take(database, estate_id=world.estate_id, kind=CheckpointKind.MANUAL, now=LATER)
    assert not await tick(evening)
    assert await tick(evening + timedelta(minutes=1))
    assert not await tick(evening + timedelta(hours=24))
    # after days without a worker one is taken, not one for each day
    assert await tick(evening + timedelta(days=5))
    assert not await tick(evening + timedelta(days=5, seconds=30))
    kinds = admin.execute("SELECT kind, count(*) FROM checkpoint GROUP BY kind ORDER BY kind").fetchall()
    assert kinds == [("daily", 3), ("manual", 1)]


async def test_the_job_takes_what_it_can_and_says_what_it_could_not(
    database: Database,
    postgres: EmbeddedPostgres,
    database_name: str,
    admin: psycopg.Connection,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = await charged(database)
    second = await charged(database, name="Another")
    notary = TestNotary(tmp_path)
    # the first estate's folder is a file
    folder = notary.directory.path / "mita"
    folder.mkdir(parents=True)
    (folder / str(first.estate_id)).write_text("in the way")
    app = create_worker_app(postgres.app_url(database_name))

    async def work() -> None:
        await app.run_worker_async(wait=False, additional_context={"database": database, "notary": notary})

    def status() -> str:
        return admin.execute(f"SELECT status::text FROM procrastinate_jobs WHERE id = {job}").fetchone()[0]

    async with app.open_async():
        job = await app.configure_task("ledger:take_daily_checkpoints").defer_async(timestamp=0)
        await work()
        # it is tried again later; the other estate has its checkpoint all the same
        assert status() == "todo"
        taken = "SELECT estate_id, kind FROM checkpoint ORDER BY 1"
        assert admin.execute(taken).fetchall() == [(second.estate_id, "daily")]
        assert f"not done estate_id={first.estate_id}" in caplog.text
        (folder / str(first.estate_id)).unlink()
        admin.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE scheduled_at > now()")
        await work()
        assert status() == "succeeded"
    assert admin.execute(taken).fetchall() == [(first.estate_id, "daily"), (second.estate_id, "daily")]


# ── verifying ──


async def test_checkpoints_of_a_ledger_that_went_on_verify(database: Database, notary: TestNotary) -> None:
    world = await charged(database)
    for day in range(3):
        await notary.take(database, estate_id=world.estate_id, now=NOW + timedelta(days=day))
        await world.top_up("1.00", key=f"day {day}", now=NOW + timedelta(days=day, hours=1))
    found = await notary.verify(database, estate_id=world.estate_id, now=NOW + timedelta(days=3))
    assert (found.is_verified, found.checkpoints, found.breaks) == (True, 3, [])


async def test_the_tables_checkpoints_count_where_the_directory_is_lost(
    database: Database, notary: TestNotary, tmp_path: Path
) -> None:
    world = await charged(database)
    await notary.take(database, estate_id=world.estate_id)
    for name in files(notary.directory.path):
        (notary.directory.path / name).unlink()
    found = await notary.verify(database, estate_id=world.estate_id)
    assert (found.is_verified, found.checkpoints) == (True, 1)
    # nobody who has no key can tell
    stranger = TestNotary(tmp_path / "elsewhere")
    found = await stranger.verify(database, estate_id=world.estate_id)
    assert [each.verifier for each in found.breaks] == ["checkpoints"]
    assert "none of the known keys" in found.breaks[0].detail


async def test_leaves_that_are_lost_come_from_the_table(database: Database, notary: TestNotary) -> None:
    world = await charged(database)
    signed = await notary.take(database, estate_id=world.estate_id)
    path = notary.directory.path / f"{signed.summary.place}.leaves"
    path.unlink()
    found = await notary.verify(database, estate_id=world.estate_id)
    assert (found.is_verified, found.checkpoints) == (True, 1)
    path.write_bytes(signed.leaves[72:] + signed.leaves[:72])
    found = await notary.verify(database, estate_id=world.estate_id)
    assert (found.is_verified, found.checkpoints) == (True, 1)


async def broken(notary: TestNotary, database: Database, world: World) -> list[tuple[str, str]]:
    found = await notary.verify(database, estate_id=world.estate_id)
    return [(each.verifier, each.detail) for each in found.breaks]


async def test_a_published_file_that_was_changed_is_named(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    world = await charged(database)
    signed = await notary.take(database, estate_id=world.estate_id)
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("DELETE FROM checkpoint")
    note = notary.directory.path / f"{signed.summary.place}.note"
    leaves = notary.directory.path / f"{signed.summary.place}.leaves"
    assert await broken(notary, database, world) == []
    for path, content, detail in (
        (leaves, signed.leaves[:-1] + b"\x01", "its leaves are not those that were signed"),
        (leaves, signed.leaves[:-72], "its leaves are not those that were signed"),
        (leaves, signed.leaves[:-1], "the leaves are not whole"),
        (leaves, None, "its leaves are missing"),
        (note, signed.note.replace("daily", "close").encode(), "does not fit the text"),
        (note, b"", "a note is a text"),
        (note, b"\xff\xfe", "a note is a text"),
        (note, signed.note.replace("\n", "\r\n").encode(), "characters that no note has"),
    ):
        kept = path.read_bytes()
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        ((verifier, said),) = await broken(notary, database, world)
        assert verifier == "checkpoints"
        assert detail in said
        path.unlink(missing_ok=True)
        path.write_bytes(kept)
    assert await broken(notary, database, world) == []


@pytest.mark.parametrize("meters", [0, 3])
async def test_a_checkpoint_of_another_estate_does_not_pass(
    database: Database, notary: TestNotary, meters: int
) -> None:
    world = await charged(database)
    other = await new_world(database, meters=meters, name="Another")
    theirs = await notary.take(database, estate_id=other.estate_id)
    folder = notary.directory.path / f"mita/{world.estate_id}"
    folder.mkdir(parents=True)
    for ending, content in ((".note", theirs.note.encode()), (".leaves", theirs.leaves)):
        (folder / f"20260320T120000.000000Z-daily{ending}").write_bytes(content)
    ((verifier, said),) = await broken(notary, database, world)
    assert verifier == "checkpoints"
    assert f"it is one of mita/{other.estate_id}" in said


def test_the_last_forty_days_and_each_months_newest_are_read() -> None:
    start = datetime(2026, 1, 1, 1, tzinfo=UTC)
    taken = {f"day {n}": start + timedelta(days=n) for n in range(120)}
    now = start + timedelta(days=120)
    kept = worth_checking(taken, now=now)
    # 31 January, 28 February, and the days from 22 March (day 80) on
    assert kept == ["day 30", "day 58", *(f"day {n}" for n in range(80, 120))]
    assert worth_checking({}, now=now) == []


async def test_ten_thousand_accounts_are_signed_in_a_moment(
    database: Database, admin: psycopg.Connection, notary: TestNotary
) -> None:
    world = await new_world(database)
    admin.execute(
        "INSERT INTO account (estate_id, code, currency, head_hash)"
        " SELECT %s, 'wallet:' || n || ':x', 'ZAR', ledger_genesis_hash(1, n)"
        " FROM generate_series(1, 10000) AS n",
        (world.estate_id,),
    )
    started = datetime.now(tz=UTC)
    signed = await notary.take(database, estate_id=world.estate_id)
    seconds = (datetime.now(tz=UTC) - started).total_seconds()
    assert signed.summary.size > 10_000
    # about a tenth of a second on two busy cores
    assert seconds < 5
