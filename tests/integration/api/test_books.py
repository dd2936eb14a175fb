"""Chart of accounts, trial balance, journals and statements over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from .place import Place

SPAN = {"from": "2020-01-01T00:00:00Z", "to": "2199-01-01T00:00:00Z"}


@pytest.fixture
async def books(place: Place) -> Place:
    """100.00 topped up in cash; 3 kWh charged at 2.00 and 15 %."""
    assert (await place.top_up()).status_code == 201
    await place.send(("2025-03-01T00:00:00Z", "10"), ("2025-03-01T01:00:00Z", "13"))
    return place


async def get(place: Place, path: str, **params: Any) -> Any:
    answer = await place.client.get(f"{place.base}/ledger/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def zar(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "ZAR"}


async def test_the_chart(books: Place) -> None:
    items = (await get(books, "accounts"))["items"]
    by_code = {each["code"]: each for each in items}
    wallet = by_code[f"wallet:{books.wallet_id}:electricity"]
    assert wallet == {
        "account_id": wallet["account_id"],
        "code": f"wallet:{books.wallet_id}:electricity",
        "name": "Wallet of A1, electricity",
        "class": "liability",
        "normal_side": "credit",
        "posted": zar("93.100000"),
        "held": zar("0.000000"),
        "available": zar("93.100000"),
        "head_seq": 2,
    }
    cash = by_code["clearing:cash"]
    assert (cash["name"], cash["class"], cash["normal_side"], cash["posted"]) == (
        "Cash received, not yet banked",
        "asset",
        "debit",
        zar("-100.000000"),
    )
    ids = [each["account_id"] for each in items]
    assert ids == sorted(ids)
    seen, after = [], 0
    while after is not None:
        page = await get(books, "accounts", after_id=after, limit=1)
        seen += [each["account_id"] for each in page["items"]]
        after = page["next"]
    assert seen == ids


async def test_the_trial_balance(books: Place) -> None:
    now = await get(books, "trial-balance")
    assert (now["period"], now["balanced"]) == (None, True)
    assert (now["debit"], now["credit"]) == (zar("100.000000"), zar("100.000000"))
    month = (await get(books, "journals"))["items"][0]["period"]
    of_month = await get(books, "trial-balance", period=month)
    assert (of_month["period"], of_month["balanced"]) == (month, True)
    # the receipt, and the charge of 6.90: 6.00 and 0.90
    assert (of_month["debit"], of_month["credit"]) == (zar("106.900000"), zar("106.900000"))
    (wallet,) = [
        each
        for each in of_month["accounts"]
        if each["code"].endswith(":electricity") and each["class"] == "liability"
    ]
    shown = [wallet[name]["amount"] for name in ("opening", "debit", "credit", "closing")]
    assert shown == ["0.000000", "6.900000", "100.000000", "93.100000"]
    assert (await get(books, "trial-balance", period="2019-01"))["debit"] == zar("0.000000")


async def test_an_unbalanced_ledger_says_so(books: Place, admin: Any) -> None:
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("UPDATE account SET posted_micro = posted_micro + 1 WHERE code = 'tax'")
    assert (await get(books, "trial-balance"))["balanced"] is False


async def test_the_statement(books: Place) -> None:
    account_id = (await get(books, "accounts"))["items"][0]["account_id"]
    whole = await get(books, f"accounts/{account_id}/statement", **SPAN)
    assert (whole["name"], whole["from"], whole["to"]) == (
        "Wallet of A1, electricity",
        "2020-01-01T00:00:00Z",
        "2199-01-01T00:00:00Z",
    )
    assert (whole["opening"], whole["closing"]) == (zar("0.000000"), zar("93.100000"))
    assert (whole["entries_total"], whole["is_archived"], whole["next"]) == (2, False, None)
    told = [
        (e["seq"], e["kind"], e["amount"]["amount"], e["balance_after"]["amount"]) for e in whole["items"]
    ]
    assert told == [(1, "top_up", "100.000000", "100.000000"), (2, "charge", "-6.900000", "93.100000")]
    assert (whole["items"][1]["quantity"], whole["items"][1]["event_at"]) == (
        "3.000000",
        "2025-03-01T01:00:00Z",
    )
    first = await get(books, f"accounts/{account_id}/statement", **SPAN, limit=1)
    assert (len(first["items"]), first["next"], first["closing"]) == (1, 1, whole["closing"])
    second = await get(books, f"accounts/{account_id}/statement", **SPAN, limit=1, cursor=1)
    assert (second["items"], second["next"]) == (whole["items"][1:], None)
    charged_at = whole["items"][1]["booked_at"]
    before = await get(books, f"accounts/{account_id}/statement", **{**SPAN, "to": charged_at})
    assert (before["closing"], len(before["items"])) == (zar("100.000000"), 1)


async def test_journals_and_one_of_them(books: Place) -> None:
    items = (await get(books, "journals"))["items"]
    assert [each["kind"] for each in items] == ["charge", "top_up"]
    assert items[1]["idempotency_key"] == "k1"
    assert items[0]["idempotency_key"] is None
    first = await get(books, "journals", limit=1)
    assert first["next"] == items[0]["journal_id"]
    assert (await get(books, "journals", limit=1, before=first["next"]))["items"] == items[1:]
    assert [each["kind"] for each in (await get(books, "journals", kind="top_up"))["items"]] == ["top_up"]
    assert (await get(books, "journals", period="2019-01"))["items"] == []
    one = await get(books, f"journals/{items[1]['journal_id']}")
    assert {name: value for name, value in one.items() if name not in ("entries", "next")} == items[1]
    lines = [(e["line"], e["name"], e["amount"]["amount"], e["source_kind"]) for e in one["entries"]]
    assert lines == [
        (0, "Wallet of A1, electricity", "100.000000", "none"),
        (1, "Cash received, not yet banked", "-100.000000", "none"),
    ]
    half = await get(books, f"journals/{items[1]['journal_id']}", limit=1)
    assert (len(half["entries"]), half["next"]) == (1, 0)
    rest = await get(books, f"journals/{items[1]['journal_id']}", limit=1, after_line=0)
    assert (rest["entries"], rest["next"]) == (one["entries"][1:], None)


BAD = [
    ("trial-balance", {"period": "2026-13"}, "query.period"),
    ("trial-balance", {"period": "26-01"}, "query.period"),
    ("trial-balance", {"period": "2026-01-01"}, "query.period"),
    ("journals", {"kind": "bribe"}, "query.kind"),
    ("journals", {"before": "x"}, "query.before"),
    ("journals", {"period": "١٩٩٩-01"}, "query.period"),
    ("accounts/1/statement", {"from": "2026-01-01T00:00:00Z"}, "query.to"),
    ("accounts/1/statement", {**SPAN, "from": "2026-01-01T00:00:00"}, "query.from"),
    ("accounts/1/statement", {"from": SPAN["to"], "to": SPAN["from"]}, "query.to"),
    ("accounts/1/statement", {**SPAN, "cursor": "-1"}, "query.cursor"),
    ("accounts/1/statement", {**SPAN, "limit": "0"}, "query.limit"),
    ("journals/7", {}, "path.journal_id"),
]


@pytest.mark.parametrize(("path", "params", "place_of_fault"), BAD)
async def test_what_makes_no_sense_is_refused(
    client: httpx.AsyncClient, place: Place, path: str, params: dict[str, str], place_of_fault: str
) -> None:
    answer = await client.get(f"{place.base}/ledger/{path}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [each["path"] for each in answer.json()["problems"]] == [place_of_fault]


async def test_what_is_not_there(books: Place) -> None:
    nobody = "01930000-0000-7000-8000-000000000001"
    for path in (f"journals/{nobody}", f"journals?before={nobody}"):
        answer = await books.client.get(f"{books.base}/ledger/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = await books.client.get(f"{books.base}/ledger/accounts/999/statement", params=SPAN)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
