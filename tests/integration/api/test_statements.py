"""The statement of a wallet, against the ledger's own and sums by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .place import RATES, made

if TYPE_CHECKING:
    import httpx

    from .place import Place

SPAN = {"from": "2025-01-01", "to": "2045-01-01"}


async def network(client: httpx.AsyncClient, place: Place) -> None:
    """Let the network have 0.0333 for a kilowatt-hour, beside the 2.00 of supply."""
    document = {**RATES, "name": "Network", "charges": [{**RATES["charges"][0], "price": "0.0333"}]}
    table = await made(client, f"{place.base}/rate-tables", {"document": document})
    body = {"rate_table_id": table["rate_table_id"], "role": "network"}
    answer = await client.post(f"{place.base}/rate-assignments", json=body)
    assert answer.status_code in (200, 201), answer.text


async def statement(client: httpx.AsyncClient, place: Place, **query: str) -> dict[str, Any]:
    path = f"{place.base}/wallets/{place.wallet_id}/statements"
    answer = await client.get(path, params={**SPAN, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_statement_adds_up_and_agrees_with_the_ledger(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    await network(client, place)
    assert (await place.top_up(utility="electricity")).status_code == 201
    hours = [(f"2025-03-01T0{hour}:00:00Z", str(100 + hour)) for hour in range(7)]
    await place.send(*hours)
    # the second charge, of the reading at one, is reversed
    body = {"account_id": None, "seq": 2, "reason": "a slip"}
    wallet = (await client.get(f"{place.base}/wallets/{place.wallet_id}")).json()
    accounts = {each["utility"]: each["account_id"] for each in (await statement(client, place))["accounts"]}
    assert set(accounts) == {"electricity", "general"}
    body["account_id"] = accounts["electricity"]
    answer = await client.post(f"{place.base}/ledger/reversals", json=body, headers={"Idempotency-Key": "r1"})
    assert answer.status_code in (200, 201), answer.text

    found = await statement(client, place)
    lines = {each["kind"]: each for each in found["lines"]}
    assert set(lines) == {"charge", "top_up", "reversal"}
    # six kilowatt-hours at 2.0333 and 15 %: 12.1998 and 1.82997
    charge = lines["charge"]
    assert charge["total"] == {"amount": "-14.029770", "rounded": "-14.03"}
    assert charge["net"] == {"amount": "-12.199800", "rounded": "-12.20"}
    assert charge["tax"] == {"amount": "-1.829970", "rounded": "-1.83"}
    assert charge["roles"] == [
        {"role": "network", "net": "-0.199800"},
        {"role": "supply", "net": "-12.000000"},
    ]
    assert (charge["entries"], charge["quantity"]) == (6, {"amount": "6.000000", "unit": "kWh"})
    # the sixth part of it came back
    assert lines["reversal"]["total"]["amount"] == "2.338295"
    assert lines["reversal"]["tax"]["amount"] == "0.304995"
    assert lines["top_up"]["net"] is None
    assert found["opening"] == {"amount": "0.000000", "rounded": "0.00"}
    # 100 - 14.02977 + 2.338295
    assert found["closing"] == {"amount": "88.308525", "rounded": "88.31"}
    assert sum(Decimal(each["total"]["rounded"]) for each in found["lines"]) == Decimal("88.31")
    assert wallet["balances"]

    for utility, account_id in accounts.items():
        path = f"{place.base}/ledger/accounts/{account_id}/statement"
        query = {"from": "2024-12-31T22:00:00Z", "to": "2199-01-01T00:00:00Z"}
        ledger = (await client.get(path, params=query)).json()
        (own,) = [each for each in found["accounts"] if each["utility"] == utility]
        assert own["opening"] == ledger["opening"]
        assert own["closing"] == ledger["closing"]
        by_kind: dict[str, Decimal] = {}
        for entry in ledger["items"]:
            amount = Decimal(entry["amount"]["amount"])
            by_kind[entry["kind"]] = by_kind.get(entry["kind"], Decimal(0)) + amount
        shown = {
            each["kind"]: Decimal(each["total"]["amount"])
            for each in found["lines"]
            if each["utility"] == utility
        }
        assert shown == by_kind

    # a resident sees the same of their own, and nothing moved before
    assert await statement(member, place) == found
    before = await statement(client, place, to="2025-02-01")
    assert (before["lines"], before["closing"]["amount"]) == ([], "0.000000")
    sheet = await client.get(
        f"{place.base}/wallets/{place.wallet_id}/statements", params=SPAN, headers={"Accept": "text/csv"}
    )
    assert [line.split(",")[0] for line in sheet.text.splitlines()] == [
        *("line", "opening", "charge", "top_up", "reversal", "closing"),
    ]
    assert "charge,electricity,6,6.000000,kWh,-12.20,-1.83,-14.03,-14.029770,ZAR" in sheet.text


async def test_what_was_corrected_since_is_shown_without_its_tax(
    client: httpx.AsyncClient, place: Place
) -> None:
    """A charge whose past costs something else now: nothing says any more how it was made up."""
    await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-01T01:00:00Z", "110"))
    document = {**RATES, "name": "Mended", "charges": [{**RATES["charges"][0], "price": "3.00"}]}
    table = await made(client, f"{place.base}/rate-tables", {"document": document})
    body = {"rate_table_id": table["rate_table_id"], "reason": "a slip", "is_correction": True}
    answer = await client.post(f"{place.base}/rate-assignments", json=body)
    assert answer.status_code in (200, 201), answer.text
    lines = {each["kind"]: each for each in (await statement(client, place))["lines"]}
    assert (lines["charge"]["total"]["amount"], lines["charge"]["tax"]) == ("-23.000000", None)
    assert lines["correction"]["total"]["amount"] == "-11.500000"
    assert lines["correction"]["tax"]["amount"] == "-1.500000"
