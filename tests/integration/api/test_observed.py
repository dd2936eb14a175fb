"""What one sees of a running API: health, readiness, metrics, one line in the log for each request."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mita.entrypoints import logs
from mita.entrypoints.api.app import create_app
from mita.entrypoints.api.key_limits import KeyLimits
from mita.entrypoints.health import Health, serve_metrics
from mita.entrypoints.metrics import watch_database
from mita.entrypoints.ports import free_port
from mita.kit.db import Database
from mita.kit.settings import Settings

from .people import signed_in

if TYPE_CHECKING:
    import psycopg

    from .place import Place


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_alive_asks_nobody() -> None:
    away = create_app(Database("postgresql://nobody@127.0.0.1:1/nothing"), live=None)
    transport = httpx.ASGITransport(app=away, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mita.test") as caller:
        alive, ready = await caller.get("/healthz"), await caller.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["code"]) == (503, "unavailable")
    assert "database: away" in ready.json()["detail"]


async def test_ready_is_who_has_all_it_needs(
    anonymous: httpx.AsyncClient, database: Database, admin: psycopg.Connection
) -> None:
    ready = await anonymous.get("/readyz")
    checks = {"database": "ok", "migrations": "ok", "jobs": "no worker"}
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "checks": checks})
    assert not (await Health(database, is_worker=True).readiness())[0]
    admin.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    assert (await Health(database, is_worker=True).readiness()) == (True, {**checks, "jobs": "ok"})
    is_ready, found = await Health(database, needs={"broker": lambda: False}).readiness()
    assert (is_ready, found["broker"]) == (False, "away")
    admin.execute("UPDATE alembic_version SET version_num = '0001'")
    old = await anonymous.get("/readyz")
    assert (old.status_code, old.json()["detail"]) == (503, "migrations: at 0001")


async def test_metrics_tell_requests_by_route(client: httpx.AsyncClient, place: Place) -> None:
    labels = (("method", "GET"), ("route", "/api/v1/estates/{estate_id}/units/{unit_id}"), ("status", "200"))
    before = samples((await client.get("/metrics")).text)
    await client.get(f"{place.base}/units/{place.unit_id}")
    await client.get("/api/v1/nothing/here")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    after = samples(answer.text)
    name = ("mita_http_request_seconds_count", labels)
    assert after[name] == before.get(name, 0) + 1
    assert not [labels for _, labels in after if "/api/v1/nothing" in str(labels)]
    assert not [labels for _, labels in after if "/units/1" in str(labels)]


async def test_metrics_tell_money_and_readings(
    client: httpx.AsyncClient, place: Place, database: Database, admin: psycopg.Connection
) -> None:
    def of(text: str, name: str, **labels: str) -> float:
        return samples(text).get((name, tuple(sorted(labels.items()))), 0)

    health = Health(database)
    before = (await health.exposition()).decode()
    await place.send(("2025-03-01T00:00:00Z", "100"), ("2025-03-01T01:00:00Z", "101"))
    await place.top_up()
    admin.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args)"
        " VALUES ('x', 'y', 'failed', '{}')"
    )
    after = (await Health(database).exposition()).decode()
    assert of(after, "mita_readings_total", **{"class": "charged"}) == 1 + of(
        before, "mita_readings_total", **{"class": "charged"}
    )
    # 1 kWh at 2.00 and 15 %
    charged = of(after, "mita_charged_amount_total", currency="ZAR")
    assert charged - of(before, "mita_charged_amount_total", currency="ZAR") == pytest.approx(2.30)
    assert of(after, "mita_clearing_amount", method="cash", currency="ZAR") == -100
    assert of(after, "mita_jobs", status="failed") == 1
    assert of(after, "mita_workers") == 0
    assert of(after, "mita_webhook_deliveries_waiting") == 0


async def test_metrics_are_for_who_sees_everything(
    anonymous: httpx.AsyncClient, member: httpx.AsyncClient
) -> None:
    assert (await anonymous.get("/metrics")).status_code == 401
    refused = await member.get("/metrics")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


async def test_a_role_serves_its_own_port(database: Database) -> None:
    settings = Settings(metrics_port=free_port())
    watch_database(database.engine)
    serving = asyncio.create_task(serve_metrics(settings, Health(database)))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.metrics_port}") as caller:
            for _ in range(100):
                try:
                    alive = await caller.get("/healthz")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.1)
            assert alive.json() == {"status": "ok"}
            assert (await caller.get("/readyz")).status_code == 200
            text = (await caller.get("/metrics")).text
            assert samples(text)[("mita_database_query_seconds_count", ())] > 0
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_each_request_is_a_line(
    database: Database, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(database, live=None, has_access_log=True)
    async with signed_in(app, token) as caller:
        with caplog.at_level(logging.INFO, logger="mita.access"):
            await caller.get("/api/v1/estates/7?secret=x")
    (line,) = [vars(each) for each in caplog.records if each.name == "mita.access"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/estates/{estate_id}", 404)
    assert (line["caller"], line["ms"] >= 0) == ("staff:console", True)
    assert "secret" not in json.dumps({name: str(value) for name, value in line.items()})


async def test_a_person_who_asks_too_often_waits(database: Database, member: httpx.AsyncClient) -> None:
    app = create_app(database, live=None, limits=KeyLimits(requests_per_minute=3))
    token = member.headers["authorization"].removeprefix("Bearer ")
    async with signed_in(app, token) as caller:
        answers = [await caller.get("/api/v1/estates") for _ in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    assert answers[0].headers["ratelimit-limit"] == "3"
    assert [each.headers["ratelimit-remaining"] for each in answers[:4]] == ["2", "1", "0", "0"]
    assert answers[4].json()["code"] == "rate_limited"
    assert int(answers[4].headers["retry-after"]) >= 1


async def test_an_address_without_a_token_waits_too(database: Database, token: str) -> None:
    app = create_app(database, live=None, limits=KeyLimits(requests_per_minute=2))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mita.test") as caller:
        answers = [await caller.get("/api/v1/auth/keys") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    async with signed_in(app, token) as console:
        # whoever runs the installation is never shut out
        assert [(await console.get("/api/v1/estates")).status_code for _ in range(4)] == [200] * 4


async def test_a_page_tells_where_the_next_one_is(client: httpx.AsyncClient, place: Place) -> None:
    await client.post(f"{place.base}/units", json={"names": ["B1", "B2"]})
    first = await client.get(f"{place.base}/units?limit=2&order=name")
    link = first.headers["link"]
    assert link.endswith('>; rel="next"')
    second = await client.get(link[1:].partition(">")[0])
    assert [each["name"] for each in second.json()["items"]] == ["B2"]
    assert "link" not in second.headers


async def test_a_line_is_searched_for_secrets_where_others_named_it(
    database: Database, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.log_to_stderr()
    try:
        app = create_app(database, live=None, has_access_log=True)
        async with signed_in(app, token) as caller:
            ours = (await caller.get("/api/v1/me")).headers["x-correlation-id"]
            await caller.get("/api/v1/me", headers={"X-Correlation-Id": "eyJhbGciOi.eyJzdWIi.c2lnbmF0"})
    finally:
        root.handlers[:], root.level = before
    first, second = [line for line in out.getvalue().splitlines() if "mita.access" in line]
    assert first.endswith(f"caller=staff:console correlation_id={ours}")
    assert second.endswith("caller=staff:console correlation_id=***")
