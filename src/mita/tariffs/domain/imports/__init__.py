"""Prices from other people's files: drafts of rate tables, and what is odd about them. Pure."""

from .csv_template import COLUMNS, read_csv_template, units_of
from .draft import Draft, read_rate_table
from .plausible import implausible_prices, price_doubt
from .price_file import OpenQuestion, PriceFile, open_questions
from .urdb import read_urdb
from .urdb_export import Exported, NotInUrdb, to_urdb

__all__ = [
    "COLUMNS",
    "Draft",
    "Exported",
    "NotInUrdb",
    "OpenQuestion",
    "PriceFile",
    "implausible_prices",
    "open_questions",
    "price_doubt",
    "read_csv_template",
    "read_rate_table",
    "read_urdb",
    "to_urdb",
    "units_of",
]
