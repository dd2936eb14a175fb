"""Checkpoints in an object store: real HTTP to a store on loopback, and locks that hold."""

from __future__ import annotations

import builtins
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from mita.ledger.domain import read_note
from mita.ledger.operations import NotPublished
from tests.integration.ledger.notary import TestNotary
from tests.integration.world import NOW, at, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

    from mita.kit.db import Database

BUCKET = "checkpoints"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """An S3-compatible store on loopback; credentials as a service would have them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # its buckets live in this process, not in the server
    urllib.request.urlopen(f"http://{host}:{port}/moto-api/reset", data=b"").close()
    yield f"http://{host}:{port}"
    server.stop()


def client(store: str) -> Any:
    return boto3.client("s3", endpoint_url=store, region_name="eu-west-1")


@pytest.fixture
def bucket(store: str) -> Any:
    made = client(store)
    made.create_bucket(
        Bucket=BUCKET,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    return made


def notary_at(store: str, path: Path, **more: object) -> TestNotary:
    how: dict[str, object] = {
        "checkpoint_s3_bucket": BUCKET,
        "checkpoint_s3_endpoint": store,
        "checkpoint_s3_region": "eu-west-1",
        "checkpoint_s3_retention_days": 400,
    }
    return TestNotary(path, **(how | more))


async def test_a_checkpoint_is_stored_and_locked(
    database: Database, store: str, bucket: Any, tmp_path: Path
) -> None:
    world = await new_world(database)
    await world.charge([("M1", at(h), str(h)) for h in range(3)])
    notary = notary_at(store, tmp_path)
    # moto keeps objects by the true hour
    now = datetime.now(tz=UTC).replace(microsecond=0)
    signed = await notary.take(database, estate_id=world.estate_id, now=now)
    place = signed.summary.place
    key = notary.signer.key
    names = {each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert names == {f"{place}.note", f"{place}.leaves", f"mita/key-{key.key_id.hex()}.pub"}
    stored = {name: bucket.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in names}
    assert stored[f"{place}.leaves"] == signed.leaves
    assert read_note(stored[f"{place}.note"].decode(), keys=[key]) == signed.summary
    for name in names:
        head = bucket.head_object(Bucket=BUCKET, Key=name)
        assert head["ObjectLockMode"] == "COMPLIANCE"
        assert head["ObjectLockRetainUntilDate"] == now + timedelta(days=400)
        version = head["VersionId"]
        with pytest.raises(ClientError, match="AccessDenied"):
            bucket.delete_object(Bucket=BUCKET, Key=name, VersionId=version)
    # the directory has it too: `mita verify` reads from there
    assert (await notary.verify(database, estate_id=world.estate_id, now=now)).checkpoints == 1


async def test_a_store_that_does_not_take_it_stops_the_record(
    database: Database, admin: psycopg.Connection, store: str, bucket: Any, tmp_path: Path
) -> None:
    world = await new_world(database)
    bucket.create_bucket(Bucket="unlocked", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    faults: list[dict[str, object]] = [
        {"checkpoint_s3_bucket": "missing"},
        {"checkpoint_s3_bucket": "unlocked"},
        {"checkpoint_s3_endpoint": "http://127.0.0.1:9"},
        {"checkpoint_s3_endpoint": "rubbish"},
    ]
    for number, fault in enumerate(faults):
        notary = notary_at(store, tmp_path / str(number), **fault)
        with pytest.raises(NotPublished):
            await notary.take(database, estate_id=world.estate_id)
    assert admin.execute("SELECT count(*) FROM checkpoint").fetchone() == (0,)
    # what failed is tried again later, and then stands in both places
    await notary_at(store, tmp_path / "0").take(
        database, estate_id=world.estate_id, now=NOW + timedelta(hours=1)
    )
    assert admin.execute("SELECT count(*) FROM checkpoint").fetchone() == (1,)


async def test_without_the_extra_it_says_what_to_install(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await new_world(database)
    real = builtins.__import__

    def without_boto3(name: str, *arguments: Any) -> Any:
        if name == "boto3":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_boto3)
    with pytest.raises(NotPublished, match=r"install mita\[s3\]"):
        await notary_at("http://127.0.0.1:9", tmp_path).take(database, estate_id=world.estate_id)
