"""One house for each file: what an attack leaves behind does not help the next one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest_asyncio

from mita.entrypoints.api import LiveHub
from mita.kit.db import Database
from mita.kit.seal import Seals

from .house import House, build

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """Two estates and five persons, made once for the file."""
    name = f"house_{os.getpid()}_{request.module.__name__.rpartition('_')[2]}"
    postgres.create_database(name, template="mita_template")
    database = Database(postgres.app_url(name), seals=Seals([bytes(32)]))
    live = LiveHub(postgres.app_url(name))
    try:
        built = await build(database, postgres.admin_url(name), live)
        yield built
        await built.client.aclose()
    finally:
        await live.close()
        await database.close()
        postgres.drop_database(name)
