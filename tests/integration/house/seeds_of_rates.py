"""The moment of the seeds, and what a kilowatt-hour costs then."""

import datetime as dt

NOW = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)
RATES = """
rate_table: 1
name: Flat
utility: electricity
currency: ZAR
effective_from: 2025-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges:
  - {name: Energy, kind: usage, price: "2.5"}
"""
