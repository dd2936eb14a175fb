"""Each kind of file: what is created, what a second time does, and every fault of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conftest import Files, counts

if TYPE_CHECKING:
    from tests.integration.api.place import Place


async def test_units_are_created_changed_and_left(files: Files) -> None:
    first = await files.send(
        "units", "name,kind,floor_area,participation,is_out_of_use\nB1,shop,64.5,0.0125,no\nB2,,,,yes\n"
    )
    assert (first["state"], counts(first)) == ("done", (2, 0, 0, 0, 0))
    units = await files.units()
    assert units["B1"]["floor_area"] == {"amount": "64.500000", "unit": "m2"}
    assert (units["B1"]["kind"], units["B1"]["participation"]) == ("shop", "0.012500")
    assert (units["B2"]["kind"], units["B2"]["state"]) == ("flat", "out_of_use")
    again = await files.send("units", "name,kind,floor_area\nB1,shop,64.5\nB2,office,\nB3,,\n")
    assert counts(again) == (1, 1, 1, 0, 0)
    units = await files.units()
    # an empty cell, and a column that is not there, leave what was
    assert (units["B2"]["kind"], units["B2"]["is_out_of_use"]) == ("office", True)
    assert (units["B1"]["version"], units["B2"]["version"]) == (1, 2)


async def test_all_faults_of_a_row_are_told(files: Files) -> None:
    done = await files.send(
        "units",
        "name;kind;floor_area;participation;is_out_of_use\n"
        ";castle;64,5;2;maybe\n"
        "B1;flat;1 234,50;0.5;yes\n"
        "B2;flat;ten;1.5;no\n"
        "B3;flat;1.1234567;0.5;no\n"
        "B4;flat;1;0.5;no;more\n"
        "B5;flat;1;0.5;no\n",
    )
    assert counts(done) == (1, 0, 0, 5, 0)
    assert await files.faults(done) == [
        (2, "name", "", "missing"),
        (2, "kind", "castle", "unknown_word"),
        (2, "floor_area", "64,5", "decimal_comma"),
        (2, "participation", "2", "invalid"),
        (2, "is_out_of_use", "maybe", "not_yes_or_no"),
        (3, "floor_area", "1 234,50", "decimal_comma"),
        (4, "floor_area", "ten", "not_a_number"),
        (4, "participation", "1.5", "invalid"),
        (5, "floor_area", "1.1234567", "not_a_number"),
        (6, "", "", "too_many_cells"),
    ]
    assert set(await files.units()) == {"A1", "B5"}
    mend = await files.client.get(f"{files.base}/imports/{done['import_id']}/rows?state=failed")
    messages = [fault["message"] for row in mend.json()["items"] for fault in row["faults"]]
    assert messages[2] == "a decimal comma: write 64.5"
    assert messages[5] == "a decimal comma: write 1234.50"


async def test_people_are_known_by_address_or_by_name_and_number(files: Files) -> None:
    first = await files.send(
        "people",
        "name,email,phone\nThandi,Thandi@Example.com,+27 82 555 0101\n"
        "Sipho,,+27 82 555 0199\nLindi,,+27825550199\nNobody,,\nOdd,not an address,x\n",
    )
    assert counts(first) == (3, 0, 0, 2, 0)
    assert await files.faults(first) == [
        (5, "email", "", "missing"),
        (6, "email", "not an address", "invalid"),
        (6, "phone", "x", "invalid"),
    ]
    again = await files.send(
        "people",
        "name,email,phone\nT. Mokoena,thandi@example.com,\nsipho,,0027 82 555 0199\nsipho,,27825550199\n",
    )
    # 0027 is another spelling that the estate does not know; the name stays as it was
    assert counts(again) == (1, 0, 2, 0, 0)
    people = (await files.client.get(f"{files.base}/people?q=thandi")).json()["items"]
    assert [each["name"] for each in people] == ["Thandi"]


async def test_meters_are_installed_and_never_overwritten(files: Files, place: Place) -> None:
    await files.send("units", "name\nB1\nB2\n")
    text = (
        "serial,unit,utility,registers,device,max_rate,burst,is_read_by_hand\n"
        "W1,B1,water,,wc-b1,2.5,0.5,\nE2,B1,electricity,import export,,20,,yes\n"
    )
    assert counts(await files.send("meters", text)) == (2, 0, 0, 0, 0)
    assert counts(await files.send("meters", text)) == (0, 0, 2, 0, 0)
    done = await files.send(
        "meters",
        "serial,unit,utility,registers,device,max_rate,is_read_by_hand\n"
        "W1,B2,electricity,import export,other,2,yes\n"
        "W3,gone,steam,Import,a b,0,maybe\n"
        "W4,B2,water,,wc-b1,,no\n"
        ",B2,,,,,\n",
    )
    # a device may speak for several meters of its estate: W4 is fine
    assert counts(done) == (1, 0, 0, 3, 0)
    assert await files.faults(done) == [
        (2, "unit", "B2", "differs"),
        (2, "utility", "electricity", "differs"),
        (2, "registers", "import export", "differs"),
        (2, "device", "other", "differs"),
        (2, "max_rate", "2", "differs"),
        (2, "is_read_by_hand", "yes", "differs"),
        (3, "unit", "gone", "unknown_unit"),
        (3, "utility", "steam", "unknown_word"),
        (3, "registers", "Import", "invalid"),
        (3, "device", "a b", "invalid"),
        (3, "max_rate", "0", "invalid"),
        (3, "is_read_by_hand", "maybe", "not_yes_or_no"),
        (5, "serial", "", "missing"),
        (5, "utility", "", "missing"),
    ]
    meters = (await files.client.get(f"{files.base}/meters")).json()["items"]
    assert sorted(each["serial"] for each in meters) == ["E1", "E2", "W1", "W4"]
    assert [each["serial"] for each in meters if each["is_read_by_hand"]] == ["E2"]
    wallets = (await files.client.get(f"{files.base}/wallets")).json()["items"]
    words = {each["unit_id"]: {balance["utility"] for balance in each["balances"]} for each in wallets}
    units = await files.units()
    assert words[units["B1"]["unit_id"]] == {"electricity", "water"}


async def test_a_device_of_another_estate_fails_its_row_only(files: Files) -> None:
    other = await files.client.post(
        "/api/v1/estates", json={"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
    )
    theirs = Files(files.client, files.database, other.json()["estate_id"])
    await theirs.send("units", "name\nO1\n")
    await theirs.send("meters", "serial,unit,utility,device\nO-1,O1,water,oak-1\n")
    done = await files.send(
        "meters", "serial,unit,utility,device\nX1,A1,water,a-1\nX2,A1,water,oak-1\nX3,A1,water,a-3\n"
    )
    assert counts(done) == (2, 0, 0, 1, 0)
    assert [each[3] for each in await files.faults(done)] == ["serial_taken"]


async def test_occupancies_and_ownerships(files: Files) -> None:
    await files.send("units", "name\nB1\n")
    await files.send(
        "people", "name,email,phone\nThandi,t@x.org,\nSipho,s@x.org,+27 1 234\nLindi,,+27 1 234\n"
    )
    text = "unit,person,from_on,until_on\nB1,T@x.org,2026-03-01,\n"
    assert counts(await files.send("occupancies", text)) == (1, 0, 0, 0, 0)
    assert counts(await files.send("occupancies", text)) == (0, 0, 1, 0, 0)
    done = await files.send(
        "occupancies",
        "unit,person,from_on,until_on,is_main\n"
        "B1,t@x.org,2026-03-01,2026-09-01,yes\n"
        "B1,s@x.org,2026-08-01,,yes\n"
        "B1,s@x.org,2026-09-01,,yes\n"
        "B1,+27 1 234,2026-09-01,,no\n"
        "B9,nobody@x.org,01/09/2026,2026-13-01,no\n",
    )
    assert counts(done) == (1, 1, 0, 3, 0)
    assert await files.faults(done) == [
        (3, "", "", "unit_occupied"),
        (5, "person", "+27 1 234", "several_people"),
        (6, "unit", "B9", "unknown_unit"),
        (6, "person", "nobody@x.org", "unknown_person"),
        (6, "from_on", "01/09/2026", "not_a_day"),
        (6, "until_on", "2026-13-01", "not_a_day"),
    ]
    # an empty end leaves the one that is there: importing last month's file does not bring people back
    assert counts(await files.send("occupancies", text)) == (0, 0, 1, 0, 0)
    lived = (await files.client.get(f"{files.base}/occupancies")).json()["items"]
    assert [(each["from_on"], each["until_on"]) for each in lived] == [
        ("2026-09-01", None),
        ("2026-03-01", "2026-09-01"),
    ]
    owned = "unit,person,from_on,share\nB1,t@x.org,2026-01-01,0.6\nB1,s@x.org,2026-01-01,0.5\n"
    done = await files.send("ownerships", owned)
    assert counts(done) == (1, 0, 0, 1, 0)
    assert await files.faults(done) == [(3, "", "", "shares_exceeded")]
    done = await files.send("ownerships", "unit,person,from_on,share\nB1,t@x.org,2026-01-01,0.7\n")
    assert await files.faults(done) == [(2, "share", "0.7", "differs")]
    done = await files.send("ownerships", "unit,person,from_on,share\nB1,s@x.org,2026-01-01,1.5\n")
    assert await files.faults(done) == [(2, "share", "1.5", "invalid")]


async def test_a_receipt_is_booked_once_by_its_own_reference(files: Files, place: Place) -> None:
    await files.send("units", "name\nB1\n")
    text = "reference,unit,amount,method\nR-1,A1,200.00,eft\nR-2,A1,50.5,cash\n"
    assert counts(await files.send("top_ups", text)) == (2, 0, 0, 0, 0)
    assert counts(await files.send("top_ups", text + "R-3,A1,1,cash\n")) == (1, 0, 2, 0, 0)
    done = await files.send(
        "top_ups",
        "reference,unit,amount,method,utility,currency\n"
        "R-1,A1,201.00,eft,,\n"
        "R-4,B1,1.00,eft,,\n"
        "R-5,A1,0,eft,,\n"
        "R-6,A1,1.00,card,,EUR\n"
        "R-7,A1,1.00,eft,water,\n"
        ',A1,"1,50",eft,,\n',
    )
    assert counts(done) == (0, 0, 0, 6, 0)
    assert await files.faults(done) == [
        (2, "", "", "idempotency_key_reused"),
        (3, "unit", "B1", "wallet_missing"),
        (4, "amount", "0", "invalid"),
        (5, "method", "card", "unknown_word"),
        (5, "currency", "EUR", "other_currency"),
        (6, "", "", "utility_not_in_wallet"),
        (7, "reference", "", "missing"),
        (7, "amount", "1,50", "decimal_comma"),
    ]
    wallet = (await files.client.get(f"{files.base}/wallets/{place.wallet_id}")).json()
    held = [each["balance"]["amount"] for each in wallet["balances"]] + [
        wallet["general"]["balance"]["amount"]
    ]
    assert "251.500000" in held
    answer = await files.client.get(f"{files.base}/wallets/{place.wallet_id}/entries?utility=electricity")
    memos = [each["memo"] for each in answer.json()["items"]]
    assert memos == ["cash: R-3", "cash: R-2", "eft: R-1"]
