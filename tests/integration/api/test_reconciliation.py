"""Bulk meters, and what is lost behind them, through the API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from mita.metering import queries as metering_queries

from .place import made

if TYPE_CHECKING:
    import httpx

    from mita.kit.db import Database

    from .place import Place

# local midnights in Johannesburg
DAYS = [f"2025-{day}T22:00:00Z" for day in ("02-28", "03-01", "03-02", "03-03", "03-04")]
SPAN = {"from": "2025-03-01", "to": "2025-03-05", "step": "day"}


async def installed(client: httpx.AsyncClient, place: Place, *serials: str) -> dict[str, int]:
    """Install meters, each in a unit of its own that is called so; return them and E1 by serial."""
    units = await made(client, f"{place.base}/units", {"names": list(serials)})
    found = {"E1": place.meter_id}
    for unit, serial in zip(units["items"], serials, strict=True):
        body = {"unit_id": unit["unit_id"], "serial": serial, "utility": "electricity"}
        found[serial] = (await made(client, f"{place.base}/meters", body))["meter_id"]
    return found


async def read(place: Place, serial: str, *values: str) -> None:
    await place.send(*[row for row in zip(DAYS, values, strict=False) if row[1]], meter=serial)


async def report(client: httpx.AsyncClient, place: Place, **query: Any) -> list[dict[str, Any]]:
    path = f"{place.base}/reports/reconciliation"
    answer = await client.get(path, params={**SPAN, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_what_is_lost_behind_bulk_meters(
    client: httpx.AsyncClient, database: Database, place: Place
) -> None:
    """Behind the main meter a block's and E1; behind the block's =F1 and F2, which is swapped."""
    meters = await installed(client, place, "MAIN", "BLOCK", "=F1", "F2")
    path = f"{place.base}/bulk-meters"
    block = {
        "meter_id": meters["BLOCK"],
        "covers": "listed",
        "sub_meter_ids": [meters["=F1"], meters["F2"]],
        "from_on": "2025-01-01",
    }
    await made(client, path, block)
    main = {"meter_id": meters["MAIN"], "covers": "estate", "from_on": "2025-03-02"}
    of_main = await made(client, path, main)
    await read(place, "MAIN", "0", "100", "200", "300", "400")
    await read(place, "BLOCK", "0", "50", "100", "150", "200")
    await read(place, "E1", "0", "", "80", "120", "160")
    await read(place, "=F1", "0", "20", "40", "60")
    await read(place, "F2", "0", "25", "50")
    # F2 is swapped at noon of the third day, having counted 10 since midnight; F3 counts 15 until the next
    swap = {
        "serial": "F3",
        "swapped_at": "2025-03-03T10:00:00Z",
        "reason": "broken",
        "closing": {"import": "60"},
        "opening": {"import": "7"},
    }
    answer = await client.post(
        f"{place.base}/meters/{meters['F2']}/swap", json=swap, headers={"Idempotency-Key": "s1"}
    )
    assert answer.status_code == 201, answer.text
    await place.send((DAYS[3], "22"), (DAYS[4], "47"), meter="F3")

    of_block, of_estate = await report(client, place)
    assert [each["label"] for each in of_block["steps"]] == [f"2025-03-0{day}" for day in (1, 2, 3, 4)]
    assert [each["bulk"] for each in of_block["steps"]] == ["50.000000"] * 4
    # the last day lacks =F1
    assert [each["sub_meters"] for each in of_block["steps"]] == ["45.000000"] * 3 + ["25.000000"]
    assert [each["percent"] for each in of_block["steps"]] == ["10.0000"] * 3 + ["50.0000"]
    assert [each["known"] for each in of_block["steps"]] == ["measured"] * 3 + ["partial"]
    assert of_block["total"] == {
        "bulk": "200.000000",
        "sub_meters": "160.000000",
        "difference": "40.000000",
        "percent": "20.0000",
        "is_partial": True,
    }
    (gap,) = of_block["gaps"]
    assert (gap["meter"], gap["unit"], gap["missing"], gap["partial"]) == ("=F1", "=F1", 1, 0)
    swapped = [each for each in of_block["changes"] if each["kind"] == "swapped"]
    assert [(each["at"], each["meter_id"]) for each in swapped] == [("2025-03-03T10:00:00Z", meters["F2"])]
    assert (of_block["sub_meters"], of_block["sub_meters_with_gaps"]) == (2, 1)

    # the estate's is one from the second day on; behind it are the block's meter and E1, and no others
    assert [each["label"] for each in of_estate["steps"]] == [f"2025-03-0{day}" for day in (2, 3, 4)]
    assert [each["difference"] for each in of_estate["steps"]] == ["10.000000"] * 3
    assert [each["known"] for each in of_estate["steps"]] == ["spread", "measured", "measured"]
    assert (of_estate["sub_meters"], of_estate["gaps"]) == (2, [])

    # what bulk meters measure is not counted twice: 160 of E1, 60 of =F1, 60 + 40 of F2 and F3
    used = await client.get(f"{place.base}/reports/consumption", params={**SPAN, "step": "month"})
    assert [each["total"] for each in used.json()["totals"]] == ["320.000000"]

    async with database.unit_of_work(estates=[place.estate_id]) as session:
        since = datetime.fromisoformat(DAYS[0])
        counted = await metering_queries.used_since(session, estate_id=place.estate_id, since=[since])
    assert counted == [{"electricity": 320_000_000}]

    sheet = await client.get(
        f"{place.base}/reports/reconciliation", params=SPAN, headers={"Accept": "text/csv"}
    )
    lines = sheet.text.splitlines()
    assert lines[1] == "BLOCK,2025-03-01,kWh,50.000000,45.000000,5.000000,10.0000,measured,2,1"
    assert lines[5].startswith("BLOCK,total,kWh,200.000000,160.000000,40.000000,20.0000,partial")

    # brought to an end, it is over from that day on
    answer = await client.post(f"{path}/{of_main['bulk_meter_id']}/end", json={"until_on": "2025-03-03"})
    assert (answer.status_code, answer.json()["until_on"]) == (200, "2025-03-03"), answer.text
    assert [each["label"] for each in (await report(client, place))[1]["steps"]] == ["2025-03-02"]
    assert (await report(client, place, utility="water")) == []


async def test_bulk_meters_that_cannot_be(client: httpx.AsyncClient, place: Place) -> None:
    meters = await installed(client, place, "B1", "B2")
    water = {"unit_id": place.unit_id, "serial": "W1", "utility": "water"}
    water_id = (await made(client, f"{place.base}/meters", water))["meter_id"]
    path = f"{place.base}/bulk-meters"

    async def refused(**body: Any) -> tuple[int, str]:
        answer = await client.post(path, json={"from_on": "2025-03-01", **body})
        return answer.status_code, answer.json()["code"]

    listed = {"meter_id": meters["B1"], "covers": "listed"}
    for ids in ([], [water_id], [meters["B1"]], [place.meter_id, place.meter_id]):
        assert await refused(**listed, sub_meter_ids=ids) == (422, "invalid")
    assert await refused(meter_id=meters["B1"], covers="estate", sub_meter_ids=[place.meter_id]) == (
        422,
        "invalid",
    )
    assert await refused(**listed, sub_meter_ids=[10**9]) == (404, "not_found")
    until = {"sub_meter_ids": [place.meter_id], "until_on": "2025-03-01"}
    assert await refused(**listed, **until) == (422, "invalid")
    first = await made(client, path, {**listed, "sub_meter_ids": [place.meter_id], "from_on": "2025-03-01"})
    behind = {"meter_id": meters["B2"], "covers": "listed", "sub_meter_ids": [place.meter_id]}
    assert await refused(**behind) == (409, "areas_overlap")
    # a meter that took another's place takes its area too
    swap = {"serial": "E2", "swapped_at": "2025-03-03T10:00:00Z", "reason": "x", "closing": {}, "opening": {}}
    swap["closing"] = swap["opening"] = {"import": "0"}
    answer = await client.post(
        f"{place.base}/meters/{place.meter_id}/swap", json=swap, headers={"Idempotency-Key": "s1"}
    )
    assert answer.status_code == 201, answer.text
    behind["sub_meter_ids"] = [answer.json()["new_meter_id"]]
    assert await refused(**behind) == (409, "areas_overlap")
    answer = await client.post(f"{path}/{first['bulk_meter_id']}/end", json={"until_on": "2025-02-01"})
    assert answer.status_code == 422
    answer = await client.post(f"{path}/{first['bulk_meter_id']}/end", json={"until_on": "2025-03-01"})
    assert answer.status_code == 200
    second = await made(client, path, {**behind, "from_on": "2025-03-01"})
    found = (await client.get(path)).json()["items"]
    assert [each["bulk_meter_id"] for each in found] == [first["bulk_meter_id"], second["bulk_meter_id"]]
