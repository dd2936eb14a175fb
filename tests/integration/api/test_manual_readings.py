"""Meters are read by hand: who may, when, what it costs, photos, rounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from .people import signed_in
from .place import Place, made

if TYPE_CHECKING:
    from datetime import tzinfo

    import httpx
    import psycopg
    from fastapi import FastAPI

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 50


@dataclass
class Clock:
    """What the routes take for now."""

    now: datetime = datetime(2026, 3, 26, 10, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made_up = Clock()

    class MadeUp(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return made_up.now.astimezone(tz)

    monkeypatch.setattr("mita.kit.clock.datetime", MadeUp)
    return made_up


def path_of(place: Place) -> str:
    return f"{place.base}/meters/{place.meter_id}/manual-readings"


def read(value: str, at: str | None = None, **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": "kWh", **({} if at is None else {"taken_at": at}), **more}


async def person(
    app: FastAPI, client: httpx.AsyncClient, place: Place, name: str, *, right: str | None, role: str | None
) -> httpx.AsyncClient:
    """Return a caller with a right to the wallet, a role in the unit, or both."""
    body = {"name": name, "email": f"{name.lower()}@example.com"}
    found = await made(client, "/api/v1/persons", body)
    if right is not None:
        grants = f"{place.base}/wallets/{place.wallet_id}/grants"
        await made(client, grants, {"person_id": found["person_id"], "right": right})
    if role is not None:
        given = {"person_id": found["person_id"], "role": role, "unit_id": place.unit_id}
        await made(client, f"{place.base}/role-grants", given)
    answer = await client.post(f"/api/v1/persons/{found['person_id']}/tokens")
    return signed_in(app, answer.json()["token"])


async def opened(client: httpx.AsyncClient, place: Place, **rule: Any) -> dict[str, Any]:
    answer = await client.put(
        f"{place.base}/reading-window", json={"from_day": 25, "to_day": 28, "least_right": "view", **rule}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    problems = answer.json()["problems"]
    return answer.status_code, answer.json()["code"], problems[0]["path"] if problems else ""


async def test_staff_reads_at_any_time_and_the_money_moves(
    client: httpx.AsyncClient, place: Place, clock: Clock, admin: psycopg.Connection
) -> None:
    await place.send(("2026-03-01T00:00:00Z", "100"))
    path = path_of(place)
    answer = await client.post(path, json=read("110.5", note="the glass is dirty"))
    assert answer.status_code == 201, answer.text
    done = answer.json()
    # 10.5 kWh at 2.00 and 15 %
    assert done["charged"] == {"amount": "24.150000", "currency": "ZAR"}
    assert done["balance"]["amount"] == "-24.150000" == await place.balance()
    reading = done["reading"]
    assert (reading["class"], reading["taken_at"]) == ("charged", "2026-03-26T10:00:00Z")
    assert (reading["net"]["amount"], reading["tax"]["amount"]) == ("21.000000", "3.150000")
    assert (done["waits_for_staff"], reading["is_by_resident"]) == (False, False)
    # the entry that it names is the charge
    booked = admin.execute(
        "SELECT amount_micro, event_at FROM entry WHERE account_id = %s AND seq = %s",
        (reading["account_id"], reading["seq"]),
    ).fetchall()
    assert booked == [(-24_150_000, clock.now)]
    # the same once more is a duplicate, another value of that time a conflict; neither moves money
    for value, class_ in (("110.5", "duplicate"), ("111", "conflict")):
        again = await client.post(path, json=read(value, "2026-03-26T10:00:00Z"))
        found = again.json()["reading"]
        assert (found["class"], found["net"]["amount"], found["seq"]) == (class_, "0.000000", None)
    # backdated: settled as in time order, and the difference is nothing; lower than before: never a credit
    late = (await client.post(path, json=read("105", "2026-03-15T00:00:00Z"))).json()
    assert (late["reading"]["class"], late["charged"]["amount"]) == ("late", "0.000000")
    clock.now = datetime(2026, 3, 26, 11, 0, tzinfo=UTC)
    low = (await client.post(path, json=read("109"))).json()
    assert (low["reading"]["class"], low["reading"]["reason"]) == (
        "backwards",
        "is below the highest accepted value",
    )
    # in other units, under a key, and once only
    clock.now = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
    wh = {"value": "111500", "unit": "Wh", "register": "import"}
    first, second = [
        await client.post(path, json=wh, headers={"Idempotency-Key": "tuesday"}) for _ in range(2)
    ]
    assert first.json()["charged"]["amount"] == "2.300000"
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert await place.balance() == "-26.450000"
    listed = (await client.get(path, params={"limit": 4})).json()
    assert [each["class"] for each in listed["items"]] == ["charged", "backwards", "late", "conflict"]
    rest = (await client.get(path, params={"before": listed["next"]})).json()
    assert [each["class"] for each in rest["items"]] == ["duplicate", "charged"]
    assert rest["items"][1]["note"] == "the glass is dirty"
    assert rest["items"][1]["read_by"] == "staff:console"
    assert rest["next"] is None


async def test_what_cannot_be_a_reading_leaves_nothing_behind(
    client: httpx.AsyncClient, place: Place, clock: Clock, admin: psycopg.Connection
) -> None:
    path = path_of(place)
    for body, field in (
        (read("1", "2026-03-26T10:00:01Z"), "body.taken_at"),
        (read("1", unit="L"), "body.unit"),
        (read("1", register="export"), "body.register"),
        (read("1000000000.1", "2026-03-01T00:00:00Z"), "body.value"),
        (read("1", "1989-12-31T23:59:59Z"), "body.taken_at"),
        (read("1", photo_id="01930000-0000-7000-8000-000000000009"), "body.photo_id"),
        (read("-1"), "body.value"),
        (read("1", note="a\nb"), "body.note"),
    ):
        assert refused(await client.post(path, json=body)) == (422, "invalid", field), body
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (0,)
    assert admin.execute("SELECT count(*) FROM manual_reading").fetchone() == (0,)
    assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)


async def test_residents_read_their_own_meters_in_the_window(
    app: FastAPI, client: httpx.AsyncClient, place: Place, clock: Clock, stranger: httpx.AsyncClient
) -> None:
    await place.send(("2026-03-01T00:00:00Z", "100"))
    path = path_of(place)
    (other,) = (await made(client, f"{place.base}/units", {"names": ["A2"]}))["items"]
    theirs = await made(
        client,
        f"{place.base}/meters",
        {"unit_id": other["unit_id"], "serial": "E2", "utility": "electricity"},
    )
    viewer = await person(app, client, place, "Viewer", right="view", role=None)
    resident = await person(app, client, place, "Resident", right=None, role="resident")
    owner = await person(app, client, place, "Owner", right=None, role="owner")
    async with viewer, resident, owner:
        # without a rule staff reads
        for caller in (viewer, resident):
            assert refused(await caller.post(path, json=read("101")))[:2] == (409, "reading_window_closed")
        shown = await opened(client, place, least_right="manage")
        assert shown["window"] == {"from_on": "2026-03-25", "last_on": "2026-03-28", "is_open": True}
        assert refused(await viewer.post(path, json=read("101")))[:2] == (403, "right_missing")
        assert refused(await owner.post(path, json=read("101")))[:2] == (403, "permission_missing")
        assert refused(await stranger.post(path, json=read("101")))[:2] == (404, "not_found")
        foreign = path.replace(f"meters/{place.meter_id}", f"meters/{theirs['meter_id']}")
        for caller in (viewer, resident, owner):
            assert refused(await caller.post(foreign, json=read("1")))[:2] == (404, "not_found")
        # whoever lives there needs no right to the wallet, and is not told its balance
        done = (await resident.post(path, json=read("101"))).json()
        assert (done["charged"]["amount"], done["balance"]) == ("2.300000", None)
        assert (done["reading"]["is_by_resident"], done["reading"]["read_by"]) == (True, None)
        # the newer version of a day counts
        await opened(client, place, least_right="view")
        at = "2026-03-24T22:00:00Z"  # local midnight of the 25th
        done = (await viewer.post(path, json=read("100.5", at))).json()
        assert (done["reading"]["class"], done["balance"]["amount"]) == ("late", "-2.300000")
        answer = await viewer.post(path, json=read("100.5", "2026-03-24T21:59:59Z"))
        assert refused(answer) == (422, "invalid", "body.taken_at")
        seen = (await viewer.get(path)).json()["items"]
        assert [each["value"]["amount"] for each in seen] == ["100.500000", "101.000000"]
        assert (await viewer.get(foreign)).status_code == 404
        # the window is over with its last local day
        clock.now = datetime(2026, 3, 28, 21, 59, 59, tzinfo=UTC)
        assert (await viewer.post(path, json=read("101.5"))).status_code == 201
        clock.now = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
        answer = await viewer.post(path, json=read("102"))
        assert refused(answer)[:2] == (409, "reading_window_closed")
        assert "2026-04-25 to 2026-04-28" in answer.json()["detail"]
        # what was read in it and had no connection comes for three days: not older than it, and not after it
        for taken_at, field in (("2026-03-24T21:59:59Z", "body.taken_at"), ("2026-03-28T22:00:00Z", None)):
            said = refused(await viewer.post(path, json=read("102", taken_at)))
            assert said == ((422, "invalid", field) if field else (409, "reading_window_closed", ""))
        clock.now = datetime(2026, 3, 31, 21, 59, tzinfo=UTC)
        answer = await viewer.post(path, json=read("102", "2026-03-28T21:59:59Z"))
        assert refused(await owner.post(path, json=read("102")))[:2] == (403, "permission_missing")
        assert answer.json()["reading"]["class"] == "conflict"
        answer = await resident.post(path, json=read("101.4", "2026-03-28T20:00:00Z"))
        assert (answer.status_code, answer.json()["reading"]["class"]) == (201, "late")
        clock.now = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
        answer = await viewer.post(path, json=read("102", "2026-03-28T21:00:00Z"))
        assert refused(answer)[:2] == (409, "reading_window_closed")
        # a rule for residents only begins and ends by date; the past cannot be ruled
        late = {"from_day": 1, "to_day": 31, "effective_from": "2026-03-31"}
        answer = await client.put(f"{place.base}/reading-window", json=late)
        assert refused(answer) == (422, "invalid", "body.effective_from")
        later = await opened(client, place, least_right="none", effective_from="2026-04-02")
        assert later["coming"][0]["least_right"] == "none"
        clock.now = datetime(2026, 4, 26, 10, 0, tzinfo=UTC)
        assert (await viewer.get(f"{place.base}/reading-window")).json()["window"] is None
        assert refused(await resident.post(path, json=read("103")))[:2] == (409, "reading_window_closed")


async def test_an_implausible_one_waits_and_its_reader_is_told(
    app: FastAPI, client: httpx.AsyncClient, place: Place, clock: Clock, admin: psycopg.Connection
) -> None:
    await place.send(("2026-03-26T09:00:00Z", "100"))
    await opened(client, place)
    async with await person(app, client, place, "Ann", right="view", role=None) as ann:
        # an hour lets 20 and 1 pass
        done = (await ann.post(path_of(place), json=read("150"))).json()
        assert (done["reading"]["class"], done["waits_for_staff"]) == ("held", True)
        assert done["reading"]["reason"] == "rises faster than the meter's max_rate and burst allow"
        assert (done["charged"]["amount"], done["balance"]["amount"]) == ("0.000000", "0.000000")
        accept = f"{place.base}/registers/{place.register_id}/readings/2026-03-26T10:00:00Z/accept"
        assert (await client.post(accept)).status_code == 200
        told = (await ann.get(f"{place.base}/alerts")).json()["items"]
        assert [each["kind"] for each in told] == ["reading_accepted"]
        # 50 kWh at 2.00 and 15 %
        said = "Your reading of E1, 150.000000 kWh, was checked and accepted: 115.00 ZAR."
        assert told[0]["sentence"] == said
    sent = admin.execute("SELECT template, state, address_hint FROM message").fetchall()
    assert sent == [("reading_accepted", "queued", "a…@example.com")]


async def test_photos_are_asked_for_kept_and_never_shown_in_the_page(
    app: FastAPI, client: httpx.AsyncClient, place: Place, clock: Clock
) -> None:
    path = path_of(place)
    await opened(client, place, needs_photo=True)
    ann = await person(app, client, place, "Ann", right="view", role=None)
    ben = await person(app, client, place, "Ben", right="view", role=None)
    async with ann, ben:

        async def upload(caller: httpx.AsyncClient, content: bytes, kind: str) -> httpx.Response:
            return await caller.post(f"{path}/photos", content=content, headers={"Content-Type": kind})

        assert refused(await upload(ann, b"%PDF-1", "application/pdf"))[:2] == (415, "photo_refused")
        assert refused(await upload(ann, PNG, "image/jpeg"))[:2] == (422, "invalid")
        riff = b"RIFF\x00\x00\x00\x00WAVEfmt "
        assert refused(await upload(ann, riff, "image/webp"))[:2] == (422, "invalid")
        assert (await upload(ann, JPEG + b"0" * 5 * 1024 * 1024, "image/jpeg")).status_code == 413
        assert refused(await ann.post(path, json=read("1"))) == (422, "invalid", "body.photo_id")
        photo = (await upload(ann, PNG, "image/png")).json()
        assert photo["size_bytes"] == 58
        with_photo = read("1", photo_id=photo["photo_id"])
        # a photo is its maker's evidence
        assert refused(await ben.post(path, json=with_photo)) == (422, "invalid", "body.photo_id")
        done = (await ann.post(path, json=with_photo)).json()
        assert done["reading"]["photo_id"] == photo["photo_id"]
        photo_path = f"{path}/{done['reading']['manual_reading_id']}/photo"
        for caller in (ben, client):
            file = await caller.get(photo_path)
            assert (file.status_code, file.content) == (200, PNG)
        assert file.headers["content-disposition"].startswith("attachment")
        assert file.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in file.headers["content-security-policy"]
        # staff needs none
        assert (await client.post(path, json=read("2"))).status_code == 201
        # one that waited comes with its reading; with no grace neither does
        clock.now = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)
        waited = (await upload(ann, PNG, "image/png")).json()["photo_id"]
        in_time = read("3", "2026-03-28T12:00:00Z", photo_id=waited)
        assert (await ann.post(path, json=in_time)).status_code == 201
        await opened(client, place, needs_photo=True, late_days=0)
        assert refused(await ann.post(path, json={**in_time, "value": "4"}))[:2] == (
            409,
            "reading_window_closed",
        )
        assert refused(await upload(ann, PNG, "image/png"))[:2] == (409, "reading_window_closed")


async def test_what_waited_and_is_sent_again_is_booked_once(
    app: FastAPI, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection, clock: Clock
) -> None:
    """As an app does that got no answer: the same keys, the same bodies, and when it was read."""
    await opened(client, place)
    thandi = await person(app, client, place, "Thandi", right="view", role=None)
    await made(client, path_of(place), read("100", "2026-03-25T08:00:00Z"))
    clock.now = datetime(2026, 3, 27, 10, 0, tzinfo=UTC)
    photos, bookings = [], []
    for _ in range(2):
        answer = await thandi.post(
            path_of(place) + "/photos",
            content=JPEG,
            headers={"Content-Type": "image/jpeg", "Idempotency-Key": "photo-1"},
        )
        assert answer.status_code == 201, answer.text
        photos.append(answer.json()["photo_id"])
        body = read("110", "2026-03-26T18:00:00.250Z", photo_id=photos[-1], register="import")
        answer = await thandi.post(path_of(place), json=body, headers={"Idempotency-Key": "reading-1"})
        assert answer.status_code == 201, answer.text
        bookings.append(answer.json())
    assert photos[0] == photos[1]
    assert bookings[0] == bookings[1]
    assert bookings[0]["reading"]["taken_at"] == "2026-03-26T18:00:00Z"
    assert await place.balance() == "-23.000000"
    # long after its key is forgotten it is still the same reading of the same moment
    admin.execute("DELETE FROM kept_answer")
    answer = await thandi.post(path_of(place), json=body, headers={"Idempotency-Key": "reading-1"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["reading"]["class"] == "duplicate"
    assert await place.balance() == "-23.000000"


async def test_a_round_is_walked_by_unit_and_knows_what_is_done(
    client: httpx.AsyncClient, place: Place, clock: Clock
) -> None:
    await opened(client, place)
    units = (await made(client, f"{place.base}/units", {"names": ["A10", "A2", "=A3"]}))["items"]
    for place_in, unit in enumerate(units):
        meter = {"unit_id": unit["unit_id"], "serial": f"W{place_in}", "utility": "water"}
        await made(client, f"{place.base}/meters", {**meter, "is_read_by_hand": True})
    path = f"{place.base}/reading-rounds"
    # E1 speaks for itself until somebody says otherwise
    assert (await client.get(path)).json()["meters"] == 3
    marked = await client.patch(f"{place.base}/meters/{place.meter_id}", json={"is_read_by_hand": True})
    assert marked.json()["is_read_by_hand"] is True
    await place.send(("2026-02-24T10:00:00Z", "70"), ("2026-03-16T10:00:00Z", "110"))
    clock.now = datetime(2026, 3, 26, 10, 0, tzinfo=UTC)
    found = (await client.get(path, params={"limit": 3})).json()
    assert (found["from_on"], found["last_on"]) == ("2026-03-25", "2026-03-28")
    assert (found["meters"], found["done"]) == (4, 0)
    assert [each["unit"] for each in found["items"]] == ["=A3", "A1", "A2"]
    (register,) = found["items"][1]["registers"]
    # 40 in 20 days are 20 in 10: from half to twice of that
    assert register["last_value"]["amount"] == "110.000000"
    assert (register["expected_low"]["amount"], register["expected_high"]["amount"]) == (
        "120.000000",
        "150.000000",
    )
    rest = (await client.get(path, params={"after_id": found["next"]})).json()
    assert [(each["unit"], each["is_done"]) for each in rest["items"]] == [("A10", False)]
    assert (await client.post(path_of(place), json=read("130"))).status_code == 201
    left = (await client.get(path, params={"is_done": False})).json()
    assert (left["done"], [each["unit"] for each in left["items"]]) == (1, ["=A3", "A2", "A10"])
    file = await client.get(path, headers={"Accept": "text/csv"})
    lines = file.text.splitlines()
    assert file.headers["content-type"].startswith("text/csv")
    assert [line.split(",")[0] for line in lines] == ["unit", "'=A3", "A1", "A2", "A10"]
    assert lines[2] == (
        f"A1,,{place.meter_id},E1,electricity,import,kWh,130.000000,2026-03-26T10:00:00Z,"
        "130.000000,130.000000,yes"
    )
