"""Where webhooks may go: never into the network that Mita itself stands in, unless that is allowed. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL_CHARS_MAX = 2000
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_PORTS = frozenset({443, 8443})
_PORTS_IN_ALLOWED = range(1, 65536)
_TEXT = re.compile(r"[\x21-\x7e]+")
# what ipaddress calls global, in some versions of Python, and is not anybody's public server
_CLOSED: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata too
        "100.64.0.0/10",
        "192.88.99.0/24",  # relays of 6to4
        "64:ff9b::/96",  # translates to IPv4, also to private addresses behind the translator
        "64:ff9b:1::/48",
        "2002::/16",  # 6to4 and Teredo carry an IPv4 address
        "2001::/23",
        "100::/64",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
        "::/96",
    )
)


class UrlRefused(ValueError):
    """A URL that webhooks may not be sent to; the message says why."""


class AddressRefused(ValueError):
    """A host whose address webhooks may not be sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads; ``path`` with its query."""

    is_tls: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The host as HTTP names it, the port only where it is not the scheme's own."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == (443 if self.is_tls else 80) else f"{shown}:{self.port}"


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which private networks webhooks may reach all the same."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> AddressRules:
        """Return the rules that allow networks written as ``127.0.0.0/8``.

        :raises ValueError: if one is no network
        """
        return cls(tuple(ip_network(text.strip()) for text in texts if text.strip()))

    def allows(self, address: Address) -> bool:
        """Tell whether an address lies in a network that was allowed."""
        return any(address.version == network.version and address in network for network in self.allowed)

    def refusal(self, address: Address) -> str | None:
        """Return why nothing may be sent to an address, or None if it may."""
        plain = plain_address(address)
        if self.allows(plain):
            return None
        # ipaddress calls some multicast addresses global
        if not plain.is_global or plain.is_multicast or plain.is_reserved:
            return f"{address} is not a public address"
        if any(plain.version == network.version and plain in network for network in _CLOSED):
            return f"{address} is not a public address"
        return None

    def checked(self, addresses: Iterable[str]) -> list[Address]:
        """Return the addresses of a host, all of which may be sent to.

        :raises AddressRefused: if there is none, or any of them may not: then somebody plays a game
        """
        found = [ip_address(each.partition("%")[0]) for each in addresses]
        if not found:
            raise AddressRefused("the host has no address")
        for each in found:
            if (reason := self.refusal(each)) is not None:
                raise AddressRefused(reason)
        return found


NO_PRIVATE = AddressRules()


def plain_address(address: Address) -> Address:
    """Return an address without its disguise: ``::ffff:10.0.0.1`` is 10.0.0.1."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def parse_url(url: str, *, rules: AddressRules) -> Target:
    """Return where a URL leads, if webhooks may be sent there as far as its text tells.

    Only https, and only to the ports 443 and 8443, but for hosts written as an address that is allowed.

    :raises UrlRefused: if it may not
    """
    if len(url) > URL_CHARS_MAX or not _TEXT.fullmatch(url):
        raise UrlRefused(f"must be at most {URL_CHARS_MAX} characters of ASCII without spaces")
    if "\\" in url:
        raise UrlRefused("must have no backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UrlRefused("is no URL") from error
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise UrlRefused("must begin with https://")
    if "@" in parts.netloc:
        raise UrlRefused("must hold no user name or password")
    if "#" in url:
        raise UrlRefused("must have no fragment")
    host = (parts.hostname or "").removesuffix(".")
    address = _address_of(host)
    if ("[" in parts.netloc) is not isinstance(address, IPv6Address):
        raise UrlRefused("must have an address of IPv6, and nothing else, in brackets")
    is_allowed = address is not None and rules.allows(plain_address(address))
    if parts.scheme == "http" and not is_allowed:
        raise UrlRefused("must begin with https://")
    if address is not None and (reason := rules.refusal(address)) is not None:
        raise UrlRefused(reason)
    port = (443 if parts.scheme == "https" else 80) if port is None else port
    if port not in (_PORTS_IN_ALLOWED if is_allowed else _PORTS):
        raise UrlRefused("must use port 443 or 8443")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port, path)


def _address_of(host: str) -> Address | None:
    """Return the address that a host is written as, None for a name.

    :raises UrlRefused: if it is neither, or an address in a notation that only some programs understand
    """
    if not host:
        raise UrlRefused("must name a host")
    try:
        return ip_address(host)
    except ValueError:
        pass
    if ":" in host or "%" in host or not _HOST.fullmatch(host):
        raise UrlRefused("must name a host by its ASCII name or its address")
    last = host.rpartition(".")[2]
    # 2130706433, 127.1, 0x7f.0.0.1, 0177.0.0.1: the C library takes them for addresses
    if last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last):
        raise UrlRefused("must write an address as four numbers")
    if "." not in host:
        raise UrlRefused("must name a host with its domain")
    return None
