"""An estate with something on every page: one of each kind that the app shows, made through the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mita.entrypoints.worker.app import create_worker_app
from mita.identity.operations import ask_to_join
from mita.imports import jobs
from mita.kit.clock import now_utc
from tests.integration.api.place import RATES, made, settle
from tests.integration.api.test_group_summary import second_home

if TYPE_CHECKING:
    from mita.kit.db import Database

    from .conftest import Site

CODEC = "function decodeUplink(input) {\n  return {data: {energy_wh: input.bytes[0] * 256}};\n}\n"
RULE = {"is_cutting": True, "low_line": "50", "cut_line": "-10", "restore_line": "10"}
# a row that is good, one of a kind that is none, and one without a name
UNITS = b"name,kind\nB1,flat\nB2,palace\n,flat\n"
# half-hours of a day, and of a meter that nobody has
NEM12 = "\n".join(
    [
        "100,NEM12,202503010000,,",
        *(
            line
            for meter in ("E3", "X9")
            for line in (
                f"200,{meter},E1,1,E1,N1,S,kWh,30,",
                "300,20250301," + ",".join(["0.5"] * 48) + ",A,,,",
            )
        ),
        "900",
        "",
    ]
)


@dataclass
class Furnished:
    """The estate, who may see what of it, and what its pages' paths name."""

    site: Site
    resident_id: int = 0
    parent_id: int = 0
    names: dict[str, str] = field(default_factory=dict)
    keys: count[int] = field(default_factory=count)

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """Ask the API for something of the estate that must succeed; every request has a key of its own."""
        place = self.site.place
        headers = {"Idempotency-Key": f"furnished-{next(self.keys)}"}
        answer = await place.client.request(method, place.base + path, json=body, headers=headers, **more)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else {}

    async def post(self, path: str, body: Any = None) -> dict[str, Any]:
        return await self.ask("POST", path, body)

    async def put(self, path: str, body: Any) -> dict[str, Any]:
        return await self.ask("PUT", path, body)

    def fill(self, path: str) -> str:
        """Put the estate's own numbers into a path of the app: ``/estates/:estateId/units`` and the like."""
        return "/".join(
            self.names[part.removeprefix(":")] if part.startswith((":", "*")) else part
            for part in path.split("/")
        )


def ago(*, hours: int) -> str:
    then = now_utc() - timedelta(hours=hours)
    return then.isoformat(timespec="seconds").replace("+00:00", "Z")


async def furnished(site: Site, database: Database, *, worker_url: str) -> Furnished:
    """Make one of each, and let the worker do what it is asked for by that."""
    place = site.place
    house = Furnished(site)
    house.names |= {"estateId": str(place.estate_id), "unitId": str(place.unit_id), "utility": "electricity"}
    house.names |= {"meterId": str(place.meter_id), "walletId": str(place.wallet_id)}
    house.names |= {"rateTableId": str(place.rate_table_id), "*": "nowhere"}
    await _people(house)
    await _wire(house)
    await _readings(house)
    await _money(house)
    await _files(house, database)
    await _supply(house)
    await _waiting(house, database)
    worker = create_worker_app(worker_url)
    async with worker.open_async():
        await worker.run_worker_async(wait=False, additional_context={"database": database})
    await _programs(house)
    return house


async def _people(house: Furnished) -> None:
    """Who lives there, who pays for several homes, and who moved in only now."""
    place = house.site.place
    other = await second_home(place.client, place)
    far = await settle(place.client, name="Oak Gardens")
    manage = {"right": "manage"}
    for name in ("Thandi Mokoena", "Sipho Mokoena"):
        person_id = (await made(place.client, "/api/v1/persons", {"name": name}))["person_id"]
        await house.post(f"/wallets/{place.wallet_id}/grants", {"person_id": person_id, **manage})
        house.resident_id, house.parent_id = house.parent_id or person_id, person_id
    grant = {"person_id": house.parent_id, **manage}
    await house.post(f"/wallets/{other}/grants", grant)
    await made(place.client, f"{far.base}/wallets/{far.wallet_id}/grants", grant)
    await house.put(f"/wallets/{other}/spend-limit", {"daily": "50.00", "monthly": "900.00"})
    await house.post(
        f"/wallets/{place.wallet_id}/invitations", {"email": "lindiwe@example.com", "right": "view"}
    )
    group = await house.post("/wallet-groups", {"name": "The Mokoenas", "owner_person_id": house.parent_id})
    for wallet_id in (place.wallet_id, other):
        await house.post(f"/wallet-groups/{group['group_id']}/members", {"wallet_id": wallet_id})
    await house.post(f"/wallet-groups/{group['group_id']}/top-ups", {"amount": "80.00", "method": "cash"})
    house.names |= {"groupId": str(group["group_id"]), "personId": str(house.resident_id)}
    (third,) = (await house.post("/units", {"names": ["A3"]}))["items"]
    await house.post(
        "/meters", {"unit_id": third["unit_id"], "serial": "E3", "utility": "electricity", "max_rate": "20"}
    )
    await house.post(f"/units/{third['unit_id']}/onboard-tenant", {"person": {"name": "Ayanda Zulu"}})
    await house.post(
        f"/units/{place.unit_id}/assign-owner", {"person_id": house.parent_id, "from_on": "2025-01-01"}
    )


