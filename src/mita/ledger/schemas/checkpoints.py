"""Shapes of checkpoints, proofs and the verification of one wallet."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from mita.kit.shapes import Id, Instant, Money, Shape, money
from mita.ledger.domain import Inclusion, VerifierKey, read_leaves
from mita.ledger.models import Checkpoint
from mita.ledger.queries import AccountsVerification

_HEX = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
_NOTE = (
    "mita/1\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"
    "taken_at 20260131T220500.000000Z\nkind daily\nperiod -\n\n\u2014 mita wk3…=\n"
)


class CheckpointOut(Shape):
    """A signed checkpoint of all accounts of an estate."""

    checkpoint_id: UUID
    kind: Literal["daily", "close", "manual"]
    period: str | None = Field(description="The month that was closed, if one was", examples=["2026-01"])
    size: int = Field(description="How many accounts were signed", examples=[312])
    root: str = Field(description="The root of the Merkle tree over them, in hex", examples=[_HEX])
    taken_at: Instant
    note: str = Field(description="The signed note (C2SP tlog-checkpoint)", examples=[_NOTE])


class LeafOut(Shape):
    """What was signed of one account; its bytes are these fields in their order."""

    estate_id: Id
    account_id: Id
    head_seq: int = Field(description="How many entries it had", examples=[42])
    head_hash: str = Field(description="The hash of the last one, in hex", examples=[_HEX])
    posted: Money
    held: Money


class ProofOut(Shape):
    """A proof that an account, as it was then, is part of a signed checkpoint."""

    checkpoint_id: UUID
    note: str = Field(examples=[_NOTE])
    key: str | None = Field(
        description="The public key beside the published notes; trust the one that was given to you",
        examples=["mita+1f2e3d4c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"],
    )
    leaf: LeafOut
    index: int = Field(description="Its place among the leaves, from 0", examples=[0])
    hashes: list[str] = Field(description="From leaf to root, lowest first, in hex", examples=[[_HEX]])


class ChainOut(Shape):
    """One account of a wallet, and where its chain ends."""

    account_id: Id
    code: str = Field(examples=["wallet:7:electricity"])
    entries: int = Field(description="Entries that were re-derived", examples=[42])
    head_seq: int = Field(examples=[42])
    head_hash: str = Field(description="In hex", examples=[_HEX])


class BreakOut(Shape):
    """A place where the ledger is not what it should be."""

    verifier: Literal["chain", "identities", "checkpoints"]
    place: str = Field(examples=["account 7 entry 3"])
    detail: str = Field(examples=["the hash is not that of its contents"])


class WalletVerificationOut(Shape):
    """What the verifiers found in the accounts of one wallet."""

    wallet_id: Id
    estate_id: Id
    verified: bool
    accounts: list[ChainOut]
    broken: list[BreakOut]
    checkpoint: CheckpointOut | None = Field(description="The estate's newest")


def checkpoint_out(row: Checkpoint) -> CheckpointOut:
    """Return a checkpoint as JSON shows it."""
    return CheckpointOut(
        checkpoint_id=row.checkpoint_id,
        kind=row.kind,
        period=None if row.period is None else f"{row.period:%Y-%m}",
        size=row.size,
        root=bytes(row.root).hex(),
        taken_at=row.taken_at,
        note=row.note,
    )


def proof_out(row: Checkpoint, *, inclusion: Inclusion, key: VerifierKey | None, currency: str) -> ProofOut:
    """Return a proof as JSON shows it."""
    leaf = read_leaves(inclusion.leaf)[0]
    return ProofOut(
        checkpoint_id=row.checkpoint_id,
        note=row.note,
        key=None if key is None else str(key),
        leaf=LeafOut(
            estate_id=int(leaf["estate_id"]),
            account_id=int(leaf["account_id"]),
            head_seq=int(leaf["head_seq"]),
            head_hash=leaf["head_hash"].tobytes().hex(),
            posted=money(int(leaf["posted_micro"]), currency=currency),
            held=money(int(leaf["held_micro"]), currency=currency),
        ),
        index=inclusion.index,
        hashes=[each.hex() for each in inclusion.hashes],
    )


def wallet_verification_out(
    verified: AccountsVerification, *, wallet_id: int, estate_id: int, checkpoint: Checkpoint | None
) -> WalletVerificationOut:
    """Return what was found of a wallet as JSON shows it."""
    return WalletVerificationOut(
        wallet_id=wallet_id,
        estate_id=estate_id,
        verified=not verified.breaks,
        accounts=[
            ChainOut(
                account_id=account.account_id,
                code=account.code,
                entries=verified.entries.get(account.account_id, 0),
                head_seq=account.head_seq,
                head_hash=bytes(account.head_hash).hex(),
            )
            for account in verified.accounts
        ],
        broken=[
            BreakOut(verifier=each.verifier, place=each.place, detail=each.detail) for each in verified.breaks
        ],
        checkpoint=None if checkpoint is None else checkpoint_out(checkpoint),
    )
