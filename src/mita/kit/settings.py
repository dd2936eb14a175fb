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
