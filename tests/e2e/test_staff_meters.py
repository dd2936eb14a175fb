"""Staff judge held readings, commission a device, and see a supply go and come with who lives there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.credit.operations import record_command_state
from mita.devices.operations import Noted, Passed, note
from mita.drivers.wire import SwitchState
from mita.entrypoints.web import BUILT
from tests.integration.api.place import made

from .conftest import PATIENCE_MS
from .staff import visiting_as, working

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import Browser, Page

    from mita.kit.db import Database

    from .conftest import Site
    from .staff import Visit

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
RULE = {"is_cutting": True, "low_line": "50", "cut_line": "-10", "restore_line": "10"}


def hours_ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds").replace("+00:00", "Z")


async def look_at(visit: Visit, paths: Sequence[str], *, site: Site) -> None:
    """Each page, as the walk left it, fits on a phone and is accessible; nothing went wrong on the way."""
    page = visit.page
    await page.set_viewport_size(PHONE)
    for path in paths:
        await page.goto(f"/app/estates/{site.place.estate_id}/{path}")
        await expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.get_by_role("status", name="Loading")).to_have_count(0, timeout=PATIENCE_MS)
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path} is {wide} px wider than a phone"
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    assert visit.problems == []
    assert visit.hosts == {site.url.split("/")[2]}


async def test_held_readings_are_judged(browser: Browser, site: Site, database: Database):
    place = site.place
    second = {"unit_id": place.unit_id, "serial": "E2", "utility": "electricity", "max_rate": "20"}
    await made(place.client, f"{place.base}/meters", second)
    await place.send((hours_ago(10), "0"), (hours_ago(9), "500"))
    await place.send((hours_ago(10), "0"), (hours_ago(8), "900"), meter="E2")
    path = f"/app/estates/{place.estate_id}/readings"
    async with working(browser, site, database, role="operator", path=path, viewport=DESKTOP) as visit:
        page = visit.page
        # the newest first; the next with a key, and what it costs before it is booked
        await expect(page.get_by_role("heading", name="Meter E2")).to_be_visible(timeout=PATIENCE_MS)
        await page.keyboard.press("j")
        await expect(page.get_by_role("heading", name="Meter E1")).to_be_visible()
        await expect(page.get_by_text("It rises faster than the meter can.")).to_be_visible()
        await expect(page.get_by_role("list", name="What the register showed")).to_contain_text("held")
        await page.keyboard.press("a")
        asked = page.get_by_role("dialog")
        told = re.compile(r"500\skWh will be charged: R\s?1,000\.00 and R\s?150\.00 tax")
        await expect(asked).to_contain_text(told, timeout=PATIENCE_MS)
        assert await place.balance() == "0.000000"
        await asked.get_by_role("button", name="Accept").click()
        await expect(page.get_by_role("heading", name="Meter E2")).to_be_visible(timeout=PATIENCE_MS)
        assert await place.balance() == "-1150.000000"

        await page.get_by_role("button", name="Set aside").click()
        await asked.get_by_label("Reason").fill("Tested on the bench")
        await asked.get_by_role("button", name="Set aside").click()
        await expect(page.get_by_text("Nothing waits for you")).to_be_visible(timeout=PATIENCE_MS)
        await page.get_by_role("navigation", name="Readings").get_by_role("link", name="Set aside").click()
        await expect(page.get_by_role("row", name="E2")).to_contain_text("Tested on the bench")
        assert await place.balance() == "-1150.000000"
        await look_at(visit, [], site=site)


async def test_a_device_is_commissioned_until_nothing_is_missing(
    browser: Browser, site: Site, database: Database
):
    place = site.place
    path = f"/app/estates/{place.estate_id}/devices/new"
    async with working(browser, site, database, role="installer", path=path, viewport=DESKTOP) as visit:
        page = visit.page
        await page.get_by_label("Driver").select_option("tasmota")
        await page.get_by_label("Address on the wire").fill("plug-7")
        await page.get_by_role("button", name="Add a device").click()
        await expect(page.get_by_role("heading", name="tasmota:plug-7")).to_be_visible(timeout=PATIENCE_MS)
        steps = page.get_by_role("region", name="Until it works")
        await expect(steps).to_contain_text("No meter names it: install its meters.")
        await page.get_by_role("button", name="Watch it live").click()
        await expect(page.get_by_text("Waiting for its next message")).to_be_visible(timeout=PATIENCE_MS)

        await page.get_by_role("button", name="Install a meter").click()
        form = page.get_by_role("dialog")
        await form.get_by_label("Unit").select_option("A1")
        await form.get_by_label("Serial number").fill("E7")
        await form.get_by_role("button", name="Install a meter").click()
        await expect(steps).to_contain_text("It speaks for E7.", timeout=PATIENCE_MS)
        await expect(steps).to_contain_text("Nothing came from it yet")

        # it speaks: the frame comes by itself, and each line of the list with it
        await place.send((hours_ago(0), "12.5"), meter="E7")
        await says(database, site, b'{"POWER":"ON","ENERGY":{"Total":12.5}}')
        wire = page.get_by_role("region", name="On its wire")
        await expect(wire).to_contain_text("tele/plug-7/SENSOR", timeout=PATIENCE_MS)
        await expect(steps).to_contain_text("It works: nothing is missing.", timeout=PATIENCE_MS)
        await expect(steps.get_by_role("img", name="Done")).to_have_count(6)
        await wire.get_by_text("tele/plug-7/SENSOR").click()
        await expect(wire).to_contain_text('"Total":12.5')
        here = page.url.split(f"/estates/{place.estate_id}/")[1]
        made_of = await made_of_others(page, site)
        codec = await a_codec_is_kept(page, site)
        await look_at(visit, [here, made_of, codec], site=site)
        await what_is_not_needed_goes(page, site)
        # the stream may tell the page of what was deleted before it is left: it asks for it once more
        assert [each for each in visit.problems if "404 (Not Found)" not in each] == []


async def made_of_others(page: Page, site: Site) -> str:
    """A virtual meter is made after its preview was seen; return the page on which it is changed."""
    place = site.place
    await made(
        place.client,
        f"{place.base}/meters",
        {"unit_id": place.unit_id, "utility": "electricity", "serial": "V1"},
    )
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)
    await place.send(((start).isoformat(), "100"), ((start + timedelta(hours=4)).isoformat(), "104"))
    base = f"/app/estates/{place.estate_id}"
    await page.goto(f"{base}/virtual-meters")
    menu = page.get_by_role("link", name="Meters", exact=True).first
    await expect(menu).to_have_attribute("aria-current", "true", timeout=PATIENCE_MS)
    await page.get_by_role("link", name="Make a virtual meter").click()
    keep = page.get_by_role("button", name="Make it")
    await expect(keep).to_be_disabled()
    for field, serial in (("Meter that goes in", "E1"), ("Meter that is made", "V1")):
        await page.get_by_label(field).fill(serial)
        await page.get_by_role("list", name=f"Found: {field}").get_by_role("button", name=serial).click()
        await page.get_by_role("button", name="import (kWh)").click()
    await page.get_by_label("Share of V1").fill("1/2")
    await expect(page.get_by_text("the rest is nobody's")).to_be_visible()
    # by the estate's clocks, which are two hours ahead of UTC
    await page.get_by_label("From").fill((start + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"))
    await page.get_by_role("button", name="Preview").click()
    shown = page.get_by_role("region", name="V1 import")
    await expect(shown.get_by_role("row")).to_have_count(6, timeout=PATIENCE_MS)
    await expect(shown).to_contain_text("0.5\u00a0kWh")
    await keep.click()
    card = page.get_by_role("region", name="V1 import")
    await expect(card.get_by_role("link", name="E1 import")).to_be_visible(timeout=PATIENCE_MS)
    await card.get_by_role("link", name="Change").click()
    await expect(page.get_by_label("Share of V1")).to_have_value("1/2", timeout=PATIENCE_MS)
    return page.url.split(f"/estates/{place.estate_id}/")[1]


async def a_codec_is_kept(page: Page, site: Site) -> str:
    """A codec is changed and tried on a pasted frame, not deleted while it is used; return its page."""
    place = site.place
    acme = {"name": "acme", "body": "function decodeUplink(input) { return {data: {wh: 1}}; }"}
    codec = await made(place.client, f"{place.base}/codecs", acme)
    field = {"path": "wh", "register": "import", "unit": "Wh"}
    device = {
        "driver": "chirpstack",
        "address": "a84041d4f1aa0001",
        "codec_id": codec["codec_id"],
        "fields": [field],
    }
    await made(place.client, f"{place.base}/devices", {**device, "settings": {"application_id": "meters"}})
    await page.goto(f"/app/estates/{place.estate_id}/codecs")
    await page.get_by_role("link", name="acme").click()
    await expect(page.get_by_text("chirpstack:a84041d4f1aa0001 uses it.")).to_be_visible(timeout=PATIENCE_MS)
    await expect(page.get_by_role("button", name="Delete")).to_be_disabled()
    text = page.get_by_label("Its text")
    await text.fill(acme["body"].replace("wh: 1", "wh: input.bytes[0] * 256 + input.bytes[1]"))
    await page.get_by_label("A frame").fill("04 b2")
    await page.get_by_role("button", name="Decode it").click()
    await expect(page.get_by_text('"wh": 1202')).to_be_visible(timeout=PATIENCE_MS)
    await page.get_by_role("button", name="Save").click()
    # the page begins anew with what was kept
    await expect(page.get_by_text('"wh": 1202')).to_have_count(0, timeout=PATIENCE_MS)
    kept = (await place.client.get(f"{place.base}/codecs/{codec['codec_id']}")).json()
    assert "* 256" in kept["body"]
    return f"codecs/{codec['codec_id']}"


async def what_is_not_needed_goes(page: Page, site: Site) -> None:
    """A virtual meter is ended and a codec that nothing uses deleted, each after its consequence was told."""
    place = site.place
    base = f"/app/estates/{place.estate_id}"
    await page.goto(f"{base}/virtual-meters")
    card = page.get_by_role("region", name="V1 import")
    await card.get_by_role("button", name="End it").click()
    asked = page.get_by_role("dialog")
    await expect(asked).to_contain_text("cannot be begun again")
    await asked.get_by_role("button", name="End it").click()
    await expect(card).to_contain_text("Over")
    await expect(card.get_by_role("button", name="End it")).to_have_count(0)
    (ended,) = (await place.client.get(f"{place.base}/virtual-meters")).json()["items"]
    assert ended["until_at"] is not None

    spare = await made(place.client, f"{place.base}/codecs", {"name": "spare", "body": "function f() {}"})
    await page.goto(f"{base}/codecs")
    await page.get_by_role("link", name="spare").click()
    await page.get_by_role("button", name="Delete").click()
    await expect(asked).to_contain_text("This cannot be undone")
    await asked.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("link", name="acme")).to_be_visible()
    await expect(page.get_by_role("link", name="spare")).to_have_count(0)
    gone = await place.client.get(f"{place.base}/codecs/{spare['codec_id']}")
    assert gone.status_code == 404


async def says(database: Database, site: Site, payload: bytes) -> None:
    """The plug says how its switch stands, in a message that has a reading."""
    now = datetime.now(UTC)
    frame = Passed("tele/plug-7/SENSOR", payload, {"readings": 1})
    said = Noted("tasmota:plug-7", now, reports=[SwitchState(is_on=True)], readings=1, frames=[frame])
    async with database.unit_of_work(estates=[site.place.estate_id]) as session:
        await note(session, estate_id=site.place.estate_id, noted=[said])


async def test_the_supply_goes_and_comes_for_staff_and_resident_at_once(
    browser: Browser, site: Site, database: Database
):
    place = site.place
    person = await made(place.client, "/api/v1/persons", {"name": "Thandi Mokoena"})
    await made(
        place.client,
        f"{place.base}/wallets/{place.wallet_id}/grants",
        {"person_id": person["person_id"], "right": "manage"},
    )
    await place.send((hours_ago(10), "100"))
    await place.client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    path = f"/app/estates/{place.estate_id}/supply/{place.unit_id}/electricity"
    async with (
        working(browser, site, database, role="operator", path=path, viewport=DESKTOP) as staff,
        visiting_as(browser, site, database, person_id=person["person_id"], viewport=PHONE) as home,
    ):
        hero = home.page.get_by_role("region", name="Balance")
        await expect(hero).to_contain_text("Electricity is on", timeout=PATIENCE_MS)
        await shows(staff.page, "On", "Nothing yet")

        # the wallet runs dry: off is asked, and nothing is off before the device says so
        await place.send((hours_ago(2), "110"))
        await shows(staff.page, "Going off", "Nothing yet")
        await expect(hero).to_contain_text("Electricity is going off", timeout=PATIENCE_MS)
        for state, word in (("sent", "Sent"), ("acknowledged", "Received")):
            await move(database, site, state)
            await expect(staff.page.get_by_role("region", name="Commands")).to_contain_text(
                word, timeout=PATIENCE_MS
            )
            await shows(staff.page, "Going off", "Nothing yet")
        await move(database, site, "confirmed")
        await shows(staff.page, "Off", "Off")
        await expect(hero).to_contain_text("Electricity is off", timeout=PATIENCE_MS)

        await place.top_up(amount="100.00", utility="electricity")
        await shows(staff.page, "Coming back", "Off")
        await expect(hero).to_contain_text("Electricity is coming back", timeout=PATIENCE_MS)
        await move(database, site, "confirmed")
        await shows(staff.page, "On", "On")
        await expect(hero).to_contain_text("Electricity is on", timeout=PATIENCE_MS)

        # what staff stops, money does not bring back: the reason is told before and kept
        await staff.page.get_by_role("button", name="Stop the supply").click()
        asked = staff.page.get_by_role("dialog")
        await expect(asked).to_contain_text("a top-up does not bring it back")
        await asked.get_by_label("Reason").fill("Water in the board")
        await asked.get_by_role("button", name="Stop the supply").click()
        await shows(staff.page, "Going off", "On")
        await expect(staff.page.get_by_text("Water in the board").first).to_be_visible()
        await look_at(staff, [f"supply/{place.unit_id}/electricity"], site=site)
        assert home.problems == []


async def shows(page: Page, tag: str, device: str) -> None:
    """The head says where it stands, the facts what the device itself said last."""
    await expect(page.locator("header").filter(has=page.get_by_role("heading", level=1))).to_contain_text(
        tag, timeout=PATIENCE_MS
    )
    said: Any = page.locator("dl > div").filter(has_text="Its device says").locator("dd")
    await expect(said).to_contain_text(device, timeout=PATIENCE_MS)


async def move(database: Database, site: Site, state: str) -> None:
    """Move the newest supply command one step, as the device's wire would."""
    listed = (await site.place.client.get(f"{site.place.base}/supply-commands")).json()["items"]
    async with database.unit_of_work(estates=[site.place.estate_id]) as session:
        await record_command_state(
            session,
            estate_id=site.place.estate_id,
            command_id=listed[0]["command_id"],
            state=state,
            now=datetime.now(UTC),
        )
