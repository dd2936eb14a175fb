"""A wallet that is written out is what its shape would be, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from mita.kit.clock import from_us, to_us
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import UtilityWord
from mita.wallets.domain import GENERAL, Standing
from mita.wallets.queries import SeenAccount, SeenWallet
from mita.wallets.schemas import wallet_json, wallet_out

ids = st.integers(1, BIGINT_MAX)
instants = st.integers(0, to_us(datetime(2200, 1, 1, tzinfo=UTC))).map(from_us)


@st.composite
def wallets(draw: st.DrawFn) -> SeenWallet:
    utilities = draw(st.lists(st.sampled_from(get_args(UtilityWord)), unique=True))
    accounts = [
        SeenAccount(
            draw(ids), utility, draw(st.integers(-BIGINT_MAX, BIGINT_MAX)), draw(st.sampled_from(Standing))
        )
        for utility in draw(st.permutations([*utilities, GENERAL]))
    ]
    currency = draw(st.from_regex(r"[A-Z]{3}", fullmatch=True))
    return SeenWallet(draw(ids), draw(ids), draw(instants), currency, accounts)


@given(wallets())
def test_it_is_the_same(seen: SeenWallet) -> None:
    assert wallet_json(seen) == wallet_out(seen).model_dump_json().encode()
