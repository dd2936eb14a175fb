"""Where devices may be asked: whoever registers a device must not make us knock on any door. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


@dataclass(frozen=True, slots=True)
class Reach:
    """Networks, host names and serial ports that may be connected to; nothing else is."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    ports: frozenset[str] = frozenset()

    @classmethod
    def parsed(cls, networks: str, ports: str) -> Reach:
        """Return what two lists between commas say.

        :raises ValueError: if something that looks like a network is none
        """
        found: list[IPv4Network | IPv6Network] = []
        hosts: set[str] = set()
        for each in _listed(networks):
            if each[0].isdigit() or ":" in each or "/" in each:
                found.append(ip_network(each))
            else:
                hosts.add(each.lower())
        return cls(tuple(found), frozenset(hosts), frozenset(_listed(ports)))

    @property
    def is_nowhere(self) -> bool:
        """Whether nothing may be connected to."""
        return not (self.networks or self.hosts or self.ports)

    def refusal(self, url: object) -> str | None:
        """Return why a device at ``url`` is not asked; None if it may be."""
        try:
            parts = urlsplit(str(url))
            host = parts.hostname
        except ValueError:
            return "its url cannot be read"
        if host is None:
            path = parts.path if parts.path in self.ports else ""
            return None if path else f"the serial port {parts.path[:100]} is not in MITA_POLL_SERIAL"
        if host in self.hosts:
            return None
        try:
            address = ip_address(host)
        except ValueError:
            return f"the host {host[:100]} is not in MITA_POLL_NETWORKS"
        if any(address in network for network in self.networks):
            return None
        return f"the address {host[:100]} is in no network of MITA_POLL_NETWORKS"
