"""A thief with the database password: everything agrees with itself, and still it shows."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from mita.entrypoints.api import create_app
from mita.identity.domain import new_token
from mita.identity.operations import replace_token
from tests.integration.ledger.notary import TestNotary
from tests.integration.ledger.test_attacks import REHASH, steal
from tests.integration.world import NOW, at, new_world

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

SCRIPT = Path(__file__).parents[2] / "docs" / "check_proof.py"
THIEF, VICTIM = "wallet:1:electricity", "wallet:2:electricity"


def of(code: str) -> str:
    return f"account_id = (SELECT account_id FROM account WHERE code = '{code}')"


def checked(proof: object, key: str) -> tuple[int, str]:
    """Let a resident check a proof with the script of the documentation, on a machine without Mita."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), key],
        input=json.dumps(proof),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


async def test_a_thief_with_the_database_password(
    database: Database, admin: psycopg.Connection, tmp_path: Path
) -> None:
    # given an estate whose checkpoints are signed each night, with the key and the notes elsewhere
    world = await new_world(database, meters=2, name="Willow Creek")
    notary = TestNotary(tmp_path)
    await world.top_up("50.00", key="thief", unit=0)
    await world.top_up("500.00", key="victim", unit=1)
    await world.charge([(f"M{meter}", at(hour), str(5 * hour)) for hour in range(4) for meter in (1, 2)])
    night = NOW + timedelta(hours=12)
    await notary.take(database, estate_id=world.estate_id, now=night)
    (key,) = notary.directory.keys()

    # and a resident who keeps the proof of that night, and the public key from the notice board
    token = new_token()
    async with database.unit_of_work(estates=[]) as session:
        await replace_token(session, name="console", token=token, now=datetime(2025, 1, 1, tzinfo=UTC))
    app = create_app(database, live=None, checkpoints=notary.directory)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
        base_url="http://mita.test",
        headers={"Authorization": f"Bearer {token}"},
    ) as client:
        accounts = (await client.get(f"/api/v1/estates/{world.estate_id}/ledger/accounts")).json()["items"]
        mine = next(row["account_id"] for row in accounts if row["code"] == VICTIM)
        path = f"/api/v1/estates/{world.estate_id}/ledger/accounts/{mine}/inclusion-proof"
        kept = (await client.get(path)).json()
        status, sentence = checked(kept, str(key))
        assert status == 0, sentence
        assert "balance 465.500000" in sentence

        # when the thief turns off every guard, lets the victim's receipt become the thief's own,
        # makes every balance, head and hash agree, and wipes the checkpoints out of the database
        steal(
            admin,
            [
                f"UPDATE entry SET amount_micro = 500000000 WHERE kind = 5 AND {of(THIEF)}",
                f"UPDATE entry SET amount_micro = 50000000 WHERE kind = 5 AND {of(VICTIM)}",
                (
                    "UPDATE entry SET amount_micro = -550000000 - amount_micro WHERE kind = 6"
                    f" AND {of('clearing:cash')}"
                ),
                REHASH,
                "DELETE FROM checkpoint",
            ],
        )
        assert await world.balances() == [465_500_000, 15_500_000]

        # then the database agrees with itself: chains and identities are whole
        assert await world.verified()

        # but the notes outside do not: the victim sees it, the verifier names every account that was touched
        wallet = (await client.get("/api/v1/ledger/verify", params={"wallet_id": 2})).json()
        assert wallet["verified"] is False
        assert [each["verifier"] for each in wallet["broken"]] == ["checkpoints"]
        found = await notary.verify(database, estate_id=world.estate_id, now=night + timedelta(days=1))
        assert {each.verifier for each in found.breaks} == {"checkpoints"}
        touched = {row["account_id"] for row in accounts if row["code"] in (THIEF, VICTIM, "clearing:cash")}
        assert {each.place for each in found.breaks} == {f"account {each}" for each in touched}
        assert all("the checkpoint of 2026-03-21T00:00:00Z" in each.detail for each in found.breaks)

        # and the next night signs what is there, which makes it no better
        await notary.take(database, estate_id=world.estate_id, now=night + timedelta(days=1))
        found = await notary.verify(database, estate_id=world.estate_id, now=night + timedelta(days=2))
        assert not found.is_verified

        # and the resident still holds the proof of what the balance was; a new one says something else
        assert checked(kept, str(key))[0] == 0
        now_shown = (await client.get(path)).json()
        assert now_shown["leaf"]["posted"]["amount"] == "15.500000"
        assert now_shown["leaf"]["head_seq"] == kept["leaf"]["head_seq"]
        assert now_shown["leaf"]["head_hash"] != kept["leaf"]["head_hash"]

        # and a proof that somebody writes by hand is none
        forged = json.loads(json.dumps(kept))
        forged["leaf"]["posted"]["amount"] = "9999.000000"
        status, sentence = checked(forged, str(key))
        assert status != 0
        assert sentence.startswith("NOT GENUINE")
