"""An entry of every kind that a wallet can have is explained, to staff and to whoever may see the wallet."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from mita.charging import operations as charging
from mita.kit.db import see_as_person
from mita.ledger.domain import EntryKind
from mita.wallets import operations as wallets

from .people import signed_in
from .place import RATES, made

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

# on the books of the estate only, or of what a wallet owes
_OF_THE_SYSTEM = {EntryKind.INCOME, EntryKind.TAX, EntryKind.CLEARING, EntryKind.BANKING}
_OF_DEBTS = {EntryKind.REPAYMENT, EntryKind.RECOVERY}
# of communities, which have tests of their own
_OF_COMMUNITIES = {"sharing", "solar_credit"}
_CHARGES = {"charge", "correction", "standing_charge", "demand", "minimum", "netting"}
HOUR = timedelta(hours=1)


async def post(client: httpx.AsyncClient, path: str, body: Any, *, key: str = "") -> Any:
    answer = await client.post(path, json=body, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def put(client: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await client.put(path, json=body)
    assert answer.status_code == 200, answer.text


async def account_id(place: Place, utility: str) -> int:
    rows = (await place.client.get(f"{place.base}/ledger/accounts")).json()["items"]
    return next(row["account_id"] for row in rows if row["code"] == f"wallet:{place.wallet_id}:{utility}")


async def charge_in_every_way(database: Database, client: httpx.AsyncClient, place: Place) -> None:
    """One by one, late, released, in sums, by the calendar, and corrected by another table."""
    charges = [
        {"name": "Energy", "kind": "usage", "price": "2.00"},
        {"name": "Line", "kind": "fixed", "per": "day", "price": "1.00"},
        {"name": "Peak", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "3.00"},
        {"name": "Least", "kind": "minimum", "per": "month", "price": "5000.00"},
    ]
    document = {**RATES, "name": "Timed", "effective_from": "2025-03-01", "charges": charges}
    table = await made(client, f"{place.base}/rate-tables", {"document": document})
    await made(client, f"{place.base}/rate-assignments", {"rate_table_id": table["rate_table_id"]})
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-02T00:00:00Z", "10"))
    await place.send(("2025-03-01T12:00:00Z", "9"))
    # more than twenty an hour is held until a person accepts it
    await place.send(("2025-03-02T01:00:00Z", "90"))
    await post(client, f"{place.base}/registers/{place.register_id}/readings/2025-03-02T01:00:00Z/accept", {})
    await put(client, f"{place.base}/charging-rule", {"cadence": "daily"})
    await place.send(("2025-03-03T00:00:00Z", "95"), ("2025-03-04T00:00:00Z", "99"))
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await charging.post_accruals(session, estate_id=place.estate_id, now=datetime.now(tz=UTC))
    await put(client, f"{place.base}/charging-rule", {"cadence": "each"})
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        now = datetime(2025, 4, 2, tzinfo=UTC)
        await charging.post_timed_charges(session, estate_id=place.estate_id, limit=10, now=now)
    await place.send(("2025-03-05T00:00:00Z", "120"))
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        now = datetime(2025, 4, 2, 1, tzinfo=UTC)
        await charging.post_timed_charges(session, estate_id=place.estate_id, limit=10, now=now)


async def move_in_every_way(database: Database, client: httpx.AsyncClient, place: Place) -> None:
    """Between accounts and wallets, in, out, promised, lent, set aside, by staff."""
    wallet, soon = f"{place.base}/wallets/{place.wallet_id}", (datetime.now(tz=UTC) + HOUR).isoformat()
    electricity = await account_id(place, "electricity")
    await put(
        client,
        f"{place.base}/credit-rules/electricity",
        {"is_cutting": False, "low_line": "20.00", "cut_line": "0.00", "restore_line": "10.00"},
    )
    await put(client, f"{place.base}/ledger/rule", {"adjustment_limit": "100.00", "clearing_due_hours": 72})
    emergency = {"is_on": True, "amount": "15.00", "who": "staff"}
    await put(client, f"{place.base}/emergency-rule", emergency)
    await post(client, f"{wallet}/emergency-draws", {"utility": "electricity"}, key="draw")
    await post(client, f"{wallet}/debt-plans", {"amount": "50.00", "percent_of_top_ups": "10"}, key="debt")
    await place.top_up("general", amount="20000.00", utility="general")
    await place.top_up("own", amount="9000.00", utility="electricity")
    await post(
        client,
        f"{wallet}/transfers",
        {
            "from_utility": "general",
            "to": {"utility": "electricity"},
            "amount": "40.00",
            "memo": "More light",
        },
        key="moved",
    )
    paid_out = {"utility": "general", "amount": "10.00", "memo": "Moved out"}
    await post(client, f"{wallet}/pay-outs", paid_out, key="out")
    hold = {"account_id": electricity, "amount": "6.00", "purpose": "Electrician", "expires_at": soon}
    placed = await post(client, f"{place.base}/ledger/holds", hold, key="hold")
    taken = {"amount": "3.50", "payee": "electrician"}
    await post(client, f"{place.base}/ledger/holds/{placed['hold_id']}/resolve", taken)
    await post(
        client,
        f"{place.base}/ledger/adjustments",
        {"account_id": electricity, "amount": "-1.00", "reason": "Lost key"},
        key="adjusted",
    )
    adjusted = next(each for _, each in await entries(client, place) if each["kind"] == "adjustment")
    undone = {"account_id": electricity, "seq": adjusted["seq"], "reason": "It was found"}
    await post(client, f"{place.base}/ledger/reversals", undone)
    credit = {"utility": "electricity", "amount": "7.00", "expires_at": soon, "reason": "Welcome"}
    promised = [await post(client, f"{wallet}/promotions", credit, key="promised")]
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        for row in promised:
            await wallets.expire_promotion(
                session,
                estate_id=place.estate_id,
                promotion_id=UUID(row["promotion_id"]),
                now=datetime.now(tz=UTC) + 2 * HOUR,
            )
    group = await made(client, f"{place.base}/wallet-groups", {"name": "The Mokoenas"})
    path = f"{place.base}/wallet-groups/{group['group_id']}"
    await post(client, f"{path}/members", {"wallet_id": place.wallet_id})
    await post(client, f"{path}/top-ups", {"amount": "30.00", "method": "cash"}, key="family")
    await post(client, f"{path}/distributions", {"way": "equal"}, key="given")
    tenant = {"person": {"name": "Thandi"}}
    await post(client, f"{place.base}/units/{place.unit_id}/onboard-tenant", tenant, key="in")


async def entries(client: httpx.AsyncClient, place: Place) -> list[tuple[str, dict[str, Any]]]:
    """Return every entry of the wallet with the utility of its account."""
    found = []
    for utility in ("electricity", "general"):
        path = f"{place.base}/wallets/{place.wallet_id}/entries"
        answer = await client.get(path, params={"utility": utility, "limit": 500})
        assert answer.status_code == 200, answer.text
        assert answer.json()["next"] is None
        found += [(utility, each) for each in answer.json()["items"]]
    return found


async def test_every_kind_of_entry_is_explained(
    database: Database, client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    await charge_in_every_way(database, client, place)
    await move_in_every_way(database, client, place)
    listed = await entries(member, place)

    wanted = {each.shown for each in EntryKind if each not in _OF_THE_SYSTEM | _OF_DEBTS} - _OF_COMMUNITIES
    assert {entry["kind"] for _, entry in listed} >= wanted - {"netting"}
    found: list[str] = []
    for utility, entry in listed:
        path = f"{place.base}/wallets/{place.wallet_id}/entries/{utility}/{entry['seq']}/explanation"
        answer = await member.get(path)
        assert answer.status_code == 200, (entry, answer.text)
        body = answer.json()
        assert body == (await client.get(path)).json()
        assert (body["kind"], body["journal_id"]) == (entry["kind"], entry["journal_id"])
        assert body["is_exact"], body["text"]
        if entry["kind"] in _CHARGES:
            assert body["lines"], body["text"]
            paid = sum(
                int(line[name]["amount"].replace(".", ""))
                for line in body["lines"]
                for name in ("net", "tax")
            )
            assert paid == -int(entry["amount"]["amount"].replace(".", "")), body["text"]
        else:
            assert body["other_accounts"], body["text"]
            assert body["account"] == f"Wallet of A1, {utility}"
            assert not re.search(r"(staff|person|clearing|wallet|group):\w", body["text"]), body["text"]
            assert body["who"] in {"staff", "Mita itself"}
            assert f"Journal {entry['journal_id']}" in body["text"]
            assert body["text"].count("\n") >= 4, body["text"]
            own = {"name": body["account"], "what": "wallet", "whose": "A1", "utility": utility}
            assert body["account_words"] == {**own, "role": None, "way": None}
            assert [each["name"] for each in body["other_account_words"]] == body["other_accounts"]
            assert not {each["what"] for each in body["other_account_words"]} & {"other"}, body
            assert body["mover"]["kind"] in {"staff", "system"}
        assert "other" not in {cause["code"] for cause in body["causes"]}, body["cause"]
        found += [cause["code"] for cause in body["causes"]]
        assert (body["reversed"] is None) == (body["kind"] != "reversal")
    assert set(found) == {"reading_accepted", "basis_changed"}


async def test_a_top_up_says_what_of_it_was_owed(client: httpx.AsyncClient, place: Place) -> None:
    await put(client, f"{place.base}/emergency-rule", {"is_on": True, "amount": "15.00", "who": "staff"})
    lines = {"is_cutting": False, "low_line": "20.00", "cut_line": "0.00", "restore_line": "10.00"}
    await put(client, f"{place.base}/credit-rules/electricity", lines)
    await post(client, f"{place.base}/wallets/{place.wallet_id}/emergency-draws", {}, key="draw")
    await place.top_up("paid", reference="Receipt 7", utility="electricity")
    path = f"{place.base}/wallets/{place.wallet_id}/entries/electricity/2/explanation"
    answer = await client.get(path, headers={"Accept": "text/plain"})
    told, booked, *rest = answer.text.splitlines()[:3], *answer.text.splitlines()[3:]
    assert told == [
        "Money came in: R85.00.",
        "From: Cash received, not yet banked. To: Wallet of A1, electricity.",
        "With the same order R15.00 went to: Emergency credit drawn by A1.",
    ]
    assert booked.endswith(" by staff.")
    assert rest[0] == "The note: cash: Receipt 7."
    body = (await client.get(path)).json()
    (beside,) = body["beside"]
    assert (beside["account"]["what"], beside["account"]["whose"]) == ("emergency", "A1")
    assert beside["amount"] == {"amount": "15.000000", "currency": "ZAR"}
    assert [(each["what"], each["way"]) for each in body["other_account_words"]] == [("clearing", "cash")]
    assert rest[1].endswith(", asked for with the key paid.")


async def test_a_transfer_names_the_person_and_the_other_unit_and_shows_no_more(
    app: FastAPI, client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    (unit,) = (await made(client, f"{place.base}/units", {"names": ["B7"]}))["items"]
    meter = {"unit_id": unit["unit_id"], "serial": "E7", "utility": "electricity"}
    await made(client, f"{place.base}/meters", meter)
    other = (await client.get(f"{place.base}/wallets")).json()["items"][1]["wallet_id"]
    person = await made(client, "/api/v1/persons", {"name": "Thandi Nkosi"})
    grant = {"person_id": person["person_id"], "right": "manage"}
    for wallet_id in (place.wallet_id, other):
        await made(client, f"{place.base}/wallets/{wallet_id}/grants", grant)
    token = (await client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"]
    await place.top_up("paid", utility="electricity")
    moved = {
        "from_utility": "electricity",
        "to": {"wallet_id": other, "utility": "electricity"},
        "amount": "40.00",
        "memo": "For the holidays",
    }
    async with signed_in(app, token) as thandi:
        await post(thandi, f"{place.base}/wallets/{place.wallet_id}/transfers", moved, key="gift")
    path = f"{place.base}/wallets/{place.wallet_id}/entries/electricity/2/explanation"
    body = (await member.get(path)).json()
    assert (body["who"], body["memo"], body["key"]) == ("Thandi Nkosi", "For the holidays", "gift")
    assert body["account"] == "Wallet of A1, electricity"
    assert body["other_accounts"] == ["Wallet of B7, electricity"]
    assert [(each["what"], each["whose"]) for each in body["other_account_words"]] == [("wallet", "B7")]
    assert body["mover"] == {"kind": "person", "name": "Thandi Nkosi", "is_support": False}
    assert body["text"].splitlines()[1] == ("From: Wallet of A1, electricity. To: Wallet of B7, electricity.")
    # the other side of it is not the member's to see
    theirs = f"{place.base}/wallets/{other}/entries/electricity/1/explanation"
    assert (await member.get(theirs)).status_code == 404
    assert (await client.get(theirs)).status_code == 200


async def test_the_database_names_nothing_of_entries_that_are_not_the_readers(
    database: Database, member: httpx.AsyncClient, client: httpx.AsyncClient, place: Place
) -> None:
    await place.top_up("paid", utility="electricity")
    names = text("SELECT side, code, name FROM entry_names(:estate_id, :account_id, 1, 4) ORDER BY side")
    asked = {"estate_id": place.estate_id, "account_id": await account_id(place, "electricity")}
    (person,) = [
        each["person_id"]
        for each in (await client.get("/api/v1/persons")).json()["items"]
        if each["name"] == "Member"
    ]
    told = [("mover", "staff:console", None), ("other", "clearing:cash", None)]
    for estates, reader, expected in (
        ([place.estate_id], None, told),
        ([place.estate_id], person, told),
        ([place.estate_id], person + 1000, []),
        ([], None, []),
    ):
        async with database.unit_of_work(estates=estates) as session:
            if reader is not None:
                await see_as_person(session, person_id=reader)
            found = await session.execute(names, asked)
            assert [tuple(row) for row in found] == expected, (estates, reader)
