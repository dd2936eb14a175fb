"""What the audit log keeps of what was sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.identity.domain import masked, names_persons

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@pytest.mark.parametrize(
    "key",
    ["password", "new_password", "newPassword", "secret", "token", "refresh_token", "code", "one_time_code"],
)
def test_a_secret_is_hidden_wherever_it_stands(key: str) -> None:
    assert masked({"a": [{key: "hunter2"}]}) == {"a": [{key: "(hidden)"}]}
    assert masked({key: {"deep": "hunter2"}}) == {key: "(hidden)"}


def test_what_only_names_a_person_is_hidden() -> None:
    sent = {"name": "Thandi", "email": "t@example.com", "phone": "+27", "note": "x"}
    hidden = {"email": "(hidden)", "phone": "(hidden)", "note": "x"}
    assert masked(sent) == {"name": "Thandi", **hidden}
    assert masked(sent, with_names=False) == {"name": "(hidden)", **hidden}


def test_what_is_not_there_is_not_hidden() -> None:
    assert masked({"email": None, "decoder": 1, "tokens_left": 2}) == {
        "email": None,
        "decoder": 1,
        "tokens_left": 2,
    }


def test_long_things_are_cut() -> None:
    assert masked("x" * 501) == "x" * 500 + "…"
    assert len(masked(list(range(60)))) == 51
    assert masked({"a": "b\x00\ud800c"}) == {"a": "b?c"}


def test_what_lies_too_deep_is_left_out() -> None:
    deep: dict[str, object] = {"token": "hunter2"}
    for _ in range(10):
        deep = {"a": deep}
    shown = json.dumps(masked(deep))
    assert "hunter2" not in shown
    assert "too long" in shown


@pytest.mark.parametrize(
    ("action", "is_so"),
    [("create_person", True), ("invite_person", True), ("create_units", False), ("homestead", False)],
)
def test_operations_of_persons_are_known(action: str, *, is_so: bool) -> None:
    assert names_persons(action) is is_so


@given(JSON)
def test_whatever_is_sent_can_be_stored(sent: object) -> None:
    kept = json.dumps(masked(sent))
    assert "\\u0000" not in kept
    kept.encode()


def test_addresses_and_numbers_are_hidden_in_the_middle_of_a_text() -> None:
    said = {"reason": "call +27 82 555 0101 or Thandi@Example.co.za, before 2026-03-01 10:00"}
    assert masked(said) == {"reason": "call (hidden) or (hidden), before 2026-03-01 10:00"}
    assert masked({"amount": "+12.50", "at": "12@noon", "since": "2026-03-01T00:00:00+00:00"}) == {
        "amount": "+12.50",
        "at": "12@noon",
        "since": "2026-03-01T00:00:00+00:00",
    }
