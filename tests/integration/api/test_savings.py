"""Savings over HTTP: who may look, and what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .place import RATES, made

if TYPE_CHECKING:
    import httpx

    from .place import Place

SPAN = {"from": "2025-03-01", "to": "2025-04-01"}


async def test_a_resident_sees_what_was_saved(
    client: httpx.AsyncClient, member: httpx.AsyncClient, stranger: httpx.AsyncClient, place: Place
):
    dearer = {**RATES, "charges": [{"name": "Energy", "kind": "usage", "price": "2.50"}]}
    table = await made(client, f"{place.base}/rate-tables", {"document": dearer})
    rule = {"notice_days": 30, "benchmarks": {"electricity": [table["rate_table_id"]]}}
    assert (await client.put(f"{place.base}/rate-rule", json=rule)).status_code == 200
    await place.send(("2025-03-01T00:00:00+02:00", "0"), ("2025-03-03T00:00:00+02:00", "100"))
    path = f"{place.base}/wallets/{place.wallet_id}/savings"
    answer = await member.get(path, params=SPAN)
    assert answer.status_code == 200, answer.text
    sums = {
        "charged": {"amount": "230.000000", "currency": "ZAR"},
        "benchmark": {"amount": "287.500000", "currency": "ZAR"},
        "saved": {"amount": "57.500000", "currency": "ZAR"},
        "unchanged": {"amount": "0.000000", "currency": "ZAR"},
        "charged_total": {"amount": "230.000000", "currency": "ZAR"},
        "benchmark_total": {"amount": "287.500000", "currency": "ZAR"},
    }
    assert answer.json() == {
        "role": "supply",
        **SPAN,
        **sums,
        "months": [{"month": "2025-03", **sums, "utilities": [{"utility": "electricity", **sums}]}],
    }
    assert (await stranger.get(path, params=SPAN)).status_code == 404


async def test_without_a_benchmark_the_list_is_empty(client: httpx.AsyncClient, place: Place):
    answer = await client.get(f"{place.base}/wallets/{place.wallet_id}/savings", params=SPAN)
    assert (answer.status_code, answer.json()["months"]) == (200, [])
    assert answer.json()["saved"]["amount"] == "0.000000"


async def test_a_span_that_is_none_is_refused(client: httpx.AsyncClient, place: Place):
    for span in (
        {"from": "2025-04-01", "to": "2025-04-01"},
        {"from": "2020-01-01", "to": "2025-04-01"},
        {"from": "1000-01-01", "to": "1001-01-01"},
        {"from": "9999-01-01", "to": "9999-12-31"},
        {"from": "x", "to": "2025-04-01"},
        {"from": "2025-04-01"},
        {**SPAN, "role": "tax"},
    ):
        answer = await client.get(f"{place.base}/wallets/{place.wallet_id}/savings", params=span)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), span
