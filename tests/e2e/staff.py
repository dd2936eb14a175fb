"""People who work in an estate, signed in to the app without the way through its sign-in page."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mita.identity.operations import Where, begin_session
from tests.integration.api.place import made

from .conftest import PATIENCE_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from mita.kit.db import Database

    from .conftest import Site


@dataclass
class Visit:
    """A browser window, with what went wrong in it and which hosts it asked."""

    page: Page
    person_id: int
    problems: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@asynccontextmanager
async def working(
    browser: Browser, site: Site, database: Database, *, role: str, path: str = "/app/", **more: Any
) -> AsyncIterator[Visit]:
    """Open a window for somebody new with a role over the place's estate, their second factor passed."""
    place = site.place
    person = await made(place.client, "/api/v1/persons", {"name": "Naledi Khumalo"})
    grant = {"person_id": person["person_id"], "role": role}
    await made(place.client, f"{place.base}/role-grants", grant)
    async with visiting_as(
        browser, site, database, person_id=person["person_id"], path=path, **more
    ) as visit:
        yield visit


@asynccontextmanager
async def visiting_as(
    browser: Browser, site: Site, database: Database, *, person_id: int, path: str = "/app/", **more: Any
) -> AsyncIterator[Visit]:
    """Open a window in which a person has signed in with two factors."""
    async with database.unit_of_work(estates=[]) as session:
        done = await begin_session(
            session,
            person_id=person_id,
            amr=("pwd", "otp"),
            where=Where(device="A test", address="127.0.0.1", is_told=False),
            now=datetime.now(UTC),
        )
    context = await browser.new_context(base_url=site.url, locale="en-GB", **more)
    context.set_default_timeout(PATIENCE_MS)
    cookie = {"name": "mita_refresh", "value": done.refresh_token, "path": "/api/v1/auth"}
    await context.add_cookies([{**cookie, "domain": "127.0.0.1", "httpOnly": True, "sameSite": "Strict"}])
    # how a window knows that it can ask for a token; set once, so that a sign-out lasts
    await context.add_init_script(
        "if (!sessionStorage.begun) { sessionStorage.begun = 1;"
        f" localStorage['mita.signed-in'] = '{person_id}'; }}"
    )
    page = await context.new_page()
    visit = Visit(page, person_id)
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.on("console", lambda said: visit.problems.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: visit.hosts.add(request.url.split("/")[2]))
    await page.goto(path)
    yield visit
    await context.close()
