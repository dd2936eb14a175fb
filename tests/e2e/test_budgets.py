"""What a resident waits for: the budgets of speed on a slow phone, and a day with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from mita.entrypoints.web import BUILT

from .conftest import PATIENCE_MS
from .test_app import EMAIL, PASSWORD, PHONE, resident, signed_in  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession, Page

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
# collected from before the first byte on; nothing of it is in the page
WATCH = """
window.__seen = {fcp: null, shift: 0, late: 0};
new PerformanceObserver(list => list.getEntries().forEach(each => {
  if (each.name === 'first-contentful-paint') window.__seen.fcp = each.startTime;
})).observe({type: 'paint', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(each => {
  if (!each.hadRecentInput) window.__seen.shift += each.value;
})).observe({type: 'layout-shift', buffered: true});
"""
BYTES = """
() => performance.getEntriesByType('resource')
  .filter(each => /\\.js$/.test(each.name)).reduce((sum, each) => sum + each.encodedBodySize, 0)
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
        kept = await context.storage_state()
        await context.close()
        if found["fcp"] < FIRST_CONTENT_MS:
            break
    print("LOADS", seen)
    record_property("loads", str(seen))
    best = min(seen, key=lambda each: each["fcp"])
    assert best["fcp"] < FIRST_CONTENT_MS, seen
    # a jump and a byte do not depend on how busy the machine is
    assert all(each["shift"] <= SHIFT_MAX for each in seen), seen
    assert all(0 < each["bytes"] <= SCRIPT_BYTES_MAX for each in seen), seen


def _only_the_mark(kept: Any) -> list[Any]:
    """Return what local storage holds, without the last known figures."""
    return [
        {**each, "localStorage": [item for item in each["localStorage"] if item["name"] == "mita.signed-in"]}
        for each in kept["origins"]
    ]
