"""An estate to import into, and a desk that sends files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from mita.imports.jobs import carry_out
from tests.integration.api.conftest import anonymous, app, client, live, place, token
from tests.integration.api.people import signed_in

if TYPE_CHECKING:
    import httpx

    from mita.kit.db import Database
    from tests.integration.api.place import Place

__all__ = ["anonymous", "app", "client", "live", "place", "signed_in", "token"]


@dataclass
class Files:
    """Sends files to one estate as somebody in an office would."""

    client: httpx.AsyncClient
    database: Database
    estate_id: int
    sent: int = 0

    @property
    def base(self) -> str:
        return f"/api/v1/estates/{self.estate_id}"

    async def post(self, kind: str, text: str | bytes, *, key: str = "", **query: Any) -> httpx.Response:
        """Send a file and do not carry it."""
        self.sent += 1
        return await self.client.post(
            f"{self.base}/imports",
            params={"kind": kind, "mode": "valid_rows", "file_name": f"{kind}.csv", **query},
            content=text if isinstance(text, bytes) else text.encode(),
            headers={"Content-Type": "text/csv", "Idempotency-Key": key or f"file-{self.sent}"},
        )

    async def carry(self, import_id: str) -> dict[str, Any]:
        """Do what the worker does; return the import."""
        await carry_out(self.database, estate_id=self.estate_id, import_id=UUID(import_id))
        answer = await self.client.get(f"{self.base}/imports/{import_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, kind: str, text: str | bytes, **query: Any) -> dict[str, Any]:
        """Import a file whole."""
        answer = await self.post(kind, text, **query)
        assert answer.status_code == 202, answer.text
        return await self.carry(answer.json()["import_id"])

    async def faults(self, done: dict[str, Any]) -> list[tuple[int, str, str, str]]:
        """Return (row, column, value, code) of every fault."""
        answer = await self.client.get(f"{self.base}/imports/{done['import_id']}/rows?state=failed")
        assert answer.status_code == 200, answer.text
        return [
            (row["row"], fault["column"], fault["value"], fault["code"])
            for row in answer.json()["items"]
            for fault in row["faults"]
        ]

    async def units(self) -> dict[str, dict[str, Any]]:
        answer = await self.client.get(f"{self.base}/units?limit=1000")
        return {each["name"]: each for each in answer.json()["items"]}


@pytest.fixture
async def files(client: httpx.AsyncClient, database: Database, place: Place) -> Files:
    return Files(client, database, place.estate_id)


def counts(done: dict[str, Any]) -> tuple[int, int, int, int, int]:
    """Return (created, updated, unchanged, failed, withheld)."""
    rows = done["rows"]
    assert rows["done"] == sum(
        rows[name] for name in ("created", "updated", "unchanged", "failed", "withheld")
    )
    return (rows["created"], rows["updated"], rows["unchanged"], rows["failed"], rows["withheld"])
