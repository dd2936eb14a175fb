"""What staff does seldom and must do right: mend the books, let people in, forget them, take files in."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from playwright.async_api import expect

from mita.entrypoints.api.lanes import Lanes
from mita.entrypoints.web import BUILT
from mita.flexibility.operations import settle_events
from mita.identity.operations import ask_to_join
from mita.imports import jobs as imports
from mita.kit.clock import now_utc
from mita.ledger import jobs as ledger
from tests.integration.api.place import RATES, made
from tests.integration.ledger.notary import TestNotary

from .staff import working

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from mita.kit.db import Database

    from .conftest import Site

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the web app is not built")
ON_A_DESK = {"width": 1440, "height": 900}


async def answer(site: Site, path: str, **query: str) -> Any:
    """Return what the API says afterwards."""
    said = await site.place.client.get(site.place.base + path, params=query)
    assert said.status_code == 200, said.text
    return said.json()


async def confirmed(page: Page, action: str) -> None:
    """Press the button of the open question, and wait until it is gone."""
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=action).click()
    await expect(dialog).to_have_count(0)


async def test_books_are_mended_banked_and_closed(
    browser: Browser, site: Site, database: Database, tmp_path: Path
) -> None:
    place = site.place
    assert (await place.top_up(amount="100.00", utility="electricity")).status_code == 201
    assert (await place.top_up(key="k2", amount="40.00", utility="electricity")).status_code == 201
    home = f"/app/estates/{place.estate_id}/ledger"
    accounts = (await answer(site, "/ledger/accounts"))["items"]
    wallet = next(each for each in accounts if each["code"] == f"wallet:{place.wallet_id}:electricity")
    path = f"{home}/accounts/{wallet['account_id']}"
    async with working(browser, site, database, role="operator", path=path, viewport=ON_A_DESK) as visit:
        page = visit.page
        # what was paid in at the wrong unit is booked back, once, and both stay in sight
        row = page.get_by_role("table", name="Statement").get_by_role("row").filter(has_text="40.00")
        await row.get_by_role("button", name="Reverse").click()
        await page.get_by_label("Reason").fill("Paid in at the wrong unit")
        await confirmed(page, "Reverse")
        await expect(page.get_by_role("table", name="Statement")).to_contain_text("Reversal")
        assert await place.balance() == "100.000000"
        journals = (await answer(site, "/ledger/journals"))["items"]
        assert [each["kind"] for each in journals] == ["reversal", "top_up", "top_up"]

        # the cash goes to the bank
        await page.goto(f"{home}/clearing")
        await page.get_by_role("button", name="Bank it").click()
        await expect(page.get_by_label("Amount")).to_have_value("100.00")
        await page.get_by_label("Reference").fill("Slip 88")
        await confirmed(page, "Bank it")
        await expect(page.get_by_role("table", name="Clearing")).to_contain_text("0.00")
        (cash,) = (await answer(site, "/ledger/clearing"))["items"]
        assert (cash["balance"]["amount"], cash["since"]) == ("0.000000", None)

        # who asks for a change of a balance does not approve it
        await page.get_by_role("link", name="Adjustments").click()
        await page.get_by_role("button", name="Ask for an adjustment").click()
        await page.get_by_role("dialog").get_by_label("Account").select_option(f"{wallet['account_id']}")
        await page.get_by_label("Amount").fill("12.50")
        await page.get_by_label("Reason").fill("Goodwill after an outage")
        await confirmed(page, "Ask for an adjustment")
        await expect(page.get_by_text("Waits for approval")).to_be_visible()
        await page.get_by_role("button", name="Approve").click()
        await page.get_by_role("dialog").get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
        assert await place.balance() == "100.000000"
        here = page.url.removeprefix(site.url)
        async with working(browser, site, database, role="operator", path=here) as second:
            await second.page.get_by_role("button", name="Approve").click()
            await confirmed(second.page, "Approve")
            await expect(second.page.get_by_text("Waits for approval")).to_have_count(0)
            assert second.problems == []
        assert await place.balance() == "112.500000"

        # a month that is over takes nothing any more, once it is signed
        await page.goto(f"{home}/months")
        await page.get_by_role("button", name="Close a month").click()
        await confirmed(page, "Close a month")
        await expect(page.get_by_role("table", name="Months")).to_contain_text("Closing")
        (month,) = (await answer(site, "/ledger/periods"))["items"]
        over = now_utc().date().replace(day=1) - timedelta(days=1)
        assert (month["period"], month["state"]) == (f"{over:%Y-%m}", "closing")
        await ledger.seal_month(
            database,
            estate_id=place.estate_id,
            period=over.replace(day=1),
            notary=TestNotary(tmp_path),
            now=now_utc(),
        )
        await page.reload()
        await expect(page.get_by_role("table", name="Months")).to_contain_text("Closed")
        (month,) = (await answer(site, "/ledger/periods"))["items"]
        assert month["state"] == "locked"
        # browsers write down that the same person may not approve
        assert [each for each in visit.problems if "409" not in each] == []


async def test_people_and_files_come_in_and_rules_are_kept(
    browser: Browser, site: Site, database: Database
) -> None:
    place = site.place
    newcomer = (await made(place.client, "/api/v1/persons", {"name": "Lwazi Mthembu"}))["person_id"]
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await ask_to_join(
            session, estate_id=place.estate_id, person_id=newcomer, unit_name="A1", now=now_utc()
        )
    gone = {"email": "gone@example.com", "name": "Ayanda Zulu"}
    await made(place.client, f"{place.base}/people", gone)
    home = f"/app/estates/{place.estate_id}"
    path = f"{home}/people"
    async with working(browser, site, database, role="operator", path=path, viewport=ON_A_DESK) as visit:
        page = visit.page
        await page.get_by_role("button", name="Let in").click()
        await page.get_by_role("dialog").get_by_label("Unit").fill("A1")
        await page.get_by_role("dialog").get_by_role("button", name="A1").click()
        await page.get_by_role("dialog").get_by_role("button", name="Let in").click()
        await expect(page.get_by_role("heading", name="Asking to join")).to_have_count(0)
        assert (await answer(site, "/join-requests"))["items"] == []
        granted = (await answer(site, "/role-grants"))["items"]
        (role,) = [each for each in granted if each["person_id"] == newcomer]
        assert (role["role"], role["unit_id"]) == ("resident", place.unit_id)

        await erased(page, site)
        await files(page, site, database, home)
        await rules(page, site, home)
        # a line that is no number is refused
        assert [each for each in visit.problems if "422" not in each] == []
        assert visit.hosts == {site.url.split("/")[2]}


async def erased(page: Page, site: Site) -> None:
    """Somebody who never lived here wants to be forgotten."""
    await page.get_by_role("link", name="Ayanda Zulu").click()
    await page.get_by_role("button", name="Erase").click()
    await page.get_by_label("Reason").fill("Asked for it in writing")
    await confirmed(page, "Erase")
    await expect(page.get_by_text("The person is erased.")).to_be_visible()
    listed = (await answer(site, "/people"))["items"]
    assert "Ayanda Zulu" not in json.dumps(listed)
    assert "gone@example.com" not in json.dumps(listed)


def nem12(*meters: str) -> bytes:
    """A day of 24 kWh of each meter."""
    rows = [
        row
        for meter in meters
        for row in (
            f"200,{meter},E1,1,E1,N1,S,kWh,30,",
            "300,20250301," + ",".join(["0.5"] * 48) + ",A,,,",
        )
    ]
    return "\n".join(["100,NEM12,202503010000,,", *rows, "900", ""]).encode()


async def files(page: Page, site: Site, database: Database, home: str) -> None:
    """Readings of a head-end with a meter that nobody has, then without; then prices out of a file."""
    for name, meters in (("wrong.csv", ("E1", "X9")), ("mended.csv", ("E1",))):
        await page.goto(f"{home}/imports")
        await page.get_by_label("What it holds").select_option("readings")
        file = {"name": name, "mimeType": "text/csv", "buffer": nem12(*meters)}
        await page.locator("input[type=file]").set_input_files(file)
        await page.get_by_role("button", name="Check the file").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(name)
        await charged(page, site, database)
        if name == "wrong.csv":
            await expect(page.get_by_text("the estate has no meter X9", exact=False).first).to_be_visible()
            await expect(page.get_by_role("button", name="Import now")).to_be_disabled()
    assert await site.place.balance() == "0.000000"
    looked = page.url
    await page.get_by_role("button", name="Import now").click()
    await expect(page).not_to_have_url(looked)
    await charged(page, site, database)
    await expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    # 24 kWh at 2.00 and 15 %
    assert await site.place.balance() == "-55.200000"

    await page.goto(f"{home}/rates/import")
    document = {**RATES, "name": "Winter prices", "effective_from": "2027-06-01"}
    await page.get_by_label("Contents of the file").fill(json.dumps(document))
    await page.get_by_role("button", name="Read it").click()
    await page.get_by_role("button", name="Save as draft").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Winter prices")
    tables = (await answer(site, "/rate-tables"))["items"]
    assert sorted(each["name"] for each in tables) == ["Flat", "Winter prices"]


async def charged(page: Page, site: Site, database: Database) -> None:
    await imports.charge_file(
        database,
        Lanes(database),
        estate_id=site.place.estate_id,
        reading_file_id=UUID(page.url.rsplit("/", 1)[1]),
    )


async def rules(page: Page, site: Site, home: str) -> None:
    """What the estate is called, and one of its rules, are kept and seen by who comes after."""
    await page.goto(f"{home}/settings")
    await page.get_by_label("Address").fill("12 Willow Road, Johannesburg")
    estate = page.get_by_role("region", name="The estate")
    await estate.get_by_role("button", name="Save").click()
    await expect(estate.get_by_text("Saved.")).to_be_visible()
    silent = page.get_by_role("region", name="Silent meters")
    await silent.get_by_label("Hours").fill("none")
    await silent.get_by_label("Hours").fill("36")
    await silent.get_by_role("button", name="Save").click()
    await expect(silent.get_by_text("Saved.")).to_be_visible()
    assert (await answer(site, ""))["address"] == "12 Willow Road, Johannesburg"
    assert (await answer(site, "/silence-rule"))["silent_hours"] == 36
    await page.reload()
    await expect(silent.get_by_label("Hours")).to_have_value("36")
    # when to cut is set where supplies are
    await page.get_by_role("link", name="When to warn and cut").click()
    water = page.get_by_role("region", name="Water", exact=True)
    await water.get_by_label("Warn at").fill("ten")
    await water.get_by_role("button", name="Save").click()
    await expect(water.get_by_label("Warn at")).to_have_attribute("aria-invalid", "true")
    await water.get_by_label("Warn at").fill("25.5")
    await water.get_by_role("button", name="Save").click()
    await expect(water.get_by_text("Saved.")).to_be_visible()
    hours = page.get_by_role("region", name="Friendly hours")
    await hours.get_by_label("Saturday and Sunday").check()
    await hours.get_by_label("Public holidays of").fill("de")
    await hours.get_by_label("Part of the country").fill("BY")
    await hours.get_by_role("button", name="Save").click()
    await expect(hours.get_by_text("Saved.")).to_be_visible()
    lines = {
        each["utility"]: each["low_line"]["amount"] for each in (await answer(site, "/credit-rules"))["items"]
    }
    assert lines["water"] == "25.500000"
    assert (await answer(site, "/friendly-hours"))["holidays_subdivision"] == "BY"


async def test_an_event_is_asked_for_held_and_called_off(
    browser: Browser, site: Site, database: Database
) -> None:
    place = site.place
    device = {"driver": "mita", "address": "plug-1", "settings": {"limit": True}}
    await made(place.client, f"{place.base}/devices", device)
    await place.client.patch(f"{place.base}/meters/{place.meter_id}", json={"device": "plug-1"})
    consent = f"{place.base}/units/{place.unit_id}/flexibility-consent"
    assert (await place.client.put(consent, json={"takes_part": True})).status_code == 200
    home = f"/app/estates/{place.estate_id}"
    path = f"{home}/flexibility"
    async with working(browser, site, database, role="operator", path=path, viewport=ON_A_DESK) as visit:
        page = visit.page
        await page.get_by_role("button", name="Plan an event").click()
        form = page.get_by_role("dialog")
        await form.get_by_label("Event").fill("Evening peak")
        # under way, whether the hours are those of the estate or of the browser
        for label, hours in (("From", -3), ("Until", 6)):
            at = now_utc() + timedelta(hours=hours)
            await form.get_by_label(label).fill(f"{at:%Y-%m-%dT%H:%M}")
        await form.get_by_label("Watts").fill("2000")
        await form.get_by_role("button", name="Plan an event").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Evening peak")
        async with database.unit_of_work(estates=[place.estate_id]) as session:
            await settle_events(session, estate_id=place.estate_id, now=now_utc())
        (limit,) = (await answer(site, "/supply-limits"))["items"]
        assert (limit["wanted_w"], [each["cause"] for each in limit["limits"]]) == (2_000, ["event"])
        await page.reload()
        await expect(page.get_by_role("heading", level=1).locator("..")).to_contain_text("Running")

        # the unit's own supply says by what it is held, and is free again when the event is called off
        await page.get_by_role("link", name="A1").click()
        await expect(page.get_by_text("Flexibility event: Evening peak")).to_be_visible()
        await page.go_back()
        await page.get_by_role("button", name="Cancel the event").click()
        await confirmed(page, "Cancel the event")
        await expect(page.get_by_role("heading", level=1).locator("..")).to_contain_text("Cancelled")
        assert (await answer(site, "/supply-limits"))["items"] == []
        assert visit.problems == []
