"""Merkle trees as RFC 6962 has them: a leaf is hashed after 0x00, a node after 0x01. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_BYTES = 32
_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf; its prefix keeps a node from passing as a leaf."""
    return hashlib.sha256(_LEAF + leaf).digest()


def _parents(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the level above; the last of an odd number rises as it is, which is RFC 6962's split."""
    sha256, pairs = hashlib.sha256, len(hashes) // 2
    parents = [sha256(_NODE + hashes[2 * i] + hashes[2 * i + 1]).digest() for i in range(pairs)]
    return parents if len(hashes) % 2 == 0 else [*parents, hashes[-1]]


def tree_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes in their order; the root of no leaves is SHA-256 of nothing."""
    if not leaf_hashes:
        return hashlib.sha256().digest()
    level = leaf_hashes
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def inclusion_proof(leaf_hashes: Sequence[bytes], *, index: int) -> list[bytes]:
    """Return the hashes that lead from the leaf at ``index`` (from 0) to the root, lowest first.

    :raises IndexError: if there is no such leaf
    """
    if not 0 <= index < len(leaf_hashes):
        raise IndexError(f"a tree of {len(leaf_hashes)} leaves has none at {index}")
    proof, level, at = [], leaf_hashes, index
    while len(level) > 1:
        sibling = at ^ 1
        if sibling < len(level):
            proof.append(level[sibling])
        level, at = _parents(level), at // 2
    return proof


def is_included(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether ``proof`` leads from the bytes of a leaf to the root of a tree of ``size`` leaves.

    The algorithm of RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf_hash(leaf)
    for sibling in proof:
        if last == 0 or len(sibling) != HASH_BYTES:
            return False
        if at % 2 == 1 or at == last:
            found = hashlib.sha256(_NODE + sibling + found).digest()
            while at % 2 == 0 and at != 0:
                at, last = at // 2, last // 2
        else:
            found = hashlib.sha256(_NODE + found + sibling).digest()
        at, last = at // 2, last // 2
    return last == 0 and found == root
