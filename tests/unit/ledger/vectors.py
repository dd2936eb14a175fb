"""Frozen vectors of hash version 1. They may never change: rows with these hashes exist for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from tests.unit.ledger.specification import Entry, Journal

BIG = 2**63 - 1


@dataclass(frozen=True)
class Chain:
    """A journal, its entries on one account in order, and the hex digests of all of it."""

    journal: Journal
    entries: tuple[Entry, ...]
    digest: str
    genesis: str
    hashes: tuple[str, ...]


CHARGES = Chain(
    # no idempotency key, an empty memo, a booking in a zone of its own
    Journal(
        "01930000-0000-7000-8000-000000000001",
        1,
        "system:charging",
        "ZAR",
        "",
        datetime(2026, 4, 1, 0, 0, 0, 1, tzinfo=timezone(timedelta(hours=2))),
        "",
        date(2026, 4, 1),
    ),
    (
        # a negative amount with a source; an event before the booking; no event fraction
        Entry(
            1, 2, 1, 0, -2_300_000, -2_300_000, datetime(2026, 3, 31, 21, 30, tzinfo=UTC), 1, 1, 17, 1_000_000
        ),
        Entry(1, 2, 2, 1, -1, -2_300_001, datetime(2026, 3, 31, 22, 0, 0, tzinfo=UTC), 2, 1, 17, 0),
        # a credit of an export
        Entry(
            1,
            2,
            3,
            2,
            2_300_001,
            0,
            datetime(2026, 3, 31, 22, 30, 0, 999_999, tzinfo=UTC),
            1,
            1,
            18,
            4_000_000,
        ),
    ),
    "154efebe146eb5760eb9281dd1ef9618e5ce9a9d0de5309eaf5a93f432f1d295",
    "8c7654ecfd7b0b623b803e2f4e02ad1cc84278efdfcd7c4c9208edd81f17e115",
    (
        "0264494a9a4a960564f0a5dd214d8de55af6211b796a8ec3b5d4035ebf739aec",
        "a5eb16ee225ab39f5a4b82e4c216007cb914cc05e8e1a57a00530b4b2bcff3e1",
        "35775bd202121eac37c0673b2ae98144c5f8c13925bd2ec67c6f9712ce3c5e44",
    ),
)
TOP_UP = Chain(
    # words of several scripts, one outside the basic plane, one with two spellings
    Journal(
        "ffffffff-ffff-7fff-bfff-ffffffffffff",
        2,
        "staff:Adébáyọ̀",
        "NGN",
        "cash: № 12 · 水表 💧 Åse",
        datetime(2025, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        "k-1|2,3",
        date(2026, 1, 1),
    ),
    # no source
    (Entry(7, 42, 1, 1, 50_000_000, 50_000_000, datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), 5, 0, 0, 0),),
    "d596de3412a2f182db7eecd7b6f8ca6c014efbea4722644b65ea7247e6ade061",
    "984f3ff2dd723404853d636a410bdff3bf2fa57593b45c816b1d595b6f33a3c9",
    ("07c39bbed3480f0f612068ef424e589dc2a43309fe8b8d2e29bfc0bf3452c908",),
)
EDGES = Chain(
    # as large and as old as the columns hold
    Journal(
        "00000000-0000-7000-8000-000000000000",
        2,
        "",
        "EUR",
        "x" * 100_000,
        datetime(1990, 1, 1, tzinfo=UTC),
        "\u0001\u007f\u2028",
        date(1969, 12, 1),
    ),
    (
        Entry(
            BIG, BIG, BIG, 2**31 - 1, -BIG - 1, BIG, datetime(2199, 12, 31, tzinfo=UTC), 6, 1, BIG, -BIG - 1
        ),
        Entry(
            BIG,
            BIG,
            1,
            0,
            BIG,
            -BIG - 1,
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            3,
            0,
            -1,
            BIG,
        ),
    ),
    "615cd5298b4d0aba7c3eb22b8d9c09a420f5f5ccd250885b3c2f1dd6a5f36de3",
    "9856e00f7005338e99a93cb49e9dbb9b4af57fe5f3938482568c59f4b77f2e11",
    (
        "6c8bf1085f1857c96da05cfc704ee51207d022b4289d3b36e01c00aa954dc982",
        "4880b8ce55c1a949e3ee0240016fbcbcda007a81d57fbe45565942fa6b51d38a",
    ),
)
CHAINS = {"charges": CHARGES, "top-up": TOP_UP, "edges": EDGES}
