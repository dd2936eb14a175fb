"""Lists come in pages that follow each other; those that come whole are short by nature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .place import RATES, made
from .routes import api_operations_of
from .test_ledger_moves import account_id, post

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from .place import Place

# operation -> why it comes whole
WHOLE = {
    "list_signing_keys": "two or three keys",
    "list_sessions": "one person's own",
    "list_passkeys": "one person's own, twenty at most",
    "list_consents": "one person's",
    "list_own_consents": "one person's own",
    "list_own_homes": "one person's own",
    "list_retention_rules": "one for each kind of data",
    "list_import_templates": "one for each kind of row",
    "list_drivers": "one for each protocol",
    "list_allocations": "adds up only whole",
    "list_shared_intervals": "adds up only whole",
    "list_clearing": "one for each method of payment",
    "list_periods": "one for each month",
    "list_credit_rules": "one for each utility",
    "list_grants": "of one wallet",
    "list_payment_ways": "of one wallet",
    "list_group_payment_ways": "of one group",
    "list_wallet_supplies": "of one wallet, one for each utility",
    "list_invitations": "of one wallet",
    "list_promotions": "of one wallet",
    "list_debts": "of one wallet",
    "list_factors": "of one register",
}


def test_every_list_has_pages_or_is_short_by_nature(app: FastAPI) -> None:
    whole = set()
    for operation in api_operations_of(app):
        asked = {each["name"] for each in operation.spec.get("parameters", []) if each["in"] == "query"}
        if operation.operation_id.startswith("list_") and "limit" not in asked:
            whole.add(operation.operation_id)
    assert whole == set(WHOLE)


async def filled(place: Place) -> dict[str, int]:
    """Let an estate have several rows of everything; return the lists and how long each is."""
    client = place.client
    units = (await made(client, f"{place.base}/units", {"names": ["B1", "B2"]}))["items"]
    for unit in units:
        meter = {"unit_id": unit["unit_id"], "serial": unit["name"], "utility": "electricity"}
        await made(client, f"{place.base}/meters", meter)
    tenant = await made(client, f"{place.base}/people", {"name": "Thandi"})
    stay = {"person_id": tenant["person_id"]}
    for unit_id in (place.unit_id, *(each["unit_id"] for each in units)):
        path = f"{place.base}/units/{unit_id}"
        for from_on, until_on in (("2024-01-01", "2024-06-01"), ("2025-01-01", None)):
            body = {**stay, "from_on": from_on, "until_on": until_on}
            await made(client, f"{path}/assign-resident", body)
        await made(client, f"{path}/assign-owner", {**stay, "from_on": "2024-01-01", "share": "0.5"})
        await made(client, f"{path}/supply-stops", {"utility": "electricity", "reason": "Works"})
    for number, day in enumerate(("2025-06-01", "2025-07-01", "2025-07-01")):
        document = {**RATES, "name": f"Table {number}", "effective_from": day}
        await made(client, f"{place.base}/rate-tables", {"document": document})
    for unit in units:
        body = {"rate_table_id": place.rate_table_id, "unit_id": unit["unit_id"]}
        await made(client, f"{place.base}/rate-assignments", body)
    await place.top_up()
    wallet, soon = await account_id(place), (datetime.now(tz=UTC) + timedelta(hours=1)).isoformat()
    for number in range(3):
        hold = {"account_id": wallet, "amount": "1.00", "purpose": "Electrician", "expires_at": soon}
        assert (await post(place, "/ledger/holds", hold, key=f"h{number}")).status_code == 201
        adjustment = {"account_id": wallet, "amount": f"{number + 1}.00", "reason": "Goodwill"}
        asked = await post(place, "/ledger/adjustments", adjustment, key=f"a{number}")
        assert asked.json()["state"] == "waiting", asked.text
    await made(client, f"{place.base}/people", {"name": "abel"})
    return {
        "/meters": 3,
        "/unit-names": 3,
        "/meters?order=-serial": 3,
        "/meters?q=b": 2,
        "/meters?utility=water": 0,
        "/people?order=name": 2,
        "/wallets?unit_id=1": 1,
        "/rate-tables?utility=water": 0,
        "/rate-assignments?utility=electricity": 3,
        "/alerts?kind=low_balance": 0,
        "/supplies?is_on=false": 0,
        "/occupancies": 6,
        "/ownerships": 3,
        "/supply-stops": 3,
        "/rate-tables": 4,
        "/rate-assignments": 3,
        f"/ledger/holds?account_id={wallet}": 3,
        "/ledger/adjustments": 3,
    }


async def pages(client: httpx.AsyncClient, url: str) -> list[list[Any]]:
    """Follow a list's own links from its first page on."""
    found: list[list[Any]] = []
    following: str | None = url
    while following is not None:
        answer = await client.get(following)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        following = answer.links.get("next", {}).get("url")
        assert len(found) < 10
    return found


async def test_pages_follow_each_other(place: Place) -> None:
    for path, count in (await filled(place)).items():
        url = f"{place.base}{path}{'&' if '?' in path else '?'}limit="
        (whole,) = await pages(place.client, f"{url}100")
        assert len(whole) == count, path
        for limit in (1, 2):
            parts = await pages(place.client, f"{url}{limit}")
            assert [row for part in parts for row in part] == whole, path
            assert all(len(part) == limit for part in parts[:-1]), path
            assert parts[-1] or count == 0, path
    serials = [row["serial"] for row in (await pages(place.client, f"{place.base}/meters?order=-serial"))[0]]
    assert serials == ["E1", "B2", "B1"]
    (people,) = await pages(place.client, f"{place.base}/people?order=name")
    assert [row["name"] for row in people] == ["abel", "Thandi"]
    (found,) = await pages(place.client, "/api/v1/persons?q=BEL")
    assert [row["name"] for row in found] == ["abel"]
    assert (await pages(place.client, "/api/v1/persons?q=%25")) == [[]]
