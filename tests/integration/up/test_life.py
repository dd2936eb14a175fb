"""`mita up`: starts, refuses a second one, stops without a trace, finds its data again, survives murders."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import stat
import subprocess
from pathlib import Path

import psutil
from aiomqtt import Client, ProtocolVersion

from mita.entrypoints.keys import device_token, load_keys
from tests.integration.api.place import RATES

from .installation import PATIENCE_S, ROLES, Installation, eventually


def settle(installation: Installation) -> str:
    """Make an estate with one metered unit through the API; return its path."""
    estate = installation.api(
        "POST",
        "/api/v1/estates",
        {"name": "Willow Creek", "currency": "ZAR", "time_zone": "Africa/Johannesburg"},
    )
    base = f"/api/v1/estates/{estate['estate_id']}"
    (unit,) = installation.api("POST", f"{base}/units", {"names": ["A1"]})["items"]
    meter = {"unit_id": unit["unit_id"], "serial": "E1", "utility": "electricity", "device": "wc-a1"}
    installation.api("POST", f"{base}/meters", meter)
    table = installation.api("POST", f"{base}/rate-tables", {"document": RATES})
    installation.api("POST", f"{base}/rate-tables/{table['rate_table_id']}/assign")
    return base


async def publish(installation: Installation, *kwh: tuple[int, float]) -> None:
    keys = load_keys(installation.data)
    async with Client(
        "127.0.0.1",
        installation.mqtt_port,
        username="wc-a1",
        identifier="wc-a1",
        password=device_token(keys.device_secret, "wc-a1"),
        protocol=ProtocolVersion.V311,
        timeout=30,
    ) as device:
        for ts, value in kwh:
            await device.publish("m/wc-a1/up", json.dumps({"ts": ts, "r": {"kwh": value}}), qos=1)


def balance(installation: Installation, base: str) -> str:
    (wallet,) = installation.api("GET", f"{base}/wallets")["items"]
    return installation.api("GET", f"{base}/wallets/{wallet['wallet_id']}")["balances"][0]["balance"][
        "amount"
    ]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_life(installation: Installation):
    installation.start()
    assert installation.is_healthy()
    assert {name: len(found) for name, found in installation.roles().items()} == dict.fromkeys(ROLES, 1)
    assert installation.token in installation.output
    assert installation.url in installation.output

    # nobody outside this machine can reach any of it
    listening = {
        (process.info["name"], each.laddr.ip)
        for process, each in installation.connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    assert {address for _, address in listening} == {"127.0.0.1"}
    assert len(listening) >= 1
    # secrets are the owner's, and in no argument that others may read
    for name in ("token", "secrets.json", "up.lock"):
        assert mode(installation.data / name) == 0o600, name
    keys = load_keys(installation.data)
    secrets = (installation.token, keys.device_secret, keys.ingest_password)
    arguments = " ".join(" ".join(process.info["cmdline"]) for process in installation.processes())
    assert not [secret for secret in secrets if secret in arguments]

    base = settle(installation)
    await publish(installation, (1_772_323_200, 100.0), (1_772_326_800, 103.5))
    eventually(lambda: balance(installation, base) == "-8.050000", what="the readings are charged")

    token, output = installation.token, installation.output
    second = Installation(installation.data, log=installation.data.with_name("second.log"))
    refused = second.run()
    assert refused.wait(PATIENCE_S) == 1
    assert "running already" in second.output
    assert installation.url in second.output
    assert installation.is_healthy()
    assert installation.output == output

    assert installation.stop(signal.SIGINT) == 0
    assert installation.has_left_nothing()

    installation.start()
    assert installation.token == token
    assert [estate["name"] for estate in installation.api("GET", "/api/v1/estates")["items"]] == [
        "Willow Creek"
    ]
    assert balance(installation, base) == "-8.050000"
    await publish(installation, (1_772_330_400, 104.5))
    eventually(
        lambda: balance(installation, base) == "-10.350000", what="readings are charged after a restart"
    )
    assert installation.stop(signal.SIGTERM) == 0
    assert installation.has_left_nothing()


async def test_a_killed_parent_leaves_no_children_and_the_next_one_goes_on(installation: Installation):
    installation.start()
    base = settle(installation)
    postgres = installation.postgres()
    assert installation.process is not None
    installation.process.kill()
    installation.process.wait()
    eventually(lambda: not installation.roles(), what="the children are gone")

    installation.start()
    # the database was left running, so that nothing is recovered for nothing; it is adopted
    assert set(installation.postgres()) >= {min(postgres, key=lambda process: process.create_time())}
    assert "found the database still running" in installation.output.lower()
    await publish(installation, (1_772_323_200, 100.0), (1_772_326_800, 101.0))
    eventually(lambda: balance(installation, base) == "-2.300000", what="the readings are charged")
    assert installation.stop() == 0
    assert installation.has_left_nothing()


async def test_a_killed_child_is_started_again(installation: Installation):
    installation.start()
    base = settle(installation)
    for name in ROLES:
        (victim,) = installation.roles()[name]
        victim.kill()

        def is_back(name: str = name, victim: psutil.Process = victim) -> bool:
            return victim not in installation.roles().get(name, [victim])

        eventually(is_back, what=f"{name} is back")
        assert f"{name} ended by SIGKILL; starting it again" in installation.output
    eventually(installation.is_healthy, what="the API answers again")
    await publish(installation, (1_772_323_200, 100.0), (1_772_326_800, 101.0))
    eventually(lambda: balance(installation, base) == "-2.300000", what="the readings are charged")

    # and the database
    for process in installation.postgres():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    await publish(installation, (1_772_330_400, 102.0))

    def is_charged() -> bool:
        try:
            return balance(installation, base) == "-4.600000"
        except AssertionError:
            return False

    eventually(is_charged, what="the readings are charged after the database came back")
    assert "The database ended; starting it again." in installation.output
    assert installation.stop() == 0
    assert installation.has_left_nothing()


def test_any_name_of_a_directory_will_do(directory: Path):
    # strange, and long
    name = "Zähler für Ömer's & 電気, 2026 " + "a" * 90
    installation = Installation(directory / name / "mita", log=directory / "up.log")
    try:
        for _ in range(2):
            installation.start()
            assert installation.is_healthy()
            # trusted by whoever reaches it, the database is reached by its owner only
            (place,) = {
                Path(each.laddr).parent
                for process, each in installation.connections("unix")
                if process.info["name"] == "postgres" and each.laddr
            }
            assert mode(place) == 0o700
            assert installation.stop() == 0
            assert installation.has_left_nothing()
            assert place.is_relative_to(installation.data) or not place.exists()
    finally:
        installation.end()


def test_a_name_that_a_shell_would_act_on_is_refused(directory: Path):
    installation = Installation(directory / "cost $HOME", log=directory / "up.log")
    assert installation.run().wait(PATIENCE_S) == 1
    assert "characters that PostgreSQL cannot bear ($)" in installation.output
    assert "MITA_DATA" in installation.output
    assert "Traceback" not in installation.output
    assert installation.has_left_nothing()


def test_a_data_directory_that_cannot_be_made_is_said(directory: Path):
    (directory / "file").write_text("", encoding="utf-8")
    installation = Installation(directory / "file" / "data", log=directory / "up.log")
    assert installation.run().wait(PATIENCE_S) == 1
    assert "cannot be used" in installation.output
    assert "MITA_DATA" in installation.output
    assert "Traceback" not in installation.output


def test_a_port_in_use_is_said(installation: Installation):
    with socket.create_server(("127.0.0.1", 0)) as web, socket.create_server(("127.0.0.1", 0)) as mqtt:
        web_port, mqtt_port = web.getsockname()[1], mqtt.getsockname()[1]
        assert installation.run("--port", str(web_port)).wait(PATIENCE_S) == 1
        assert f"port {web_port} is in use; choose another with --port" in installation.output
        assert "Traceback" not in installation.output
        assert installation.has_left_nothing()
        # ports of the settings are wishes
        installation.start(MITA_PORT=str(web_port), MITA_MQTT_PORT=str(mqtt_port))
        assert f"Port {web_port} is in use; a free one is taken instead." in installation.output
        assert installation.url != f"http://127.0.0.1:{web_port}"
        assert installation.mqtt_port != mqtt_port
        assert installation.is_healthy()
    assert installation.stop(signal.SIGTERM) == 0
    assert installation.has_left_nothing()


def test_a_stale_number_of_the_database_is_seen_through(installation: Installation):
    """After a power cut, or in a new container, the number in PostgreSQL's files is another program's."""
    installation.start()
    settle(installation)
    assert installation.process is not None
    for process in [psutil.Process(installation.process.pid), *installation.processes()]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    installation.process.wait()
    eventually(lambda: not installation.processes(), what="everything is dead")
    path = installation.data / "postgres" / "postmaster.pid"
    socket_directory = path.read_text(encoding="utf-8").splitlines()[4]
    # one that PostgreSQL may send signals to, else it takes the files for old ones by itself
    with subprocess.Popen(["sleep", "600"], user=path.stat().st_uid) as other:
        try:
            for stale in (path, Path(socket_directory) / ".s.PGSQL.5432.lock"):
                _, *rest = stale.read_text(encoding="utf-8").splitlines()
                stale.write_text("\n".join([str(other.pid), *rest]) + "\n", encoding="utf-8")
            installation.start()
        finally:
            other.kill()
    assert "still running" not in installation.output
    assert [each["name"] for each in installation.api("GET", "/api/v1/estates")["items"]] == ["Willow Creek"]
    assert installation.stop() == 0
    # and half a file, which is what a cut leaves of a start
    path.write_text("12345\n/nowhere\n", encoding="utf-8")
    installation.start()
    assert installation.stop() == 0
    assert installation.has_left_nothing()


def test_the_poller_starts_with_the_first_device_that_is_to_be_asked(installation: Installation):
    """Nobody sets anything or starts anything again; what may not be asked is told, not asked."""
    installation.start()
    base = settle(installation)
    assert "polling" not in installation.roles()
    device = {"driver": "emop", "address": "flat-1", "settings": {"url": "tcp://127.0.0.1:9", "every_s": 60}}
    made = installation.api("POST", f"{base}/devices", device)
    eventually(lambda: "polling" in installation.roles(), what="the poller runs")
    assert "polling is started" in installation.output
    assert "MITA_POLL_NETWORKS" in installation.output

    def failure() -> str:
        return installation.api("GET", f"{base}/devices/{made['device_id']}")["state"]["failure"]

    eventually(failure, what="the device says why it is not asked")
    assert "127.0.0.1 is in no network of MITA_POLL_NETWORKS" in failure()
