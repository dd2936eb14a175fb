"""The chain over the audit log: each link is hashed with the one before and the row it stands for. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

HASH_VERSION = 1
BEGINNING = bytes(32)
_TAG = b"mita audit 1\n"


@dataclass(frozen=True, slots=True)
class Link:
    """A stored link, with the row that it stands for as texts; None if that row is gone."""

    seq: int
    kind: str
    row_id: UUID
    hash: bytes
    hash_v: int
    fields: Sequence[str | None] | None


@dataclass(frozen=True, slots=True)
class AuditBreak:
    """A place where the audit log is not what it was."""

    place: str
    detail: str


def link_hash(before: bytes, *, seq: int, kind: str, fields: Sequence[str | None]) -> bytes:
    """Return the hash of a link after the one whose hash is ``before``.

    Each field is written with its length in front, so that no two rows have the same bytes; one without a
    value is a dash.
    """
    digest = hashlib.sha256(_TAG + before + f"{seq}:{kind}\n".encode())
    for field in fields:
        if field is None:
            digest.update(b"-")
        else:
            content = field.encode()
            digest.update(b"%d:" % len(content) + content)
    return digest.digest()


class ChainWalk:
    """Walks the links of one chain in their order, and notes what is missing or altered."""

    def __init__(self) -> None:
        self.seq = 0
        self.breaks: list[AuditBreak] = []
        self._before = BEGINNING

    def feed(self, links: Sequence[Link]) -> None:
        """Check the next links; after a break the chain is taken up where it goes on."""
        for link in links:
            if link.seq != self.seq + 1:
                place = f"links {self.seq + 1} to {link.seq - 1}"
                self.breaks.append(AuditBreak(place, "they are missing from the chain"))
            elif (fault := self._fault(link)) is not None:
                self.breaks.append(AuditBreak(f"{link.kind} {link.row_id} (link {link.seq})", fault))
            self.seq, self._before = link.seq, link.hash

    def _fault(self, link: Link) -> str | None:
        if link.fields is None:
            return "it is gone"
        if link.hash_v != HASH_VERSION:
            return f"its hash has version {link.hash_v}, which nobody knows"
        if link_hash(self._before, seq=link.seq, kind=link.kind, fields=link.fields) != link.hash:
            return "it was altered, or the link before it was"
        return None
