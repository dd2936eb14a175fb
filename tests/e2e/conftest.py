"""A served Mita with one small estate, and a browser."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn
from playwright.async_api import async_playwright, expect

from mita.entrypoints.api import LiveHub, create_app
from mita.identity.domain import new_token
from mita.identity.operations import replace_token
from tests.integration.api.place import Place, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from playwright.async_api import Browser

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# the sandbox needs rights that a container does not give; nothing but our own pages is opened
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
# five seconds else, which a machine with other work to do may take
expect.set_options(timeout=PATIENCE_MS)
# axe tells every element that passes as well, unless told not to: twice the time on the page of all routes
VIOLATIONS = {"resultTypes": ["violations"]}


@dataclass
class Site:
    """A running web server over a private database."""

    url: str
    token: str
    place: Place
    server: uvicorn.Server
    serving: asyncio.Task[None]

    async def stop(self) -> None:
        """Stop the server; streams break."""
        self.server.should_exit = True
        await self.serving


@pytest.fixture
async def site(database: Database, postgres: EmbeddedPostgres, database_name: str) -> AsyncIterator[Site]:
    async with serving(database, postgres.app_url(database_name)) as found:
        yield found


@pytest.fixture
async def sandbox_site(
    site: Site, database: Database, postgres: EmbeddedPostgres, database_name: str
) -> AsyncIterator[Site]:
    """The same estate, served where residents may pay with pretend money."""
    live = LiveHub(postgres.app_url(database_name))
    server, running, url = await _served(create_app(database, live=live, takes_pretend_money=True))
    found = Site(url, site.token, site.place, server, running)
    yield found
    await found.stop()


@asynccontextmanager
async def serving(database: Database, database_url: str) -> AsyncIterator[Site]:
    """Serve a new small estate."""
    token = new_token()
    async with database.unit_of_work(estates=[]) as session:
        await replace_token(session, name="console", token=token, now=datetime(2025, 1, 1, tzinfo=UTC))
    server, running, url = await _served(create_app(database, live=LiveHub(database_url)))
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as client:
        found = Site(url, token, await settle(client), server, running)
        yield found
    await found.stop()


async def _served(app: FastAPI) -> tuple[uvicorn.Server, asyncio.Task[None], str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    return server, running, f"http://127.0.0.1:{port}"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: the pages are not looked at")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()
