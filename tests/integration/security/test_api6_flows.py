"""API6:2023, unrestricted access to sensitive business flows: many at once, and the same again and again.

Elsewhere: `../api/test_sign_up.py` (four sign-ups with one invitation), `../api/test_repeats.py` (keys of
requests), `../charging/test_races.py`, `../ledger` (readings and books), `test_api2_at_once.py` (sign-ins).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.place import made
from tests.integration.api.signing_in import AUTH, browser

from .house import House, key

if TYPE_CHECKING:
    import httpx

    from .house import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def guests(house: House, count: int) -> list[Person]:
    """Make persons who have nothing yet."""
    return list(await asyncio.gather(*[house.new_person(f"Guest {number}") for number in range(count)]))


async def each_asks(house: House, persons: list[Person], path: str, body: Any) -> Counter[int]:
    """Let every person send the same request at once; count the statuses."""
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(house.caller(each.token)) for each in persons]
        answers = await asyncio.gather(*[caller.post(path, json=body) for caller in callers])
    return Counter(answer.status_code for answer in answers)


async def test_twenty_accept_one_invitation_and_one_wins(house: House) -> None:
    persons, code = await guests(house, 20), await house.invited(right="top_up")
    found = await each_asks(house, persons, "/api/v1/invitations/accept", {"code": code})
    assert found == {200: 1, 409: 19}
    granted = house.rows(
        "SELECT count(*) FROM access_grant WHERE person_id = ANY (%s) AND revoked_at IS NULL",
        [each.person_id for each in persons],
    )
    assert granted == [(1,)]
    # accepted and withdrawn at once: it is one of the two, never both
    code = await house.invited()
    invitation = code.split(".")[1]
    path = f"{house.here.base}/wallets/{house.here.wallet_id}/invitations/{invitation}"
    async with house.caller(persons[0].token) as first, house.caller(persons[1].token) as second:
        answers = await asyncio.gather(
            first.post("/api/v1/invitations/accept", json={"code": code}),
            second.post("/api/v1/invitations/accept", json={"code": code}),
            house.client.delete(path),
        )
    assert sum(answer.status_code == 200 for answer in answers) == 1, [a.text for a in answers]


async def test_an_invitation_of_who_may_give_no_more_opens_nothing(house: House) -> None:
    """Who loses the right while an invitation is under way has given nothing away."""
    (guest, manager) = await guests(house, 2)
    grants = f"{house.here.base}/wallets/{house.here.wallet_id}/grants"
    given = await made(house.client, grants, {"person_id": manager.person_id, "right": "manage"})
    async with house.caller(manager.token) as caller:
        path = f"{house.here.base}/wallets/{house.here.wallet_id}/invitations"
        code = (await made(caller, path, {"email": "guest@example.com", "right": "manage"}))["code"]
        limited = {"right": "manage", "top_up_limit": "5.00"}
        # nobody raises their own right, nor takes the limit off
        await house.client.put(f"{grants}/{given['grant_id']}", json=limited)
        answer = await caller.put(f"{grants}/{given['grant_id']}", json={"right": "manage"})
        assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")
        answer = await caller.post(path, json={"email": "guest@example.com", "right": "manage"})
        assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")
    await house.client.delete(f"{grants}/{given['grant_id']}")
    async with house.caller(guest.token) as caller:
        answer = await caller.post("/api/v1/invitations/accept", json={"code": code})
        assert (answer.status_code, answer.json()["code"]) == (409, "invitation_over")


async def statuses(client: httpx.AsyncClient, path: str, bodies: list[tuple[Any, dict[str, str]]]) -> Counter:
    answers = await asyncio.gather(*[client.post(path, json=body, headers=head) for body, head in bodies])
    return Counter(answer.status_code for answer in answers)


async def test_money_that_comes_or_goes_many_times_at_once_moves_once(house: House) -> None:
    path = f"{house.there.base}/wallets/{house.there.wallet_id}"
    receipt = {"amount": "30.00", "method": "cash", "utility": "electricity"}
    same = key()
    found = await statuses(house.client, f"{path}/top-ups", [(receipt, same)] * 10)
    assert sum(found.values()) == found[201] + found[200] == 10
    assert await house.there.balance() == "30.000000"
    # the whole balance out, ten times, each a request of its own: what is there goes once
    out = {"utility": "electricity", "amount": "30.00", "memo": "moved out"}
    found = await statuses(house.client, f"{path}/pay-outs", [(out, key()) for _ in range(10)])
    assert found[201] == 1, found
    assert found[500] == 0
    assert await house.there.balance() == "0.000000"


async def test_a_decision_falls_once(house: House) -> None:
    """An adjustment that waits, a request to join: approved by many at once, and refused."""
    base = f"{house.there.base}/ledger"
    await house.client.put(f"{base}/rule", json={"adjustment_limit": "1.00", "clearing_due_hours": 72})
    accounts = (await house.client.get(f"{base}/accounts")).json()["items"]
    account = next(each["account_id"] for each in accounts if "wallet" in str(each).lower())
    body = {"account_id": account, "amount": "50.00", "reason": "goodwill"}
    asked = (await house.client.post(f"{base}/adjustments", json=body, headers=key())).json()
    path = f"{base}/adjustments/{asked['adjustment_id']}/decision"
    async with house.as_("olga") as olga:
        answers = await asyncio.gather(
            *[olga.post(path, json={"approve": number % 2 == 0}) for number in range(8)]
        )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 7}
    booked = house.rows("SELECT count(*) FROM adjustment_decision")
    assert booked == [(1,)]


async def test_codes_are_no_means_to_flood_somebody(house: House) -> None:
    """An address gets five messages in ten minutes, from wherever and however often they are asked for."""
    app = house.new_app()
    join = (await house.client.put(f"{house.here.base}/join-code", json={"is_on": True})).json()["code"]
    spellings = ["flood@example.com", "FLOOD@example.com", " flood@EXAMPLE.com ", "\uff46lood@example.com"]
    found: Counter[int] = Counter()
    for number in range(12):
        async with browser(app) as own:
            body = {"name": "X", "identifier": spellings[number % 4], "join_code": join}
            told = {"X-Forwarded-For": f"198.51.100.{number}"}
            found[(await own.post(f"{AUTH}/sign-up", json=body, headers=told)).status_code] += 1
            found[(await own.post(f"{AUTH}/codes", json={"identifier": spellings[0]})).status_code] += 1
    assert found == {202: 5, 429: 19}
    # and one address asks for so many, whomever they are for
    app, found = house.new_app(), Counter()
    async with browser(app) as own:
        for number in range(63):
            body = {"identifier": f"flood{number}@example.com"}
            found[(await own.post(f"{AUTH}/codes", json=body)).status_code] += 1
    assert found == {202: 60, 429: 3}
