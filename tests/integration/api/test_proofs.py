"""Proof over HTTP: a wallet verified, checkpoints listed, and a proof that a stranger's script checks."""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from mita.entrypoints.api import create_app
from mita.identity import operations as identity
from mita.ledger.domain import CheckpointKind, parse_key
from mita.wallets.domain import Access, Right
from mita.wallets.operations.access import record_grant
from tests.integration.api.place import Place, settle
from tests.integration.ledger.notary import TestNotary
from tests.integration.world import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from fastapi import FastAPI

    from mita.entrypoints.api import LiveHub
    from mita.kit.db import Database

SCRIPT = Path(__file__).parents[3] / "docs" / "check_proof.py"


@pytest.fixture
def notary(tmp_path: Path) -> TestNotary:
    return TestNotary(tmp_path)


@pytest.fixture
def app(database: Database, live: LiveHub, notary: TestNotary) -> FastAPI:
    return create_app(database, live=live, checkpoints=notary.directory)


@pytest.fixture
async def moved(place: Place) -> Place:
    """An estate in which readings were charged and a receipt was booked."""
    await place.send(
        ("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "3"), ("2025-03-01T02:00:00Z", "5")
    )
    assert (await place.top_up()).status_code == 201
    return place


async def verify(place: Place, wallet_id: int | None = None) -> dict[str, Any]:
    wanted = place.wallet_id if wallet_id is None else wallet_id
    answer = await place.client.get("/api/v1/ledger/verify", params={"wallet_id": wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()


def chain(admin: psycopg.Connection, wallet_id: int) -> list[dict[str, Any]]:
    rows = admin.execute(
        "SELECT account_id, code, head_seq, encode(head_hash, 'hex'),"
        " (SELECT count(*) FROM entry AS e WHERE e.account_id = a.account_id) FROM account AS a"
        " WHERE code LIKE %s ORDER BY account_id",
        (f"wallet:{wallet_id}:%",),
    ).fetchall()
    names = ("account_id", "code", "head_seq", "head_hash", "entries")
    return [dict(zip(names, row, strict=True)) for row in rows]


async def test_a_wallet_is_verified(
    moved: Place, admin: psycopg.Connection, database: Database, notary: TestNotary
) -> None:
    other = await settle(moved.client, name="Oak")
    found = await verify(moved)
    expected = chain(admin, moved.wallet_id)
    assert sum(each["entries"] for each in expected) == 3
    assert found == {
        "wallet_id": moved.wallet_id,
        "estate_id": moved.estate_id,
        "verified": True,
        "accounts": expected,
        "broken": [],
        "checkpoint": None,
    }
    signed = await notary.take(database, estate_id=moved.estate_id)
    found = await verify(moved)
    assert found["verified"]
    assert found["checkpoint"]["note"] == signed.note
    # a wallet of another estate is found there
    theirs = await verify(moved, other.wallet_id)
    assert (theirs["estate_id"], theirs["verified"], theirs["checkpoint"]) == (other.estate_id, True, None)
    missing = await moved.client.get("/api/v1/ledger/verify", params={"wallet_id": 999})
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    for bad in ({}, {"wallet_id": 0}, {"wallet_id": "x"}, {"wallet_id": 2**63}):
        assert (await moved.client.get("/api/v1/ledger/verify", params=bad)).status_code == 422


WALLET = "account_id = (SELECT account_id FROM account WHERE code = 'wallet:1:electricity')"
ATTACKS: dict[str, tuple[str, str]] = {
    "an amount": ("UPDATE entry SET amount_micro = amount_micro + 1 WHERE seq = 1 AND " + WALLET, "chain"),
    "a memo": ("UPDATE journal SET memo = 'another' WHERE idempotency_key = 'k1'", "identities"),
    "a balance": ("UPDATE account SET posted_micro = posted_micro + 1 WHERE " + WALLET, "identities"),
    "a hold": ("UPDATE account SET held_micro = held_micro + 1 WHERE " + WALLET, "identities"),
    "the last hash": (
        "WITH e AS (UPDATE entry SET hash = sha256(hash) WHERE (account_id, seq) ="
        " (SELECT account_id, head_seq FROM account WHERE code = 'wallet:1:electricity') RETURNING hash)"
        " UPDATE account SET head_hash = e.hash FROM e WHERE " + WALLET,
        "checkpoints",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_what_is_broken_in_a_wallet_is_named(
    moved: Place, admin: psycopg.Connection, database: Database, notary: TestNotary, name: str
) -> None:
    statement, verifier = ATTACKS[name]
    await notary.take(database, estate_id=moved.estate_id)
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        assert admin.execute(statement).rowcount == 1
    found = await verify(moved)
    assert not found["verified"]
    assert verifier in {each["verifier"] for each in found["broken"]}


async def test_checkpoints_are_listed_page_by_page(
    moved: Place, database: Database, notary: TestNotary
) -> None:
    notes = []
    for hour, kind in enumerate(("daily", "manual", "manual")):
        signed = await notary.take(
            database,
            estate_id=moved.estate_id,
            kind=CheckpointKind(kind),
            now=NOW + timedelta(hours=hour),
        )
        notes.append(signed.note)
    url = f"{moved.base}/ledger/checkpoints"
    page = (await moved.client.get(url, params={"limit": 2})).json()
    assert [each["note"] for each in page["items"]] == [notes[2], notes[1]]
    assert page["next"] == "2026-03-20T13:00:00Z"
    rest = (await moved.client.get(url, params={"limit": 2, "before": page["next"]})).json()
    assert [each["note"] for each in rest["items"]] == [notes[0]]
    assert rest["next"] is None
    (first,) = rest["items"]
    assert (first["kind"], first["period"], first["taken_at"]) == ("daily", None, "2026-03-20T12:00:00Z")
    assert len(bytes.fromhex(first["root"])) == 32


async def proof_of(place: Place, account_id: int, **query: Any) -> httpx.Response:
    return await place.client.get(f"{place.base}/ledger/accounts/{account_id}/inclusion-proof", params=query)


async def test_there_is_no_proof_of_what_was_not_signed(
    moved: Place, database: Database, notary: TestNotary, admin: psycopg.Connection
) -> None:
    account_id = chain(admin, moved.wallet_id)[0]["account_id"]
    assert (await proof_of(moved, account_id)).json()["code"] == "not_found"
    await notary.take(database, estate_id=moved.estate_id)
    assert (await proof_of(moved, account_id)).status_code == 200
    for wrong in ({"checkpoint_id": "01930000-0000-7000-8000-000000000001"},):
        assert (await proof_of(moved, account_id, **wrong)).status_code == 404
    assert (await proof_of(moved, account_id, checkpoint_id="x")).status_code == 422
    assert (await proof_of(moved, 99_999)).status_code == 404
    # opened after the checkpoint
    await moved.client.post(
        f"{moved.base}/meters", json={"unit_id": moved.unit_id, "serial": "W1", "utility": "water"}
    )
    newest = chain(admin, moved.wallet_id)[-1]["account_id"]
    assert (await proof_of(moved, newest)).status_code == 404


async def test_a_person_sees_the_proof_of_their_own_wallet_only(
    moved: Place, app: FastAPI, database: Database, notary: TestNotary, admin: psycopg.Connection
) -> None:
    await notary.take(database, estate_id=moved.estate_id)
    other = await settle(moved.client, name="Oak")
    await notary.take(database, estate_id=other.estate_id)
    async with database.unit_of_work(estates=[moved.estate_id]) as session:
        person = await identity.create_person(session, name="Thandi", email=None, phone=None, now=NOW)
        await record_grant(
            session,
            estate_id=moved.estate_id,
            wallet_id=moved.wallet_id,
            person_id=person.person_id,
            access=Access(Right.VIEW),
            actor="staff:test",
            now=NOW,
        )
        token = await identity.issue_person_token(session, person_id=person.person_id, now=NOW)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    rows = admin.execute("SELECT code, account_id FROM account WHERE estate_id = %s", (moved.estate_id,))
    accounts = dict(rows.fetchall())
    async with httpx.AsyncClient(transport=transport, base_url="http://mita.test", headers=headers) as client:

        async def status(path: str, **query: Any) -> int:
            return (await client.get(f"/api/v1{path}", params=query)).status_code

        proof = f"/estates/{moved.estate_id}/ledger/accounts/{{}}/inclusion-proof"
        assert await status("/ledger/verify", wallet_id=moved.wallet_id) == 200
        assert await status(proof.format(accounts["wallet:1:electricity"])) == 200
        # the estate's own accounts, another estate's wallet, the list of all
        assert await status(proof.format(accounts["income:electricity"])) == 404
        assert await status("/ledger/verify", wallet_id=other.wallet_id) == 404
        assert await status(f"/estates/{moved.estate_id}/ledger/checkpoints") == 403
        # the balance of a checkpoint from before somebody's own time is not theirs
        admin.execute("UPDATE access_grant SET sees_after = jsonb_build_object('1', 1000)")
        assert accounts["wallet:1:electricity"] == 1
        assert await status(proof.format(accounts["wallet:1:electricity"])) == 404
        admin.execute("UPDATE access_grant SET sees_after = '{}'")
        admin.execute("UPDATE access_grant SET revoked_at = now(), revoked_by = 'staff:test'")
        assert await status("/ledger/verify", wallet_id=moved.wallet_id) == 404
        assert await status(proof.format(accounts["wallet:1:electricity"])) == 404


# ── the script ──


def check(proof: Any, key: str) -> subprocess.CompletedProcess[str]:
    """Run the resident's script as they would: isolated from this package."""
    return subprocess.run(
        [sys.executable, "-I", SCRIPT, key],
        input=proof if isinstance(proof, str) else json.dumps(proof),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
async def proof(moved: Place, database: Database, notary: TestNotary, admin: psycopg.Connection) -> Any:
    # enough accounts for a path with both sides
    await moved.client.post(
        f"{moved.base}/meters", json={"unit_id": moved.unit_id, "serial": "W1", "utility": "water"}
    )
    await notary.take(database, estate_id=moved.estate_id)
    (account,) = [each for each in chain(admin, moved.wallet_id) if each["code"].endswith(":electricity")]
    answer = await proof_of(moved, account["account_id"])
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_script_says_genuine_to_a_genuine_proof(
    proof: Any, notary: TestNotary, moved: Place
) -> None:
    key = str(notary.signer.key)
    assert proof["key"] == key
    assert len(proof["hashes"]) >= 2
    done = check(proof, key)
    assert (done.returncode, done.stderr) == (0, "")
    leaf = proof["leaf"]
    assert leaf["posted"] == {"amount": await moved.balance(), "currency": "ZAR"}
    assert done.stdout == (
        f"GENUINE, taken_at 20260320T120000.000000Z: account {leaf['account_id']}, 3 entries,"
        f" balance {leaf['posted']['amount']}\n"
    )


def changed(path: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    def apply(proof: Any) -> None:
        *folders, last = path.split(".")
        at = proof
        for name in folders:
            at = at[int(name)] if name.isdecimal() else at[name]
        last_key: Any = int(last) if last.isdecimal() else last
        at[last_key] = change(at[last_key])

    return apply


def flipped(text: str) -> str:
    return ("1" if text[0] != "1" else "2") + text[1:]


TAMPERED: dict[str, Callable[[Any], None]] = {
    "another balance": changed("leaf.posted.amount", lambda _: "1000000.000000"),
    "the decimal point moved": changed(
        "leaf.posted.amount", lambda text: text.replace(".", "")[:-5] + "." + text.replace(".", "")[-5:]
    ),
    "a minus": changed("leaf.posted.amount", lambda text: f"-{text}".replace("--", "")),
    "something held": changed("leaf.held.amount", lambda _: "0.000001"),
    "another account": changed("leaf.account_id", lambda number: number + 1),
    "another estate": changed("leaf.estate_id", lambda number: number + 1),
    "fewer entries": changed("leaf.head_seq", lambda number: number - 1),
    "another hash": changed("leaf.head_hash", flipped),
    "a shorter hash": changed("leaf.head_hash", lambda text: text[2:]),
    "another path": changed("hashes.0", flipped),
    "a shorter path": changed("hashes", lambda hashes: hashes[:-1]),
    "a longer path": changed("hashes", lambda hashes: [*hashes, hashes[0]]),
    "no path": changed("hashes", lambda _: []),
    "another place": changed("index", lambda number: number + 1),
    "a place outside": changed("index", lambda _: 10**6),
    "a place below": changed("index", lambda _: -1),
    "another time": changed("note", lambda note: note.replace("20260320", "20260321")),
    "another root": changed("note", lambda note: note.replace("\n", "\nA", 2)),
    "no signature": changed("note", lambda note: note.partition("\n\n")[0] + "\n\n"),
    "another signer's name": changed("note", lambda note: note.replace("\u2014 mita ", "\u2014 atim ")),
    "no note": changed("note", lambda _: None),
    "an amount that is a number": changed("leaf.posted.amount", lambda _: 5),
}


async def test_the_script_says_not_genuine_to_everything_else(
    proof: Any, notary: TestNotary, tmp_path: Path
) -> None:
    key = str(notary.signer.key)
    for name, tamper in TAMPERED.items():
        wrong = json.loads(json.dumps(proof))
        tamper(wrong)
        assert wrong != proof, name
        done = check(wrong, key)
        assert (name, done.returncode, done.stdout) == (name, 1, "")
        assert done.stderr.startswith("NOT GENUINE: "), name
        assert "Traceback" not in done.stderr
    stranger = TestNotary(tmp_path / "stranger").signer.key
    for what, keys in (
        (proof, [str(stranger), key[:-3], "rubbish", "", "a+b+c"]),
        ("rubbish", [key]),
        ("[]", [key]),
    ):
        for each in keys:
            done = check(what, each)
            assert (each, done.returncode, done.stdout) == (each, 1, "")
    # a forger who signs with a key of their own and shows it beside
    assert parse_key(str(stranger)).name == notary.signer.key.name


def test_the_script_is_short_and_imports_nothing_of_ours() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 50
    assert "mita" not in {
        line.split()[1].partition(".")[0] for line in text.splitlines() if line.startswith(("import", "from"))
    }
    # an assertion vanishes under python -O
    assert "assert " not in text


def _payload(piece: dict[str, Any], link: dict[str, Any]) -> bytes:
    """Return what a link's hash is made of, from the answer alone."""

    def micro(text: str) -> int:
        return int(text.replace(".", ""))

    def microseconds(text: str) -> int:
        return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    def digest_of(text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()

    digest = hashlib.sha256(
        struct.pack(">h", link["journal_kind"])
        + digest_of(link["actor"])
        + digest_of(link["currency"])
        + digest_of(link["memo"])
        + struct.pack(">q", microseconds(link["booked_at"]))
        + digest_of(link["idempotency_key"])
    ).digest()
    return struct.pack(
        ">hqqqi16siqqqhhqq32s",
        *(link["hash_v"], piece["estate_id"], piece["account_id"], link["seq"]),
        (date.fromisoformat(link["period"]) - date(1970, 1, 1)).days,
        UUID(link["journal_id"]).bytes,
        *(link["line"], micro(link["amount"]["amount"]), micro(link["balance_after"]["amount"])),
        *(microseconds(link["event_at"]), link["kind"], link["source_kind"], link["source_id"]),
        micro(link["quantity"]),
        digest,
    )


async def test_anybody_derives_a_chain_again(moved: Place) -> None:
    accounts = (await moved.client.get(f"{moved.base}/ledger/accounts")).json()["items"]
    account = max(accounts, key=lambda each: (each["code"].startswith("wallet:"), each["head_seq"]))
    path = f"{moved.base}/ledger/accounts/{account['account_id']}/chain"
    piece = (await moved.client.get(path, params={"limit": 1})).json()
    link = hashlib.sha256(struct.pack(">qq", moved.estate_id, account["account_id"])).digest()
    assert piece["previous_hash"] == link.hex()
    seen, journal_id = 0, piece["links"][0]["journal_id"]
    while True:
        for each in piece["links"]:
            link = hashlib.sha256(link + _payload(piece, each)).digest()
            assert each["hash"] == link.hex()
            seen += 1
        if piece["next"] is None:
            break
        piece = (await moved.client.get(path, params={"after_seq": piece["next"], "limit": 1})).json()
        assert piece["previous_hash"] == link.hex()
    assert (seen, link.hex()) == (piece["head_seq"], piece["head_hash"])
    journal = (await moved.client.get(f"{moved.base}/ledger/journals/{journal_id}")).json()
    first, second = (each for each in journal["entries"] if each["account_id"] == account["account_id"])
    assert (first["seq"], first["previous_hash"]) == (1, None)
    assert (second["seq"], second["previous_hash"]) == (2, first["hash"])
    assert (await moved.client.get(f"{moved.base}/ledger/accounts/999999/chain")).status_code == 404
