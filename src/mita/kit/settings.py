"""Settings, read from ``MITA_*`` environment variables; each is documented in docs/reference/settings.md."""

from __future__ import annotations

from pathlib import Path

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator can set."""

    model_config = SettingsConfigDict(env_prefix="MITA_", extra="ignore")

    data: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("mita", appauthor=False)),
        description="Directory of the embedded database, keys and logs; never inside a checkout.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL of the application role; "
        "without it Mita starts its embedded PostgreSQL in the data directory.",
    )
    database_admin_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL of the owning role, "
        "used only by `mita migrate`; needed with MITA_DATABASE_URL.",
    )
    host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    port: int = Field(default=8100, ge=0, le=65535, description="Port of the web server; 0 picks a free one.")
    mqtt_host: str = Field(default="127.0.0.1", description="MQTT broker that ingest reads from.")
    mqtt_port: int = Field(
        default=1883,
        ge=0,
        le=65535,
        description="Port of the MQTT broker; the embedded one falls back to a free port.",
    )
    mqtt_username: str = Field(default="mita-ingest", description="User name of ingest at the broker.")
    mqtt_password: SecretStr | None = Field(
        default=None, description="Password of ingest at the broker; the embedded broker makes its own."
    )
    batch_readings: int = Field(
        default=10_000,
        ge=1,
        le=50_000,
        description="Most readings that ingest charges in one database transaction.",
    )
    batch_wait_ms: int = Field(
        default=100,
        ge=0,
        le=10_000,
        description="How long ingest waits for a batch to fill, in milliseconds.",
    )
    checkpoint_key: Path | None = Field(
        default=None,
        description="Private Ed25519 key (PEM) that signs checkpoints; "
        "without it `checkpoint.key` in the data directory, made at the first checkpoint.",
    )
    checkpoint_origin: str = Field(
        default="mita",
        max_length=100,
        pattern=r"^[a-z0-9]+([./-][a-z0-9]+)*$",
        description="Name under which checkpoints are signed, "
        "best a domain of yours; another installation needs another one.",
    )
    checkpoint_dir: Path | None = Field(
        default=None,
        description="Directory that checkpoints are published to, "
        "best one that the database's owner cannot write; without it `checkpoints` in the data directory.",
    )
    checkpoint_s3_bucket: str | None = Field(
        default=None,
        description="S3 bucket with object lock that checkpoints go to as well; "
        "needs `mita[s3]`, credentials are found as boto3 finds them.",
    )
    checkpoint_s3_endpoint: str | None = Field(
        default=None, description="Address of an S3-compatible store; without it Amazon's."
    )
    checkpoint_s3_region: str | None = Field(default=None, description="Region of the bucket.")
    checkpoint_s3_retention_days: int = Field(
        default=3650,
        ge=1,
        le=36_500,
        description="How long the store keeps a checkpoint from being deleted, in days.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses and networks of proxies whose `X-Forwarded-For` is believed, between commas.",
    )
    secret_keys: Path | None = Field(
        default=None,
        description="File with the keys that secrets are sealed with, the same on every machine; "
        "without it `secret.keys` in the data directory, made at the first use.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        description="Address under which people reach Mita, such as `https://mita.example`; "
        "passkeys belong to it; without it each request's own.",
    )
    new_device_messages: bool = Field(
        default=True,
        description="Whether a person is written to after a sign-in on a device that is new to them.",
    )
    rate_limit_store: str = Field(
        default="memory",
        pattern=r"^(memory|rediss?://.+)$",
        description="Where attempts are counted: `memory` of each process, "
        "or `redis://host:6379` for all of them (needs `mita[redis]`).",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server, `smtp://user:password@host:587` (encrypted where the server offers it) or "
        "`smtps://…`; without it no mail is sent.",
    )
    smtp_from: str = Field(default="mita@localhost", description="Sender of mails.")
    sms_url: SecretStr | None = Field(
        default=None,
        description="HTTP gateway that text messages are posted to as JSON, `{to, text}`; "
        "without it none is sent.",
    )
    sms_token: SecretStr | None = Field(default=None, description="Bearer token for that gateway.")
    show_codes: bool = Field(
        default=False,
        description="Whether messages that cannot be delivered are written into the worker's log, codes too; "
        "for demonstrations only.",
    )
    sandbox_top_ups: bool = Field(
        default=False,
        description="Whether residents may top up with pretend money; for demonstrations only.",
    )
    requests_per_minute: int = Field(
        default=3000,
        ge=0,
        le=1_000_000,
        description="How often a person, a device, or an address that shows no token, may ask in a minute; "
        "0 counts nobody. API keys have limits of their own.",
    )
    log_format: str = Field(
        default="text",
        pattern=r"^(text|json)$",
        description="Log lines: `text` for people, `json` for programs.",
    )
    access_log: bool = Field(
        default=True, description="Whether each request of the API is a line in the log."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address that metrics are served on.")
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port on which a role answers `/healthz`, `/readyz` and `/metrics` without a token; "
        "without it there is none. Under `mita up` the API has it, worker and ingest the two after it.",
    )
    sentry_dsn: SecretStr | None = Field(
        default=None,
        description="Where faults are reported to, without personal data; needs `mita[sentry]`.",
    )
    push_contact: str | None = Field(
        default=None,
        max_length=300,
        pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$",
        description="How services that bring web push reach whoever runs this, `mailto:…` or `https://…`; "
        "without it MITA_PUBLIC_URL, else the sender of mails.",
    )
    webhooks_allow_private: str = Field(
        default="",
        max_length=1000,
        description="Private networks that webhooks and web push may be sent to all the same, such as "
        "`10.20.0.0/16, fd00::/8`.",
    )
