"""An operator changes a price, sees what it does, and puts it in force; then lets programs in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT
from tests.integration.api.place import RATES
from tests.integration.api.test_rate_tables import charge_with

from .staff import working

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from mita.kit.db import Database
    from tests.integration.api.place import Place

    from .conftest import Site

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")


async def fits(page: Page) -> None:
    """Axe finds nothing, and nothing is wider than the window."""
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


async def test_a_price_is_changed_compared_and_put_in_force(browser: Browser, site: Site, database: Database):
    place = site.place
    start = datetime.now(UTC) - timedelta(days=10)
    await place.send(
        (start.isoformat(), "100"),
        ((start + timedelta(hours=6)).isoformat(), "110"),
    )
    phone = {"width": 360, "height": 740}
    async with working(
        browser, site, database, role="operator", path="/app/estates", viewport=phone
    ) as visit:
        page = visit.page
        base = f"/app/estates/{place.estate_id}"
        await page.goto(f"{base}/rates")
        await page.get_by_role("link", name="Flat").click()
        await expect(page.get_by_text("In force").first).to_be_visible()
        await fits(page)

        # the form, the document and the preview are of one draft
        await page.get_by_role("link", name="Change prices").click()
        await page.get_by_label("Quantity (kWh)").fill("100")
        preview = page.get_by_role("region", name="What it costs").first
        await expect(preview.get_by_text("As much as now")).to_be_visible()
        await page.get_by_label("ZAR per kWh").fill("2.50")
        await expect(preview.get_by_text("57.50 more than now")).to_be_visible()
        await page.get_by_label("ZAR per kWh").fill("2.5000001")
        await expect(page.get_by_role("button", name="Save as draft")).to_be_disabled()
        await page.get_by_label("ZAR per kWh").fill("2.50")
        await page.get_by_label("Name", exact=True).fill("Flat, dearer")
        await fits(page)
        await page.get_by_role("radiogroup", name="How to write it").get_by_text("Document").click()
        text = page.get_by_role("textbox", name="Document")
        await expect(text).to_have_value(re.compile("Flat, dearer"))
        written = await text.input_value()
        await text.fill(written.replace("2.5", "dear"))
        await expect(page.get_by_role("button", name="charges[0].price")).to_contain_text("Line")
        await fits(page)
        await text.fill(written)
        await page.get_by_role("button", name="Save as draft").click()

        await expect(page.get_by_role("heading", level=1)).to_have_text("Flat, dearer")
        await page.get_by_role("link", name="Compare").click()
        await expect(page.get_by_text("0 pay less, 0 the same, 1 more")).to_be_visible()
        # 2.00 to 2.50, in words and as a picture
        await expect(page.get_by_text("25% more than now").first).to_be_visible()
        await expect(page.get_by_role("list", name="What they pay now")).to_be_visible()
        await fits(page)
        await page.get_by_role("link", name="Back to the table").click()
        await page.get_by_role("button", name="Put in force").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_text("begins by itself")).to_be_visible()
        await expect(dialog.get_by_text("Nothing that was charged already changes.")).to_be_visible()
        await dialog.get_by_label("Where it holds").select_option("meter")
        await expect(dialog.get_by_role("button", name="Put in force")).to_be_disabled()
        await dialog.get_by_label("Meter").fill("E1")
        await dialog.get_by_role("list", name="Found: Meter").get_by_role("button", name="E1").click()
        await expect(dialog.get_by_text("It is for 1 register.")).to_be_visible()
        await dialog.get_by_label("Where it holds").select_option("estate")
        await dialog.get_by_role("button", name="Put in force").click()
        await expect(page.get_by_text("Coming")).to_be_visible()

        await seen_in_money(page, place, base)
        await secrets_once(page, base)
        # the browser itself says that drafts were refused, and a second table from the same day
        assert [each for each in visit.problems if "422" not in each and "409" not in each] == []
        assert visit.hosts == {site.url.split("/")[2]}
    held = (await place.client.get(f"{place.base}/rate-assignments")).json()["items"]
    assert len(held) == 3
    assert held[1]["effective_from"].endswith("-01")


async def seen_in_money(page: Page, place: Place, base: str) -> None:
    """What a price for the past does to wallets is said before it is done, and then it is so."""
    dearer = {**RATES, "name": "Dearer all along", "charges": charge_with(price="2.50")["charges"]}
    answer = await place.client.post(f"{place.base}/rate-tables", json={"document": dearer})
    assert answer.status_code == 201, answer.text
    await page.goto(f"{base}/rates/{answer.json()['rate_table_id']}")
    await page.get_by_role("button", name="Put in force").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("It takes the place of another table").check()
    await dialog.get_by_label("Reason").fill("A slip")
    # ten at 0.50 more, with 15 %
    await expect(dialog.get_by_text("1 wallet changes.")).to_contain_text("5.75 more is taken.")
    await fits(page)
    before = await place.balance()
    await dialog.get_by_role("button", name="Put in force").click()
    await expect(dialog).to_have_count(0)
    assert Decimal(before) - Decimal(await place.balance()) == Decimal("5.75")


async def secrets_once(page: Page, base: str) -> None:
    """Make a key and a webhook: each shows its secret, and does so once."""
    await page.goto(f"{base}/api-keys")
    await page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Bookkeeping")
    await dialog.get_by_label("ledger.read").check()
    await dialog.get_by_role("button", name="Make a key").click()
    await secret_is_gone_after(page)
    await expect(page.get_by_role("row", name="Bookkeeping")).to_contain_text("ledger.read")
    await fits(page)

    await page.goto(f"{base}/webhooks")
    await page.get_by_role("button", name="Add a webhook").click()
    await dialog.get_by_label("Address").fill("https://hooks.example.com/mita")
    await dialog.get_by_label("wallet.topup").check()
    await dialog.get_by_role("button", name="Add a webhook").click()
    await secret_is_gone_after(page)
    await page.get_by_role("link", name="https://hooks.example.com/mita").click()
    await expect(page.get_by_text("Nothing sent yet")).to_be_visible()
    await fits(page)


async def secret_is_gone_after(page: Page) -> None:
    shown = page.get_by_role("status").filter(has_text="Copy this secret now")
    await expect(shown).to_be_visible()
    await shown.get_by_role("button", name="I have kept it").click()
    await expect(shown).to_have_count(0)
