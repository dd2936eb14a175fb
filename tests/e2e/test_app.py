"""A resident's day in the web app: the balance in a second, a top-up with one thumb, every page readable."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT
from mita.identity.domain.passwords import hash_password
from mita.identity.operations import store_password
from tests.integration.api.place import made

from .conftest import PATIENCE_MS, VIOLATIONS
from .looks import SETTLED, TOO_SMALL, TOO_WIDE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page, ViewportSize

    from mita.kit.db import Database

    from .conftest import Site

EMAIL, PASSWORD = "thandi@example.com", "seven lamps by the river"
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1440, "height": 900}
PAGES = ("", "/usage", "/wallet", "/top-up", "/meters", "/alerts", "/household", "/profile", "/security")
RULE = {"is_cutting": True, "low_line": "50", "cut_line": "-10", "restore_line": "10"}
pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")


@dataclass
class Visit:
    page: Page
    home: str
    problems: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)


@pytest.fixture
async def resident(site: Site, database: Database) -> None:
    """Thandi, who manages the wallet of the place."""
    place = site.place
    person = await made(place.client, "/api/v1/persons", {"name": "Thandi Mokoena", "email": EMAIL})
    grant = {"person_id": person["person_id"], "right": "manage"}
    await made(place.client, f"{place.base}/wallets/{place.wallet_id}/grants", grant)
    async with database.unit_of_work(estates=[]) as session:
        hashed = hash_password(PASSWORD)
        now = datetime.now(UTC)
        await store_password(session, person_id=person["person_id"], hashed=hashed, now=now)


@asynccontextmanager
async def signed_in(browser: Browser, site: Site, **more) -> AsyncIterator[Visit]:
    context = await browser.new_context(base_url=site.url, locale="en-GB", **more)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    visit = Visit(page, "")
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.on("console", lambda said: visit.problems.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: visit.hosts.add(request.url.split("/")[2]))
    await page.goto("/app/")
    await page.get_by_label("Email or phone number").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("link", name="Top up").wait_for()
    visit.home = page.url.removeprefix(site.url)
    yield visit
    await context.close()


def _hours_ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds").replace("+00:00", "Z")


async def test_a_day_the_money_runs_low_is_topped_up_and_the_page_follows(
    browser: Browser, site: Site, resident: None
):
    place = site.place
    await place.send((_hours_ago(10), "100"))
    await place.client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    async with signed_in(browser, site, viewport=PHONE, has_touch=True) as visit:
        page = visit.page
        hero = page.get_by_role("region", name="Balance")
        await expect(hero).to_contain_text("0.00")
        await expect(hero).to_contain_text("Electricity is on")
        # ten kilowatt-hours at 2.00 and 15 % tax: it follows without a reload
        await page.evaluate("window.isTheSamePage = true")
        await place.send((_hours_ago(2), "110"))
        await expect(hero).to_contain_text("23.00", timeout=PATIENCE_MS)
        await expect(hero).to_contain_text("No credit left")
        await expect(hero).to_contain_text("Electricity is going off")
        assert await page.evaluate("window.isTheSamePage") is True

        await page.get_by_role("link", name="Top up").click()
        # the estate takes no pretend money here: it says so, and what to do
        await expect(page.get_by_text("You cannot pay here yet")).to_be_visible()
        await place.top_up(amount="100.00", utility="electricity")
        await page.get_by_role("link", name="Home", exact=True).click()
        await expect(hero).to_contain_text("77.00", timeout=PATIENCE_MS)
        await expect(hero).to_contain_text("Enough credit")
        assert visit.problems == []


async def test_a_top_up_in_the_sandbox_is_declined_then_paid_once(browser: Browser, sandbox_site, resident):
    site = sandbox_site
    async with signed_in(browser, site, viewport=PHONE) as visit:
        page = visit.page
        await page.get_by_role("link", name="Top up").click()
        await page.get_by_role("textbox").fill("abc")
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_text("Enter an amount such as 200")).to_be_visible()
        await page.get_by_role("button", name="100").click()
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Let the bank decline it").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was taken")
        assert await site.place.balance() == "0.000000"
        await page.get_by_role("button", name="Pay").dblclick()
        await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
        await page.get_by_role("link", name="To the home page").click()
        await expect(page.get_by_role("region", name="Balance")).to_contain_text("100.00")
        answer = await site.place.client.get(f"{site.place.base}/transactions")
        assert [each["amount"]["amount"] for each in answer.json()["items"]] == ["100.000000"]


async def test_a_charge_explains_itself(browser: Browser, site: Site, resident: None):
    await site.place.send((_hours_ago(10), "100"), (_hours_ago(2), "110"))
    async with signed_in(browser, site, viewport=DESKTOP) as visit:
        page = visit.page
        await page.get_by_role("link", name="Wallet", exact=True).click()
        await page.get_by_role("link", name="10\N{NO-BREAK SPACE}kWh").click()
        main = page.get_by_role("main")
        for told in ("you used 10 kWh", "20.00", "VAT 15 %", "3.00", "23.00", "The prices are those of Flat"):
            await expect(main).to_contain_text(told)
        # in isiZulu the same figures, and no sentence of the English ones
        await page.goto(f"{page.url}?lang=zu")
        await expect(page.get_by_role("heading", name="Kungani leli nani")).to_be_visible()
        for told in ("usebenzise 10", "20,00", "VAT 15", "23,00"):
            await expect(main).to_contain_text(told)
        said = await main.inner_text()
        assert not re.search(r"\b(you|used|cost|prices|the|are|was)\b", said, re.IGNORECASE), said
        assert visit.problems == []


async def test_without_a_connection_the_last_figures_say_from_when_they_are(
    browser: Browser, site: Site, resident: None
):
    await site.place.top_up(amount="42.00", utility="electricity")
    async with signed_in(browser, site, viewport=PHONE) as visit:
        page = visit.page
        await expect(page.get_by_role("region", name="Balance")).to_contain_text("42.00")
        # what was seen is written down within two seconds, and the app's own files are kept
        await page.evaluate("navigator.serviceWorker.ready")
        # not wait_for_function, which makes code of text: the page lets none run
        await page.evaluate(
            "new Promise(done => { const look = () => localStorage.getItem('mita.last-known')"
            "?.includes('42.000000') ? done() : setTimeout(look, 100); look() })"
        )
        names = await page.evaluate(
            "caches.keys().then(all => Promise.all(all.map(async each => (await caches.open(each)).keys())))"
            ".then(all => all.flat().map(each => each.url))"
        )
        assert names
        assert not [each for each in names if "/api/" in each]
        await site.stop()
        await page.reload()
        await expect(page.get_by_role("region", name="Balance")).to_contain_text("42.00")
        await expect(page.get_by_text("Last known figures, as of")).to_be_visible()


async def test_who_signs_out_leaves_nothing_behind(browser: Browser, site: Site, resident: None):
    async with signed_in(browser, site, viewport=PHONE) as visit:
        page = visit.page
        await page.reload()
        await page.get_by_role("link", name="Top up").wait_for()
        await page.get_by_role("link", name="Profile").click()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        kept = await page.evaluate("JSON.stringify(localStorage)")
        assert "last-known" not in kept
        assert "signed-in" not in kept
        await page.goto(visit.home)
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_wrong_password_says_so_and_nothing_else(browser: Browser, site: Site, resident: None):
    page = await browser.new_page(base_url=site.url)
    await page.goto("/app/")
    await page.get_by_label("Email or phone number").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill("something else")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("That did not fit")


# the other two windows are those of test_every_page.py
LOOKS: tuple[tuple[ViewportSize, Literal["light", "dark"]], ...] = ((PHONE, "light"), (DESKTOP, "dark"))


async def test_every_page_fits_is_accessible_and_loads_nothing_from_elsewhere(
    browser: Browser, site: Site, resident: None
):
    await site.place.send((_hours_ago(10), "100"), (_hours_ago(2), "110"))
    async with signed_in(browser, site, viewport=PHONE, color_scheme="light") as visit:
        page = visit.page
        for path in PAGES:
            await page.goto(visit.home + path)
            for window, scheme in LOOKS:
                await page.set_viewport_size(window)
                await page.emulate_media(color_scheme=scheme)
                await _fits_and_is_accessible(page, f"{path} {scheme}")
        assert visit.problems == []
        assert visit.hosts == {site.url.split("/")[2]}


async def _fits_and_is_accessible(page: Page, what: str) -> None:
    await expect(page.locator("h1")).to_have_count(1)
    await expect(page.get_by_role("status", name="Loading")).to_have_count(0)
    if unsettled := await page.evaluate(SETTLED, PATIENCE_MS):
        pytest.fail(f"{what}: {unsettled}")
    if over := await page.evaluate(TOO_WIDE, 2_000):
        pytest.fail(f"{what}: {over}")
    small = await page.evaluate(TOO_SMALL)
    assert small == [], f"{what}: too small to touch"
    found = await Axe().run(page, options=VIOLATIONS)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
