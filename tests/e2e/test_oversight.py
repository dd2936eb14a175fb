"""Who watches over an estate: a trustee sees how it does, an auditor checks that no book was altered."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.api import LiveHub, create_app
from mita.entrypoints.web import BUILT
from tests.integration.ledger.notary import TestNotary

from .conftest import PATIENCE_MS, Site, _served
from .staff import working

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page, Route

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")
expect.set_options(timeout=PATIENCE_MS)
PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture
async def live(postgres: EmbeddedPostgres, database_name: str) -> AsyncIterator[LiveHub]:
    hub = LiveHub(postgres.app_url(database_name))
    yield hub
    await hub.close()


@pytest.fixture
async def signed_site(site: Site, database: Database, live: LiveHub, tmp_path: Path) -> AsyncIterator[Site]:
    """The estate after a reading was charged, a receipt booked, and all of it signed."""
    now = datetime.now(tz=UTC).replace(microsecond=0)
    earlier = now - timedelta(minutes=90)
    await site.place.send((earlier.isoformat(), "0"), (now.isoformat(), "10"))
    assert (await site.place.top_up(amount="500.00", utility="electricity")).status_code == 201
    notary = TestNotary(tmp_path)
    await notary.take(database, estate_id=site.place.estate_id, now=datetime.now(tz=UTC))
    server, running, url = await _served(create_app(database, live=live, checkpoints=notary.directory))
    found = Site(url, site.token, site.place, server, running)
    yield found
    await found.stop()


async def looks_right(page: Page) -> None:
    """Nothing is wider than the window, and nobody is kept out."""
    wider = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0, f"{page.url} is {wider} px too wide"
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"


async def test_a_trustee_sees_the_estate_and_no_household(
    browser: Browser, signed_site: Site, database: Database
) -> None:
    asked: list[str] = []
    async with working(browser, signed_site, database, role="trustee", path="/app/estates", **PHONE) as visit:
        page = visit.page
        page.on("request", lambda request: asked.append(request.url))
        await expect(page.get_by_text("100%").first).to_be_visible()
        await looks_right(page)
        await page.get_by_role("link", name="Willow Creek").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Willow Creek")
        indicators = page.get_by_label("How the estate does")
        await expect(indicators).to_contain_text("In good standing")
        await expect(indicators).to_contain_text(re.compile(r"R\s?20"))
        await expect(page.get_by_role("region", name="Vacancy")).to_contain_text("A1")
        prices = page.get_by_role("region", name="Prices in force")
        await expect(prices).to_contain_text("per kWh")
        await expect(page.get_by_text("No bulk meter of this utility")).to_be_visible()
        await expect(page.get_by_role("link", name="Ledger")).to_have_count(0)
        await looks_right(page)
        # what a single household has or owes was not even asked for
        own = ("/wallets", "/transactions", "/ledger", "/low-credit", "/arrears")
        assert [url for url in asked if any(part in url for part in own)] == []
        assert visit.problems == []
        assert visit.hosts == {signed_site.url.split("/")[2]}


async def test_an_auditor_checks_the_books_in_the_browser(
    browser: Browser, signed_site: Site, database: Database
) -> None:
    base = f"/app/estates/{signed_site.place.estate_id}"
    async with working(browser, signed_site, database, role="auditor", path=f"{base}/ledger") as visit:
        page = visit.page
        await page.get_by_label("Find by name or code").fill("electricity")
        # the list is narrowed before a row is gone for: rows that move lose a click
        await page.wait_for_url("**?q=electricity")
        await expect(page.get_by_role("button", name="Clear filters")).to_be_visible()
        await page.get_by_role("link", name="Wallet of A1, electricity").click()
        await expect(page.get_by_role("table", name="Statement")).to_contain_text("Top-up")
        # who only reads is offered nothing that writes
        await expect(page.get_by_role("button", name="Reverse")).to_have_count(0)
        await looks_right(page)
        await page.get_by_role("table", name="Statement").get_by_role("link", name="Top-up").click()
        await expect(page.get_by_text("The lines balance")).to_be_visible()
        await looks_right(page)
        await page.go_back()
        await page.get_by_role("link", name="Verify").click()
        await expect(page.get_by_text("Genuine", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Check the chain").click()
        await expect(page.get_by_text("The chain holds")).to_be_visible()
        await looks_right(page)
        await tampered(page)
        await page.goto(f"{base}/ledger/trial-balance")
        await expect(page.get_by_text("Debits equal credits")).to_be_visible()
        await page.goto(f"{base}/audit")
        await page.get_by_text("Receive top up").click()
        await expect(page.get_by_role("button", name="Only by staff:console")).to_be_visible()
        await page.set_viewport_size({"width": 360, "height": 740})
        await looks_right(page)
        assert visit.problems == []
        assert visit.hosts == {signed_site.url.split("/")[2]}


async def tampered(page: Page) -> None:
    """Let answers come with one byte changed; the browser finds each of them."""

    async def balance(route: Route) -> None:
        answer = await route.fetch()
        proof: dict[str, Any] = await answer.json()
        proof["leaf"]["posted"]["amount"] = proof["leaf"]["posted"]["amount"].replace("4", "5", 1)
        await route.fulfill(response=answer, body=json.dumps(proof))

    async def memo(route: Route) -> None:
        answer = await route.fetch()
        piece: dict[str, Any] = await answer.json()
        piece["links"][-1]["actor"] += "."
        await route.fulfill(response=answer, body=json.dumps(piece))

    await page.route("**/inclusion-proof*", balance)
    await page.route("**/chain?*", memo)
    await page.reload()
    await expect(page.get_by_text("Not genuine")).to_be_visible()
    await expect(page.get_by_text("these figures were not signed")).to_be_visible()
    await page.get_by_role("button", name="Check the chain").click()
    await expect(page.get_by_text("Broken at entry")).to_be_visible()
    await page.unroute_all()
