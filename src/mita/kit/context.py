"""Where a request or a job comes from: who acts, from which address, under which correlation id.

Set once at the edge, read where something is recorded; no rule ever depends on it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from ipaddress import IPv4Network, IPv6Network

CORRELATION_HEADER = "X-Correlation-Id"
# what may stand in a log line and in a header as it is
_CORRELATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,99}", re.ASCII)
# a chain of proxies longer than this is somebody's joke
_HOPS_MAX = 20


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the cause of what happens now.

    ``action`` is the operation of the API, None outside of one; ``actor`` is ``system`` where nobody asked.
    """

    correlation_id: str = ""
    address: str | None = None
    actor: str = "system"
    impersonator: str | None = None
    action: str | None = None


_NOBODY = Context()
_current: ContextVar[Context] = ContextVar("mita_context", default=_NOBODY)


def current() -> Context:
    """Return the context of what runs now; outside requests and jobs an empty one."""
    return _current.get()


@contextmanager
def entered(context: Context) -> Iterator[Context]:
    """Let ``context`` be the current one; the one before comes back at the end."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def name_action(action: str) -> None:
    """Say which operation of the API the request asks for, for the rest of what is entered."""
    _current.set(replace(_current.get(), action=action))


def correlation_id_in(sent: str) -> str | None:
    """Return a correlation id that came from outside, or None if it is not well-formed."""
    return sent if _CORRELATION_ID.fullmatch(sent) else None


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies whose word about their callers' addresses is taken."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parsed(cls, text: str) -> Proxies:
        """Return the proxies of a list of addresses and networks, between commas.

        :raises ValueError: if one of them is none
        """
        return cls(tuple(ip_network(each.strip()) for each in text.split(",") if each.strip()))

    def address(self, peer: str | None, *, forwarded_for: Sequence[str] = ()) -> str | None:
        """Return the caller's address: of the connection, or, past trusted proxies, as they say.

        ``forwarded_for`` are the values of the header ``X-Forwarded-For`` in their order. From its end on,
        each address is believed as long as the one that told it is a trusted proxy; no address ends it.
        """
        if not forwarded_for or not self.networks:
            return _address_text(peer or "")
        found = _address_in(peer or "")
        if found is None:
            return None
        told = [each for value in forwarded_for for each in value.split(",")]
        for text in reversed(told[-_HOPS_MAX:]):
            before = _address_in(text.strip())
            if before is None or not any(found in network for network in self.networks):
                break
            found = before
        return str(found)


NO_PROXIES = Proxies()
_HOME_PREFIX = 64


def counted_address(address: str) -> str:
    """Return what requests of an address are counted under: of IPv6 the network that one household has.

    Each of its 2^64 addresses would be a caller of its own otherwise. What is no address stays as it is.
    """
    found = _address_in(address)
    if not isinstance(found, IPv6Address):
        return address if found is None else str(found)
    return str(ip_network((found, _HOME_PREFIX), strict=False))


@lru_cache(4096)
def _address_in(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


@lru_cache(4096)
def _address_text(text: str) -> str | None:
    found = _address_in(text)
    return None if found is None else str(found)
