"""Every page of the app, as the app itself lists them: whole, readable by all, as wide as its window.

`web/src/app/pages.json` is the list of the routes, held by a test beside it: a page that is added is looked
at here without being named, and one whose path names something new fails until `furnished` has such a thing.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.async_playwright import Axe

from mita.entrypoints.api import LiveHub, create_app
from mita.entrypoints.web import BUILT
from mita.kit.clock import now_utc
from tests.integration.api.place import made
from tests.integration.ledger.notary import TestNotary

from .conftest import PATIENCE_MS, VIOLATIONS, Site, _served
from .furnished import Furnished, furnished
from .looks import SETTLED, TOO_SMALL, TOO_WIDE
from .staff import visiting_as, working

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from playwright.async_api import Browser, Page

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

    from .staff import Visit

    Looks = Sequence[tuple[dict[str, int], Literal["light", "dark"]]]

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")

PAGES: list[str] = json.loads((Path(__file__).parents[2] / "web/src/app/pages.json").read_text())
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1440, "height": 900}
# on a desk by day, and on a phone at night: what is laid out and coloured otherwise is seen in one of them
LOOKS = ((DESK, "light"), (PHONE, "dark"))
# what an auditor may see as well is looked at as they see it; all else of staff as an operator does
OF_AUDITOR = ("/ledger", "/proofs", "/audit")
# where their role has no permission, and their menu no way
NOT_OF_AUDITOR = ("/imports", "/reading-files", "/webhooks", "/roles", "/api-keys")
# without a reload; the heading that was there is marked, so that it is not taken for the next one's
GO = """path => {
  document.querySelectorAll('h1').forEach(each => { each.dataset.before = 'yes'; });
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate', { state: null }));
}"""
WRONG = """() => [...document.querySelectorAll('[role=alert]')]
  .filter(each => [...each.querySelectorAll('button')].some(button => button.textContent === 'Try again'))
  .map(each => each.innerText.replaceAll('\\n', ' '))"""
AXE = """async options => (await axe.run(document, options)).violations
  .map(({ impact, id, nodes }) => `${impact} ${id}: ${nodes.map(each => each.target).join(' | ')}`)"""
SCHEME = "document.documentElement.dataset.mantineColorScheme"


def test_every_page_is_of_some_walk() -> None:
    assert [each for each in PAGES if each not in {*STAFF, *HOMES, *HOME, *DOORS}] == []


STAFF = [each for each in PAGES if each.startswith(("/estates", "/account"))]
HOMES = [each for each in PAGES if each.startswith("/homes")]
HOME = [each for each in PAGES if each.startswith("/e/")]
# what leads on to another page; the sign-in is looked at by who has not signed in
DOORS = ["/", "/*", "/sign-in"]


@dataclass
class Walk:
    """One window that goes from page to page, and what was wrong on the way."""

    visit: Visit
    house: Furnished
    # who lives there touches; what staff has in dense tables is for a pointer as well
    is_touched: bool = False
    wrong: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.visit.page

    async def begin(self) -> None:
        await self.page.evaluate(Axe().axe_script + "; null")

    async def over(self, paths: Sequence[str], *, looks: Looks = LOOKS, with_axe: bool = True) -> None:
        """Go to each page without a reload, and look at it."""
        await self.begin()
        for path in paths:
            await self.page.evaluate(GO, "/app" + self.house.fill(path))
            for window, scheme in looks:
                await self.look(path, window, scheme, with_axe=with_axe)

    async def look(
        self, path: str, window: dict[str, int], scheme: Literal["light", "dark"], *, with_axe: bool
    ) -> None:
        name = f"{path} {scheme} {window['width']}"
        await self.page.set_viewport_size(window)
        await self.page.emulate_media(color_scheme=scheme)
        if unsettled := await self.page.evaluate(SETTLED, PATIENCE_MS):
            self.wrong.append(f"{name}: {unsettled}")
            return
        assert await self.page.evaluate(SCHEME) == scheme
        self.wrong += [f"{name}: {each}" for each in await self.page.evaluate(WRONG)]
        if over := await self.page.evaluate(TOO_WIDE, 2_000):
            self.wrong.append(f"{name}: {over}")
        if self.is_touched and window is PHONE:
            self.wrong += [
                f"{name}: too small to touch: {each}" for each in await self.page.evaluate(TOO_SMALL)
            ]
        if with_axe:
            self.wrong += [f"{name}: {each}" for each in await self.page.evaluate(AXE, VIOLATIONS)]
        self.wrong += [f"{name}: {each}" for each in self.visit.problems]
        self.visit.problems.clear()

    def end(self) -> None:
        """Tell all that was found at once."""
        host = self.page.url.split("/")[2]
        assert self.visit.hosts == {host}
        assert self.wrong == [], "\n".join(self.wrong)


@pytest.fixture
async def house(
    database: Database, postgres: EmbeddedPostgres, database_name: str, sandbox_site: Site, tmp_path: Path
) -> AsyncIterator[Furnished]:
    """The estate with one of each, its books signed."""
    url = postgres.app_url(database_name)
    whole = await furnished(sandbox_site, database, worker_url=url)
    notary = TestNotary(tmp_path)
    await notary.take(database, estate_id=whole.site.place.estate_id, now=now_utc())
    live = LiveHub(url)
    app = create_app(database, live=live, takes_pretend_money=True, checkpoints=notary.directory)
    server, running, at = await _served(app)
    whole.site = Site(at, whole.site.token, whole.site.place, server, running)
    yield whole
    await whole.site.stop()
    await live.close()


@asynccontextmanager
async def walking(
    browser: Browser, house: Furnished, database: Database, *, role: str = "", person_id: int = 0
) -> AsyncIterator[Walk]:
    """Open a window for somebody of staff, or for who lives there; say what was found when it closes."""
    if role:
        window = working(
            browser, house.site, database, role=role, path="/app/account/security", viewport=DESK
        )
    else:
        window = visiting_as(
            browser, house.site, database, person_id=person_id, path="/app/homes/money", viewport=DESK
        )
    async with window as visit:
        await visit.page.locator("h1").wait_for()
        walk = Walk(visit, house, is_touched=not role)
        yield walk
        walk.end()


async def test_pages_of_who_runs_an_estate(browser: Browser, house: Furnished, database: Database) -> None:
    async with walking(browser, house, database, role="operator") as walk:
        await walk.over([each for each in STAFF if not _below(each, OF_AUDITOR)])


async def test_pages_of_who_checks_it(browser: Browser, house: Furnished, database: Database) -> None:
    async with walking(browser, house, database, role="auditor") as walk:
        await walk.over([each for each in STAFF if _below(each, OF_AUDITOR)])
        seen = [each for each in STAFF if not _below(each, (*OF_AUDITOR, *NOT_OF_AUDITOR))]
        # the same pages with nothing to press: whether they come at all, and ask only what the reader may
        await walk.over(seen, looks=LOOKS[1:], with_axe=False)


async def test_pages_of_an_estate_that_has_nothing_yet(
    browser: Browser, site: Site, database: Database
) -> None:
    new = {"name": "Fig Tree Court", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    site.place.estate_id = (await made(site.place.client, "/api/v1/estates", new))["estate_id"]
    bare = Furnished(site, names={"estateId": str(site.place.estate_id)})
    async with walking(browser, bare, database, role="operator") as walk:
        await walk.over([each for each in STAFF if each.count(":") < 2], looks=LOOKS[1:])


async def test_pages_of_who_lives_there(browser: Browser, house: Furnished, database: Database) -> None:
    async with walking(browser, house, database, person_id=house.resident_id) as walk:
        await walk.over([*HOME, "/", "/*"])
    async with walking(browser, house, database, person_id=house.parent_id) as walk:
        await walk.over(HOMES)


def _below(path: str, roots: tuple[str, ...]) -> bool:
    return path.removeprefix("/estates/:estateId").startswith(roots)
