"""Traces and faults go where they are told to go, without people in them, and nowhere otherwise."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stand:
    """A server on loopback that keeps what is posted to it."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []
        stand = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                stand.posted.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]


@pytest.fixture
def stand() -> Iterator[Stand]:
    found = Stand()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def run(program: str, **environment: str) -> None:
    """Run a program of its own: what it installs is installed for good."""
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={"PATH": "/usr/bin:/bin", **environment}, timeout=120
    )


FAULT = """
import logging
from mita.entrypoints.outside import report_faults
from mita.kit import context
from mita.kit.settings import Settings
told = report_faults(Settings(), role="api")
with context.entered(context.Context(correlation_id="abc-12345")):
    try:
        secret = "local-variable"
        raise ValueError("no account for thandi@example.com with password=hunter2")
    except ValueError:
        logging.getLogger("mita").exception("failed")
if told:
    import sentry_sdk
    sentry_sdk.flush(10)
"""


def test_a_fault_is_reported_without_people(stand: Stand) -> None:
    run(FAULT, MITA_SENTRY_DSN=f"http://public@127.0.0.1:{stand.port}/1")
    ((path, body),) = [each for each in stand.posted if b"ValueError" in each[1]]
    assert path == "/api/1/envelope/"
    text = body.decode()
    assert "abc-12345" in text
    for secret in ("thandi", "hunter2", "local-variable", '"user"', '"request"', '"breadcrumbs"'):
        assert secret not in text, secret


def test_no_fault_is_reported_unasked(stand: Stand) -> None:
    run(FAULT)
    assert not stand.posted


SPANS = """
import asyncio
from fastapi import FastAPI
import httpx
from mita.entrypoints.outside import trace, trace_app
from mita.kit.db import Database
database = Database("postgresql://nobody@127.0.0.1:1/nothing")
told = trace(role="api", engine=database.engine)
app = FastAPI()
@app.get("/things/{thing_id}")
async def thing(thing_id: int) -> int:
    return thing_id
if told:
    trace_app(app)
async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        await client.get("/things/7", headers={"Authorization": "Bearer hunter2"})
asyncio.run(ask())
if told:
    from opentelemetry import trace as api
    api.get_tracer_provider().force_flush()
"""


def test_traces_go_to_their_endpoint(stand: Stand) -> None:
    run(SPANS, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{stand.port}")
    assert [path for path, _ in stand.posted] == ["/v1/traces"] * len(stand.posted)
    text = b"".join(body for _, body in stand.posted)
    assert b"GET /things/{thing_id}" in text
    assert b"mita-api" in text
    assert b"hunter2" not in text


def test_no_trace_is_sent_unasked(stand: Stand) -> None:
    run(SPANS)
    assert not stand.posted


def test_reports_are_json() -> None:
    from mita.entrypoints.outside import _before_send

    event = {"exception": {"values": [{"value": "for a@b.example"}]}, "user": {"id": 7}, "level": "error"}
    assert json.loads(json.dumps(_before_send(event, None))) == {
        "exception": {"values": [{"value": "for ***"}]},
        "level": "error",
    }
