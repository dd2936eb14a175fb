"""Alerts in plain words."""

from __future__ import annotations

import string

import pytest

from mita.notifications.domain import AlertKind, sentence
from mita.notifications.domain.alerts import _SENTENCES


@pytest.mark.parametrize(
    ("kind", "detail", "said"),
    [
        (
            AlertKind.LOW_BALANCE,
            {"unit": "A_101", "utility": "hot_water", "balance": "12.34", "currency": "ZAR"},
            "The hot water balance of A_101 is low: 12.34 ZAR.",
        ),
        (
            AlertKind.GROUP_LOW,
            {"group": "The {unit}s", "available": "3.00", "lacking": "97.00", "currency": "ZAR"},
            "The group The {unit}s has 3.00 ZAR and its wallets lack 97.00 ZAR.",
        ),
        (AlertKind.LOW_BALANCE, {"unit": "A101"}, "A balance is low."),
        (AlertKind.SPEND_REACHED, {}, "A spending limit is reached."),
    ],
)
def test_an_alert_says_what_it_knows(kind, detail, said):
    assert sentence(kind, detail=detail) == said


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_has_both_sentences(kind):
    full, plain = _SENTENCES[kind]
    fields = {name for _, name, _, _ in string.Formatter().parse(full) if name}
    assert fields
    assert sentence(kind, detail=dict.fromkeys(fields, "x")).endswith(".")
    assert "{" not in sentence(kind, detail=dict.fromkeys(fields, "x"))
    assert sentence(kind, detail={}) == plain
