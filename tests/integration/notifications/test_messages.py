"""Messages against a real mail server and a real gateway on loopback."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from mita.entrypoints.ports import free_port
from mita.entrypoints.worker.post import SettingsPost
from mita.kit.settings import Settings
from mita.notifications.operations import deliver_message, queue_message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import psycopg

    from mita.kit.db import Database

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


class Inbox:
    """Takes mails, or refuses them with ``answer``."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - named by aiosmtpd
        if self.answer.startswith("250"):
            self.mails.append(envelope)
        return self.answer


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, Settings]]:
    found = Inbox()
    port = free_port(preferred=0)
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    yield found, Settings(smtp_url=SecretStr(f"smtp://127.0.0.1:{port}"), smtp_from="mita@estate.example")
    controller.stop()


async def queued(database: Database, *, channel: str = "email", address: str = "t@example.com") -> UUID:
    async with database.unit_of_work(estates=[]) as session:
        return await queue_message(
            session,
            channel=channel,
            address=address,
            template="sign_in_code",
            language="de-AT",
            values={"code": "482910", "minutes": "10"},
            person_id=None,
            expires_at=NOW + timedelta(minutes=10),
            now=NOW,
        )


async def deliver(database: Database, message_id: UUID, settings: Settings, *, now: datetime = NOW) -> None:
    async with database.unit_of_work(estates=[]) as session:
        await deliver_message(session, message_id=message_id, post=SettingsPost(settings), now=now)


def state(admin: psycopg.Connection) -> tuple[Any, ...]:
    row = admin.execute("SELECT state, tries, problem, content_sealed IS NULL FROM message").fetchone()
    assert row is not None
    return row


async def test_a_mail_arrives_once_and_is_wiped(
    database: Database, admin: psycopg.Connection, inbox: tuple[Inbox, Settings]
) -> None:
    found, settings = inbox
    message_id = await queued(database)
    (sealed,) = admin.execute("SELECT content_sealed FROM message").fetchone() or (b"",)
    assert b"482910" not in bytes(sealed)
    for _ in range(2):
        await deliver(database, message_id, settings)
    (mail,) = found.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("mita@estate.example", ["t@example.com"])
    assert b"482910 ist Ihr Code" in mail.content
    assert f"<{message_id}@estate.example>".encode() in mail.content
    assert state(admin) == ("sent", 1, None, True)
    jobs = admin.execute("SELECT task_name, args->>'message_id' FROM procrastinate_jobs").fetchall()
    assert jobs == [("notifications:deliver_message", str(message_id))]


async def test_what_fails_for_now_is_tried_again_later(
    database: Database, admin: psycopg.Connection, inbox: tuple[Inbox, Settings]
) -> None:
    found, settings = inbox
    message_id = await queued(database)
    found.answer = "451 later"
    await deliver(database, message_id, settings)
    assert state(admin) == ("queued", 1, "the mail server refused it: 451", False)
    found.answer = "250 OK"
    await deliver(database, message_id, settings, now=NOW + timedelta(seconds=14))
    assert not found.mails
    await deliver(database, message_id, settings, now=NOW + timedelta(seconds=15))
    assert state(admin)[:2] == ("sent", 2)


async def test_what_is_refused_for_good_or_comes_too_late_fails(
    database: Database, admin: psycopg.Connection, inbox: tuple[Inbox, Settings]
) -> None:
    found, settings = inbox
    found.answer = "550 no such mailbox"
    await deliver(database, await queued(database), settings)
    assert state(admin) == ("failed", 1, "the mail server refused it: 550", True)
    admin.execute("DELETE FROM message")
    found.answer = "250 OK"
    await deliver(database, await queued(database), settings, now=NOW + timedelta(minutes=10))
    assert state(admin) == ("failed", 0, "it came too late to be of use", True)
    assert not found.mails


async def test_without_a_mail_server_it_says_so_and_shows_codes_only_when_told(
    database: Database, admin: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    message_id = await queued(database)
    await deliver(database, message_id, Settings(smtp_url=None))
    assert state(admin) == ("queued", 0, "not delivered: no mail server is set", False)
    assert "482910" not in caplog.text
    later = NOW + timedelta(minutes=1)
    await deliver(database, message_id, Settings(smtp_url=None, show_codes=True), now=later)
    assert "482910" in caplog.text


class _Gateway(BaseHTTPRequestHandler):
    taken: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append({**json.loads(body), "auth": self.headers["Authorization"]})
        self.send_response(503 if len(self.taken) == 1 else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


async def test_a_text_message_goes_through_the_gateway(database: Database, admin: psycopg.Connection) -> None:
    taken: list[dict[str, Any]] = []
    server = HTTPServer(("127.0.0.1", 0), type("G", (_Gateway,), {"taken": taken}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = SecretStr(f"http://127.0.0.1:{server.server_port}/messages")
        settings = Settings(sms_url=url, sms_token=SecretStr("s3cret"))
        message_id = await queued(database, channel="sms", address="+27825550101")
        await deliver(database, message_id, settings)
        assert state(admin)[:3] == ("queued", 1, "the gateway answered 503")
        await deliver(database, message_id, settings, now=NOW + timedelta(seconds=15))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert state(admin)[:2] == ("sent", 2)
    assert taken[1]["to"] == "+27825550101"
    assert taken[1]["auth"] == "Bearer s3cret"
