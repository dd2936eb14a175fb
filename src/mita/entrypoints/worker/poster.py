"""Sends webhooks over HTTP: to public addresses only, connected to as they were checked."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import TYPE_CHECKING

import httpcore

from mita.webhooks.domain import AddressRefused, Answer, Target, UrlRefused, parse_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from mita.webhooks.domain import AddressRules

    Resolve = Callable[[str, int], Awaitable[list[str]]]

TIMEOUT_S = 15.0
_CONNECT_TIMEOUT_S = 5.0
_ANSWER_BYTES_MAX = 1024
_ADDRESSES_MAX = 4
_CONNECTIONS_MAX = 256
_IDLE_S = 20.0
_WAIT_DIGITS_MAX = 9
# seconds of a header that says how long to wait
_RETRY_AFTER = b"retry-after"


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses that a host's name has now.

    :raises OSError: if it has none
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to hosts whose every address may be connected to.

    What was checked is what is connected to: a second look at the name might find another address.
    """

    def __init__(self, rules: AddressRules, *, resolve: Resolve) -> None:
        self._rules = rules
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers."""
        addresses = self._rules.checked(await self._resolve(host, port))
        failed: Exception | None = None
        for address in addresses[:_ADDRESSES_MAX]:
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        assert failed is not None, "there is at least one address"
        raise failed

    async def sleep(self, seconds: float) -> None:
        """Pause."""
        await asyncio.sleep(seconds)


class WebhookPoster:
    """Posts bodies to URLs; answers what came of it instead of raising."""

    def __init__(
        self,
        rules: AddressRules,
        *,
        timeout_s: float = TIMEOUT_S,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._timeout_s = timeout_s
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            max_connections=_CONNECTIONS_MAX,
            max_keepalive_connections=_CONNECTIONS_MAX,
            keepalive_expiry=_IDLE_S,
            network_backend=_CheckedNetwork(rules, resolve=resolve),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def post(self, url: str, *, headers: Mapping[str, str], body: str | bytes) -> Answer:
        """Post a body once, following no redirect, and return what came of it."""
        begun = time.monotonic()
        status, error, text, wait_s = None, None, "", 0
        try:
            target = parse_url(url, rules=self._rules)
            async with asyncio.timeout(self._timeout_s):
                status, text, wait_s = await self._ask(target, headers=headers, body=body)
        except UrlRefused as refused:
            error = f"the URL {refused}"
        except AddressRefused as refused:
            error = str(refused)
        except TimeoutError:
            error = f"no answer within {self._timeout_s:g} seconds"
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as failure:
            error = f"{type(failure).__name__}: {failure}".rstrip(": ")
        return Answer(status, error, int((time.monotonic() - begun) * 1000), text, wait_s)

    async def _ask(
        self, target: Target, *, headers: Mapping[str, str], body: str | bytes
    ) -> tuple[int, str, int]:
        url = httpcore.URL(
            scheme=b"https" if target.is_tls else b"http",
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        sent = [(b"host", target.host_header.encode())]
        sent += [(name.encode(), value.encode()) for name, value in headers.items()]
        content = body.encode() if isinstance(body, str) else body
        limits = {"timeout": {"connect": _CONNECT_TIMEOUT_S, "pool": self._timeout_s}}
        async with self._pool.stream(
            "POST",
            url,
            headers=sent,
            content=content,
            extensions=limits,
        ) as answer:
            read = b""
            async for chunk in answer.aiter_stream():
                read += chunk
                if len(read) >= _ANSWER_BYTES_MAX:
                    break
            text = read[:_ANSWER_BYTES_MAX].decode(errors="replace")
            return answer.status, text, _wait_s(answer.headers)


def _wait_s(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Return how long the receiver asks to be left alone, in seconds; a date is not understood."""
    for name, value in headers:
        said = value.strip()
        if name.lower() == _RETRY_AFTER and said.isdigit() and len(said) <= _WAIT_DIGITS_MAX:
            return int(said)
    return 0
