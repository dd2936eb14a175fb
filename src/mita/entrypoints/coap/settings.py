"""What can be set of the CoAP server beyond the settings that all roles share."""

from __future__ import annotations

from pydantic import Field

from mita.kit.settings import Settings


class CoapSettings(Settings):
    """Settings of ``mita coap``, from the same ``MITA_*`` variables."""

    coap_bind: str = Field(
        default="",
        pattern=r"^((\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5})?$",
        description="Address and UDP port that CoAP listens on, such as `127.0.0.1:5683`; without it, nothing"
        " does. CoAP is not encrypted: beyond loopback it belongs into a network of the operator's.",
    )

    @property
    def coap_address(self) -> tuple[str, int]:
        """The address and the port."""
        host, _, port = self.coap_bind.rpartition(":")
        return host.strip("[]"), int(port)
