"""API10:2023, unsafe consumption of APIs: what receivers of webhooks and gateways answer is not believed.

Elsewhere: `../webhooks/test_delivery.py` (500s, slow ones, closed connections), `../imports` and
`tests/unit/tariffs` (files that come from others), `../ingest/test_malformed.py` (devices).
"""

from __future__ import annotations

import asyncio
import gzip
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

import pytest
from pydantic import SecretStr

from mita.entrypoints.worker.post import SettingsPost
from mita.entrypoints.worker.poster import WebhookPoster
from mita.kit.settings import Settings
from mita.notifications.domain import Letter
from mita.notifications.operations import NotDelivered
from mita.webhooks.domain import AddressRules
from tests.integration.webhooks.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage

LOOPBACK = AddressRules.of(["127.0.0.0/8"])
OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(b"0" * 50_000_000)
HOSTILE: dict[str, bytes] = {
    "endless body": OK + b"content-length: 999999999999\r\n\r\n" + b"x" * 5_000_000,
    "endless chunks": OK + b"transfer-encoding: chunked\r\n\r\n" + b"ffff\r\n" + b"x" * 65_535 + b"\r\n",
    "a bomb": OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB) + BOMB,
    "endless headers": OK + b"x: " + b"y" * 2_000_000,
    "many headers": OK + b"a: b\r\n" * 100_000,
    "only hints": b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
    "no HTTP": b"\x00\xff\xfe SSH-2.0-OpenSSH_9.6\r\n",
    "another protocol": b"220 mail ready\r\n",
    "odd status": b"HTTP/1.1 999999 X\r\n\r\n",
    "negative length": OK + b"content-length: -1\r\n\r\n",
    "two lengths": OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "long wait": b"HTTP/1.1 429 X\r\nretry-after: 999999999999999999999\r\ncontent-length: 0\r\n\r\n",
    "odd wait": b"HTTP/1.1 503 X\r\nretry-after: -5\r\ncontent-length: 0\r\n\r\n",
    "binary": OK + b"content-length: 6\r\n\r\n\x00\xff\xfe\xed\xa0\x80",
    "a page": OK + b"content-length: 25\r\n\r\n<script>alert(1)</script>",
    "nothing": b"",
}


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """Serve the same bytes to whoever comes; give the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(100)
            writer.write(answer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()


async def test_no_answer_of_a_receiver_hurts() -> None:
    for name, bytes_sent in HOSTILE.items():
        async with saying(bytes_sent) as url:
            poster = WebhookPoster(LOOPBACK, timeout_s=3.0)
            begun = time.monotonic()
            answer = await poster.post(url, headers={}, body="{}")
            await poster.close()
        assert time.monotonic() - begun < 10, name
        assert len(answer.text.encode("utf-8", "surrogatepass")) <= 4096, name
        assert answer.wait_s <= 999_999_999, name
        assert answer.status is not None or answer.error, name
        # what is kept of it is text that a database can hold and a page can show as text
        answer.text.encode("utf-8")


def settings_of(url: str) -> Settings:
    return Settings(
        _env_file=None,
        sms_url=SecretStr(url),
        sms_token=SecretStr("gateway-token-77"),
    )


LETTER = Letter("sms", "+27825550101", "", "your code is 123456")


async def test_a_gateway_that_sends_elsewhere_is_not_followed() -> None:
    """Its token and the code in the message would go wherever an answer of the gateway says."""
    async with receiving(status=200) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            headers = f"location: {elsewhere.url('/stolen')}\r\n"
            async with receiving(status=status, headers=headers) as gateway:
                with pytest.raises(NotDelivered, match=f"answered {status}") as refused:
                    await SettingsPost(settings_of(gateway.url())).deliver(LETTER, message_id=uuid.uuid4())
                assert not refused.value.is_final
                (got,) = gateway.received
                assert got.headers["authorization"] == "Bearer gateway-token-77"
        assert elsewhere.received == []


async def test_no_answer_of_a_gateway_hurts() -> None:
    for name in ("endless headers", "no HTTP", "odd status", "nothing", "many headers"):
        async with saying(HOSTILE[name]) as url:
            with pytest.raises(NotDelivered):
                await SettingsPost(settings_of(url)).deliver(LETTER, message_id=uuid.uuid4())


class _Server:
    """Takes mails as a mail server does."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send_message(self, mail: EmailMessage) -> None:
        self.mails.append(mail)


async def test_a_name_adds_no_header_to_a_mail_and_stops_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An estate may be called anything printable; some of it ends a line for a mail."""
    server = _Server()
    monkeypatch.setattr("mita.entrypoints.worker.post._connected", lambda _: server)
    settings = Settings(_env_file=None, smtp_url=SecretStr("smtp://127.0.0.1"))
    for odd in ("A\u2028Bcc: x@evil.test", "A\u0085B", "A\u2029B", "A\tB", "=?utf-8?b?QQ==?="):
        letter = Letter("email", "thandi@example.com", f"Welcome to {odd}", "hello")
        await SettingsPost(settings).deliver(letter, message_id=uuid.uuid4())
        mail = server.mails.pop()
        assert (mail["To"], mail["Bcc"]) == ("thandi@example.com", None)
        assert len(mail.get_all("Subject")) == 1
        assert len(mail["Subject"].splitlines()) == 1
