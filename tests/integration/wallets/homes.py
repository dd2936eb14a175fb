"""Estates for tests of wallets: units with electricity and water, money as decimal text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.money import parse_micro
from mita.ledger import queries as ledger_queries
from mita.metering import operations as metering
from mita.metering.domain import Limits
from mita.metering.operations import NewMeter
from mita.wallets import operations as wallets
from mita.wallets import queries
from mita.wallets.operations import TopUp
from tests.integration.world import FLAT, NOW, World, new_world, put_in_force

if TYPE_CHECKING:
    from datetime import datetime

    from mita.kit.db import Database
    from mita.wallets.operations import ToppedUp

# 2.30 with tax, per kWh and per m3
WATER_RATES = FLAT.replace("electricity", "water").replace("Flat", "Water")
KWH = 2_300_000
RAND = 1_000_000


@dataclass
class Home:
    """An estate; unit ``n`` has meters ``M<n+1>`` (electricity) and ``W<n+1>`` (water)."""

    world: World
    wallet_ids: list[int]

    @property
    def wallet_id(self) -> int:
        return self.wallet_ids[0]

    async def balances(self, unit: int = 0) -> dict[str, int]:
        """Return a wallet's live balances in micro, by utility; general among them."""
        async with self.world.unit_of_work() as session:
            accounts = await queries.accounts(
                session, estate_id=self.world.estate_id, wallet_ids=[self.wallet_ids[unit]]
            )
            found = await ledger_queries.balances(
                session,
                estate_id=self.world.estate_id,
                account_ids=[account.account_id for account in accounts],
            )
            return {account.utility: found[account.account_id] for account in accounts}

    async def standings(self, unit: int = 0) -> dict[str, str]:
        """Return where a wallet's utilities stand."""
        async with self.world.unit_of_work() as session:
            accounts = await queries.accounts(
                session,
                estate_id=self.world.estate_id,
                wallet_ids=[self.wallet_ids[unit]],
                with_general=False,
            )
            return {account.utility: account.standing.shown for account in accounts}

    async def account_id(self, utility: str, *, unit: int = 0) -> int:
        async with self.world.unit_of_work() as session:
            (account,) = await queries.accounts(
                session,
                estate_id=self.world.estate_id,
                wallet_ids=[self.wallet_ids[unit]],
                utility=utility,
            )
            return account.account_id

    async def top_up(
        self,
        amount: str,
        *,
        key: str,
        utility: str | None = None,
        unit: int = 0,
        now: datetime = NOW,
    ) -> ToppedUp:
        async with self.world.unit_of_work() as session:
            return await wallets.receive_top_up(
                session,
                estate_id=self.world.estate_id,
                top_up=TopUp(self.wallet_ids[unit], parse_micro(amount), "cash", "test", utility),
                idempotency_key=key,
                actor="staff:test",
                now=now,
            )

    async def owed(self, unit: int = 0) -> tuple[int, int]:
        """Return emergency credit and debt owed, in micro."""
        async with self.world.unit_of_work() as session:
            return await queries.owed(
                session, estate_id=self.world.estate_id, wallet_id=self.wallet_ids[unit]
            )


async def new_home(database: Database, *, units: int = 1, water: bool = True) -> Home:
    """Make an estate whose units have electricity and, unless told otherwise, water."""
    world = await new_world(database, meters=units)
    if water:
        meters = [
            NewMeter(
                unit_id, f"W{number}", "water", ("import",), device=f"w-{number}", limits=Limits(None, 0)
            )
            for number, unit_id in enumerate(world.unit_ids, start=1)
        ]
        async with world.unit_of_work() as session:
            await metering.install_meters(session, estate_id=world.estate_id, meters=meters, now=NOW)
        await put_in_force(world, WATER_RATES)
    async with world.unit_of_work() as session:
        rows = await queries.wallets(session, estate_id=world.estate_id)
    return Home(world, [row.wallet_id for row in rows])
