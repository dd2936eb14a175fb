"""Webhook endpoints over HTTP: made, shown without their secret, changed, tried, replayed, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from tests.integration.webhooks.hooks import LOOPBACK, delivering
from tests.integration.webhooks.receiver import receiving

from .place import made

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

BODY: dict[str, Any] = {
    "url": "https://example.com/hook",
    "types": ["wallet.topup", "meter.reading"],
    "description": "our books",
}


async def test_a_secret_is_shown_once(client: httpx.AsyncClient, place: Place) -> None:
    base = f"{place.base}/webhooks"
    first = await made(client, base, BODY)
    assert first["secret"].startswith("whsec_")
    assert (first["url"], first["types"], first["is_on"], first["off_reason"]) == (
        BODY["url"],
        ["meter.reading", "wallet.topup"],
        True,
        None,
    )
    path = f"{base}/{first['endpoint_id']}"
    shown = (await client.get(path)).json()
    assert shown == {name: value for name, value in first.items() if name != "secret"}
    assert (await client.get(base)).json() == {"items": [shown], "next": None}

    rotated = (await client.post(f"{path}/rotate-secret", json={})).json()
    assert rotated["secret"] != first["secret"]
    assert rotated["old_secret_until"] is not None
    at_once = (await client.post(f"{path}/rotate-secret", json={"overlap_hours": 0})).json()
    assert at_once["old_secret_until"] is None

    changed = await client.put(path, json={**BODY, "types": ["supply.changed"], "is_on": False})
    assert (changed.json()["types"], changed.json()["is_on"]) == (["supply.changed"], False)
    assert (await client.delete(path)).json()["endpoint_id"] == first["endpoint_id"]
    assert (await client.get(path)).status_code == 404
    assert (await client.get(base)).json()["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://example.com/"},
        {"url": "https://127.0.0.1/"},
        {"url": "https://localhost/"},
        {"url": "https://169.254.169.254/latest"},
        {"url": "https://[::ffff:10.0.0.1]/"},
        {"url": "https://example.com:22/"},
        {"url": "nonsense"},
        {"url": "https://example.com/\n"},
        {"types": []},
        {"types": ["ping"]},
        {"types": ["wallet.gone"]},
        {"description": "x" * 201},
        {"secret": "whsec_mine"},
        {"estate_id": 2},
    ],
)
async def test_what_is_refused(client: httpx.AsyncClient, place: Place, wrong: dict[str, Any]) -> None:
    answer = await client.post(f"{place.base}/webhooks", json={**BODY, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    first = await made(client, f"{place.base}/webhooks", BODY)
    answer = await client.put(f"{place.base}/webhooks/{first['endpoint_id']}", json={**BODY, **wrong})
    assert answer.status_code == 422


async def test_an_estate_has_so_many_and_no_more(client: httpx.AsyncClient, place: Place) -> None:
    for _ in range(20):
        await made(client, f"{place.base}/webhooks", BODY)
    answer = await client.post(f"{place.base}/webhooks", json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhook_endpoints")
    page = (await client.get(f"{place.base}/webhooks", params={"limit": 15})).json()
    rest = (await client.get(f"{place.base}/webhooks", params={"after_id": page["next"]})).json()
    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (15, 5, None)


async def test_a_top_up_arrives_and_is_listed(
    app: FastAPI, client: httpx.AsyncClient, place: Place, database: Database
) -> None:
    """The whole way: from a receipt over the API to a receiver that checks the signature."""
    app.state.edge.parts["webhooks.address_rules"] = LOOPBACK
    async with receiving() as receiver, delivering(database):
        endpoint = await made(client, f"{place.base}/webhooks", {**BODY, "url": receiver.url()})
        path = f"{place.base}/webhooks/{endpoint['endpoint_id']}"
        topped = await place.top_up()
        (got,) = await receiver.until(1)
        event = Webhook(endpoint["secret"]).verify(got.body, got.headers)
        assert event["data"] == {
            "wallet_id": place.wallet_id,
            "unit_id": place.unit_id,
            "journal_id": topped.json()["journal_id"],
            "method": "cash",
            "received": {"amount": "100.000000", "currency": "ZAR"},
        }
        await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "5"))
        await client.post(f"{path}/test")
        await receiver.until(3)
        items: list[dict[str, Any]] = []
        while [each["state"] for each in items] != ["delivered"] * 3:
            items = (await client.get(f"{path}/deliveries")).json()["items"]
        assert [each["type"] for each in items] == ["ping", "meter.reading", "wallet.topup"]

        one = (await client.get(f"{path}/deliveries/{items[2]['event_id']}")).json()
        assert one["payload"] == event
        assert [(each["number"], each["status"]) for each in one["attempts"]] == [(1, 204)]
        pages = []
        before: str | None = None
        for _ in range(3):
            params = {"limit": 1, **({"before": before} if before else {})}
            page = (await client.get(f"{path}/deliveries", params=params)).json()
            pages += [each["type"] for each in page["items"]]
            before = page["next"]
        assert (pages, before) == (["ping", "meter.reading", "wallet.topup"], None)
        for params, count in (
            ({"type": "wallet.topup"}, 1),
            ({"state": "failed"}, 0),
            ({"state": "delivered", "type": "meter.reading"}, 1),
        ):
            assert len((await client.get(f"{path}/deliveries", params=params)).json()["items"]) == count

        again = await client.post(f"{path}/deliveries/{items[2]['event_id']}/replay")
        assert (again.status_code, again.json()["state"]) == (200, "waiting")
        answer = await client.post(
            f"{path}/replay", json={"since": items[2]["created_at"], "states": ["delivered"]}
        )
        assert answer.json()["deliveries"] in (2, 3)  # the one above may be there again already
        await receiver.until(6)
        await client.put(path, json={**BODY, "url": receiver.url(), "is_on": False})
        answer = await client.post(f"{path}/replay", json={"since": items[2]["created_at"]})
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_endpoint_off")


async def test_silent_meters_over_http(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/silence-rule"
    assert (await client.get(path)).json() == {"silent_hours": 24}
    for hours in (48, None):
        assert (await client.put(path, json={"silent_hours": hours})).json() == {"silent_hours": hours}
        assert (await client.get(path)).json() == {"silent_hours": hours}
    for wrong in ({"silent_hours": 0}, {"silent_hours": 8761}, {}, {"silent_hours": "soon"}):
        assert (await client.put(path, json=wrong)).status_code == 422, wrong
    assert (await client.get(f"{place.base}/silent-meters")).json() == {"items": [], "next": None}
