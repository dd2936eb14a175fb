"""Tokens of prepayment meters as people type them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.credit.domain import BadToken, grouped, last_digits, masked, read_token, token_later_s

if TYPE_CHECKING:
    from pathlib import Path

numbers = st.integers(0, (1 << 66) - 1)


@given(numbers, st.lists(st.sampled_from(["", " ", "-", "\u00a0", " - "]), min_size=21, max_size=21))
def test_spaces_and_dashes_make_no_difference(number, between):
    digits = f"{number:020d}"
    typed = between[20] + "".join(digit + gap for digit, gap in zip(digits, between[:20], strict=True))
    assert read_token(typed) == digits
    assert read_token(grouped(digits)) == digits


@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(text):
    words = "" if (found := _refusal(text)) is None else found
    # nothing of what was typed is repeated where a log may see it
    assert not any(len(part) > 2 for part in "".join(c if c.isdigit() else " " for c in words).split())


def _refusal(text: str) -> str | None:
    try:
        digits = read_token(text)
    except BadToken as bad:
        return str(bad)
    assert len(digits) == 20
    return None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("6647-5648-3167-5682-178", "20 digits, and this has 19"),
        ("664756483167568217850", "20 digits, and this has 21"),
        ("", "digits only"),
        ("6647-5648-3167-5682-178x", "digits only"),
        ("٦٦٤٧٥٦٤٨٣١٦٧٥٦٨٢١٧٨٥", "digits only"),
        # 2^66, the first number that no token has
        ("73786976294838206464", "no token has this number"),
    ],
)
def test_what_is_wrong_is_said(typed, words):
    with pytest.raises(BadToken, match=words):
        read_token(typed)


def test_the_largest_token_is_one():
    assert read_token("73786976294838206463") == "73786976294838206463"


@given(numbers)
def test_four_digits_are_all_that_is_shown(number):
    digits = f"{number:020d}"
    shown = masked(last_digits(digits))
    assert shown == "****-****-****-****-" + digits[16:]
    assert len(grouped(digits)) == len(shown)


def test_real_tokens_are_read(fixtures_path: Path):
    vectors = json.loads((fixtures_path / "tokens" / "sts" / "sts531_class0_vectors.json").read_text())
    tokens = [token for token in _texts(vectors) if len(token) == 20 and token.isdecimal()]
    assert len(tokens) >= 20
    assert [read_token(grouped(token)) for token in tokens] == tokens


def _texts(found: object) -> list[str]:
    if isinstance(found, str):
        return [found]
    if isinstance(found, dict):
        found = list(found.values())
    return [text for each in found for text in _texts(each)] if isinstance(found, list) else []


def test_it_is_tried_often_at_first_and_every_half_hour_at_the_end():
    assert [token_later_s(attempts) for attempts in (1, 2, 3, 7, 99)] == [30, 60, 120, 1_800, 1_800]
