"""Request and response shapes of wallets."""

from mita.wallets.schemas.accounts import (
    AccountWord,
    BalanceOut,
    EntryOut,
    GeneralOut,
    PartOut,
    StandingWord,
    TopUpIn,
    TopUpOut,
    WalletOut,
    entry_out,
    top_up_out,
    wallet_json,
    wallet_out,
)

__all__ = [
    "AccountWord",
    "BalanceOut",
    "EntryOut",
    "GeneralOut",
    "PartOut",
    "StandingWord",
    "TopUpIn",
    "TopUpOut",
    "WalletOut",
    "entry_out",
    "top_up_out",
    "wallet_json",
    "wallet_out",
]
