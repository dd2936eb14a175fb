"""A sign-in on a device that a person has not used before is told to them, unless that is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.entrypoints.api.app import create_app
from mita.identity.api.asking import SigningIn

from .signing_in import AUTH, PASSWORD, browser, new_thandi, sent, signed_in_again

if TYPE_CHECKING:
    import httpx
    import psycopg
    from fastapi import FastAPI

    from mita.kit.db import Database

PHONE = "Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Mobile"


async def on_a_phone(app: FastAPI) -> httpx.Response:
    async with browser(app) as own:
        body = {"identifier": "thandi@example.com", "password": PASSWORD, "keep": "body"}
        languages = {"User-Agent": PHONE, "Accept-Language": "de"}
        return await own.post(f"{AUTH}/sign-in", json=body, headers=languages)


def told(admin: psycopg.Connection) -> list[tuple[str, str, str, str]]:
    return [
        (each["channel"], each["address"], each["language"], each["values"]["device"])
        for each in sent(admin)
        if each["template"] == "new_device"
    ]


async def test_a_new_device_is_told_once(
    app: FastAPI, client: httpx.AsyncClient, admin: psycopg.Connection, database: Database
) -> None:
    await new_thandi(app, client, admin)
    assert (await signed_in_again(app)).status_code == 200
    # the first device, and again the same one
    assert told(admin) == []
    switched_off = create_app(database, live=None, signing_in=SigningIn(tells_of_new_devices=False))
    assert (await on_a_phone(switched_off)).status_code == 200
    assert told(admin) == []
    admin.execute("DELETE FROM person_session WHERE device LIKE 'Chrome%'")
    for _ in range(2):
        assert (await on_a_phone(app)).status_code == 200
    assert told(admin) == [("email", "thandi@example.com", "de", "Chrome on Android")]
