"""Estates, units, people, meters over time, documents and search over HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .people import signed_in
from .place import Place, made

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def got(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def names(place: Place, **params: Any) -> list[str]:
    return [each["name"] for each in (await got(place.client, f"{place.base}/units", **params))["items"]]


# ── estates and organisations ──


async def test_an_estate_is_changed_once_by_who_has_seen_it(client: httpx.AsyncClient, place: Place) -> None:
    change = {"kind": "sectional_title", "languages": ["af", "en"], "version": 1}
    answer = await client.patch(place.base, json=change)
    assert (answer.json()["kind"], answer.json()["version"]) == ("sectional_title", 2)
    assert answer.json()["name"] == "Willow Creek"
    assert refused(await client.patch(place.base, json=change)) == (409, "changed_meanwhile")
    for bad in ({"currency": "USD"}, {"name": ""}, {"name": None}, {"kind": "castle"}, {"languages": []}):
        assert refused(await client.patch(place.base, json=bad)) == (422, "invalid"), bad


async def test_an_estate_with_money_is_not_archived(client: httpx.AsyncClient, place: Place) -> None:
    await place.top_up()
    assert refused(await client.delete(place.base)) == (409, "still_in_use")


async def test_an_estate_in_numbers(client: httpx.AsyncClient, place: Place) -> None:
    now = datetime.now(tz=UTC).replace(microsecond=0)
    days = [now - timedelta(days=80), now - timedelta(days=70), now]
    await place.send(
        *((each.isoformat(), value) for each, value in zip(days, ("1", "11", "13.5"), strict=True))
    )
    assert (await place.top_up()).status_code == 201
    found = await got(client, f"{place.base}/statistics")
    assert found["units"] == {"total": 1, "occupied": 0, "reserved": 0, "vacant": 1, "out_of_use": 0}
    assert (found["meters"], found["silent_meters"]) == (1, 0)
    # 12.5 at 2.00 and 15 % are 28.75; each month that the long interval reaches into rounds for itself
    assert abs(int(found["balances"]["amount"].replace(".", "")) - 71_250_000) <= 4
    used = {"amount": "2.500000", "unit": "kWh"}
    assert found["used"] == [{"utility": "electricity", "today": used, "this_month": used}]


async def test_an_estate_without_money_is_archived_and_comes_back(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    person = await made(client, f"{place.base}/people", {"name": "Agent"})
    role = {"person_id": person["person_id"], "role": "operator"}
    await made(client, f"{place.base}/role-grants", role)
    token = (await client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"]
    assert (await client.delete(place.base)).json()["archived_at"] is not None
    async with signed_in(app, token) as agent:
        assert refused(await agent.get(place.base)) == (404, "not_found")
    assert (await got(client, "/api/v1/estates"))["items"] == []
    assert len((await got(client, "/api/v1/estates", archived=True))["items"]) == 1
    sent = await place.send(("2025-03-01T00:00:00Z", "1"))
    assert "estate_archived" in str(sent)
    # its name is free, and then it is not its own any more
    body = {"name": "Willow Creek", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    other = await made(client, "/api/v1/estates", body)
    assert refused(await client.post(f"{place.base}/restore")) == (409, "name_taken")
    await client.patch(f"/api/v1/estates/{other['estate_id']}", json={"name": "Another"})
    assert (await client.post(f"{place.base}/restore")).json()["archived_at"] is None
    assert (await place.send(("2025-03-01T00:00:00Z", "1")))["counts"]["first"] == 1


async def test_an_operator_creates_estates_of_the_organisation(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    mine = await made(client, "/api/v1/organisations", {"name": "Sunrise"})
    other = await made(client, "/api/v1/organisations", {"name": "Sunset"})
    again = await client.post("/api/v1/organisations", json={"name": "SUNRISE"})
    assert refused(again) == (409, "name_taken")
    person = await made(client, "/api/v1/persons", {"name": "Operator"})
    role = {"person_id": person["person_id"], "role": "operator", "organisation_id": mine["organisation_id"]}
    await made(client, "/api/v1/role-grants", role)
    token = (await client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"]
    body = {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    async with signed_in(app, token) as operator:
        for organisation in (None, other["organisation_id"]):
            answer = await operator.post("/api/v1/estates", json={**body, "organisation_id": organisation})
            assert refused(answer) == (403, "permission_missing")
        estate = await made(operator, "/api/v1/estates", {**body, "organisation_id": mine["organisation_id"]})
        assert (await got(operator, f"/api/v1/estates/{estate['estate_id']}"))["name"] == "Oak"
    path = f"/api/v1/organisations/{mine['organisation_id']}"
    assert refused(await client.delete(path)) == (409, "still_in_use")
    assert (await client.delete(f"/api/v1/organisations/{other['organisation_id']}")).status_code == 200


# ── units ──


async def test_units_are_filtered_and_ordered_page_by_page(client: httpx.AsyncClient, place: Place) -> None:
    new = [
        {"name": "C3", "floor_area": "64.5", "participation": "0.6", "door": "3"},
        {"name": "b2", "floor_area": "30", "participation": "0.5", "kind": "shop"},
    ]
    created = await made(client, f"{place.base}/units", {"units": new})
    assert created["items"][0]["floor_area"] == {"amount": "64.500000", "unit": "m2"}
    assert created["warnings"] == ["the units' parts in the scheme add up to 1.100000, more than the whole"]
    assert await names(place, order="name") == ["A1", "C3", "b2"]
    assert await names(place, order="-floor_area") == ["C3", "b2", "A1"]
    assert await names(place, kind="shop") == ["b2"]
    assert await names(place, has_meter="true") == ["A1"]
    assert await names(place, has_meter="false") == ["C3", "b2"]
    assert await names(place, q="c") == ["C3"]
    assert await names(place, q="%") == []
    assert await names(place, state="occupied") == []
    seen, cursor = [], None
    while True:
        asked = {"order": "-name", "limit": 1} | ({} if cursor is None else {"cursor": cursor})
        page = await got(client, f"{place.base}/units", **asked)
        seen += [each["name"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["b2", "C3", "A1"]
    for bad in ("x", "1", "x~1", "~"):
        answer = await client.get(f"{place.base}/units", params={"order": "name", "cursor": bad})
        assert refused(answer) == (422, "invalid") or answer.status_code == 200, bad


async def test_a_unit_is_changed_and_archived(client: httpx.AsyncClient, place: Place) -> None:
    (unit,) = (await made(client, f"{place.base}/units", {"names": ["B1"]}))["items"]
    path = f"{place.base}/units/{unit['unit_id']}"
    answer = await client.patch(path, json={"is_out_of_use": True, "notes": "no water"})
    assert (answer.json()["state"], answer.json()["version"]) == ("out_of_use", 2)
    assert refused(await client.patch(path, json={"name": "A1"})) == (409, "name_taken")
    assert refused(await client.patch(path, json={"participation": "1.1"})) == (422, "invalid")
    assert refused(await client.delete(f"{place.base}/units/{place.unit_id}")) == (409, "still_in_use")
    assert (await client.delete(path)).status_code == 200
    assert refused(await client.get(path)) == (404, "not_found")
    assert await names(place) == ["A1"]
    await made(client, f"{place.base}/units", {"names": ["B1"]})


# ── people ──


async def test_one_main_occupant_a_day(client: httpx.AsyncClient, place: Place) -> None:
    people = [
        (await made(client, f"{place.base}/people", {"name": name}))["person_id"] for name in ("A", "B")
    ]
    path = f"{place.base}/units/{place.unit_id}/assign-resident"

    async def ask(person: int, **days: str) -> httpx.Response:
        return await client.post(path, json={"person_id": person, **days})

    at_once = await asyncio.gather(*(ask(person, from_on="2025-03-01") for person in people))
    assert sorted(each.status_code for each in at_once) == [201, 409]
    (first,) = [each.json() for each in at_once if each.status_code == 201]
    end = f"{place.base}/occupancies/{first['occupancy_id']}/end"
    assert (await client.post(end, json={"until_on": "2025-04-01"})).json()["until_on"] == "2025-04-01"
    assert (await ask(people[0], from_on="2025-03-31", until_on="2025-04-02")).status_code == 409
    # half-open: the day on which one ends is the next one's
    assert (await ask(people[1], from_on="2025-04-01")).status_code == 201
    assert refused(await client.post(end, json={"until_on": None})) == (409, "unit_occupied")
    assert refused(await client.post(end, json={"until_on": "2025-02-01"})) == (422, "invalid")
    unit = await got(client, f"{place.base}/units/{place.unit_id}")
    assert unit["state"] == "occupied"
    await client.post(
        f"{place.base}/occupancies/{unit['occupancy']['occupancy_id']}/end", json={"until_on": "2025-05-01"}
    )
    await ask(people[1], from_on="2199-01-01")
    assert (await got(client, f"{place.base}/units/{place.unit_id}"))["state"] == "reserved"


async def test_owners_share_the_whole_and_no_more(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    person = await made(client, f"{place.base}/people", {"name": "Owner"})
    path = f"{place.base}/units/{place.unit_id}/assign-owner"
    body = {"person_id": person["person_id"], "from_on": "2025-01-01"}
    first = await made(client, path, {**body, "share": "0.6"})
    for share, wanted in (
        ("0.5", (409, "shares_exceeded")),
        ("0", (422, "invalid")),
        ("2", (422, "invalid")),
    ):
        assert refused(await client.post(path, json={**body, "share": share})) == wanted
    await made(client, path, {**body, "share": "0.4"})
    token = (await client.post(f"/api/v1/persons/{person['person_id']}/tokens")).json()["token"]
    async with signed_in(app, token) as owner:
        assert (await got(owner, f"{place.base}/units"))["items"][0]["name"] == "A1"
        # the tenant's money is none of the owner's business
        assert (await owner.get(f"{place.base}/wallets/{place.wallet_id}")).status_code in (403, 404)
        for each in (await got(client, f"{place.base}/ownerships"))["items"]:
            end = f"{place.base}/ownerships/{each['ownership_id']}/end"
            assert (await client.post(end, json={"until_on": "2025-02-01"})).status_code == 200
        assert refused(await owner.get(f"{place.base}/units")) == (404, "not_found")
    assert first["share"] == "0.600000"


async def test_people_of_others_are_let_alone(client: httpx.AsyncClient, place: Place) -> None:
    body = {"name": "Thandi", "email": "thandi@example.com"}
    person = await made(client, f"{place.base}/people", body)
    assert person["is_new"]
    path = f"{place.base}/people/{person['person_id']}"
    assert (await client.patch(path, json={"name": "Thandi M"})).json()["name"] == "Thandi M"
    estate = {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    other = f"/api/v1/estates/{(await made(client, '/api/v1/estates', estate))['estate_id']}"
    assert refused(await client.get(f"{other}/people/{person['person_id']}")) == (404, "not_found")
    again = await made(client, f"{other}/people", {"name": "Somebody", "email": "THANDI@example.com"})
    assert (again["person_id"], again["name"], again["is_new"]) == (person["person_id"], "Thandi M", False)
    assert refused(await client.patch(path, json={"name": "X"})) == (409, "person_elsewhere")
    assert [each["name"] for each in (await got(client, f"{place.base}/people", q="THAN"))["items"]] == [
        "Thandi M"
    ]


# ── meters over time ──


async def test_a_meter_is_swapped(client: httpx.AsyncClient, place: Place) -> None:
    await place.send(("2025-03-01T00:00:00Z", "100"))
    path = f"{place.base}/meters/{place.meter_id}/swap"
    body = {
        "serial": "E2",
        "swapped_at": "2025-03-02T00:00:00Z",
        "reason": "broken",
        "closing": {"import": "110"},
        "opening": {"import": "5"},
    }
    for bad, wanted in (
        ({"closing": {}}, (422, "invalid")),
        ({"opening": {"export": "1"}}, (422, "invalid")),
        ({"closing": {"import": "99"}}, (409, "reading_refused")),
        ({"serial": "E1"}, (409, "serial_taken")),
        ({"swapped_at": "2199-01-01T00:00:00Z"}, (422, "invalid")),
    ):
        answer = await client.post(path, json={**body, **bad}, headers={"Idempotency-Key": "s"})
        assert refused(answer) == wanted, bad
    answer = await client.post(path, json=body, headers={"Idempotency-Key": "s"})
    assert answer.status_code == 201, answer.text
    swap = answer.json()
    assert swap["charged"]["amount"] == "23.000000"
    again = (await client.post(path, json=body, headers={"Idempotency-Key": "s"})).json()
    assert again["swap_id"] == swap["swap_id"]
    # the old one says no more, the new one is charged from its first value
    assert "meter_removed" in str(await place.send(("2025-03-03T00:00:00Z", "120")))
    assert (await place.send(("2025-03-03T00:00:00Z", "6"), meter="E2"))["counts"]["charged"] == 1
    assert await place.balance() == "-25.300000"
    history = await got(client, f"{place.base}/meters/{place.meter_id}/history")
    assert (history["status"], len(history["swaps"])) == ("removed", 1)
    assert history["placements"][0]["until_at"] is not None
    answer = await client.post(path, json={**body, "serial": "E3"}, headers={"Idempotency-Key": "t"})
    assert refused(answer) == (409, "meter_removed")


# ── documents ──

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


async def test_a_photo_is_kept_and_downloaded(client: httpx.AsyncClient, place: Place) -> None:
    path = f"{place.base}/documents"
    asked = {"subject": "meter", "subject_id": place.meter_id, "name": '../../x"\u00e9.png'}
    kind = {"Content-Type": "image/png"}
    answer = await client.post(path, params=asked, content=PNG, headers=kind)
    assert answer.status_code == 201, answer.text
    document = answer.json()
    file = await client.get(f"{path}/{document['document_id']}/file")
    assert file.content == PNG
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-disposition"] == ("attachment; filename*=UTF-8''..%2F..%2Fx%22%C3%A9.png")
    for params, content, headers, wanted in (
        (asked, b"<script>", kind, (422, "invalid")),
        (asked, PNG, {"Content-Type": "text/html"}, (415, "media_refused")),
        ({**asked, "subject_id": 999}, PNG, kind, (404, "not_found")),
        (asked, b"", kind, (422, "invalid")),
    ):
        assert refused(await client.post(path, params=params, content=content, headers=headers)) == wanted
    assert len((await got(client, path))["items"]) == 1
    assert (await client.delete(f"{path}/{document['document_id']}")).status_code == 200
    assert (await got(client, path))["items"] == []


# ── search ──


async def test_search_finds_beginnings_and_ends_and_nothing_of_others(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    await made(client, f"{place.base}/units", {"units": [{"name": "Garage 7", "notes": "leaking pipes"}]})
    meter = {"unit_id": place.unit_id, "serial": "ZX-00451234", "utility": "water"}
    await made(client, f"{place.base}/meters", meter)
    await made(client, f"{place.base}/people", {"name": "Thandi Mokoena", "phone": "+27 82 555 0101"})

    async def found(q: str, caller: httpx.AsyncClient = client) -> list[tuple[str, str]]:
        items = (await got(caller, f"{place.base}/search", q=q))["items"]
        return [(each["type"], each["title"]) for each in items]

    assert await found("gar") == [("unit", "Garage 7")]
    assert await found("leak") == [("unit", "Garage 7")] or await found("leaking") == [("unit", "Garage 7")]
    assert await found("1234") == [("meter", "ZX-00451234")]
    assert await found("moko thandi") == [("person", "Thandi Mokoena")]
    assert await found("0101") == [("person", "Thandi Mokoena")]
    for nothing in ("zebra", "'", "& |", "<", "\\", "%"):
        assert await found(nothing) == []
    # a member sees the unit of the wallet and its meters, and no people
    assert await found("gar", member) == []
    assert await found("a1", member) == [("unit", "A1")]
    assert await found("thandi", member) == []


async def test_the_vacancy_report(client: httpx.AsyncClient, place: Place) -> None:
    await made(client, f"{place.base}/units", {"names": ["B1"]})
    person = await made(client, f"{place.base}/people", {"name": "A"})
    body = {"person_id": person["person_id"], "from_on": "2025-01-01", "until_on": "2025-02-01"}
    await made(client, f"{place.base}/units/{place.unit_id}/assign-resident", body)
    report = await got(client, f"{place.base}/reports/vacancy")
    assert (report["units"], report["vacant"]) == (2, 2)
    assert [(each["name"], each["since"]) for each in report["items"]] == [("B1", None), ("A1", "2025-02-01")]
