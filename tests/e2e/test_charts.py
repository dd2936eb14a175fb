"""Charts in the web app: in words, as a picture and as a table; and rows that come as one reads on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT

from .conftest import PATIENCE_MS
from .test_app import PHONE, resident, signed_in

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

    from .conftest import Site

__all__ = ["resident"]

LOCAL = ZoneInfo("Africa/Johannesburg")
DAYS = 20
RULE = {"is_cutting": True, "low_line": "50", "cut_line": "-10", "restore_line": "10"}
pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")


async def used(site: Site) -> None:
    """Let the unit use an hour more than the one before, day by day, until a while ago: some 500 charges."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = datetime.now(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    value, rows, at = 100.0, [], start.astimezone(UTC)
    while at <= now:
        rows.append((at.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{value:.3f}"))
        at += timedelta(hours=1)
        value += 0.1 + (0.9 if at.astimezone(LOCAL).hour == 19 else 0)
    await site.place.send(*rows)
    answer = await site.place.client.put(f"{site.place.base}/credit-rules/electricity", json=RULE)
    assert answer.status_code == 200, answer.text


async def look_through(page: Page, card: Locator, *, says: str, rows: int) -> None:
    """Find a chart's words, its picture with the same words, and its table."""
    figure = card.locator("figure")
    await expect(figure.locator("figcaption")).to_contain_text(says, timeout=PATIENCE_MS)
    await figure.scroll_into_view_if_needed()
    picture = figure.get_by_role("img")
    words = (await figure.locator("figcaption").inner_text()).strip()
    await expect(picture).to_have_accessible_name(words, timeout=PATIENCE_MS)
    await expect(picture.locator("canvas").first).to_be_visible(timeout=PATIENCE_MS)
    await figure.get_by_text("Show as a table").click()
    await expect(figure.locator("tbody tr")).to_have_count(rows, timeout=PATIENCE_MS)
    overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0, f"{says} is {overflow} px too wide"


@pytest.mark.usefixtures("resident")
async def test_charts_and_long_lists(browser: Browser, site: Site):
    await used(site)
    await site.place.top_up(amount="1000.00")
    async with signed_in(browser, site, viewport=PHONE, color_scheme="dark") as visit:
        page = visit.page
        await page.goto(f"{visit.home}/usage")
        patterns = page.get_by_role("region", name="Patterns")
        await patterns.scroll_into_view_if_needed()
        await look_through(page, patterns, says="On a usual day most is used around 18:00, 1 kWh", rows=24)
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        await patterns.get_by_text("Month", exact=True).click()
        today = datetime.now(LOCAL).date()
        days = ((today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
        await look_through(page, patterns, says="The most in one hour was 1 kWh", rows=days)
        await patterns.get_by_text("Utilities", exact=True).click()
        await look_through(page, patterns, says="in all: Electricity", rows=7)
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

        await page.goto(f"{visit.home}/wallet")
        lasts = page.get_by_role("region", name="How long it lasts")
        # now, what was before, and four weeks
        await look_through(page, lasts, says="now. It is probably gone by", rows=DAYS + 28)
        entries = page.get_by_role("region", name="Transactions")
        listed = entries.get_by_role("listitem")
        await expect(listed.first).to_have_attribute("aria-posinset", "1", timeout=PATIENCE_MS)
        await expect(listed.first).to_have_attribute("aria-setsize", "-1", timeout=PATIENCE_MS)
        # on to the first one of all, of which only those around are there
        first = entries.locator("li", has=page.get_by_role("link", name="Usage")).last
        charges = DAYS * 24
        while int(await first.get_attribute("aria-posinset") or 0) < charges:
            before = await first.get_attribute("aria-posinset")
            await first.scroll_into_view_if_needed()
            await expect(first).not_to_have_attribute("aria-posinset", before or "", timeout=PATIENCE_MS)
        assert await listed.count() < charges // 4
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert visit.problems == []
        assert visit.hosts == {site.url.split("/")[2]}
