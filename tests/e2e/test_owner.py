"""Who answers for an estate or pays for homes without living there: surplus, the limit of losses, a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from mita.entrypoints.web import BUILT
from tests.integration.api.place import made

from .staff import visiting_as, working
from .test_staff_morning import ON_A_DESK, looked_at

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from mita.kit.db import Database

    from .conftest import Site

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")


async def test_surplus_is_told_where_costs_are_booked_and_the_limit_of_losses_is_kept(
    browser: Browser, site: Site, database: Database
):
    place = site.place
    base = {"unit_id": place.unit_id, "utility": "electricity", "serial": "B1"}
    meter = await made(place.client, f"{place.base}/meters", base)
    whole = {"meter_id": meter["meter_id"], "covers": "estate", "from_on": "2025-01-01"}
    await made(place.client, f"{place.base}/bulk-meters", whole)
    home = f"/app/estates/{place.estate_id}"
    async with working(browser, site, database, role="operator", path=home, viewport=ON_A_DESK) as visit:
        page = visit.page
        surplus = page.get_by_role("region", name="How the estate does").get_by_role("link", name="Surplus")
        await expect(surplus).to_contain_text("Not told")
        await expect(page.get_by_text("A loss above 10 %")).to_be_visible()
        await looked_at(page)
        await page.get_by_role("link", name="Change the limit").click()
        limit = page.get_by_label("Loss that needs attention (%)")
        await expect(limit).to_have_value("10")
        await limit.fill("101")
        form = page.locator("form").filter(has=limit)
        await form.get_by_role("button", name="Save").click()
        await expect(form).to_contain_text("Must be at most 100")
        await limit.fill("7.5")
        await form.get_by_role("button", name="Save").click()
        await expect(form.get_by_role("status")).to_be_visible()
        await page.goto(home)
        await expect(page.get_by_text("A loss above 7.5 %")).to_be_visible()
        # the refusal is written down by browsers
        assert [each for each in visit.problems if "422" not in each] == []


async def test_who_pays_for_a_group_without_a_home_finds_its_money(
    browser: Browser, site: Site, database: Database
):
    place = site.place
    person = await made(place.client, "/api/v1/persons", {"name": "Nomsa"})
    named = {"name": "The Mokoenas", "owner_person_id": person["person_id"]}
    group = await made(place.client, f"{place.base}/wallet-groups", named)
    path = f"{place.base}/wallet-groups/{group['group_id']}/members"
    answer = await place.client.post(path, json={"wallet_id": place.wallet_id})
    assert answer.is_success, answer.text
    async with visiting_as(
        browser, site, database, person_id=person["person_id"], viewport=ON_A_DESK
    ) as visit:
        page = visit.page
        await page.get_by_role("link", name="The Mokoenas").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("The Mokoenas")
        await expect(page.get_by_role("listitem").filter(has_text="A1").first).to_be_visible()
        # of the home itself they see nothing
        await expect(page.get_by_role("link", name="A1")).to_have_count(0)
        await looked_at(page)
        await page.goto("/app/homes/limits")
        await expect(page.get_by_role("link", name="The Mokoenas")).to_be_visible()
        await page.get_by_role("link", name="Profile").click()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert visit.problems == []
        assert visit.hosts == {site.url.split("/")[2]}
