"""Tables of wallets."""

from __future__ import annotations

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Instant, NewKey


class Wallet(Base):
    """A unit's wallet."""

    __tablename__ = "wallet"

    estate_id: Mapped[BigKey]
    wallet_id: Mapped[NewKey]
    unit_id: Mapped[Big]
    created_at: Mapped[Instant]


class WalletAccount(Base):
    """A wallet's account for one utility, with the lines that its balance is watched against."""

    __tablename__ = "wallet_account"

    estate_id: Mapped[BigKey]
    account_id: Mapped[BigKey]
    wallet_id: Mapped[Big]
    utility: Mapped[str]
    low_line_micro: Mapped[int | None] = mapped_column(BigInteger)
    cut_line_micro: Mapped[int | None] = mapped_column(BigInteger)
    restore_line_micro: Mapped[int | None] = mapped_column(BigInteger)
    standing: Mapped[int] = mapped_column(SmallInteger)
