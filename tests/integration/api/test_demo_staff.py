"""The demo's staff: they sign in with what `mita up --demo` and `mita demo-code` print."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from mita.entrypoints.cli.main import app as cli
from mita.entrypoints.demo.staff import appoint, employ
from mita.entrypoints.keys import (
    DEMO_AUDITOR,
    DEMO_OPERATOR,
    DEMO_TRUSTEE,
    demo_factor,
    demo_password,
    load_keys,
)

from .signing_in import AUTH, browser

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import psycopg
    import pytest
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place


async def test_they_sign_in_with_what_is_printed(
    app: FastAPI,
    place: Place,
    database: Database,
    admin: psycopg.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MITA_DATA", str(tmp_path))
    refused = CliRunner().invoke(cli, ["demo-code"])
    assert refused.exit_code == 2
    assert "mita up --demo" in refused.stderr
    assert not os.listdir(tmp_path), "asking makes no secrets"  # noqa: PTH208 - a coroutine

    secret, now = load_keys(tmp_path).device_secret, datetime.now(UTC)
    password = demo_password(secret, who="staff")
    assert password != demo_password(secret)
    for _ in range(2):
        await employ(database, password=password, factor=demo_factor(secret), now=now)
        await appoint(database, estate_id=place.estate_id, password=password, now=now)
    counted = admin.execute("SELECT count(*) FROM role_grant WHERE granted_by = 'staff:demo'").fetchone()
    assert counted == (3,), "the second time changes nothing"

    for email, role in ((DEMO_OPERATOR, "operator"), (DEMO_AUDITOR, "auditor")):
        printed = CliRunner().invoke(cli, ["demo-code"])
        signed_in = await sign_in(app, email, password, code=printed.stdout.strip())
        me = await asked(app, signed_in["access_token"])
        assert [each["role"] for each in me["roles"]] == [role]
        assert not me["needs_second_factor"]
    trustee = await sign_in(app, DEMO_TRUSTEE, password, code=None)
    assert [each["role"] for each in (await asked(app, trustee["access_token"]))["roles"]] == ["trustee"]


async def sign_in(app: FastAPI, email: str, password: str, *, code: str | None) -> dict[str, Any]:
    async with browser(app) as window:
        body = {"identifier": email, "password": password, "keep": "body"}
        answer = (await window.post(f"{AUTH}/sign-in", json=body)).json()
        if code is None:
            return answer["tokens"]
        body = {"ticket": answer["ticket"], "code": code, "keep": "body"}
        passed = await window.post(f"{AUTH}/second-factor", json=body)
        assert passed.status_code == 200, passed.text
        return passed.json()["tokens"]


async def asked(app: FastAPI, token: str) -> dict[str, Any]:
    async with browser(app) as window:
        answer = await window.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        return answer.json()
