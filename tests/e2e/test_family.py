"""Several homes and what is done to them; and what a browser is needed for: a photo, a passkey."""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT
from tests.integration.api.place import made, settle
from tests.integration.api.test_group_summary import second_home

from .conftest import PATIENCE_MS
from .looks import TOO_SMALL
from .test_app import EMAIL, PASSWORD, PHONE, RULE, Visit, _hours_ago, resident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

    from .conftest import Site

__all__ = ["resident"]
pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")


@pytest.fixture
async def parent(sandbox_site: Site, resident: None) -> Site:
    """Thandi has A1 and A2 of one estate, of which A1 has no money left, and one home of another estate."""
    site = sandbox_site
    place = site.place
    people = (await place.client.get("/api/v1/persons")).json()["items"]
    person_id = next(each["person_id"] for each in people if each["name"] == "Thandi Mokoena")
    other = await second_home(place.client, place)
    far = await settle(place.client, name="Oak Gardens")
    grant = {"person_id": person_id, "right": "manage"}
    await made(place.client, f"{place.base}/wallets/{other}/grants", grant)
    await made(place.client, f"{far.base}/wallets/{far.wallet_id}/grants", grant)
    await place.client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    await place.send((_hours_ago(50), "100"), (_hours_ago(30), "110"))
    answer = await place.client.post(
        f"{place.base}/wallets/{other}/top-ups",
        json={"amount": "70.00", "method": "cash"},
        headers={"Idempotency-Key": "second"},
    )
    assert answer.status_code == 201, answer.text
    await far.top_up(amount="200.00")
    return site


@asynccontextmanager
async def arriving(browser: Browser, site: Site, **more) -> AsyncIterator[Visit]:
    # localhost, and no address: a browser gives passkeys to names only
    context = await browser.new_context(
        base_url=site.url.replace("127.0.0.1", "localhost"), locale="en-GB", **more
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    visit = Visit(page, "")
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.on("console", lambda said: visit.problems.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: visit.hosts.add(request.url.split("/")[2]))
    await page.goto("/app/")
    await page.get_by_label("Email or phone number").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    yield visit
    await context.close()


async def fits(page, name: str) -> None:
    """Look whether a page fits, can be touched and is readable for everybody."""
    await expect(page.locator("h1")).to_have_count(1)
    await expect(page.get_by_role("status", name="Loading")).to_have_count(0)
    if shots := os.environ.get("MITA_SHOTS"):
        await page.screenshot(path=f"{shots}/{name.replace('/', '-')}.png", full_page=True)
    overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0, f"{name} is {overflow} px too wide"
    assert await page.evaluate(TOO_SMALL) == [], f"{name}: too small to touch"
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


async def test_a_parent_shares_money_out_over_the_homes(browser: Browser, parent: Site):
    place = parent.place
    async with arriving(browser, parent, viewport=PHONE, has_touch=True) as visit:
        page = visit.page
        # what needs somebody comes first, and what to press is on it
        homes = page.get_by_role("list", name="All homes").locator("> li")
        await expect(homes).to_have_count(3)
        await expect(homes.first).to_contain_text("A1")
        await expect(homes.first).to_contain_text("23.00")
        await expect(homes.first).to_contain_text("Electricity is going off")
        await expect(page.get_by_role("region", name="All homes together")).to_contain_text(
            "1 home needs you"
        )

        await page.get_by_role("link", name="Money").click()
        await expect(page.get_by_text("No group yet")).to_be_visible()
        await page.get_by_label("What to call it").fill("The Mokoenas")
        await page.get_by_role("button", name="Make the group").click()
        await expect(page.get_by_role("heading", name="The Mokoenas")).to_be_visible()
        await page.get_by_label("How much, ZAR").fill("500")
        await page.get_by_role("button", name="Pay").dblclick()
        await expect(page.get_by_text("Paid. The group has")).to_contain_text("500.00")

        await page.get_by_text("By hand", exact=True).click()
        await page.get_by_label("A1, ZAR").fill("450")
        await page.get_by_label("A2, ZAR").fill("50,01")
        await page.get_by_role("button", name="See what each gets").click()
        await expect(page.get_by_role("alert")).to_contain_text("The group does not have so much")
        await page.get_by_label("A1, ZAR").fill("150.25")
        await page.get_by_role("button", name="See what each gets").click()
        table = page.locator("table")
        # minus 23.00 and 150.25; 70.00 and 50.01
        for told in ("127.25", "120.01", "200.26"):
            await expect(table).to_contain_text(told)
        await expect(page.get_by_text("stays in the group")).to_contain_text("299.74")
        await fits(page, "preview")
        assert await place.balance() == "-23.000000"
        await page.get_by_role("button", name="Share out").dblclick()
        await expect(page.get_by_text("went to 2 homes")).to_contain_text("200.26")
        assert await place.balance() == "127.250000"

        await page.get_by_role("switch", name="Keep the homes filled").click()
        await page.get_by_label("Below, ZAR").fill("300")
        await page.get_by_role("button", name="Save").click()
        # the API says where it is wrong, and the form shows it there
        await expect(page.get_by_text("Must not be below the threshold")).to_be_visible()
        await page.get_by_label("Below, ZAR").fill("50")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Saved.")).to_be_visible()
        await fits(page, "group")
        await page.get_by_role("link", name="Your groups").click()
        await expect(page.get_by_role("link", name="The Mokoenas")).to_be_visible()

        await page.get_by_role("link", name="Limits").click()
        await page.get_by_role("button", name="Set a limit for A2").click()
        await page.get_by_label("A month, ZAR").fill("800")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("0.00 of", exact=False)).to_contain_text("800.00")

        await page.get_by_role("link", name="Alerts").click()
        hears = page.get_by_role("group", name="Who hears of A2").get_by_role("button")
        await expect(hears).to_have_attribute("aria-pressed", "true")
        await hears.click()
        await expect(hears).to_have_attribute("aria-pressed", "false")
        await expect(page.get_by_text("Nobody is told.")).to_be_visible()

        await page.goto("/app/homes")
        # one of them, and back to all
        await page.get_by_role("link", name="All homes").first.click()
        await page.get_by_role("link", name="A2", exact=False).first.click()
        await page.get_by_label("Mita, all homes").click()
        await expect(homes.first).to_be_visible()
        # browsers write down that a rule was refused
        assert [each for each in visit.problems if "422" not in each] == []
        assert visit.hosts == {parent.url.split("/")[2].replace("127.0.0.1", "localhost")}


