"""The living demo: two estates with a past whose meters speak MQTT and obey, one whose meters are asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import gmqtt
import numpy as np

from mita.credit import queries as credit_queries
from mita.entrypoints.demo import head_end, supply
from mita.entrypoints.demo.neighbours import leave_work, let_parent_in, move_in
from mita.entrypoints.demo.setup import (
    SEED,
    Home,
    bulk_value,
    is_settled,
    register_values,
    settle_in,
    write_history,
)
from mita.entrypoints.demo.simulator import UTILITIES, Live, neighbourhood, top_ups
from mita.entrypoints.demo.staff import appoint, employ
from mita.entrypoints.demo.tenant import let_in
from mita.entrypoints.keys import demo_factor, demo_password, device_token, load_keys
from mita.entrypoints.process import database_url, log_to_stderr, secret_keys_path, stop_event
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.ids import new_id
from mita.kit.money import format_micro
from mita.kit.seal import Seals
from mita.kit.settings import Settings
from mita.ledger import queries as ledger_queries
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.operations import TopUp
from mita.wiring import wire

if TYPE_CHECKING:
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

# untyped: gmqtt has no annotations
_Client: Any = gmqtt.Client

TICK_S = 3
# one tick is a quarter of an hour of people's lives, so that a visitor sees balances move
SIMULATED_S = 900
_ITEMS_A_MESSAGE = 100
# a day of people's lives
_SUPPLY_PAID_EVERY = 96


class Gateway:
    """An estate's gateway: publishes its meters' readings, switches relays and says so."""

    def __init__(self, home: Home, *, settings: Settings, token: str, off: set[str]) -> None:
        self.home = home
        self.off = off  # serials whose relay is open
        self._settings = settings
        self._client = _Client(home.device, clean_session=False)
        self._client.set_auth_credentials(home.device, token)
        self._client.on_message = self._on_message

    async def connect(self) -> None:
        """Connect and listen for commands."""
        await self._client.connect(self._settings.mqtt_host, self._settings.mqtt_port, version=4)
        self._client.subscribe(f"m/{self.home.device}/down", qos=1)

    async def disconnect(self) -> None:
        """Leave; the broker keeps commands for later."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._client.disconnect(), 2)

    def publish(
        self,
        *,
        taken_s: int,
        electricity: NDArray[np.int64],
        water: NDArray[np.int64],
        bulk_micro: int | None,
    ) -> None:
        """Send one reading of every meter; an estate without a bulk meter has none of it."""
        items = []
        if bulk_micro is not None:
            reading = f'"r":{{"kwh":{format_micro(bulk_micro)}}}'
            items.append(f'{{"meter":{json.dumps(supply.SERIAL)},"ts":{taken_s},{reading}}}')
        for place, unit in enumerate(self.home.estate.units):
            for serial, name, value in (
                (unit.electricity_serial, "kwh", int(electricity[place])),
                (unit.water_serial, "m3", int(water[place])),
            ):
                items.append(
                    f'{{"meter":{json.dumps(serial)},"ts":{taken_s},"r":{{"{name}":{format_micro(value)}}}}}'
                )
        for first in range(0, len(items), _ITEMS_A_MESSAGE):
            body = "[" + ",".join(items[first : first + _ITEMS_A_MESSAGE]) + "]"
            self._client.publish(f"m/{self.home.device}/up", body, qos=1)

    async def _on_message(self, client: Any, _topic: str, payload: bytes, _qos: int, _properties: Any) -> int:
        command = json.loads(payload)
        (self.off.add if command["relay"] == "off" else self.off.discard)(command["meter"])
        answer = json.dumps({"id": command["id"], "relay": command["relay"]})
        client.publish(f"m/{self.home.device}/ack", answer, qos=1)
        return 0


async def serve(settings: Settings) -> None:
    """Make the estates if they are not there, then let their meters live until asked to stop."""
    stopping = stop_event()
    database = Database(database_url(settings), seals=Seals.load(secret_keys_path(settings)))
    secret = load_keys(settings.data).device_secret
    password = demo_password(secret, who="staff")
    await employ(database, password=password, factor=demo_factor(secret), now=now_utc())
    tasks = [
        asyncio.create_task(_live(database, settings, place))
        for place in range(len(neighbourhood(seed=SEED)))
    ]
    tasks.append(asyncio.create_task(head_end.live(database, password=demo_password(secret))))
    waiting = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.close()
    for task in done - {waiting}:
        await task  # tells why it ended


