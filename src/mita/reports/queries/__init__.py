"""Reads of reports: they have no tables of their own."""

from mita.reports.queries.charged import SPENDING, Charged, charged, charged_before
from mita.reports.queries.consumption import UseKey, probed_uses, uses

__all__ = ["SPENDING", "Charged", "UseKey", "charged", "charged_before", "probed_uses", "uses"]
