"""What can be set of ingest beyond the settings that all roles share."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads the annotations when it runs
from typing import Self

from pydantic import Field, SecretStr, model_validator

from mita.kit.settings import Settings


class IngestSettings(Settings):
    """Settings of ``mita ingest``, from the same ``MITA_*`` variables."""

    # no Literal: the environment says "4", and a literal number takes no text
    mqtt_version: int = Field(
        ge=4, le=5, default=4, description="MQTT protocol: 4 is 3.1.1 (the embedded broker), 5 is MQTT 5."
    )
    mqtt_client_id: str = Field(
        default="mita-ingest",
        min_length=1,
        description="Client id at the broker; several ingest processes need one each, and always the same.",
    )
    mqtt_share: str = Field(
        default="",
        pattern=r"^[^/+#]*$",
        description="Name of the shared subscription that several ingest processes divide; MQTT 5 only.",
    )
    mqtt_conventions: str = Field(
        default="",
        description="Conventions that are listened to beside our own, between commas: `tasmota`, `shelly`,"
        " `shelly1`, `esphome`, `zigbee2mqtt`, `homie`, `chirpstack`. Whoever may publish on their topics"
        " may speak for their devices.",
    )
    mqtt_json_topics: str = Field(
        default="",
        description="Topic patterns of devices that send JSON or plain numbers, between commas; one level of"
        " each is `%device%`, such as `plant/%device%/#`.",
    )
    mqtt_tls: bool = Field(default=False, description="Whether the connection to the broker is encrypted.")
    mqtt_ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) of the authorities that alone may sign the broker's; without it those"
        " that the system knows.",
    )
    mqtt_certificate: Path | None = Field(
        default=None,
        description="Certificate (PEM) that ingest shows the broker, with its chain; without it, none.",
    )
    mqtt_key: Path | None = Field(
        default=None,
        description="Private key (PEM, not encrypted) of that certificate; without it, the same file has it.",
    )
    mqtt_server_name: str = Field(
        default="",
        max_length=253,
        description="Name that the broker's certificate must have; without it that of `MITA_MQTT_HOST`.",
    )
    chirpstack_api: str = Field(
        default="",
        pattern=r"^(\S+:[0-9]{1,5})?$",
        description="ChirpStack's gRPC API, `host:port`, where a device's queue is emptied before an order;"
        " without it, none is.",
    )
    chirpstack_token: SecretStr | None = Field(default=None, description="API key for that server.")
    chirpstack_tls: bool = Field(
        default=False, description="Whether the connection to that server is encrypted."
    )
    tts_api: str = Field(
        default="",
        max_length=300,
        pattern=r"^(https?://[\x21-\x7e]+)?$",
        description="The Things Stack's address, such as `https://eu1.cloud.thethings.network`, for downlinks"
        " of devices that name no server of their own, of whatever estate.",
    )
    tts_key: SecretStr | None = Field(
        default=None, description="API key for that server, with the right to write downlink traffic."
    )

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        named = {
            "MITA_MQTT_CA_FILE": self.mqtt_ca_file,
            "MITA_MQTT_CERTIFICATE": self.mqtt_certificate,
            "MITA_MQTT_KEY": self.mqtt_key,
            "MITA_MQTT_SERVER_NAME": self.mqtt_server_name,
        }
        # whoever names an authority believes that the link is encrypted
        if not self.mqtt_tls and any(named.values()):
            first = next(name for name, value in named.items() if value)
            raise ValueError(f"{first} is set and MITA_MQTT_TLS is not: the link would not be encrypted")
        if self.mqtt_key is not None and self.mqtt_certificate is None:
            raise ValueError("MITA_MQTT_KEY is the key of no certificate: set MITA_MQTT_CERTIFICATE")
        return self