def picture(*, width: int, height: int) -> bytes:
    """Return a PNG of one grey."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        whole = kind + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_a_photo_goes_with_a_reading_and_a_passkey_opens_the_door(
    browser: Browser, site: Site, resident: None
):
    place = site.place
    await place.send((_hours_ago(50), "100"))
    window = {"from_day": 1, "to_day": 31, "least_right": "top_up", "needs_photo": True}
    for answer in (
        await place.client.patch(f"{place.base}/meters/{place.meter_id}", json={"is_read_by_hand": True}),
        await place.client.put(f"{place.base}/reading-window", json=window),
    ):
        assert answer.status_code == 200, answer.text
    async with arriving(browser, site, viewport=PHONE, has_touch=True) as visit:
        page = visit.page
        # one home: nobody is bothered with a list of one
        await page.get_by_role("link", name="Top up").wait_for()
        await expect(page.get_by_role("link", name="All homes")).to_have_count(0)

        await page.get_by_role("link", name="Meters").click()
        await page.get_by_role("link", name="Send a reading").click()
        photo = {"name": "meter.png", "mimeType": "image/png", "buffer": picture(width=2400, height=1200)}
        await page.get_by_label("Photo of the meter").set_input_files(photo)
        shown = page.get_by_role("img", name="The photo of the meter that you chose")
        await expect(shown).to_be_visible()
        # as large as its figures need, whatever the camera makes
        assert await shown.evaluate(
            "each => each.decode().then(() => [each.naturalWidth, each.naturalHeight])"
        ) == [1600, 800]
        await page.get_by_label("What the meter shows").fill("110")
        await fits(page, "reading")
        await page.get_by_role("button", name="Send the reading").dblclick()
        await expect(page.get_by_text("The reading was taken")).to_be_visible()
        answer = await place.client.get(f"{place.base}/meters/{place.meter_id}/manual-readings")
        (sent,) = answer.json()["items"]
        assert sent["photo_id"] is not None

        device = await page.context.new_cdp_session(page)
        await device.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        await device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        await page.get_by_role("link", name="Profile").click()
        await page.get_by_role("link", name="Security").click()
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.get_by_text("Passkey of")).to_be_visible()
        await fits(page, "security")
        await page.get_by_role("link", name="Profile").click()
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("button", name="Use a passkey").click()
        await page.get_by_role("link", name="Home", exact=True).click()
        await expect(page.get_by_role("region", name="Balance")).to_contain_text("23.00")
        assert visit.problems == []
