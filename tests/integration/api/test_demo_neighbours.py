"""The demo's neighbours: who lives there, the family of three homes, what waits for staff, the bulk meter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from mita.entrypoints.demo import supply
from mita.entrypoints.demo.neighbours import leave_work, let_parent_in, move_in
from mita.entrypoints.demo.setup import SEED, bulk_value, settle_in
from mita.entrypoints.demo.simulator import neighbourhood
from mita.entrypoints.keys import DEMO_PARENT

from .signing_in import AUTH, bearing, browser

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from mita.kit.db import Database

KWH = 1_000_000


async def test_a_visitor_finds_people_a_family_and_work(
    app: FastAPI, client: httpx.AsyncClient, database: Database
) -> None:
    whole = neighbourhood(seed=SEED)[0]
    lived_in = [unit for unit in whole.units if unit.resident_name is not None][:6]
    estate = replace(whole, units=(*lived_in, *(unit for unit in whole.units if unit.resident_name is None)))
    now = datetime.now(tz=UTC)
    home = await settle_in(database, estate, now=now)
    # a second start changes nothing
    for _ in range(2):
        await move_in(database, home, now=now)
        await let_parent_in(database, home, password="seven owls on a wire", now=now)
        await leave_work(database, home, now=now)
    base = f"/api/v1/estates/{home.estate_id}"
    (figures,) = (await client.get("/api/v1/portfolio")).json()["items"]
    # one of the six moved in today, another one comes in nine days; the main supply is in no use
    assert (figures["units"], figures["occupied"], figures["vacant"]) == (9, 6, 1)
    assert figures["held_readings"] == 2
    assert len((await client.get(f"{base}/handovers")).json()["items"]) == 1
    assert [each["kind"] for each in (await client.get(f"{base}/imports")).json()["items"]] == ["people"]
    body = {"identifier": DEMO_PARENT, "password": "seven owls on a wire", "keep": "body"}
    async with browser(app) as window:
        signed_in = (await window.post(f"{AUTH}/sign-in", json=body)).json()
    async with bearing(app, signed_in["tokens"]["access_token"]) as parent:
        own = (await parent.get("/api/v1/me/homes")).json()
        assert [each["right"] for each in own["items"]] == ["manage"] * 3
        (group,) = own["groups"]
        path = f"{base}/wallet-groups/{group['group_id']}/summary"
        assert len((await parent.get(path)).json()["wallets"]) == 3
    # nothing was read of the main supply yet
    assert await bulk_value(database, home) is None


def test_the_bulk_meter_counts_what_the_units_use_and_a_loss_that_grows() -> None:
    hours = 2_160
    units = np.cumsum(np.full((hours + 1, 3), 2 * KWH), axis=0)
    bulk = supply.bulk_history(units)
    used, counted = np.diff(units.sum(axis=1)), np.diff(bulk)
    assert bulk.dtype == np.int64
    assert (counted >= used).all()
    parts = [
        int((counted[first : first + 720].sum() - used[first : first + 720].sum()) * 1_000)
        // int(used[first : first + 720].sum())
        for first in range(0, hours, 720)
    ]
    assert parts == sorted(set(parts))
    assert parts[0] >= 60
    assert parts[-1] <= 170
    assert supply.bulk_after(10 * KWH, used_micro=0) == 10 * KWH
    assert supply.bulk_after(10 * KWH, used_micro=100 * KWH) == 10 * KWH + 117_000_000
