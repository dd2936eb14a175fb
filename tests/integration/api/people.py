"""Persons over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from .place import made

if TYPE_CHECKING:
    from fastapi import FastAPI


def signed_in(app: FastAPI, token: str) -> httpx.AsyncClient:
    """Return a caller with a token."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=transport, base_url="http://mita.test", headers=headers)


async def person_token(client: httpx.AsyncClient, name: str) -> str:
    """Make a person; return their token."""
    person = await made(client, "/api/v1/persons", {"name": name})
    answer = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]
