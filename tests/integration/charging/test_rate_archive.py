"""Versions of prices begin by themselves on their date, and nobody edits the ones that were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.world import FLAT, new_world, put_in_force

if TYPE_CHECKING:
    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

# local midnight of 1 April 2026 in Johannesburg
APRIL = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ATTACKS = (
    "UPDATE rate_table SET document = '{}'",
    "UPDATE rate_table SET effective_from = '2020-01-01', name = 'Mine'",
    "DELETE FROM rate_table",
    "TRUNCATE rate_table CASCADE",
    "UPDATE rate_assignment SET effective_until = '2026-02-01'",
    "UPDATE rate_assignment SET actor = 'staff:nobody', reason = ''",
    "DELETE FROM rate_assignment",
    "TRUNCATE rate_assignment CASCADE",
)


async def test_an_assignment_of_a_future_date_begins_by_itself(database: Database):
    world = await new_world(database)
    dearer = FLAT.replace("2026-01-01", "2026-04-01").replace('"2.00"', '"3.00"').replace("Flat", "April")
    await put_in_force(world, dearer)
    await world.charge([("M1", APRIL - 2 * HOUR, "0"), ("M1", APRIL - HOUR, "1")], now=APRIL)
    assert await world.balances() == [-2_300_000]
    # no job ran, no worker was told: this interval lies half before and half after the midnight
    await world.charge([("M1", APRIL + HOUR, "3")], now=APRIL + HOUR)
    assert await world.balances() == [-2_300_000 - 2_300_000 - 3_450_000]
    await world.charge([("M1", APRIL + 2 * HOUR, "4")], now=APRIL + 2 * HOUR)
    assert await world.balances() == [-2_300_000 - 2_300_000 - 2 * 3_450_000]


async def test_the_archive_of_versions_cannot_be_edited(
    database: Database, admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str
):
    world = await new_world(database)
    kept = [admin.execute(f"SELECT * FROM {table}").fetchall() for table in ("rate_table", "rate_assignment")]
    with psycopg.connect(postgres.app_url(database_name), autocommit=True) as app:
        app.execute("SELECT set_config('mita.estates', %s, false)", (str(world.estate_id),))
        for attack in ATTACKS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                app.execute(attack)
    for attack in ATTACKS:
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            admin.execute(attack)
    assert kept == [
        admin.execute(f"SELECT * FROM {table}").fetchall() for table in ("rate_table", "rate_assignment")
    ]
