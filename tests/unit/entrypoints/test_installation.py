"""The lock of a data directory, its secrets and its ports."""

from __future__ import annotations

import json
import socket
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mita.entrypoints.installation import AlreadyRunning, InstallationLock
from mita.entrypoints.keys import device_of_token, device_token, load_keys, load_token
from mita.entrypoints.ports import free_port, is_port_free

if TYPE_CHECKING:
    from pathlib import Path


def test_one_directory_has_one_holder(tmp_path: Path):
    first, second = InstallationLock(tmp_path / "data"), InstallationLock(tmp_path / "data")
    first.take()
    with pytest.raises(AlreadyRunning, match="still starting"):
        second.take()
    first.tell(url="http://127.0.0.1:8100")
    with pytest.raises(AlreadyRunning, match=r"at http://127\.0\.0\.1:8100 \(process \d+\)"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_what_a_dead_holder_left_does_not_matter(tmp_path: Path):
    (tmp_path / "up.lock").write_text("{half a", encoding="utf-8")
    lock = InstallationLock(tmp_path)
    lock.take()
    assert json.loads((tmp_path / "up.lock").read_text(encoding="utf-8"))["url"] is None
    lock.release()


def test_secrets_are_made_once_and_are_private(tmp_path: Path):
    data = tmp_path / "data"
    keys, token = load_keys(data), load_token(data)
    assert (load_keys(data), load_token(data)) == (keys, token)
    assert len(keys.device_secret) >= 32
    assert keys != load_keys(tmp_path / "other")
    for name in ("secrets.json", "token"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in data.iterdir()) == ["secrets.json", "token"]


def test_a_device_token_names_its_device(tmp_path: Path):
    secret = load_keys(tmp_path).device_secret
    token = device_token(secret, "wc-a1")
    assert device_of_token(secret, token) == "wc-a1"
    assert device_of_token(secret + "x", token) is None
    past = device_token(secret, "wc-a1", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert device_of_token(secret, past) is None


def test_a_port_that_is_taken_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_port_free(port)
        assert free_port(preferred=port) != port
    assert is_port_free(port)
    assert free_port(preferred=port) == port
