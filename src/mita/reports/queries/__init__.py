"""Reads of reports: they have no tables of their own."""

from mita.reports.queries.charged import SPENDING, Charged, charged
from mita.reports.queries.consumption import UseKey, probed_uses, uses
from mita.reports.queries.forecast import WalletForecast, balance_forecast
from mita.reports.queries.lasting import how_long
from mita.reports.queries.reconciliation import AreaReport, TooManyValues, reconciliation
from mita.reports.queries.statement import (
    AccountSpan,
    TooManyEntries,
    WalletStatement,
    wallet_statement,
)

__all__ = [
    "SPENDING",
    "AccountSpan",
    "AreaReport",
    "Charged",
    "TooManyEntries",
    "TooManyValues",
    "UseKey",
    "WalletForecast",
    "WalletStatement",
    "balance_forecast",
    "charged",
    "how_long",
    "probed_uses",
    "reconciliation",
    "uses",
    "wallet_statement",
]
