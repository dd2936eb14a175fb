"""``mita up``: everything in one command."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.panel import Panel
from rich.table import Table

from mita.devices import queries as devices
from mita.drivers.known import POLLED
from mita.entrypoints.coap.settings import CoapSettings
from mita.entrypoints.embedded.postgres import EmbeddedPostgres
from mita.entrypoints.installation import AlreadyRunning, InstallationLock
from mita.entrypoints.keys import (
    DEMO_AUDITOR,
    DEMO_OPERATOR,
    DEMO_PARENT,
    DEMO_PREPAID,
    DEMO_RESIDENT,
    DEMO_TRUSTEE,
    INGEST,
    demo_password,
    load_keys,
    load_token,
)
from mita.entrypoints.polling.settings import PollSettings
from mita.entrypoints.ports import LOOPBACK, free_port, is_port_free
from mita.entrypoints.supervisor import Role, Supervisor
from mita.entrypoints.web import APP_PATH, BUILT
from mita.estates import queries as estates
from mita.identity import operations as identity
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.migrations.runner import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from rich.console import Console

    from mita.kit.settings import Settings

T = TypeVar("T")

TOKEN_NAME = "console"  # noqa: S105 - the name in the ledger of who holds the token
_LOOK_S = 0.2
_HEALTHY_S = 90.0
_HEALTH_TIMEOUT_S = 2.0
_OK = 200
_GIVE_UP_AFTER = 5
_LOOK_FOR_DEVICES_S = 5.0


class NotStarted(RuntimeError):
    """Something that is needed could not be started; the message says what and what helps."""


class _Interrupted(Exception):
    """Somebody asked to stop while things were still starting."""


@dataclass(slots=True)
class _Urls:
    app: str
    admin: str | None


class _Stop:
    """Whether somebody asked to stop (Ctrl-C, SIGTERM, a closed terminal)."""

    def __init__(self) -> None:
        self.is_asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.is_asked = True

    def check(self) -> None:
        if self.is_asked:
            raise _Interrupted


class Up:
    """One run of ``mita up``."""

    def __init__(self, settings: Settings, *, demo: bool, port: int | None, console: Console) -> None:
        self._settings = settings
        self._demo = demo
        self._asked_port = port
        self._console = console
        self._stop = _Stop()
        self._postgres: EmbeddedPostgres | None = None
        self._supervisor: Supervisor | None = None
        self._settings_of_polling = PollSettings()
        # the poller, as long as there is nothing to ask, and where that is seen
        self._late: Role | None = None
        self._url: str | None = None
        self._look_again_at = 0.0

    def run(self) -> int:
        """Start everything, stay until asked to stop, stop everything; return the exit status."""
        lock = InstallationLock(self._settings.data)
        try:
            lock.take()
        except AlreadyRunning as running:
            self._console.print(f"{running}. Data directory: {self._settings.data}", soft_wrap=True)
            return 1
        except OSError as error:
            self._tell(
                f"The data directory {self._settings.data} cannot be used: {error}. MITA_DATA names it."
            )
            return 1
        try:
            self._start(lock)
            self._watch_over()
        except _Interrupted:
            pass
        except NotStarted as problem:
            self._console.print(f"[bold red]Mita could not start:[/] {problem}", soft_wrap=True)
            return 1
        finally:
            self._end()
            lock.release()
        self._console.print("Stopped. The data stays where it is.")
        return 0

    def _start(self, lock: InstallationLock) -> None:
        data = self._settings.data
        port = self._port()
        mqtt_port = free_port(preferred=self._settings.mqtt_port)
        urls = self._database()
        self._url = urls.app
        token = load_token(data)
        self._step("Storing the token", lambda: asyncio.run(_store_token(urls.app, token)))
        self._supervisor = Supervisor(
            self._roles(urls, port=port, mqtt_port=mqtt_port), logs=data / "logs", tell=self._tell
        )
        self._supervisor.start()
        self._step("Starting the API, worker, broker and ingest", lambda: self._wait_until_healthy(port))
        url = f"http://{self._shown_host()}:{port}"
        lock.tell(url=url)
        self._console.print(self._panel(url, token=token, mqtt_port=mqtt_port))

    def _port(self) -> int:
        wanted = self._settings.port if self._asked_port is None else self._asked_port
        if wanted and not is_port_free(wanted, host=self._settings.host):
            if self._asked_port is not None:
                raise NotStarted(f"port {wanted} is in use; choose another with --port, or 0 for any")
            self._tell(f"Port {wanted} is in use; a free one is taken instead.")
        return free_port(preferred=wanted, host=self._settings.host)

    def _shown_host(self) -> str:
        return "127.0.0.1" if self._settings.host in ("", "0.0.0.0") else self._settings.host  # noqa: S104 - compared

    def _database(self) -> _Urls:
        """Return the database's URLs after starting the embedded one, if none was given, and migrating it."""
        if self._settings.database_url is not None:
            admin = self._settings.database_admin_url
            urls = _Urls(
                app=self._settings.database_url.get_secret_value(),
                admin=admin.get_secret_value() if admin is not None else None,
            )
        else:
            urls = self._embedded_database()
        if urls.admin is None:
            self._tell("MITA_DATABASE_ADMIN_URL is not set: the database is taken as it is, not migrated.")
            return urls
        admin_url = urls.admin
        before, after = self._step("Migrating the database", lambda: migrate(admin_url))
        if before != after:
            self._tell(f"Database migrated from {before or 'empty'} to {after}.")
        return urls

    def _embedded_database(self) -> _Urls:
        is_new = not (self._settings.data / "postgres" / "PG_VERSION").exists()
        what = (
            "Creating the database (the first start takes a few seconds)"
            if is_new
            else "Starting the database"
        )
        self._postgres = EmbeddedPostgres(self._settings.data)
        self._step(what, self._postgres.start)
        if self._postgres.was_running:
            self._tell("Found the database still running, left by a Mita that was killed; it is used again.")
        self._postgres.create_database()
        return _Urls(app=self._postgres.app_url(), admin=self._postgres.admin_url())

    def _roles(self, urls: _Urls, *, port: int, mqtt_port: int) -> list[Role]:
        settings = self._settings
        keys = load_keys(settings.data)
        shared: dict[str, str | None] = {
            "MITA_DATA": str(settings.data),
            "MITA_DATABASE_URL": urls.app,
            # only migrations may have it
            "MITA_DATABASE_ADMIN_URL": None,
            "MITA_HOST": settings.host,
            "MITA_PORT": str(port),
            "MITA_MQTT_HOST": LOOPBACK,
            "MITA_MQTT_PORT": str(mqtt_port),
            "MITA_MQTT_PASSWORD": None,
        }
        ingest = {
            **shared,
            "MITA_MQTT_USERNAME": INGEST,
            "MITA_MQTT_CLIENT_ID": INGEST,
            "MITA_MQTT_PASSWORD": keys.ingest_password,
            "MITA_MQTT_VERSION": "4",
        }
        ports = _metrics_ports(settings.metrics_port)
        roles = [
            Role("broker", shared),
            Role("api", shared | ports[0] | self._of_demo()),
            Role("worker", shared | ports[1]),
            Role("ingest", ingest | ports[2]),
        ]
        polling = Role("polling", shared | ports[3] | self._reach())
        if self._settings_of_polling.reach().is_nowhere:
            # started once there is something to ask
            self._late = polling
        else:
            roles.append(polling)
        if CoapSettings().coap_bind:
            roles.append(Role("coap", shared | ports[4]))
        if self._demo:
            roles.append(Role("demo", shared, may_end=True))
        for role in roles:
            if not role.exists:
                self._tell(f"This installation has no {role.name}; it is left out.")
        return [role for role in roles if role.exists]

    def _reach(self) -> dict[str, str | None]:
        """Return where the poller may ask: by itself nowhere, with the demo where its meters are."""
        if not self._demo:
            return {}
        networks = [each for each in (self._settings_of_polling.poll_networks, LOOPBACK) if each]
        return {"MITA_POLL_NETWORKS": ",".join(networks)}

    def _of_demo(self) -> dict[str, str | None]:
        """Return what only a demonstration does; else it is as it is set."""
        return {"MITA_SANDBOX_TOP_UPS": "true"} if self._demo else {}

    def _step(self, what: str, work: Callable[[], T]) -> T:
        """Do one part of the start, with a word about it; a request to stop ends it there."""
        self._stop.check()
        try:
            if self._console.is_terminal:
                with self._console.status(f"{what} …"):
                    return work()
            self._console.print(f"{what} …", soft_wrap=True)
            return work()
        except (_Interrupted, NotStarted):
            raise
        except Exception as error:
            # Ctrl-C reaches initdb and its like as well, which then fail
            self._stop.check()
            raise NotStarted(f"{what}: {error}") from error

    def _wait_until_healthy(self, port: int) -> None:
        assert self._supervisor is not None, "the roles are started"
        deadline = time.monotonic() + _HEALTHY_S
        while time.monotonic() < deadline:
            self._stop.check()
            self._supervisor.watch()
            if _is_healthy(self._shown_host(), port):
                return
            if self._supervisor.restarts("api") >= _GIVE_UP_AFTER:
                break
            time.sleep(_LOOK_S)
        raise NotStarted(f"the API does not answer; its log is {self._supervisor.log_path('api')}")

    def _watch_over(self) -> None:
        assert self._supervisor is not None, "the roles are started"
        while not self._stop.is_asked:
            self._supervisor.watch()
            self._revive_postgres()
            self._start_polling()
            time.sleep(_LOOK_S)

    def _start_polling(self) -> None:
        """Start the poller once a device is registered that is to be asked; until then nobody pays for it."""
        if self._late is None or self._url is None or time.monotonic() < self._look_again_at:
            return
        self._look_again_at = time.monotonic() + _LOOK_FOR_DEVICES_S
        try:
            if not asyncio.run(_are_devices_asked(self._url)):
                return
        except Exception:  # noqa: BLE001 - the database may be starting again: at the next look
            return
        assert self._supervisor is not None, "the roles are started"
        role, self._late = self._late, None
        self._supervisor.add(role)
        self._tell("A device is registered that is to be asked: polling is started.")
        if not self._demo:
            self._tell(
                "Nothing may be asked yet: name networks in MITA_POLL_NETWORKS, ports in MITA_POLL_SERIAL."
            )

    def _revive_postgres(self) -> None:
        if self._postgres is None or _is_alive(self._postgres.pid):
            return
        self._tell("The database ended; starting it again.")
        try:
            self._postgres = EmbeddedPostgres(self._settings.data).start()
        except Exception as error:  # noqa: BLE001 - its last processes may still be ending: again at the next look
            self._tell(f"The database does not start yet: {error}")
            time.sleep(1)

    def _end(self) -> None:
        if self._supervisor is not None:
            self._tell("Stopping …")
            self._supervisor.stop()
        if self._postgres is not None:
            self._postgres.stop()

    def _tell(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False, highlight=False)

    def _panel(self, url: str, *, token: str, mqtt_port: int) -> Panel:
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="bold")
        facts.add_column(overflow="fold")
        if BUILT.is_dir():
            facts.add_row("App", f"{url}{APP_PATH}/")
            if self._demo:
                secret = load_keys(self._settings.data).device_secret
                facts.add_row("Resident", f"{DEMO_RESIDENT}, password {demo_password(secret)}")
                facts.add_row("", f"also {DEMO_PREPAID}, whose meter takes tokens that begin with 1000")
                facts.add_row("", f"also {DEMO_PARENT}, who pays for three homes")
                password = demo_password(secret, who="staff")
                facts.add_row("Operator", f"{DEMO_OPERATOR}, password {password}")
                facts.add_row("", f"also {DEMO_AUDITOR}, {DEMO_TRUSTEE}")
                facts.add_row("", "their six digits: make code, or mita demo-code")
            else:
                facts.add_row("Sign in", "mita operator YOUR@ADDRESS prints a password for it")
        else:
            facts.add_row("App", "not built here: make web")
        facts.add_row("API", f"{url}/docs")
        facts.add_row("Token", token)
        facts.add_row("MQTT", f"{LOOPBACK}:{mqtt_port}")
        facts.add_row("Data", str(self._settings.data))
        facts.add_row("Stop", "Ctrl-C; the data stays")
        return Panel(facts, title="Mita is running" + (" with its demo" if self._demo else ""), expand=False)


async def _are_devices_asked(url: str) -> bool:
    database = Database(url, pool_size=1)
    try:
        async with database.unit_of_work(estates=[]) as session:
            seen = await estates.platform_estate_ids(session)
        async with database.unit_of_work(estates=seen) as session:
            return await devices.has_device_of(session, drivers=sorted(POLLED))
    finally:
        await database.close()


async def _store_token(url: str, token: str) -> None:
    database = Database(url, pool_size=1)
    try:
        async with database.unit_of_work(estates=[]) as session:
            await identity.replace_token(session, name=TOKEN_NAME, token=token, now=now_utc())
    finally:
        await database.close()


def _metrics_ports(first: int | None) -> list[dict[str, str | None]]:
    """Return what tells five roles on one machine their ports."""
    return [{"MITA_METRICS_PORT": None if first is None else str(first + place)} for place in range(5)]


def _is_healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=_HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody has buried yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        # no /proc, or gone meanwhile: the next look knows
        return True
    return state != "Z"
