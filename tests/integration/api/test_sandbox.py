"""Residents top up with pretend money, where that is switched on and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mita.entrypoints.api import create_app
from tests.integration.api.people import signed_in
from tests.integration.api.place import made

if TYPE_CHECKING:
    import httpx


@pytest.fixture
async def payer(client, place):
    """Make somebody with a right to the place's wallet; return how they ask, with and without a sandbox."""
    people = 0

    async def make(app, right, **more):
        nonlocal people
        people += 1
        person = await made(client, "/api/v1/persons", {"name": f"Payer {people}"})
        grant = {"person_id": person["person_id"], "right": right, **more}
        await made(client, f"{place.base}/wallets/{place.wallet_id}/grants", grant)
        answer = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
        assert answer.status_code == 201, answer.text
        return signed_in(app, answer.json()["token"])

    return make


@pytest.fixture
def sandbox(database, live):
    return create_app(database, live=live, takes_pretend_money=True)


def _ways(place):
    return f"{place.base}/wallets/{place.wallet_id}/payment-ways"


async def _pay(caller, place, key="k1", **body) -> httpx.Response:
    return await caller.post(
        f"{place.base}/wallets/{place.wallet_id}/sandbox-top-ups",
        json={"amount": "50.00", **body},
        headers={"Idempotency-Key": key},
    )


async def test_nobody_pays_with_pretend_money_unless_it_is_switched_on(app, payer, place):
    async with await payer(app, "top_up") as caller:
        ways = (await caller.get(_ways(place))).json()
        assert ways == {"ways": [], "may_top_up": True, "limit": None}
        answer = await _pay(caller, place)
        assert (answer.status_code, answer.json()["code"]) == (403, "no_sandbox")
    assert await place.balance() == "0.000000"


async def test_a_top_up_is_booked_once_whoever_sends_it_twice(sandbox, payer, place):
    async with await payer(sandbox, "top_up") as caller:
        assert (await caller.get(_ways(place))).json()["ways"] == ["sandbox"]
        first = await _pay(caller, place, utility="electricity")
        assert first.status_code == 201, first.text
        again = await _pay(caller, place, utility="electricity")
        assert again.status_code == 200
        assert again.json()["journal_id"] == first.json()["journal_id"]
        assert await place.balance() == "50.000000"
        other = await _pay(caller, place, amount="51.00", utility="electricity")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_what_is_declined_moves_nothing_and_may_be_tried_again(sandbox, payer, place):
    async with await payer(sandbox, "top_up") as caller:
        answer = await _pay(caller, place, outcome="declined", utility="electricity")
        assert (answer.status_code, answer.json()["code"]) == (402, "payment_declined")
        assert await place.balance() == "0.000000"
        assert (await _pay(caller, place, utility="electricity")).status_code == 201
        assert await place.balance() == "50.000000"


async def test_nobody_pays_in_more_than_their_grant_allows(sandbox, payer, place):
    async with await payer(sandbox, "top_up", top_up_limit="20.00") as caller:
        assert (await caller.get(_ways(place))).json()["limit"]["amount"] == "20.000000"
        answer = await _pay(caller, place)
        assert (answer.status_code, answer.json()["code"]) == (403, "above_top_up_limit")
    async with await payer(sandbox, "view") as caller:
        assert (await caller.get(_ways(place))).json()["may_top_up"] is False
        answer = await _pay(caller, place)
        assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")
    assert await place.balance() == "0.000000"


async def test_who_manages_sees_names_and_who_looks_sees_their_own(app, payer, place):
    async with await payer(app, "manage") as manager, await payer(app, "view") as guest:
        path = f"{place.base}/wallets/{place.wallet_id}/grants"
        names = [each["person_name"] for each in (await manager.get(path)).json()["items"]]
        assert names == ["Payer 1", "Payer 2"]
        assert [each["person_name"] for each in (await guest.get(path)).json()["items"]] == ["Payer 2"]
