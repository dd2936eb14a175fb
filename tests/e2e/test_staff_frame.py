"""Who works in an estate comes to its pages; who waits for a second factor is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT

from .staff import working

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from mita.kit.db import Database

    from .conftest import Site

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")


async def test_staff_come_to_their_estate(browser: Browser, site: Site, database: Database):
    async with working(
        browser, site, database, role="operator", viewport={"width": 360, "height": 740}
    ) as visit:
        page = visit.page
        await page.get_by_role("link", name="Willow Creek").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Willow Creek")
        await expect(page.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
        await page.get_by_role("link", name="My account").click()
        await expect(page.get_by_role("heading", name="Naledi Khumalo")).to_be_visible()
        await page.goto("/app/estates/999999")
        await expect(page.get_by_role("strong")).to_have_text("No estate here")
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        # the browser itself says that the page of that estate was not found
        assert [each for each in visit.problems if "404" not in each] == []
        assert visit.hosts == {site.url.split("/")[2]}
