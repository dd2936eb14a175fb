"""What people see: units move without a reload, a top-up is booked once, every page fits and is readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from .conftest import PATIENCE_MS, VIOLATIONS, visiting

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from .conftest import Site

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
WINDOWS = [(PHONE, "light"), (DESKTOP, "light"), (DESKTOP, "dark")]


async def test_a_reading_moves_the_balance_on_an_open_page(browser: Browser, site: Site):
    await site.place.send(("2026-03-01T00:00:00Z", "100"))
    async with visiting(browser, site) as visit:
        page = visit.page
        row = page.locator(f'[data-unit="{site.place.unit_id}"]')
        balance = row.locator('[data-cell="balance-electricity"]')
        await expect(balance).to_contain_text("0.00")
        await expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
        await page.evaluate("window.isTheSamePage = true")
        # ten kilowatt-hours at 2.00 and 15 % tax
        await site.place.send(("2026-03-01T10:00:00Z", "110"))
        await expect(balance).to_contain_text("\N{MINUS SIGN}23.00", timeout=PATIENCE_MS)
        await expect(row.locator('[data-cell="reading"]')).to_contain_text("110.000 kWh")
        await site.place.top_up(amount="50.00")
        await expect(balance).to_contain_text("27.00", timeout=PATIENCE_MS)
        assert await page.evaluate("window.isTheSamePage") is True
        assert visit.problems == []


async def test_a_cut_supply_is_seen_as_a_word(browser: Browser, site: Site):
    place = site.place
    await place.send(("2026-03-01T00:00:00Z", "100"))
    rule = {"is_cutting": True, "low_line": "50", "cut_line": "-10", "restore_line": "10"}
    answer = await place.client.put(f"{place.base}/credit-rules/electricity", json=rule)
    assert answer.status_code == 200, answer.text
    async with visiting(browser, site) as visit:
        supply = visit.page.locator(f'[data-unit="{place.unit_id}"] [data-cell="supply"]')
        await expect(supply).to_contain_text("On")
        await expect(visit.page.locator("#live")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
        await place.send(("2026-03-01T10:00:00Z", "110"))
        await expect(supply).to_contain_text("Cut asked", timeout=PATIENCE_MS)
        await place.top_up(amount="100.00")
        await expect(supply).to_contain_text("Return asked", timeout=PATIENCE_MS)


async def test_a_top_up_by_form_is_booked_once(browser: Browser, site: Site):
    async with visiting(browser, site) as visit:
        page = visit.page
        await page.get_by_role("link", name="A1").click()
        await page.get_by_label("Amount, ZAR").fill("abc")
        await page.get_by_role("button", name="Book the receipt").click()
        await expect(page.get_by_role("alert")).to_contain_text("Enter the amount as a number")
        await page.get_by_label("Amount, ZAR").fill("120,50")
        await page.get_by_role("button", name="Book the receipt").dblclick()
        await expect(page.get_by_text("The top-up is booked.")).to_be_visible()
        await expect(page.locator(".big").first).to_contain_text("120.50")
        assert await site.place.balance() == "120.500000"


async def test_a_page_that_is_cut_off_says_how_old_it_is(browser: Browser, site: Site):
    async with visiting(browser, site) as visit:
        live = visit.page.locator("#live")
        await expect(live).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
        await site.stop()
        await expect(live).to_contain_text("as of", timeout=PATIENCE_MS)


@pytest.mark.parametrize(("window", "scheme"), WINDOWS)
async def test_every_page_fits_is_accessible_and_loads_nothing_from_elsewhere(
    browser: Browser, site: Site, window, scheme
):
    await site.place.send(("2026-03-01T00:00:00Z", "100"), ("2026-03-01T10:00:00Z", "110"))
    unit = f"/units/{site.place.estate_id}/{site.place.unit_id}"
    async with visiting(browser, site, viewport=window, color_scheme=scheme) as visit:
        page = visit.page
        # the page of all routes is long: axe goes over it in one window
        for path in ("/", unit, *(["/docs"] if window is PHONE else [])):
            await page.goto(path)
            await expect(page.locator("h1")).to_have_count(1)
            overflow = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow <= 0, f"{path} is {overflow} px too wide"
            found = await Axe().run(page, options=VIOLATIONS)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert visit.problems == []
        assert visit.hosts == {site.url.split("/")[2]}
