"""Who works in an estate comes to its pages; who waits for a second factor is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT
from tests.integration.api.place import made

from .staff import visiting_as, working

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


async def test_who_runs_the_installation_makes_its_estate(browser: Browser, site: Site, database: Database):
    person = await made(site.place.client, "/api/v1/persons", {"name": "Naledi Khumalo"})
    grant = {"person_id": person["person_id"], "role": "operator"}
    await made(site.place.client, "/api/v1/role-grants", grant)
    async with visiting_as(
        browser, site, database, person_id=person["person_id"], path="/app/estates"
    ) as visit:
        page = visit.page
        await page.get_by_role("button", name="New estate").click()
        form = page.get_by_role("dialog")
        await form.get_by_label("Name").fill("Willow Creek")
        await form.get_by_label("Currency").select_option("NGN")
        await form.get_by_label("Time zone").select_option("Africa/Lagos")
        # the frame behind it is looked at elsewhere; a dialog's head would be a second banner beside its own
        found = await Axe().run(page, context="[role=dialog]")
        assert found.violations_count == 0, found.generate_report()
        await form.get_by_role("button", name="Make the estate").click()
        await expect(form.get_by_role("alert")).to_contain_text("Willow Creek")
        await form.get_by_label("Name").fill("Palm Court")
        await form.get_by_role("button", name="Make the estate").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Palm Court")
    estates = (await site.place.client.get("/api/v1/estates")).json()["items"]
    assert [(each["name"], each["currency"], each["time_zone"]) for each in estates][1:] == [
        ("Palm Court", "NGN", "Africa/Lagos")
    ]
