"""What can be set of the polling service beyond the settings that all roles share."""

from __future__ import annotations

from pydantic import Field, field_validator

from mita.entrypoints.polling.reach import Reach
from mita.kit.settings import Settings


class PollSettings(Settings):
    """Settings of ``mita poll``, from the same ``MITA_*`` variables."""

    poll_networks: str = Field(
        default="",
        description="Where devices may be asked, between commas: networks such as `10.1.0.0/16`, and names"
        " of hosts. What lies elsewhere is not connected to, whatever a device's settings say.",
    )
    poll_serial: str = Field(
        default="",
        description="Serial ports that may be used, between commas, such as `/dev/ttyUSB0`.",
    )

    @field_validator("poll_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        Reach.parsed(value, "")
        return value

    def reach(self) -> Reach:
        """Return where devices may be asked."""
        return Reach.parsed(self.poll_networks, self.poll_serial)
