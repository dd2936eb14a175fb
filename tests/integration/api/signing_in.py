"""Persons who sign in over HTTP, with what they were sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from mita.kit.seal import Seals

from .place import made

if TYPE_CHECKING:
    import psycopg
    from fastapi import FastAPI

AUTH = "/api/v1/auth"
PASSWORD = "seven lamps by the river"
SEALS = Seals([bytes(32)])


def browser(app: FastAPI, *, origin: str = "https://mita.test") -> httpx.AsyncClient:
    """Return a browser that has shown nothing yet; it keeps its cookies."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(
        transport=transport,
        base_url=origin,
        headers={"Origin": origin, "User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"},
    )


def bearing(app: FastAPI, access_token: str, *, origin: str = "https://mita.test") -> httpx.AsyncClient:
    """Return a caller with an access token."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {access_token}", "Origin": origin}
    return httpx.AsyncClient(transport=transport, base_url=origin, headers=headers)


def sent(admin: psycopg.Connection) -> list[dict[str, Any]]:
    """Return the messages that wait, the oldest first, opened."""
    rows = admin.execute(
        "SELECT channel, template, language, content_sealed FROM message"
        " WHERE state = 'queued' ORDER BY message_id"
    ).fetchall()
    return [
        {
            "channel": channel,
            "template": template,
            "language": language,
            **json.loads(SEALS.open(content, about="message.content_sealed")),
        }
        for channel, template, language, content in rows
    ]


def last_code(admin: psycopg.Connection) -> str:
    """Return the code that was sent last."""
    return sent(admin)[-1]["values"]["code"]


@dataclass
class Thandi:
    """A person with an email address and a password."""

    app: FastAPI
    person_id: int
    tokens: dict[str, Any]

    def client(self) -> httpx.AsyncClient:
        return bearing(self.app, self.tokens["access_token"])


async def new_thandi(
    app: FastAPI,
    client: httpx.AsyncClient,
    admin: psycopg.Connection,
    *,
    email: str = "thandi@example.com",
    password: str = PASSWORD,
) -> Thandi:
    """Make a person as staff does; they sign in with a code and choose a password."""
    person = await made(client, "/api/v1/persons", {"name": "Thandi Mokoena", "email": email})
    async with browser(app) as own:
        asked = await own.post(f"{AUTH}/codes", json={"identifier": email})
        assert asked.status_code == 202, asked.text
        shown = {"code_id": asked.json()["code_id"], "code": last_code(admin), "keep": "body"}
        answer = await own.post(f"{AUTH}/codes/verify", json=shown)
        assert answer.status_code == 200, answer.text
    thandi = Thandi(app, person["person_id"], answer.json()["tokens"])
    async with thandi.client() as own:
        answer = await own.put("/api/v1/me/password", json={"password": password})
        assert answer.status_code == 204, answer.text
    return thandi


async def signed_in_again(
    app: FastAPI, *, identifier: str = "thandi@example.com", **more: str
) -> httpx.Response:
    """Sign in with the password, as an app does."""
    async with browser(app) as own:
        body = {"identifier": identifier, "password": PASSWORD, "keep": "body", **more}
        return await own.post(f"{AUTH}/sign-in", json=body)
