"""What can be set of the CoAP server beyond the settings that all roles share."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import Field

from mita.kit.settings import Settings


class CoapSettings(Settings):
    """Settings of ``mita coap``, from the same ``MITA_*`` variables."""

    coap_bind: str = Field(
        default="",
        pattern=r"^((\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5})?$",
        description="Address and UDP port that CoAP listens on, such as `127.0.0.1:5683`; without it, nothing"
        " does. Beyond loopback only what OSCORE protects is taken.",
    )
    coap_plain: bool = Field(
        default=False,
        description="Whether posts that nothing encrypts are taken beyond loopback as well, for a network of"
        " the operator's own, such as a private APN.",
    )

    @property
    def coap_address(self) -> tuple[str, int]:
        """The address and the port."""
        host, _, port = self.coap_bind.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def takes_plain(self) -> bool:
        """Whether posts that OSCORE does not protect are taken."""
        return self.coap_plain or _is_loopback(self.coap_address[0])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
