"""The file beside an export, `FILE.checkpoint`: the signed note, all leaves, where chains begin. JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from mita.ledger.domain import LEAF, VerifierKey, parse_key, read_leaves
from mita.ledger.domain.export import FORMAT, ExportSeal, Opening

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIX = ".checkpoint"


class UnreadableExport(ValueError):
    """A file that is no export; says which and where."""


def seal_path(path: Path) -> Path:
    """Return where the checkpoint of an export lies."""
    return path.with_name(path.name + SUFFIX)


def seal_text(seal: ExportSeal, *, key: VerifierKey, estate: str) -> str:
    """Return the contents of the file beside an export."""
    rows = read_leaves(seal.leaves)
    leaves = [
        {
            "account_id": int(row["account_id"]),
            "head_seq": int(row["head_seq"]),
            "head_hash": row["head_hash"].tobytes().hex(),
            "posted_micro": int(row["posted_micro"]),
            "held_micro": int(row["held_micro"]),
        }
        for row in rows
    ]
    openings = [
        {
            "account_id": account_id,
            "seq": each.seq,
            "balance_micro": each.balance_micro,
            "hash": each.hash.hex(),
        }
        for account_id, each in sorted(seal.openings.items())
    ]
    document = {
        "format": FORMAT,
        "estate": estate,
        "estate_id": int(rows["estate_id"][0]) if len(rows) else None,
        "note": seal.note,
        "verifier_key": str(key),
        "leaves": leaves,
        "openings": openings,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read_seal(path: Path) -> tuple[ExportSeal, VerifierKey]:
    """Return what lies beside the export at ``path``, and the key that its writer says to have signed with.

    :raises UnreadableExport: if it is not there, or is something else
    """
    beside = seal_path(path)
    try:
        document = json.loads(beside.read_bytes())
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise UnreadableExport(f"{beside}: this is not the checkpoint of an export")
        return _seal(document), parse_key(document["verifier_key"])
    except OSError as error:
        raise UnreadableExport(f"{beside}: {error.strerror}; it belongs to the export") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        if isinstance(error, UnreadableExport):
            raise
        line = f" line {error.lineno}:" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableExport(f"{beside}:{line} it cannot be read: {error}") from error


def _seal(document: Mapping[str, Any]) -> ExportSeal:
    leaves = np.zeros(len(document["leaves"]), dtype=LEAF)
    for at, row in enumerate(document["leaves"]):
        leaves[at] = (
            document["estate_id"],
            row["account_id"],
            row["head_seq"],
            np.void(_hash(row["head_hash"])),
            row["posted_micro"],
            row["held_micro"],
        )
    openings = {
        int(row["account_id"]): Opening(int(row["seq"]), int(row["balance_micro"]), _hash(row["hash"]))
        for row in document["openings"]
    }
    if not isinstance(document["note"], str):
        raise TypeError("the note is a text")
    return ExportSeal(document["note"], leaves.tobytes(), openings)


def _hash(text: str) -> bytes:
    found = bytes.fromhex(text)
    if len(found) != LEAF["head_hash"].itemsize:
        raise ValueError("a hash has 32 bytes")
    return found
