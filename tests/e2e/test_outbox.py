"""A reading made without a connection waits in sight and is booked once; alerts come to the device."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT

from .conftest import PATIENCE_MS
from .test_app import PHONE, resident, signed_in  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

    from .conftest import Site

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")

ALL_MONTH = {"from_day": 1, "to_day": 31, "least_right": "view"}
READINGS = "**/manual-readings"
# the point of RFC 8291's example, and its secret: any that fit
KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
# Chromium without Google's keys reaches no push service: this one answer is made up, everything else is real
SUBSCRIBE = f"""
let made = null;
const subscription = {{
  toJSON: () => ({{endpoint: 'https://push.example/send/1', keys: {json.dumps(KEYS)}}}),
  unsubscribe: async () => {{ made = null; return true; }},
}};
PushManager.prototype.subscribe = async options => {{
  if (!options.userVisibleOnly || !options.applicationServerKey) throw new TypeError('not so');
  return (made = subscription);
}};
PushManager.prototype.getSubscription = async () => made;
"""


async def kept(site: Site) -> list[dict[str, Any]]:
    path = f"{site.place.base}/meters/{site.place.meter_id}/manual-readings"
    answer = await site.place.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def rule(site: Site, **more: Any) -> None:
    answer = await site.place.client.put(f"{site.place.base}/reading-window", json={**ALL_MONTH, **more})
    assert answer.status_code == 200, answer.text


async def read(page: Page, home: str, value: str, *, photo: bytes | None = None) -> None:
    """Type a reading into the form and send it."""
    await page.get_by_role("link", name="Meters", exact=True).click()
    await page.get_by_role("link", name="Send a reading").click()
    await page.get_by_label("What the meter shows").fill(value)
    if photo is not None:
        file = {"name": "meter.png", "mimeType": "image/png", "buffer": photo}
        await page.get_by_label("Photo of the meter").set_input_files([file])
        await expect(page.get_by_alt_text("The photo of the meter")).to_be_visible()
    await page.get_by_role("button", name="Send the reading").click()


async def looked_at(page: Page, what: str) -> None:
    """Fail where a page is too wide or hard to read for some."""
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(overflow) <= 0, what
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"


async def test_a_reading_without_a_connection_waits_and_is_booked_once(
    browser: Browser,
    site: Site,
    resident: None,  # noqa: F811 - the fixture
) -> None:
    meter = f"{site.place.base}/meters/{site.place.meter_id}"
    answer = await site.place.client.patch(meter, json={"is_read_by_hand": True})
    assert answer.status_code == 200, answer.text
    await rule(site)
    async with signed_in(browser, site, viewport=PHONE, has_touch=True) as visit:
        page, context = visit.page, visit.page.context
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        # what the form needs is known before the connection goes
        await page.get_by_role("link", name="Meters", exact=True).click()
        await expect(page.get_by_role("link", name="Send a reading")).to_be_visible()
        await page.evaluate(
            "new Promise(done => { const look = () => localStorage.getItem('mita.last-known')"
            "?.includes('reading-window') ? done() : setTimeout(look, 100); look() })"
        )
        await context.set_offline(True)
        await read(page, visit.home, "120.5", photo=await page.screenshot())
        await expect(page.get_by_text("The reading is kept on this device")).to_be_visible()
        await page.reload()
        line = page.get_by_role("link", name="1 reading waits to be sent")
        await line.click()
        item = page.get_by_role("listitem").filter(has_text="Reading of meter E1")
        await expect(item).to_contain_text("Waiting")
        await expect(item).to_contain_text("with photo")
        await looked_at(page, "what waits")
        assert await kept(site) == []
        await context.set_offline(False)
        await expect(page.get_by_text("Nothing waits")).to_be_visible(timeout=PATIENCE_MS)
        (booked,) = await kept(site)
        assert (booked["value"]["amount"], booked["photo_id"] is not None) == ("120.500000", True)

        # it arrives, and its answer does not
        async def lost(route: Route) -> None:
            if route.request.method != "POST":
                await route.continue_()
                return
            await route.fetch()
            await route.abort()

        await page.route(READINGS, lost)
        await read(page, visit.home, "121")
        await page.get_by_role("link", name="See what waits").click()
        assert len(await kept(site)) == 2
        await page.unroute(READINGS)
        await page.get_by_role("button", name="Send now").click()
        await expect(page.get_by_text("Nothing waits")).to_be_visible(timeout=PATIENCE_MS)
        assert len(await kept(site)) == 2

        # what is refused later stays, with its reason, until somebody decides
        await context.set_offline(True)
        await read(page, visit.home, "122")
        await page.get_by_role("link", name="See what waits").click()
        await rule(site, least_right="none")
        await context.set_offline(False)
        await expect(item).to_contain_text("Refused", timeout=PATIENCE_MS)
        await expect(item).to_contain_text("staff does")
        await looked_at(page, "what was refused")
        await page.get_by_role("link", name="Profile", exact=True).click()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("alert")).to_contain_text("1 reading was not sent yet")
        await page.get_by_role("button", name="Stay signed in").click()
        await page.get_by_role("link", name="1 reading was refused").click()
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("button", name="Delete for good").click()
        await expect(page.get_by_text("Nothing waits")).to_be_visible()
        assert len(await kept(site)) == 2

        await _alerts_on_this_device(page, site, visit.home)
        # without a connection the browser says so in its console; nothing of ours is wrong
        assert [each for each in visit.problems if "Failed to load" not in each] == []
        assert visit.hosts == {site.url.split("/")[2]}


async def _alerts_on_this_device(page: Page, site: Site, home: str) -> None:
    """Switch them on, and see one come with the real service worker."""
    await page.context.grant_permissions(["notifications"], origin=site.url)
    await page.context.add_init_script(SUBSCRIBE)
    await page.goto(home + "/alerts")
    await page.get_by_role("button", name="Switch on alerts here").click()
    await expect(page.get_by_text("On for this device")).to_be_visible()
    await page.get_by_role("button", name="Send a test").click()
    await expect(page.get_by_text("A test is on its way")).to_be_visible()
    await looked_at(page, "alerts")

    cdp = await page.context.new_cdp_session(page)
    worker: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def found(said: dict[str, Any]) -> None:
        for each in said["registrations"]:
            if not worker.done():
                worker.set_result(each["registrationId"])

    cdp.on("ServiceWorker.workerRegistrationUpdated", found)
    await cdp.send("ServiceWorker.enable")
    registration_id = await asyncio.wait_for(worker, PATIENCE_MS / 1000)
    told = {
        "title": "Credit is low",
        "body": "A1, electricity: 12.34 ZAR",
        "path": "e/1/wallet/1",
        "tag": "t1",
    }
    for _ in range(2):
        push = {"origin": site.url, "registrationId": registration_id, "data": json.dumps(told)}
        await cdp.send("ServiceWorker.deliverPushMessage", push)
    shown = await page.evaluate(
        "new Promise(done => { const look = async () => {"
        " const found = await (await navigator.serviceWorker.ready).getNotifications();"
        " found.length ? done(found.map(each => [each.title, each.body, each.data.path]))"
        " : setTimeout(look, 100) }; look() })"
    )
    # the same alert twice shows once
    assert shown == [[told["title"], told["body"], told["path"]]]
    await page.get_by_role("button", name="Stop alerts here").click()
    await expect(page.get_by_role("button", name="Switch on alerts here")).to_be_visible()
    # where a notification leads
    wallet = f"/app/e/{site.place.estate_id}/wallet/{site.place.wallet_id}"
    await page.goto(wallet)
    await expect(page.get_by_role("heading", name="Wallet", level=1)).to_be_visible()
