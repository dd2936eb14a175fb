"""Wallets over HTTP: balances, entries page by page, top-ups that are booked once."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mita.wallets.operations import TopUp, receive_top_up

from .place import made

if TYPE_CHECKING:
    import httpx
    import psycopg

    from mita.kit.db import Database

    from .place import Place


async def test_a_wallet_shows_its_balance_and_standing(client: httpx.AsyncClient, place: Place) -> None:
    wallet = (await client.get(f"{place.base}/wallets/{place.wallet_id}")).json()
    assert (wallet["wallet_id"], wallet["unit_id"]) == (place.wallet_id, place.unit_id)
    (balance,) = wallet["balances"]
    assert balance["utility"] == "electricity"
    assert balance["balance"] == {"amount": "0.000000", "currency": "ZAR"}
    assert (await client.get(f"{place.base}/wallets")).json() == {"items": [wallet], "next": None}


async def test_wallets_are_listed_page_by_page(client: httpx.AsyncClient, place: Place) -> None:
    created = await made(client, f"{place.base}/units", {"names": ["B1", "B2"]})
    for number, unit in enumerate(created["items"]):
        meter = {"unit_id": unit["unit_id"], "serial": f"W{number}", "utility": "water"}
        await made(client, f"{place.base}/meters", meter)
    first = (await client.get(f"{place.base}/wallets", params={"limit": 2})).json()
    rest = (await client.get(f"{place.base}/wallets", params={"after_id": first["next"]})).json()

    assert rest["next"] is None
    units = [each["unit_id"] for each in first["items"] + rest["items"]]
    assert units == [place.unit_id, *(unit["unit_id"] for unit in created["items"])]
    assert [each["utility"] for each in rest["items"][0]["balances"]] == ["water"]


# ── entries ──


async def test_entries_say_what_happened(client: httpx.AsyncClient, place: Place) -> None:
    await place.top_up(reference="Receipt 7")
    await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-01T01:00:00Z", "110.5"))

    path = f"{place.base}/wallets/{place.wallet_id}/entries"
    charge, top_up = (await client.get(path, params={"utility": "electricity"})).json()["items"]

    assert (top_up["seq"], top_up["kind"], top_up["journal_kind"]) == (1, "top_up", "top_up")
    assert top_up["amount"] == {"amount": "100.000000", "currency": "ZAR"}
    assert top_up["balance_after"]["amount"] == "100.000000"
    assert top_up["quantity"] is None
    assert top_up["memo"] == "cash: Receipt 7"
    assert (charge["seq"], charge["kind"]) == (2, "charge")
    # 10.5 kWh at 2.00 and 15 %
    assert charge["amount"]["amount"] == "-24.150000"
    assert charge["balance_after"]["amount"] == "75.850000"
    assert charge["quantity"] == {"amount": "10.500000", "unit": "kWh"}
    assert charge["event_at"] == "2025-03-01T01:00:00Z"
    assert charge["booked_at"] > "2026"


async def test_pages_of_entries_join(client: httpx.AsyncClient, place: Place) -> None:
    for number in range(5):
        assert (await place.top_up(f"k{number}", amount=f"{number + 1}.00")).status_code == 201
    path = f"{place.base}/wallets/{place.wallet_id}/entries"
    seen: list[tuple[int, str]] = []
    cursor: dict[str, int] = {}
    for _ in range(3):
        answer = (await client.get(path, params={"utility": "electricity", "limit": 2, **cursor})).json()
        seen += [(each["seq"], each["balance_after"]["amount"]) for each in answer["items"]]
        cursor = {"before_seq": answer["next"]}

    assert cursor == {"before_seq": None}
    # 1 + 2 + 3 + 4 + 5
    assert seen == [(5, "15.000000"), (4, "10.000000"), (3, "6.000000"), (2, "3.000000"), (1, "1.000000")]


async def test_entries_that_cannot_be_listed(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/wallets/{place.wallet_id}/entries"
    refused = [
        ({}, 422, "invalid"),
        ({"utility": "steam"}, 422, "invalid"),
        ({"utility": "electricity", "before_seq": 0}, 422, "invalid"),
        ({"utility": "electricity", "before_seq": 2**63}, 422, "invalid"),
        ({"utility": "electricity", "limit": 1001}, 422, "invalid"),
        ({"utility": "water"}, 404, "not_found"),
    ]
    for params, status, code in refused:
        answer = await client.get(path, params=params)
        assert (answer.status_code, answer.json()["code"]) == (status, code), params
    far = await client.get(path, params={"utility": "electricity", "before_seq": 2**63 - 1})
    assert far.json() == {"items": [], "next": None}


# ── top-ups ──


async def test_a_top_up_is_booked_once_per_key(place: Place) -> None:
    first = await place.top_up("k1")
    again = await place.top_up("k1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert uuid.UUID(first.json()["journal_id"]).version == 7
    assert first.json()["is_repeat"] is False
    assert again.json() == {**first.json(), "is_repeat": True}
    assert first.json()["balance"] == {"amount": "100.000000", "currency": "ZAR"}
    assert await place.balance() == "100.000000"
    assert (await place.top_up("k2")).json()["balance"]["amount"] == "200.000000"


@pytest.mark.parametrize(
    "change",
    [{"amount": "100.000001"}, {"method": "eft"}, {"reference": "x"}, {"utility": "electricity"}],
)
async def test_a_key_belongs_to_one_body(place: Place, change: dict[str, str]) -> None:
    await place.top_up("k1")
    other = await place.top_up("k1", **change)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert await place.balance() == "100.000000"


async def test_the_same_amount_in_other_words_is_the_same_receipt(place: Place) -> None:
    await place.top_up("k1", amount="100.00")
    again = await place.top_up("k1", amount="100.000000")
    assert (again.status_code, again.json()["is_repeat"]) == (200, True)


async def test_requests_at_once_with_one_key_book_once(place: Place, admin: psycopg.Connection) -> None:
    answers = await asyncio.gather(*(place.top_up("k1") for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 200, 201]
    assert len({answer.json()["journal_id"] for answer in answers}) == 1
    assert await place.balance() == "100.000000"
    assert admin.execute("SELECT count(*) FROM journal").fetchone() == (1,)


async def test_requests_at_once_with_other_keys_book_each(place: Place) -> None:
    answers = await asyncio.gather(*(place.top_up(f"k{number}") for number in range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert await place.balance() == "800.000000"


async def test_top_ups_race_readings(place: Place) -> None:
    await place.send(("2025-03-01T00:00:00Z", "0"))
    await asyncio.gather(
        *(place.top_up(f"k{number}") for number in range(5)),
        *(place.send((f"2025-03-01T{hour:02d}:00:00Z", str(hour))) for hour in range(1, 6)),
    )
    # five receipts of 100.00 less five kWh at 2.30, in whatever order the readings came
    assert await place.balance() == "488.500000"


async def test_a_first_charge_that_a_top_up_overtakes(
    place: Place, database: Database, admin: psycopg.Connection
) -> None:
    """The income accounts that the overtaken attempt opened are gone with it: nobody may remember them."""
    await place.send(("2025-03-01T00:00:00Z", "0"))
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await receive_top_up(
            session,
            estate_id=place.estate_id,
            top_up=TopUp(place.wallet_id, 100_000_000, "cash", "", "electricity"),
            idempotency_key="k1",
            actor="staff:test",
            now=datetime(2026, 3, 1, tzinfo=UTC),
        )
        charging = asyncio.create_task(place.send(("2025-03-01T01:00:00Z", "5")))
        async with asyncio.timeout(30):
            # it has read the balance before the top-up, and waits for the account
            while admin.execute(waiting).fetchone() == (0,):  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
    await charging

    assert await place.balance() == "88.500000"


BAD_KEYS: list[Any] = [None, "", "x" * 201, "with space", "é".encode(), b"\xff", b"a\x7f"]


async def test_a_top_up_needs_a_key(client: httpx.AsyncClient, place: Place) -> None:
    for key in BAD_KEYS:
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = await client.post(
            f"{place.base}/wallets/{place.wallet_id}/top-ups",
            json={"amount": "1.00", "method": "cash"},
            headers=headers,
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert answer.json()["problems"][0]["path"] == "header.Idempotency-Key"
        assert await place.balance() == "0.000000"


BAD_TOP_UPS: list[Any] = [
    ({"amount": "0"}, "amount"),
    ({"amount": "0.000000"}, "amount"),
    ({"amount": "1000000000.01"}, "amount"),
    ({"amount": "-5"}, "body.amount"),
    ({"amount": "1e3"}, "body.amount"),
    ({"amount": "1,50"}, "body.amount"),
    ({"amount": "0.0000001"}, "body.amount"),
    ({"amount": " 5"}, "body.amount"),
    ({"amount": "5\n"}, "body.amount"),
    ({"amount": "\N{ARABIC-INDIC DIGIT FIVE}"}, "body.amount"),
    ({"amount": "9" * 5000}, "body.amount"),
    ({"amount": 5}, "body.amount"),
    ({"amount": 5.5}, "body.amount"),
    ({"amount": None}, "body.amount"),
    ({"method": "cheque"}, "body.method"),
    ({"currency": "EUR"}, "body.currency"),
    ({"currency": "eur"}, "body.currency"),
    ({"reference": "x" * 201}, "body.reference"),
    ({"reference": "a\x00b"}, "body.reference"),
    ({"utility": "steam"}, "body.utility"),
    ({"tip": "1"}, "body.tip"),
]


async def test_a_top_up_that_cannot_be(place: Place) -> None:
    for change, path in BAD_TOP_UPS:
        answer = await place.top_up(**change)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
        assert [each["path"] for each in answer.json()["problems"]] == [path]
        assert await place.balance() == "0.000000"
    # what was refused has not used the key up
    assert (await place.top_up()).status_code == 201


async def test_a_named_utility_gets_a_top_up_whole(client: httpx.AsyncClient, place: Place) -> None:
    refused = await place.top_up(utility="water")
    assert (refused.status_code, refused.json()["code"]) == (409, "utility_not_in_wallet")
    await made(client, f"{place.base}/meters", {"unit_id": place.unit_id, "serial": "W1", "utility": "water"})
    booked = await place.top_up(utility="water", currency="ZAR")
    assert booked.status_code == 201
    wallet = (await client.get(f"{place.base}/wallets/{place.wallet_id}")).json()
    amounts = {each["utility"]: each["balance"]["amount"] for each in wallet["balances"]}
    assert amounts == {"electricity": "0.000000", "water": "100.000000"}
    assert wallet["general"]["balance"] == {"amount": "0.000000", "currency": "ZAR"}


async def test_a_top_up_of_a_wallet_that_is_not_there(client: httpx.AsyncClient, place: Place) -> None:
    answer = await client.post(
        f"{place.base}/wallets/{place.wallet_id + 1}/top-ups",
        json={"amount": "1.00", "method": "cash"},
        headers={"Idempotency-Key": "k"},
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_key_of_one_estate_is_free_in_another(client: httpx.AsyncClient, place: Place) -> None:
    from .place import settle

    other = await settle(client, name="Oak Gardens")
    assert (await place.top_up("k1")).status_code == 201
    assert (await other.top_up("k1", amount="7.00")).status_code == 201
    assert await other.balance() == "7.000000"
    assert await place.balance() == "100.000000"