async def _wire(house: Furnished) -> None:
    """What measures: devices, codecs, meters of every sort, and the rules that say what is wrong."""
    place = house.site.place
    codec = await house.post("/codecs", {"name": "acme-em1", "body": CODEC})
    device = await house.post(
        "/devices", {"driver": "mita", "address": "plug-1", "settings": {"limit": True}}
    )
    by_radio = {"driver": "chirpstack", "address": "a84041d4f1aa0001", "codec_id": codec["codec_id"]}
    await house.post(
        "/devices", {**by_radio, "fields": [{"path": "energy_wh", "register": "import", "unit": "Wh"}]}
    )
    house.names |= {"deviceId": str(device["device_id"]), "codecId": str(codec["codec_id"])}
    await house.ask("PATCH", f"/meters/{place.meter_id}", {"device": "plug-1"})
    plain = {"unit_id": place.unit_id, "utility": "electricity", "max_rate": "20"}
    bulk = await house.post("/meters", {**plain, "serial": "BULK"})
    await house.post(
        "/bulk-meters", {"meter_id": bulk["meter_id"], "covers": "estate", "from_on": "2025-03-01"}
    )
    await house.post("/meters", {**plain, "serial": "SUN", "registers": ["import", "export"]})
    water = {"unit_id": place.unit_id, "utility": "water", "serial": "W1", "is_read_by_hand": True}
    await house.post("/meters", water)
    virtual = await house.post("/meters", {**plain, "serial": "COMMON"})
    (into,) = virtual["registers"]
    formula = {"of": [place.register_id], "into": [{"register_id": into["register_id"], "share": "1/2"}]}
    await house.post("/virtual-meters", {**formula, "step_minutes": 60, "from_at": ago(hours=20)})
    await house.put("/reading-window", {"from_day": 1, "to_day": 31, "least_right": "view"})
    await house.put("/credit-rules/electricity", RULE)
    await house.put("/silence-rule", {"silent_hours": 24})


async def _readings(house: Furnished) -> None:
    """A day that was charged, a reading that waits, one set aside, and one that no meter can show."""
    place = house.site.place
    await place.send(*((ago(hours=hour), str(100 + 12 - hour)) for hour in range(12, 1, -1)))
    await place.send(*((ago(hours=hour), str(300 + 12 - hour)) for hour in range(12, 1, -1)), meter="BULK")
    await place.send((ago(hours=10), "0"), (ago(hours=9), "500"), meter="E3")
    await place.send((ago(hours=10), "0"), (ago(hours=9), "900"), meter="SUN")
    await place.send((ago(hours=1), "1.00000001"), meter="W1")
    held = (await house.ask("GET", "/readings", params={"class": "held"}))["items"]
    of = next(each for each in held if each["meter"] == "SUN")
    await house.post(
        f"/registers/{of['register_id']}/readings/{of['taken_at']}/set-aside",
        {"reason": "Tested on the bench"},
    )


