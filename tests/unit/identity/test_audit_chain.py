"""The chain over the audit log."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from uuid import UUID

from mita.identity.domain import BEGINNING, HASH_VERSION, ChainWalk, Link, link_hash

FIELDS: list[list[str | None]] = [["1", None, "caf\u00e9"], ["1", "a", ""], ["1", "b", "c"]]


def chain() -> list[Link]:
    links, before = [], BEGINNING
    for seq, fields in enumerate(FIELDS, start=1):
        found = link_hash(before, seq=seq, kind="entry", fields=fields)
        links.append(Link(seq, "entry", UUID(int=seq), found, HASH_VERSION, fields))
        before = found
    return links


def breaks(*links: Link) -> list[tuple[str, str]]:
    walk = ChainWalk()
    # in two portions
    walk.feed(links[:1])
    walk.feed(links[1:])
    return [(each.place, each.detail) for each in walk.breaks]


def test_the_hash_is_of_these_bytes() -> None:
    first, second, _ = chain()
    written = b"mita audit 1\n" + bytes(32) + b"1:entry\n" + b"1:1" + b"-" + b"5:caf\xc3\xa9"
    assert first.hash == hashlib.sha256(written).digest()
    written = b"mita audit 1\n" + first.hash + b"2:entry\n" + b"1:11:a0:"
    assert second.hash == hashlib.sha256(written).digest()


def test_no_value_and_an_empty_one_differ_as_do_borders() -> None:
    hashes = {
        link_hash(BEGINNING, seq=1, kind="entry", fields=fields)
        for fields in (["a", None], ["a", ""], ["a", "-"], ["", "a"], ["a"], ["a1:b"], ["a", "b"])
    }
    assert len(hashes) == 7


def test_a_whole_chain_has_no_break() -> None:
    assert breaks(*chain()) == []
    assert breaks() == []


def test_what_is_not_as_it_was_is_named() -> None:
    first, second, third = chain()
    named = f"entry {second.row_id} (link 2)"
    altered = "it was altered, or the link before it was"
    assert breaks(first, replace(second, fields=["1", "a", "x"]), third) == [(named, altered)]
    assert breaks(first, replace(second, fields=None), third) == [(named, "it is gone")]
    assert breaks(first, replace(second, kind="change"), third) == [
        (f"change {second.row_id} (link 2)", altered)
    ]
    assert breaks(first, replace(second, hash_v=9), third) == [
        (named, "its hash has version 9, which nobody knows")
    ]
    # another hash is told at its own link and at the one after it
    assert [place for place, _ in breaks(first, replace(second, hash=bytes(32)), third)] == [
        named,
        f"entry {third.row_id} (link 3)",
    ]


def test_a_gap_is_named_and_what_follows_is_checked_on() -> None:
    first, _, third = chain()
    gap = ("links 2 to 2", "they are missing from the chain")
    assert breaks(first, third) == [gap]
    assert breaks(third) == [("links 1 to 2", "they are missing from the chain")]
