"""What a resident waits for: the budgets of speed on a slow phone, and a day with the keyboard alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from mita.entrypoints.web import BUILT

from .conftest import PATIENCE_MS
from .test_app import DESKTOP, EMAIL, PASSWORD, PHONE, resident, signed_in  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession, Page, Response

    from .conftest import Site

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")

# what the bar is: a phone at the edge of the network. The machine that measures has two cores and other work:
# the best of some loads is what the app costs, the others are what the machine was busy with
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
CPU_SLOWER = 4
LOADS_MAX = 3
FIRST_CONTENT_MS = 1500
SHIFT_MAX = 0.1
SCRIPT_BYTES_MAX = 200_000
STEPS_MAX = 60
# collected from before the first byte on; nothing of it is in the page
WATCH = """
window.__seen = {fcp: null, shift: 0};
new PerformanceObserver(list => list.getEntries().forEach(each => {
  if (each.name === 'first-contentful-paint') window.__seen.fcp = each.startTime;
})).observe({type: 'paint', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(each => {
  if (!each.hadRecentInput) window.__seen.shift += each.value;
})).observe({type: 'layout-shift', buffered: true});
"""
# charts come after the page, by themselves
BYTES = """
() => performance.getEntriesByType('resource')
  .filter(each => /\\.js$/.test(each.name) && !/\\/echarts-/.test(each.name))
  .reduce((sum, each) => sum + each.encodedBodySize, 0)
"""

# what has the keyboard, by its name, and whether that is seen: an outline, on it or on what stands for it
FOCUSED = """
async () => {
  const at = document.activeElement;
  if (!at || at === document.body) return {name: '', how: '', isSeen: true};
  const label = at.labels?.length ? at.labels[0].textContent : null;
  const name = (at.getAttribute('aria-label') ?? label ?? at.textContent ?? '').trim();
  const drawn = each => {
    const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(each);
    return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
  };
  const around = [at, at.nextElementSibling, at.parentElement, at.parentElement?.parentElement];
  const isSeen = () => around.some(each => each && drawn(each));
  // on a busy machine the picture comes after the key
  for (let wait = 0; wait < 5 && !isSeen(); wait++) await new Promise(done => requestAnimationFrame(done));
  const how = `${at.tagName} ${getComputedStyle(at).outline} ${location.pathname}`;
  return {name, how, isSeen: isSeen()};
}
"""


async def throttled(page: Page) -> CDPSession:
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("Network.enable")
    await cdp.send("Network.emulateNetworkConditions", SLOW_4G)
    await cdp.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWER})
    return cdp


async def loaded(page: Page, path: str) -> dict[str, Any]:
    """Load a home's page and return what was seen until its balance stood there and nothing moved."""
    await page.goto(path, wait_until="commit")
    await expect(page.get_by_role("region", name="Balance")).to_contain_text("42.00", timeout=PATIENCE_MS)
    balance_ms = await page.evaluate("performance.now()")
    await expect(page.get_by_role("status", name="Loading")).to_have_count(0, timeout=PATIENCE_MS)
    seen = await page.evaluate("window.__seen")
    return {**seen, "balance": balance_ms, "bytes": await page.evaluate(BYTES)}


async def test_a_home_is_there_quickly_on_a_slow_phone_and_nothing_jumps(
    browser: Browser,
    site: Site,
    resident: None,  # noqa: F811 - the fixture
    record_property: Any,
) -> None:
    await site.place.top_up(amount="42.00", utility="electricity")
    async with signed_in(browser, site, viewport=PHONE, has_touch=True) as visit:
        kept = await visit.page.context.storage_state()
    seen = []
    for _ in range(LOADS_MAX):
        # cold: no cache, no worker, nothing known of the home but that somebody is signed in
        context = await browser.new_context(
            base_url=site.url,
            locale="en-GB",
            viewport=PHONE,
            storage_state={**kept, "origins": _only_the_mark(kept)},
        )
        context.set_default_timeout(PATIENCE_MS)
        await context.add_init_script(WATCH)
        page = await context.new_page()
        await throttled(page)
        found = await loaded(page, visit.home)
        seen.append(found)
        is_quick = found["fcp"] < FIRST_CONTENT_MS
        if is_quick:
            fetched, again = await _fetched_again(page, visit.home)
            record_property("fetched by a repeat visit", str(fetched))
            record_property("a repeat visit", str(again))
            assert again["shift"] <= SHIFT_MAX, again
            # the service worker has the app: what a second visit asks the network for is its figures
            assert fetched == []
        kept = await context.storage_state()
        await context.close()
        if is_quick:
            break
    record_property("loads", str(seen))
    best = min(seen, key=lambda each: each["fcp"])
    assert best["fcp"] < FIRST_CONTENT_MS, seen
    # a jump and a byte do not depend on how busy the machine is
    assert all(each["shift"] <= SHIFT_MAX for each in seen), seen
    assert all(0 < each["bytes"] <= SCRIPT_BYTES_MAX for each in seen), seen


async def _fetched_again(page: Page, path: str) -> tuple[list[str], dict[str, Any]]:
    """Load the page again; return what of the app came over the network, charts aside, and what was seen."""
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    found: list[str] = []

    def note(answer: Response) -> None:
        if "/app/assets/" in answer.url and "/echarts-" not in answer.url and not answer.from_service_worker:
            found.append(answer.url)

    page.on("response", note)
    return found, await loaded(page, path)


KEPT = """amount => new Promise(tell => {
  const isKept = () => (localStorage.getItem('mita.last-known') ?? '').includes(amount);
  const look = () => isKept() ? tell() : setTimeout(look, 50);
  look();
})"""


async def test_the_last_known_balance_is_there_while_nobody_answers(
    browser: Browser,
    site: Site,
    resident: None,  # noqa: F811 - the fixture
) -> None:
    await site.place.top_up(amount="42.00", utility="electricity")
    async with signed_in(browser, site, viewport=PHONE, has_touch=True) as visit:
        page = visit.page
        await expect(page.get_by_role("region", name="Balance")).to_contain_text("42.00")
        await page.evaluate(KEPT, "42.00")
        # a bad line: questions go out, and no answer comes, not even that there is none
        never = asyncio.Event()
        await page.route("**/api/**", lambda _: never.wait())
        await page.reload(wait_until="commit")
        balance = page.get_by_role("region", name="Balance")
        await expect(balance).to_contain_text("42.00", timeout=PATIENCE_MS)
        await expect(balance.get_by_role("link", name="Top up")).to_be_visible()
        never.set()
        await page.unroute_all(behavior="ignoreErrors")


def _only_the_mark(kept: Any) -> list[Any]:
    """Return what local storage holds, without the last known figures."""
    return [
        {**each, "localStorage": [item for item in each["localStorage"] if item["name"] == "mita.signed-in"]}
        for each in kept["origins"]
    ]


class Keys:
    """Somebody without a mouse: they go on with Tab until they stand where they want to be."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.unseen: list[str] = []

    async def to(self, name: str, *, back: bool = False) -> None:
        """Go to what is called ``name``; fail where Tab never gets there."""
        seen: list[str] = []
        for _ in range(STEPS_MAX):
            await self._page.keyboard.press("Shift+Tab" if back else "Tab")
            at = await self._page.evaluate(FOCUSED)
            seen.append(at["name"])
            if at["name"] and not at["isSeen"]:
                self.unseen.append(f"{at['name']}: {at['how']}")
            if at["name"].startswith(name):
                return
        raise AssertionError(f"{name!r} is not reached: {seen}")

    async def press(self, name: str, *, key: str = "Enter") -> None:
        """Go to what is called ``name`` and use it."""
        await self.to(name)
        await self._page.keyboard.press(key)

    async def fill(self, name: str, text: str) -> None:
        """Go to a field and type over what it holds."""
        await self.to(name)
        await self._page.keyboard.press("Control+A")
        await self._page.keyboard.type(text)


async def test_a_day_goes_by_with_the_keyboard_alone(
    browser: Browser,
    sandbox_site: Site,
    resident: None,  # noqa: F811 - the fixture
) -> None:
    site = sandbox_site
    place = site.place
    meter = f"{place.base}/meters/{place.meter_id}"
    assert (await place.client.patch(meter, json={"is_read_by_hand": True})).status_code == 200
    window = {"from_day": 1, "to_day": 31, "least_right": "view"}
    assert (await place.client.put(f"{place.base}/reading-window", json=window)).status_code == 200
    context = await browser.new_context(base_url=site.url, locale="en-GB", viewport=DESKTOP)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    keys = Keys(page)

    await page.goto("/app/")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await keys.fill("Email or phone number", EMAIL)
    await keys.fill("Password", PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("link", name="Top up")).to_be_visible()
    await page.evaluate("document.activeElement?.blur()")
    await keys.press("Skip to content")
    await expect(page.locator("#main")).to_be_focused()
    await keys.press("Top up")
    await keys.fill("Another amount", "75")
    await keys.press("Continue")
    await expect(page.get_by_role("button", name="Pay")).to_be_visible()
    await keys.press("Pay")
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()

    await keys.to("Meters", back=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Send a reading")).to_be_visible()
    await keys.press("Send a reading")
    await expect(page.get_by_label("What the meter shows")).to_be_visible()
    await keys.fill("What the meter shows", "100")
    await keys.press("Send the reading")
    await expect(page.get_by_text("The reading was taken")).to_be_visible()

    await keys.to("Alerts", back=True)
    await page.keyboard.press("Enter")
    back = page.get_by_label("Credit is back")
    await expect(back).to_be_visible()
    was = await back.is_checked()
    await keys.press("Credit is back", key="Space")
    await expect(back).to_be_checked(checked=not was)

    await keys.to("Profile", back=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await keys.press("Sign out")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert keys.unseen == [], keys.unseen
    await context.close()
