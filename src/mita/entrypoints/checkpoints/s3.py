"""Checkpoints in an S3-compatible store under object lock: nobody deletes them before their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mita.ledger.operations import NotPublished

if TYPE_CHECKING:
    from mita.ledger.domain import SignedCheckpoint, VerifierKey

_ATTEMPTS = 5
_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class LockedBucket:
    """A bucket with object lock. Credentials are found as boto3 finds them."""

    bucket: str
    endpoint: str | None
    region: str | None
    retention_days: int

    def publish(self, signed: SignedCheckpoint, *, key: VerifierKey) -> None:
        """Store a checkpoint, leaves first, each locked for ``retention_days`` from ``taken_at``.

        :raises NotPublished: if the store does not take it
        """
        place = signed.summary.place
        objects = {
            f"{key.name}/key-{key.key_id.hex()}.pub": f"{key}\n".encode(),
            f"{place}.leaves": signed.leaves,
            f"{place}.note": signed.note.encode(),
        }
        until = signed.summary.taken_at + timedelta(days=self.retention_days)
        client, faults = self._client()
        try:
            for name, body in objects.items():
                client.put_object(
                    Bucket=self.bucket,
                    Key=name,
                    Body=body,
                    ObjectLockMode="COMPLIANCE",
                    ObjectLockRetainUntilDate=until,
                )
        except faults as error:
            raise NotPublished(f"the bucket {self.bucket} did not take the checkpoint: {error}") from error

    def _client(self) -> tuple[Any, tuple[type[Exception], ...]]:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise NotPublished("MITA_CHECKPOINT_S3_BUCKET needs the extra: install mita[s3]") from error
        config = Config(
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
            retries={"max_attempts": _ATTEMPTS, "mode": "standard"},
        )
        try:
            client = boto3.client("s3", endpoint_url=self.endpoint, region_name=self.region, config=config)
        except (BotoCoreError, ValueError) as error:
            raise NotPublished(f"the object store cannot be used: {error}") from error
        return client, (BotoCoreError, ClientError)