async def _money(house: Furnished) -> None:
    """Receipts, what was taken back, what waits for a second person, what is banked, a month that is over."""
    place = house.site.place
    assert (await place.top_up(amount="60.00", utility="electricity")).status_code == 201
    assert (
        await place.top_up(key="k2", amount="55.00", method="eft", utility="electricity")
    ).status_code == 201
    accounts = (await house.ask("GET", "/ledger/accounts"))["items"]
    wallet = next(each for each in accounts if each["code"] == f"wallet:{place.wallet_id}:electricity")
    house.names["accountId"] = str(wallet["account_id"])
    entries = (
        await house.ask("GET", f"/wallets/{place.wallet_id}/entries", params={"utility": "electricity"})
    )["items"]
    house.names["seq"] = str(entries[-1]["seq"])
    newest = entries[0]
    await house.post(
        "/ledger/reversals",
        {"account_id": wallet["account_id"], "seq": newest["seq"], "reason": "Paid in at the wrong unit"},
    )
    asked = {"account_id": wallet["account_id"], "amount": "12.50", "reason": "Goodwill after an outage"}
    await house.post("/ledger/adjustments", asked)
    soon = (now_utc() + timedelta(hours=1)).isoformat()
    await house.post(
        "/ledger/holds",
        {"account_id": wallet["account_id"], "amount": "5.00", "purpose": "Electrician", "expires_at": soon},
    )
    await house.post(
        "/ledger/clearing/cash/banking", {"amount": "20.00", "direction": "to_bank", "reference": "Slip 88"}
    )
    over = now_utc().date().replace(day=1) - timedelta(days=1)
    await house.post("/ledger/periods", {"period": f"{over:%Y-%m}"})
    journals = (await house.ask("GET", "/ledger/journals"))["items"]
    house.names["journalId"] = journals[0]["journal_id"]
    await house.post(
        "/rate-tables",
        {
            "document": {
                **RATES,
                "name": "Flat, dearer",
                "charges": [{"name": "Energy", "kind": "usage", "price": "2.50"}],
            }
        },
    )


async def _files(house: Furnished, database: Database) -> None:
    """A list with rows that are wrong, and a file of a head-end with a meter that nobody has."""
    place = house.site.place
    for path, query, content in (
        ("imports", {"kind": "units", "file_name": "units.csv", "dry_run": "true"}, UNITS),
        ("reading-files", {"file_name": "march.csv", "dry_run": "true"}, NEM12.encode()),
    ):
        key = {"Idempotency-Key": path, "Content-Type": "text/csv"}
        answer = await place.client.post(f"{place.base}/{path}", params=query, content=content, headers=key)
        assert answer.status_code == 202, answer.text
        told = answer.json()
        house.names["importId" if path == "imports" else "fileId"] = (
            told.get("import_id") or told["reading_file_id"]
        )
    await jobs.carry_out(database, estate_id=place.estate_id, import_id=UUID(house.names["importId"]))


async def _supply(house: Furnished) -> None:
    """A supply that is cut by rule, one that staff stopped and limited, and an event that is planned."""
    place = house.site.place
    await house.put(f"/units/{place.unit_id}/supply-limits/electricity", {"limit_w": 2000})
    await house.post(
        f"/units/{place.unit_id}/supply-stops", {"utility": "electricity", "reason": "Water in the board"}
    )
    begins = now_utc() + timedelta(hours=5)
    hours = {"from_at": begins.isoformat(), "until_at": (begins + timedelta(hours=2)).isoformat()}
    event = await house.post("/flexibility-events", {"title": "Evening peak", "limit_w": 2000, **hours})
    house.names["eventId"] = event["flexibility_event_id"]
    await place.client.put(
        f"{place.base}/emergency-rule", json={"is_on": True, "amount": "30.00", "who": "staff"}
    )


async def _waiting(house: Furnished, database: Database) -> None:
    """Somebody who would like to live there."""
    place = house.site.place
    await house.put("/join-code", {"is_on": True})
    newcomer = await made(place.client, "/api/v1/persons", {"name": "Lwazi Mthembu"})
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await ask_to_join(
            session,
            estate_id=place.estate_id,
            person_id=newcomer["person_id"],
            unit_name="A2",
            now=now_utc(),
        )


async def _programs(house: Furnished) -> None:
    """A key and a webhook; made last, so that nothing is sent to an address that is not there."""
    place = house.site.place
    key = {"name": "Bookkeeping", "permissions": ["ledger.read"], "estate_ids": [place.estate_id]}
    await made(place.client, "/api/v1/api-keys", key)
    hook = await house.post("/webhooks", {"url": "https://hooks.example.com/mita", "types": ["wallet.topup"]})
    house.names["endpointId"] = str(hook["endpoint_id"])
    await house.post(f"/webhooks/{hook['endpoint_id']}/test")
