"""An operator's morning: moving in, a receipt, a file that is mended, moving out and its undoing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT
from mita.imports.jobs import carry_out

from .staff import working

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from mita.kit.db import Database

    from .conftest import Site

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")

WRONG = b"name,kind\nB1,flat\nB2,palace\n"
MENDED = b"name,kind\nB1,flat\nB2,house\n"
# charts are drawn anew a moment after the window changed
FITS = """new Promise((tell) => {
  const end = performance.now() + 5000;
  const look = () => {
    const over = document.documentElement.scrollWidth - innerWidth;
    if (over <= 0 || performance.now() > end) tell(over <= 0 ? "fits" : `${over} px too wide`);
    else requestAnimationFrame(look);
  };
  look();
})"""
ON_A_PHONE = {"width": 360, "height": 740}
ON_A_DESK = {"width": 1440, "height": 900}


async def looked_at(page: Page) -> None:
    """Nothing serious for who cannot see or point, and nothing to push sideways on a phone."""
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    await page.set_viewport_size(ON_A_PHONE)
    assert await page.evaluate(FITS) == "fits", page.url
    await page.set_viewport_size(ON_A_DESK)


async def checked(page: Page, database: Database, *, estate_id: int, name: str, content: bytes) -> None:
    """Choose a file and have it checked, as the worker does."""
    await page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )
    await page.get_by_role("button", name="Check the file").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    await carried(page, database, estate_id=estate_id)


async def carried(page: Page, database: Database, *, estate_id: int) -> None:
    await carry_out(database, estate_id=estate_id, import_id=UUID(page.url.rsplit("/", 1)[1]))


async def test_an_operators_morning(browser: Browser, site: Site, database: Database):
    place = site.place
    home = f"/app/estates/{place.estate_id}"
    async with working(
        browser, site, database, role="operator", path=f"{home}/units", viewport=ON_A_DESK
    ) as visit:
        page = visit.page
        await expect(page.get_by_role("row", name="A1 Vacant Flat")).to_be_visible()
        await looked_at(page)
        await page.get_by_role("link", name="A1").click()

        # somebody moves in: looked at, then done
        await page.get_by_role("link", name="Move in").click()
        await page.get_by_label("Name").fill("Thandi Nkosi")
        await page.get_by_label("Email").fill("thandi@example.com")
        await page.get_by_label("Electricity, E1").fill("twelve")
        await expect(page.get_by_text("A number, such as 1234.5")).to_be_visible()
        await expect(page.get_by_role("button", name="Preview")).to_be_disabled()
        await page.get_by_label("Electricity, E1").fill("100")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="This is what will happen")).to_be_visible()
        await expect(page.get_by_text("E1 shows 100 kWh (its first reading).")).to_be_visible()
        assert (await place.client.get(f"{place.base}/occupancies")).json()["items"] == []
        await looked_at(page)
        await page.get_by_role("button", name="Let Thandi Nkosi move in").click()
        await expect(page.get_by_role("heading", name="Done")).to_be_visible()
        await page.get_by_role("link", name="To the unit").click()
        await expect(page.get_by_text("Occupied")).to_be_visible()

        # money came to the desk
        await page.get_by_role("button", name="Book a receipt").click()
        await page.get_by_label("Amount (ZAR)").fill("250")
        await (
            page.get_by_role("button", name="Book ZAR").or_(page.get_by_role("button", name="Book R")).click()
        )
        await expect(page.get_by_text("The receipt is booked.")).to_be_visible()
        assert await place.balance() == "250.000000"
        await looked_at(page)
        await page.get_by_role("link", name="Thandi Nkosi").first.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Thandi Nkosi")
        await expect(page.get_by_text("Manages it")).to_be_visible()
        await looked_at(page)

        # a list with a row that is wrong, then mended
        await page.get_by_role("link", name="Imports").click()
        await checked(page, database, estate_id=place.estate_id, name="wrong.csv", content=WRONG)
        await expect(page.get_by_role("row", name="Row 3 kind palace")).to_be_visible()
        await expect(page.get_by_role("button", name="Import now")).to_be_disabled()
        await looked_at(page)
        await page.get_by_role("link", name="Another file").click()
        await checked(page, database, estate_id=place.estate_id, name="mended.csv", content=MENDED)
        await expect(page.get_by_text("2 rows are good. Nothing was changed yet.")).to_be_visible()
        looked = page.url
        await page.get_by_role("button", name="Import now").click()
        await expect(page).not_to_have_url(looked)
        await carried(page, database, estate_id=place.estate_id)
        await expect(page.get_by_text("Imported", exact=True)).to_be_visible()
        units = (await place.client.get(f"{place.base}/units")).json()["items"]
        assert [(each["name"], each["kind"]) for each in units] == [
            ("A1", "flat"),
            ("B1", "flat"),
            ("B2", "house"),
        ]

        # somebody moves out, and it was a mistake
        await page.goto(f"{home}/tenancies/out?unit={place.unit_id}")
        await page.get_by_role("button", name="Preview").click()
        await expect(page.get_by_text("250.00 is left, and is paid back.")).to_be_visible()
        await looked_at(page)
        await page.get_by_role("button", name="Let Thandi Nkosi move out").click()
        await expect(page.get_by_role("heading", name="Done")).to_be_visible()
        assert await place.balance() == "0.000000"
        await page.get_by_role("link", name="All handovers").click()
        await page.get_by_role("button", name="Undo").click()
        await page.get_by_label("Reason").fill("it was the neighbour")
        await page.get_by_role("dialog").get_by_role("button", name="Undo").click()
        await expect(page.get_by_text("Undone")).to_be_visible()
        assert await place.balance() == "250.000000"
        await looked_at(page)
        assert visit.problems == []
        assert visit.hosts == {site.url.split("/")[2]}