async def _live(database: Database, settings: Settings, place: int) -> None:
    home = await settle_in(database, neighbourhood(seed=SEED)[place], now=now_utc())
    if not await is_settled(database, home):
        await write_history(database, home)
    secret = load_keys(settings.data).device_secret
    if place == 0:
        await let_in(database, home, password=demo_password(secret), now=now_utc())
        password = demo_password(secret, who="staff")
        await appoint(database, estate_id=home.estate_id, password=password, now=now_utc())
    await move_in(database, home, now=now_utc())
    if place == 0:
        await let_parent_in(database, home, password=demo_password(secret), now=now_utc())
        await leave_work(database, home, now=now_utc())
    registers = await register_values(database, home)
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        supplies = await credit_queries.supplies(session, estate_id=home.estate_id)
    off = {
        unit.electricity_serial
        for unit_id, unit in zip(home.unit_ids, home.estate.units, strict=True)
        if (supply := supplies.get((unit_id, "electricity"))) is not None and not supply.is_on
    }
    token = device_token(load_keys(settings.data).device_secret, home.device)
    gateway = Gateway(home, settings=settings, token=token, off=off)
    await gateway.connect()
    try:
        await _tick_for_ever(database, gateway, registers)
    finally:
        await gateway.disconnect()


async def _tick_for_ever(
    database: Database, gateway: Gateway, registers: dict[str, NDArray[np.int64]]
) -> None:
    home = gateway.home
    simulated = now_utc()
    live = Live(
        home.estate,
        start=simulated,
        electricity_micro=registers["electricity"],
        water_micro=registers["water"],
        seed=SEED,
    )
    rng = np.random.default_rng()
    before, bulk_micro = registers["electricity"], await bulk_value(database, home)
    ticks = 0
    while True:
        on = np.array([unit.electricity_serial not in gateway.off for unit in home.estate.units])
        electricity, water = live.step(now=simulated, seconds=SIMULATED_S, electricity_on=on)
        if bulk_micro is not None:
            bulk_micro = supply.bulk_after(bulk_micro, used_micro=int((electricity - before).sum()))
        before = electricity
        gateway.publish(
            taken_s=int(now_utc().timestamp()), electricity=electricity, water=water, bulk_micro=bulk_micro
        )
        simulated += timedelta(seconds=SIMULATED_S)
        await _people_pay(database, home, on=on, simulated=simulated, rng=rng)
        if ticks % _SUPPLY_PAID_EVERY == 0:
            await supply.pay_for_it(database, estate_id=home.estate_id, key=str(new_id()), now=now_utc())
        ticks += 1
        await asyncio.sleep(TICK_S)


async def _people_pay(
    database: Database, home: Home, *, on: NDArray[np.bool_], simulated: Any, rng: np.random.Generator
) -> None:
    async with database.unit_of_work(estates=[home.estate_id]) as session:
        accounts = await wallet_queries.accounts(session, estate_id=home.estate_id, with_general=False)
        balances = await ledger_queries.balances(
            session, estate_id=home.estate_id, account_ids=[a.account_id for a in accounts]
        )
    by_unit = {(a.unit_id, a.utility): a for a in accounts}
    columns = {
        utility: np.array([balances[by_unit[unit_id, utility].account_id] for unit_id in home.unit_ids])
        for utility in UTILITIES
    }
    bought = top_ups(
        home.estate,
        balances_micro=columns,
        supply_on={"electricity": on, "water": np.ones_like(on)},
        now=simulated,
        rng=rng,
        seconds=SIMULATED_S,
    )
    for place, utility, amount_micro in bought:
        account = by_unit[home.unit_ids[place], utility]
        async with database.unit_of_work(estates=[home.estate_id]) as session:
            await wallets.receive_top_up(
                session,
                estate_id=home.estate_id,
                top_up=TopUp(account.wallet_id, amount_micro, "eft", "demo resident", utility),
                idempotency_key=str(new_id()),
                actor="system:demo",
                now=now_utc(),
            )


def main() -> int:
    """Run the role."""
    log_to_stderr()
    logging.getLogger("gmqtt").setLevel(logging.WARNING)
    wire()
    asyncio.run(serve(Settings()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
