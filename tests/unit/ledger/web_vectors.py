"""Vectors for the check of proofs in browsers, made by the ledger's own code.

Written anew by ``python -m tests.unit.ledger.web_vectors``.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mita.entrypoints.checkpoints import SigningKey
from mita.kit.clock import to_us
from mita.ledger.domain import (
    HASH_V,
    LEAF,
    CheckpointKind,
    EntryKind,
    Heads,
    JournalDraft,
    JournalKind,
    Lines,
    SourceKind,
    chain_entries,
    genesis_hash,
    period_days,
    prove_inclusion,
    sign_checkpoint,
)
from mita.ledger.domain.chain import PAYLOAD
from mita.ledger.queries import ChainPiece
from mita.ledger.schemas.checkpoints import proof_out
from mita.ledger.schemas.links import chain_piece_out

PATH = Path(__file__).parents[3] / "web" / "src" / "features" / "staff" / "proofs" / "vectors.json"
ESTATE_ID, ACCOUNT_ID, OTHER_ID = 7, 42, 99
SIGNER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), name="mita.example")
STRANGER = SigningKey.of(Ed25519PrivateKey.from_private_bytes(bytes(32)), name="mita.example")
BOOKED_AT = datetime(2026, 3, 31, 21, 59, 59, 123456, tzinfo=UTC)
# memos with more than ASCII, amounts beyond what a browser's numbers hold, and below zero
AMOUNTS = ((100_000_000, 0, "eft: Receipt 1042"), (-9_007_199_254_740_993, 1_500_000, "Café ₦ 🏠"))
AMOUNTS += ((-1, -2, ""), (9_007_199_254_740_994, 0, "line\nbreak"))


def _journal(turn: int, memo: str) -> JournalDraft:
    return JournalDraft(
        journal_id=UUID(int=2**120 + turn),
        estate_id=ESTATE_ID,
        kind=JournalKind.ADJUSTMENT,
        currency="ZAR",
        actor="staff:console",
        memo=memo,
        idempotency_key=f"key-{turn}",
        booked_at=BOOKED_AT + timedelta(seconds=turn),
        period=date(2026, 3, 1),
    )


def _chained() -> tuple[list[SimpleNamespace], bytes, int]:
    """Return the links of an account as the database has them, its last hash and its balance."""
    accounts = np.array([ACCOUNT_ID, OTHER_ID], dtype=np.int64)
    zeros = np.zeros(2, dtype=np.int64)
    hashes = [genesis_hash(estate_id=ESTATE_ID, account_id=each) for each in accounts.tolist()]
    heads = Heads(accounts, zeros, zeros, zeros, zeros, zeros, hashes)
    rows = []
    for turn, (amount, quantity, memo) in enumerate(AMOUNTS):
        journal = _journal(turn, memo)
        event_at = BOOKED_AT - timedelta(days=turn)
        lines = Lines(
            account=np.array([0, 1]),
            amount_micro=np.array([amount, -amount], dtype=np.int64),
            quantity_micro=np.array([quantity, 0], dtype=np.int64),
            event_us=np.array([to_us(event_at)] * 2),
            kind=np.array([int(EntryKind.ADJUSTMENT)] * 2),
            source_kind=np.array([int(SourceKind.REGISTER)] * 2),
            source_id=np.array([turn] * 2),
        )
        done = chain_entries(heads, lines, journal=journal)
        heads = done.after
        row = SimpleNamespace(
            seq=int(done.seq[0]), hash_v=HASH_V, period=journal.period, journal_id=journal.journal_id, line=0,
            amount_micro=amount, balance_after_micro=int(done.balance_after_micro[0]), event_at=event_at,
            kind=int(EntryKind.ADJUSTMENT), source_kind=int(SourceKind.REGISTER), source_id=turn,
            quantity_micro=quantity, hash=done.hash[0].tobytes(), journal_kind=int(journal.kind),
            actor=journal.actor, currency=journal.currency, memo=memo, booked_at=journal.booked_at,
            idempotency_key=journal.idempotency_key, digest=journal.digest(),
        )  # fmt: skip
        rows.append(row)
    return rows, heads.hash[0], int(heads.balance_micro[0])


def _payload(row: SimpleNamespace) -> str:
    one = np.zeros(1, dtype=PAYLOAD)
    for name in PAYLOAD.names:
        given = {
            "estate_id": ESTATE_ID,
            "account_id": ACCOUNT_ID,
            "period": period_days(row.period),
            "journal_id": np.void(row.journal_id.bytes),
            "event_at": to_us(row.event_at),
            "digest": np.void(row.digest),
        }
        one[name] = given[name] if name in given else getattr(row, name)
    return one.tobytes().hex()


def _proofs(head_hash: bytes, balance_micro: int) -> list[dict[str, Any]]:
    """Return a proof of each of eleven accounts: a tree whose right side is not full."""
    leaves = np.zeros(11, dtype=LEAF)
    for at, leaf in enumerate(leaves):
        leaf["estate_id"], leaf["account_id"], leaf["head_seq"] = ESTATE_ID, ACCOUNT_ID + at, at
        leaf["head_hash"] = np.void(bytes([at]) * 32)
        leaf["posted_micro"], leaf["held_micro"] = -at * 1_234_567, at
    leaves[0]["head_seq"], leaves[0]["head_hash"] = len(AMOUNTS), np.void(head_hash)
    leaves[0]["posted_micro"] = balance_micro
    signed = sign_checkpoint(
        leaves.tobytes(),
        estate_id=ESTATE_ID,
        kind=CheckpointKind.CLOSE,
        period=date(2026, 3, 1),
        taken_at=BOOKED_AT + timedelta(minutes=1),
        signer=SIGNER,
    )
    row: Any = SimpleNamespace(checkpoint_id=UUID(int=5), note=signed.note)
    proofs = []
    for account_id in range(ACCOUNT_ID, ACCOUNT_ID + len(leaves)):
        inclusion = prove_inclusion(signed.leaves, account_id=account_id)
        assert inclusion is not None, "the account is a leaf"
        proofs.append(proof_out(row, inclusion=inclusion, key=SIGNER.key, currency="ZAR"))
    return [each.model_dump(mode="json", by_alias=True) for each in proofs]


def vectors() -> str:
    """Return the vectors as the text of their file."""
    rows, head_hash, balance_micro = _chained()
    account: Any = SimpleNamespace(
        estate_id=ESTATE_ID,
        account_id=ACCOUNT_ID,
        code="wallet:7:electricity",
        currency="ZAR",
        head_seq=len(rows),
        head_hash=head_hash,
    )
    previous = genesis_hash(estate_id=ESTATE_ID, account_id=ACCOUNT_ID)
    piece = chain_piece_out(ChainPiece(account, 0, previous, rows))
    made = {
        "key": str(SIGNER.key),
        "otherKey": str(STRANGER.key),
        "payload": _payload(rows[0]),
        "chain": piece.model_dump(mode="json", by_alias=True),
        "proofs": _proofs(head_hash, balance_micro),
    }
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(vectors(), encoding="utf-8")
