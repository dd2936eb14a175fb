"""A small estate, made through the API itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

RATES: dict[str, Any] = {
    "rate_table": 1,
    "name": "Flat",
    "utility": "electricity",
    "currency": "ZAR",
    "effective_from": "2025-01-01",
    "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
    "charges": [{"name": "Energy", "kind": "usage", "price": "2.00"}],
}


@dataclass
class Place:
    client: httpx.AsyncClient
    estate_id: int
    unit_id: int
    meter_id: int
    register_id: int
    wallet_id: int
    rate_table_id: int

    @property
    def base(self) -> str:
        return f"/api/v1/estates/{self.estate_id}"

    async def send(self, *rows: tuple[str, str], meter: str = "E1") -> dict[str, Any]:
        """Send (taken_at, value) of a meter."""
        readings = [{"meter": meter, "taken_at": at, "value": value, "unit": "kWh"} for at, value in rows]
        answer = await self.client.post(f"{self.base}/readings", json={"readings": readings})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def balance(self) -> str:
        answer = await self.client.get(f"{self.base}/wallets/{self.wallet_id}")
        return answer.json()["balances"][0]["balance"]["amount"]

    async def top_up(self, key: str = "k1", **body: Any) -> httpx.Response:
        return await self.client.post(
            f"{self.base}/wallets/{self.wallet_id}/top-ups",
            json={"amount": "100.00", "method": "cash", **body},
            headers={"Idempotency-Key": key},
        )


async def made(client: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def settle(client: httpx.AsyncClient, *, name: str = "Willow Creek", **meter: Any) -> Place:
    estate = await made(
        client,
        "/api/v1/estates",
        {"name": name, "currency": "ZAR", "time_zone": "Africa/Johannesburg"},
    )
    base = f"/api/v1/estates/{estate['estate_id']}"
    (unit,) = (await made(client, f"{base}/units", {"names": ["A1"]}))["items"]
    installed = await made(
        client,
        f"{base}/meters",
        {
            "unit_id": unit["unit_id"],
            "serial": "E1",
            "utility": "electricity",
            "max_rate": "20",
            "burst": "1",
            **meter,
        },
    )
    table = await made(client, f"{base}/rate-tables", {"document": RATES})
    answer = await client.post(f"{base}/rate-tables/{table['rate_table_id']}/assign")
    assert answer.status_code == 200, answer.text
    wallets = (await client.get(f"{base}/wallets")).json()["items"]
    return Place(
        client,
        estate["estate_id"],
        unit["unit_id"],
        installed["meter_id"],
        installed["registers"][0]["register_id"],
        wallets[0]["wallet_id"],
        table["rate_table_id"],
    )
