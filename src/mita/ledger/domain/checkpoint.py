"""Checkpoints: what is signed of an estate's accounts at one instant. Pure.

A checkpoint is a tree of its own over all heads, not a log that grows: the accounts of an estate are
its leaves, sorted by id, and the next checkpoint has the same leaves further on.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from .merkle import HASH_BYTES, inclusion_proof, leaf_hash, tree_root
from .note import BadNote, note_text, sign_note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from .note import Signer, VerifierKey

# leaf version 1: fixed width, big endian, frozen; SQL's ledger_checkpoint_leaf makes the same bytes
LEAF = np.dtype(
    [
        ("estate_id", ">i8"),
        ("account_id", ">i8"),
        ("head_seq", ">i8"),
        ("head_hash", "V32"),
        ("posted_micro", ">i8"),
        ("held_micro", ">i8"),
    ]
)
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_LINES = 6


class CheckpointKind(StrEnum):
    """Why a checkpoint was taken."""

    DAILY = "daily"
    CLOSE = "close"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class CheckpointSummary:
    """What a checkpoint's note says. ``period`` is the month that was closed, if one was."""

    origin: str
    size: int
    root: bytes
    taken_at: datetime
    kind: CheckpointKind
    period: date | None

    def text(self) -> str:
        """Return the lines that are signed (C2SP tlog-checkpoint, with three extension lines)."""
        return (
            f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
            f"taken_at {self.taken_at.astimezone(UTC).strftime(_STAMP)}\n"
            f"kind {self.kind}\n"
            f"period {self.period.isoformat() if self.period else '-'}\n"
        )

    @property
    def place(self) -> str:
        """Where its files are published, without their endings: ``<origin>/<taken_at>-<kind>``."""
        return f"{self.origin}/{self.taken_at.astimezone(UTC).strftime(_STAMP)}-{self.kind}"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it is published: its note, and the bytes of all leaves in the order of their ids."""

    summary: CheckpointSummary
    note: str
    leaves: bytes


def estate_origin(origin: str, *, estate_id: int) -> str:
    """Return the first line of an estate's checkpoints."""
    return f"{origin}/{estate_id}"


def taken_at_of(place: str) -> datetime | None:
    """Return when a checkpoint was taken by the name of its place, or None if that is not a name of ours."""
    stamp = place.rpartition("/")[2].partition("-")[0]
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def leaf_hashes(leaves: bytes) -> list[bytes]:
    """Return the hash of each leaf."""
    width = LEAF.itemsize
    return [leaf_hash(leaves[at : at + width]) for at in range(0, len(leaves), width)]


def leaves_root(leaves: bytes) -> bytes:
    """Return the root over the bytes of all leaves.

    :raises BadNote: if they are no whole leaves
    """
    if len(leaves) % LEAF.itemsize:
        raise BadNote("the leaves are not whole")
    return tree_root(leaf_hashes(leaves))


def read_leaves(leaves: bytes) -> NDArray[Any]:
    """Return the bytes of whole leaves as rows of :data:`LEAF`."""
    return np.frombuffer(leaves, dtype=LEAF)


def sign_checkpoint(
    leaves: bytes,
    *,
    estate_id: int,
    kind: CheckpointKind,
    period: date | None,
    taken_at: datetime,
    signer: Signer,
) -> SignedCheckpoint:
    """Sign the bytes of an estate's leaves."""
    summary = CheckpointSummary(
        origin=estate_origin(signer.key.name, estate_id=estate_id),
        size=len(leaves) // LEAF.itemsize,
        root=leaves_root(leaves),
        taken_at=taken_at,
        kind=kind,
        period=period,
    )
    return SignedCheckpoint(summary, sign_note(summary.text(), signer=signer), leaves)


def read_note(note: str, *, keys: Iterable[VerifierKey]) -> CheckpointSummary:
    """Return what a checkpoint's note says, once its signature is checked.

    :raises mita.ledger.domain.NotSigned: if none of ``keys`` has signed it
    :raises BadNote: if it is no note of a checkpoint
    """
    return parse_summary(note_text(note, keys=keys))


def parse_summary(text: str) -> CheckpointSummary:
    """Return what the signed lines of a checkpoint say.

    :raises BadNote: if they are not those of a checkpoint
    """
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < _LINES:
        raise BadNote("a checkpoint has an origin, a size, a root, taken_at, kind and period")
    origin, size, root, *said = lines[:_LINES]
    values = []
    for name, line in zip(("taken_at", "kind", "period"), said, strict=True):
        if not line.startswith(f"{name} "):
            raise BadNote(f"{line[:60]!r} should say {name}")
        values.append(line.removeprefix(f"{name} "))
    if not origin or not re.fullmatch(r"0|[1-9][0-9]{0,17}", size, re.ASCII):
        raise BadNote("a checkpoint has an origin and a size")
    try:
        summary = CheckpointSummary(
            origin=origin,
            size=int(size),
            root=base64.b64decode(root, validate=True),
            taken_at=datetime.strptime(values[0], _STAMP).replace(tzinfo=UTC),
            kind=CheckpointKind(values[1]),
            period=None if values[2] == "-" else date.fromisoformat(values[2]),
        )
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"a checkpoint's line cannot be read: {error}") from error
    if len(summary.root) != HASH_BYTES:
        raise BadNote("a root has 32 bytes")
    if not text.startswith(summary.text()):
        raise BadNote("a checkpoint's lines are not written as they should be")
    return summary


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One account's leaf in a checkpoint and the hashes that lead from it to the root, lowest first."""

    leaf: bytes
    index: int
    hashes: list[bytes]


def prove_inclusion(leaves: bytes, *, account_id: int) -> Inclusion | None:
    """Return the proof that an account was in a checkpoint, or None if it was not."""
    found = np.flatnonzero(read_leaves(leaves)["account_id"] == account_id)
    if len(found) == 0:
        return None
    index, width = int(found[0]), LEAF.itemsize
    proof = inclusion_proof(leaf_hashes(leaves), index=index)
    return Inclusion(leaves[width * index : width * index + width], index, proof)
