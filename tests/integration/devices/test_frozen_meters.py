"""A meter that speaks and shows the same for long is an issue, unless nothing can be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mita.devices import operations
from mita.devices.domain import REMEDIES
from mita.entrypoints.worker import upkeep
from tests.integration.api.place import made

from .test_meter_issues import alerts, issues

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database
    from tests.integration.api.place import Place

NOW = datetime.now(tz=UTC).replace(microsecond=0, second=0)
DAY = timedelta(days=1)


async def look(database: Database, place: Place, now: datetime = NOW, **supplies: datetime | None) -> int:
    known = {(place.unit_id, utility): since for utility, since in supplies.items()}
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        return await operations.note_frozen(session, estate_id=place.estate_id, supplies=known, now=now)


async def says(place: Place, *rows: tuple[float, str]) -> None:
    """Send what the meter showed so many days ago."""
    await place.send(*(((NOW - DAY * ago).isoformat(), value) for ago, value in rows))


async def moves_in(place: Place, name: str, *, days_ago: int) -> None:
    person = await made(place.client, f"{place.base}/people", {"name": name})
    body = {"person_id": person["person_id"], "from_on": (NOW - days_ago * DAY).date().isoformat()}
    await made(place.client, f"{place.base}/units/{place.unit_id}/assign-resident", body)


@pytest.fixture
async def lived(place: Place) -> Place:
    """A meter with a device in a flat where somebody lives for a year; it counted until 40 days ago."""
    await moves_in(place, "Thandi", days_ago=365)
    meter = f"{place.base}/meters/{place.meter_id}"
    answer = await place.client.patch(meter, json={"device": "board"})
    assert answer.status_code == 200, answer.text
    await says(
        place, (60, "100"), (50, "150"), (40, "180"), (35, "180"), (20, "180"), (10, "180"), (1, "180")
    )
    return place


async def test_a_meter_that_stands_still_is_shown_and_is_over_with_the_first_rise(
    lived: Place, database: Database
) -> None:
    assert await look(database, lived) == 1
    (issue,) = await issues(lived)
    assert (issue["kind"], issue["severity"], issue["meter_id"]) == ("frozen", "warning", lived.meter_id)
    assert issue["detail"] == (
        f"import shows 180 kWh in every reading since {NOW - 40 * DAY:%Y-%m-%d %H:%M} UTC"
    )
    assert issue["remedy"] == REMEDIES["frozen"]
    assert "away" in issue["remedy"], "that people are on holiday comes before a broken sensor"
    assert await alerts(lived) == [], "it is no urgent kind"
    await says(lived, (0.5, "180.001"))
    assert await look(database, lived) == 0
    assert await issues(lived) == []


async def test_staff_is_told_where_the_rule_says_so_and_the_rule_says_how_long(
    lived: Place, database: Database
) -> None:
    rule = f"{lived.base}/issue-rule"
    assert (await lived.client.get(rule)).json()["frozen_days"] == 30
    for days, count in ((41, 0), (39, 1), (None, 0), (39, 1)):
        answer = await lived.client.put(rule, json={"kinds": ["frozen"], "frozen_days": days})
        assert answer.json() == {"kinds": ["frozen"], "frozen_days": days}
        assert (await lived.client.get(rule)).json()["frozen_days"] == days
        assert await look(database, lived) == count, days
    assert len(await alerts(lived)) == 1
    for days in (0, 4_000, "x"):
        answer = await lived.client.put(rule, json={"kinds": [], "frozen_days": days})
        assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "body.frozen_days")


@pytest.mark.parametrize(
    ("since", "count"), [(None, 0), (NOW - 29 * DAY, 0), (NOW - 31 * DAY, 1)], ids=["off", "late", "long"]
)
async def test_a_supply_that_was_off_excuses_it(
    lived: Place, database: Database, since: datetime | None, count: int
) -> None:
    assert await look(database, lived, electricity=since) == count
    # another utility's supply does not
    assert await look(database, lived, water=since) == 1


async def test_a_flat_where_nobody_lives_or_somebody_moved_is_left_out(
    lived: Place, database: Database
) -> None:
    (row,) = (await lived.client.get(f"{lived.base}/occupancies?unit_id={lived.unit_id}")).json()["items"]
    end = {"until_on": (NOW - 5 * DAY).date().isoformat()}
    answer = await lived.client.post(f"{lived.base}/occupancies/{row['occupancy_id']}/end", json=end)
    assert answer.status_code == 200, answer.text
    assert await look(database, lived) == 0, "vacant"
    await moves_in(lived, "Sipho", days_ago=4)
    assert await look(database, lived) == 0, "moved in four days ago"


async def test_a_common_room_has_nobody_to_move(place: Place, database: Database) -> None:
    meter = f"{place.base}/meters/{place.meter_id}"
    assert (await place.client.patch(meter, json={"device": "board"})).status_code == 200
    await says(place, (60, "100"), (40, "180"), (20, "180"), (10, "180"), (1, "180"))
    assert await look(database, place) == 0, "nobody lives in the flat"
    unit = f"{place.base}/units/{place.unit_id}"
    assert (await place.client.patch(unit, json={"kind": "common"})).status_code == 200
    assert await look(database, place) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [(40, "180"), (20, "180"), (10, "180"), (1, "180")],
        [(60, "100"), (40, "180"), (20, "180"), (10, "180")],
        [(60, "100"), (40, "180"), (20, "180"), (1, "180")],
        [(60, "100"), (29, "180"), (20, "180"), (10, "180"), (1, "180")],
        [(60, "100"), (40, "180"), (20, "180"), (10, "180"), (1, "170")],
    ],
    ids=["never counted", "is silent", "hardly speaks", "for 29 days", "fell"],
)
async def test_what_is_no_standstill(place: Place, database: Database, rows: list[tuple[float, str]]) -> None:
    unit, meter = f"{place.base}/units/{place.unit_id}", f"{place.base}/meters/{place.meter_id}"
    assert (await place.client.patch(unit, json={"kind": "common"})).status_code == 200
    assert (await place.client.patch(meter, json={"device": "board"})).status_code == 200
    await says(place, *rows)
    assert await look(database, place) == 0
    await place.client.patch(meter, json={"device": None})
    assert await look(database, place) == 0


async def test_the_task_asks_credit_for_the_supplies(
    lived: Place, database: Database, admin: psycopg.Connection
) -> None:
    context: Any = SimpleNamespace(additional_context={"database": database})
    await upkeep.note_frozen(context, 0)
    assert len(await issues(lived)) == 1
    admin.execute(
        "INSERT INTO supply (estate_id, unit_id, utility, is_on, since, command_id)"
        " VALUES (%s, %s, 'electricity', false, now(), gen_random_uuid())",
        (lived.estate_id, lived.unit_id),
    )
    admin.commit()
    await upkeep.note_frozen(context, 0)
    assert await issues(lived) == []
