"""Rights, limits and codes of access."""

from __future__ import annotations

from uuid import UUID

import pytest

from mita.notifications.domain import AlertKind
from mita.wallets.domain import Access, Right, Standing, alerts_of_crossing, hearing, new_code, read_code

VIEW, TOP_UP, MANAGE = Right.VIEW, Right.TOP_UP, Right.MANAGE


@pytest.mark.parametrize(
    ("held", "wanted", "is_allowed"),
    [
        (VIEW, VIEW, True),
        (VIEW, TOP_UP, False),
        (VIEW, MANAGE, False),
        (TOP_UP, VIEW, True),
        (TOP_UP, TOP_UP, True),
        (TOP_UP, MANAGE, False),
        (MANAGE, VIEW, True),
        (MANAGE, TOP_UP, True),
        (MANAGE, MANAGE, True),
    ],
)
def test_each_right_includes_those_before_it(held, wanted, is_allowed):
    assert Access(held).allows(wanted) is is_allowed
    assert Right.of(held.shown) is held


@pytest.mark.parametrize(
    ("access", "amount", "is_allowed"),
    [
        (Access(VIEW), 1, False),
        (Access(VIEW, 100), 1, False),
        (Access(TOP_UP), 10**15, True),
        (Access(TOP_UP, 100), 100, True),
        (Access(TOP_UP, 100), 101, False),
        (Access(MANAGE, 100), 101, False),
    ],
)
def test_a_single_top_up_has_a_limit(access, amount, is_allowed):
    assert access.allows_top_up(amount) is is_allowed


@pytest.mark.parametrize(
    ("own", "other", "may"),
    [
        (Access(VIEW), Access(VIEW), False),
        (Access(TOP_UP), Access(VIEW), False),
        (Access(MANAGE), Access(MANAGE), True),
        (Access(MANAGE), Access(TOP_UP, 5), True),
        (Access(MANAGE, 100), Access(TOP_UP, 100), True),
        (Access(MANAGE, 100), Access(MANAGE, 101), False),
        # without a limit is more than any limit
        (Access(MANAGE, 100), Access(TOP_UP), False),
        # who only looks tops nothing up
        (Access(MANAGE, 100), Access(VIEW), True),
    ],
)
def test_nobody_gives_more_than_they_have(own, other, may):
    assert own.may_give(other) is may


def test_only_alerts_about_wallets_are_heard_each_once():
    words = ["spend_reached", "group_low", "low_balance", "low_balance", "nonsense"]
    assert hearing(words) == (AlertKind.LOW_BALANCE, AlertKind.SPEND_REACHED)


def test_a_code_finds_its_way_back_and_opens_only_its_own_hash():
    name = UUID("0197f6c2-a1b2-7c3d-8e4f-5a6b7c8d9e0f")
    code = new_code(estate_id=41, invitation_id=name)
    assert code.text.startswith("41.0197f6c2a1b27c3d8e4f5a6b7c8d9e0f.")
    assert len(code.secret) == 32
    read = read_code(f" {code.text}\n")
    assert read == code
    assert read.opens(code.hash)
    other = new_code(estate_id=41, invitation_id=name)
    assert other.secret != code.secret
    assert not other.opens(code.hash)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "41",
        "0.0197f6c2a1b27c3d8e4f5a6b7c8d9e0f." + "a" * 32,
        "9999999999999999999.0197f6c2a1b27c3d8e4f5a6b7c8d9e0f." + "a" * 32,
        "41.0197F6C2A1B27C3D8E4F5A6B7C8D9E0F." + "a" * 32,
        "41.0197f6c2a1b27c3d8e4f5a6b7c8d9e0f." + "a" * 31,
        "41.0197f6c2a1b27c3d8e4f5a6b7c8d9e0f." + "a" * 31 + "\u00e9",
        "\u0664.0197f6c2a1b27c3d8e4f5a6b7c8d9e0f." + "a" * 32,
    ],
)
def test_what_is_no_code_is_none(text):
    assert read_code(text) is None


IN, LOW, OUT = Standing.IN_CREDIT, Standing.LOW, Standing.OUT


@pytest.mark.parametrize(
    ("before", "after", "raised", "overtaken"),
    [
        (IN, LOW, "low_balance", {"balance_back"}),
        (IN, OUT, "balance_out", {"low_balance", "balance_back"}),
        (LOW, OUT, "balance_out", {"low_balance", "balance_back"}),
        (LOW, IN, None, {"low_balance"}),
        (OUT, IN, "balance_back", {"balance_out", "low_balance"}),
        (OUT, LOW, "balance_back", {"balance_out", "low_balance"}),
    ],
)
def test_what_a_crossing_is_worth(before, after, raised, overtaken):
    found, over = alerts_of_crossing(before=before, after=after)
    assert (found, set(over)) == (raised, overtaken)
