"""A token typed at the meter without a connection waits in sight, goes once, and the meter takes it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from mita.drivers.emop import objects
from mita.entrypoints.demo.emlite import EmliteMeter, first_objects
from mita.entrypoints.polling.emop import EmopLine
from mita.entrypoints.polling.reach import Reach
from mita.entrypoints.polling.tokens import MeterTokens
from mita.entrypoints.web import BUILT
from tests.integration.api.place import made

from .conftest import PATIENCE_MS
from .staff import working
from .test_app import PHONE, resident, signed_in  # noqa: F401 - a fixture
from .test_outbox import looked_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import psycopg
    from playwright.async_api import Browser, Page

    from mita.kit.db import Database

    from .conftest import Site

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")

TOKEN = "66475648316756821785"
LOOPBACK = Reach.parsed("127.0.0.0/8", "")


@asynccontextmanager
async def polled(
    site: Site, database: Database, admin: psycopg.Connection, meter: EmliteMeter
) -> AsyncIterator[None]:
    """Register the place's meter as a prepayment meter, and give it what waits for it."""
    device: dict[str, Any] = {"driver": "emop", "address": "flat-1"}
    settings = {"url": f"tcp://127.0.0.1:{meter.port}"}
    await made(site.place.client, f"{site.place.base}/devices", {**device, "settings": settings})
    admin.execute("UPDATE meter SET device = 'emop:flat-1' WHERE meter_id = %s", (site.place.meter_id,))
    tokens = MeterTokens(database, reach=LOOPBACK)
    line = EmopLine(pauses_s=(), rest_s=0, answer_s=5, limit_s=30)

    async def poll() -> None:
        while True:
            for each in await tokens.waiting():
                await tokens.carry_out(each, line)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(poll())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def key_in(page: Page, digits: str) -> None:
    field = page.get_by_label("Token", exact=True)
    await field.fill("")
    await field.press_sequentially(digits)
    await page.get_by_role("button", name="Give it to the meter").click()


async def staff_sees(browser: Browser, site: Site, database: Database) -> None:
    """Staff's list says what became of each token, and gives nobody one to type in elsewhere."""
    path = f"/app/estates/{site.place.estate_id}/meters/{site.place.meter_id}"
    async with working(browser, site, database, role="operator", path=path, viewport=PHONE) as visit:
        rows = visit.page.get_by_role("table", name="Tokens").get_by_role("row")
        await expect(rows.filter(has_text="•••• 1785")).to_contain_text("Taken")
        await expect(rows.filter(has_text="•••• 1785")).to_contain_text("48.50")
        await expect(rows.filter(has_text="•••• 5555")).to_contain_text("Not taken")
        shown = await visit.page.locator("main").inner_text()
        whole = [TOKEN[:16], "1111222233334444"]
        assert [each for each in whole if each in "".join(shown.split())] == []
        await looked_at(visit.page, "staff's list")
        assert visit.problems == []


async def test_a_token_waits_for_a_connection_goes_once_and_is_taken(
    browser: Browser,
    site: Site,
    database: Database,
    admin: psycopg.Connection,
    resident: None,  # noqa: F811 - the fixture
) -> None:
    held = first_objects(
        serial="E1",
        import_wh=5_000,
        export_wh=0,
        balance_micro=-1_500_000,
        clock_s=int(datetime.now(UTC).timestamp()),
    )
    async with (
        EmliteMeter(held, tokens_micro={TOKEN: 50_000_000}) as meter,
        polled(site, database, admin, meter),
        signed_in(browser, site, viewport=PHONE, has_touch=True) as visit,
    ):
        page, context = visit.page, visit.page.context
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.get_by_role("link", name="Meters", exact=True).click()
        await page.get_by_role("link", name="Key in a token").click()
        await expect(page.get_by_text("No token yet")).to_be_visible()
        await looked_at(page, "keying in")

        # what is wrong is said before anything is sent
        await key_in(page, TOKEN[:19])
        await expect(page.get_by_text("1 digit is missing.")).to_be_visible()
        await expect(page.get_by_label("Token", exact=True)).to_have_value("6647 5648 3167 5682 178")

        await context.set_offline(True)
        await key_in(page, TOKEN)
        await expect(page.get_by_text("The token is kept on this device")).to_be_visible()
        await page.get_by_role("link", name="See what waits").click()
        item = page.get_by_role("listitem").filter(has_text="Token for meter E1")
        await expect(item).to_contain_text("•••• 1785")
        shown = await page.locator("body").inner_text()
        assert [each for each in (TOKEN[at : at + 4] for at in range(0, 16, 4)) if each in shown] == []
        await looked_at(page, "what waits")
        assert [each for each in meter.asked if each.object_id == objects.TOKEN] == []

        await context.set_offline(False)
        await expect(page.get_by_text("Nothing waits")).to_be_visible(timeout=PATIENCE_MS)
        await page.get_by_role("link", name="Meters", exact=True).click()
        await page.get_by_role("link", name="Key in a token").click()
        taken = page.get_by_role("listitem").filter(has_text="1785")
        await expect(taken).to_contain_text("Taken", timeout=PATIENCE_MS)
        await expect(taken).to_contain_text("1.50 before")
        await expect(taken).to_contain_text("48.50 now")

        # the same digits again are the same token; others are refused, and say what to do with them
        await key_in(page, TOKEN)
        await expect(page.get_by_role("status")).to_contain_text("The meter took it")
        await page.get_by_role("button", name="Another token").click()
        await key_in(page, "11112222333344445555")
        said = page.get_by_role("status")
        await expect(said).to_contain_text("The meter refused it", timeout=PATIENCE_MS)
        await expect(said).to_contain_text("1111 2222 3333 4444 5555")
        await looked_at(page, "what became of it")
        sent = [each.payload.decode() for each in meter.asked if each.object_id == objects.TOKEN]
        assert sent == [TOKEN, "11112222333344445555"]
        await staff_sees(browser, site, database)
        # without a connection the browser says so in its console; nothing of ours is wrong
        assert [each for each in visit.problems if "Failed to load" not in each] == []
        assert visit.hosts == {site.url.split("/")[2]}
