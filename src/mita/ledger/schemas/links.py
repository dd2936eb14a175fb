"""Shapes of the links of a chain, with everything that their hashes are made of."""

from datetime import date
from uuid import UUID

from pydantic import Field

from mita.kit.money import format_micro
from mita.kit.shapes import Id, Instant, Money, Shape, money
from mita.ledger.queries import ChainPiece

_HEX = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


class LinkOut(Shape):
    """An entry as its hash knows it: kinds are numbers, times have microseconds."""

    seq: int = Field(examples=[42])
    hash_v: int = Field(description="Version of the hash", examples=[1])
    period: date = Field(description="First day of the month of the books", examples=["2026-10-01"])
    journal_id: UUID
    line: int = Field(description="Place in the journal, from 0", examples=[0])
    amount: Money
    balance_after: Money
    event_at: Instant
    kind: int = Field(examples=[1])
    source_kind: int = Field(examples=[1])
    source_id: int = Field(examples=[3])
    quantity: str = Field(description="In the utility's base unit", examples=["1.500000"])
    journal_kind: int = Field(examples=[1])
    actor: str = Field(examples=["system:charging"])
    currency: str = Field(examples=["ZAR"])
    memo: str = Field(examples=[""])
    booked_at: Instant
    idempotency_key: str = Field(examples=[""])
    hash: str = Field(
        description="SHA-256 of the hash before and this link's payload, in hex", examples=[_HEX]
    )


class ChainPieceOut(Shape):
    """Some links of an account's chain."""

    estate_id: Id
    account_id: Id
    code: str = Field(examples=["wallet:7:electricity"])
    head_seq: int = Field(description="Entries in the whole chain", examples=[42])
    head_hash: str = Field(description="The hash of the last one, in hex", examples=[_HEX])
    after_seq: int = Field(
        description="The links follow this entry; 0 is the beginning, what is archived is passed over",
        examples=[0],
    )
    previous_hash: str = Field(description="The hash that the first link follows, in hex", examples=[_HEX])
    links: list[LinkOut]
    next: int | None = Field(description="The `after_seq` that continues the links", examples=[None])


def chain_piece_out(found: ChainPiece) -> ChainPieceOut:
    """Return links as JSON shows them."""
    head, currency = found.account, found.account.currency
    links = [
        LinkOut(
            seq=each.seq,
            hash_v=each.hash_v,
            period=each.period,
            journal_id=each.journal_id,
            line=each.line,
            amount=money(each.amount_micro, currency=currency),
            balance_after=money(each.balance_after_micro, currency=currency),
            event_at=each.event_at,
            kind=each.kind,
            source_kind=each.source_kind,
            source_id=each.source_id,
            quantity=format_micro(each.quantity_micro),
            journal_kind=each.journal_kind,
            actor=each.actor,
            currency=each.currency,
            memo=each.memo,
            booked_at=each.booked_at,
            idempotency_key=each.idempotency_key,
            hash=bytes(each.hash).hex(),
        )
        for each in found.links
    ]
    return ChainPieceOut(
        estate_id=head.estate_id,
        account_id=head.account_id,
        code=head.code,
        head_seq=head.head_seq,
        head_hash=bytes(head.head_hash).hex(),
        after_seq=found.after_seq,
        previous_hash=found.previous_hash.hex(),
        links=links,
        next=links[-1].seq if links and links[-1].seq < head.head_seq else None,
    )
