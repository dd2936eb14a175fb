"""Two households of one estate: with every filter taken out of every query, neither sees the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .people import person_token, signed_in
from .place import made
from .routes import api_operations_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI

    from .place import Place

# words and amounts that stand nowhere but in the neighbour's rows
NAME, SERIAL, AMOUNT, EMAIL = "Neighbour-77", "SN-NEIGHBOUR", "77.770000", "neighbour@example.com"


@pytest.fixture
async def neighbour(client: httpx.AsyncClient, place: Place) -> int:
    """Another household: a unit, a meter, readings, money, somebody invited; return the wallet."""
    (unit,) = (await made(client, f"{place.base}/units", {"names": [NAME]}))["items"]
    meter = {"unit_id": unit["unit_id"], "serial": SERIAL, "utility": "electricity"}
    await made(client, f"{place.base}/meters", meter)
    wallets = (await client.get(f"{place.base}/wallets")).json()["items"]
    (wallet_id,) = [each["wallet_id"] for each in wallets if each["wallet_id"] != place.wallet_id]
    receipt = {"amount": AMOUNT, "method": "cash", "utility": "electricity"}
    path = f"{place.base}/wallets/{wallet_id}"
    answer = await client.post(f"{path}/top-ups", json=receipt, headers={"Idempotency-Key": "n"})
    assert answer.status_code == 201, answer.text
    await place.send(("2025-03-01T00:00:00Z", "1"), ("2025-03-02T00:00:00Z", "8"), meter=SERIAL)
    await made(client, f"{path}/invitations", {"email": EMAIL, "right": "view"})
    return wallet_id


@pytest.fixture
async def resident(app: FastAPI, client: httpx.AsyncClient, place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """A person who manages the first household's wallet."""
    token = await person_token(client, "Resident")
    (person,) = [
        each for each in (await client.get("/api/v1/persons")).json()["items"] if each["name"] == "Resident"
    ]
    body = {"person_id": person["person_id"], "right": "manage"}
    await made(client, f"{place.base}/wallets/{place.wallet_id}/grants", body)
    async with signed_in(app, token) as caller:
        yield caller


async def test_without_any_filter_no_route_shows_the_neighbour(
    app: FastAPI,
    client: httpx.AsyncClient,
    resident: httpx.AsyncClient,
    place: Place,
    neighbour: int,
    without_filters: list[str],
) -> None:
    told_staff, answered = "", 0
    for operation in api_operations_of(app):
        if operation.method != "get":
            continue
        for wallet_id in (place.wallet_id, neighbour):
            values = {"estate_id": place.estate_id, "wallet_id": wallet_id}
            answer = await operation.ask(resident, **values)
            for secret in (NAME, SERIAL, AMOUNT, EMAIL):
                assert secret not in answer.text, (operation, answer.text)
            answered += answer.status_code == 200
            told_staff += (await operation.ask(client, **values)).text
    assert answered >= 20
    assert len(without_filters) >= 20
    for secret in (NAME, SERIAL, AMOUNT, EMAIL):
        assert secret in told_staff, f"{secret} is shown nowhere: the test proves nothing"
