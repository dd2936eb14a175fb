"""A unit as it stands, from all features that know something of it."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mita.credit import queries as credit_queries
from mita.credit.domain import OPEN_STATES, SWITCHING
from mita.credit.models import Supply, SupplyCommand
from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.wallets import queries as wallet_queries
from mita.wallets.queries import AccountInfo


@dataclass(slots=True)
class UnitView:
    """By utility a unit's account with balance, newest reading, supply and open command.

    ``general`` is its wallet's general account, which belongs to no utility.
    """

    accounts: dict[str, tuple[AccountInfo, int]] = field(default_factory=dict)
    readings: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    supplies: dict[str, Supply] = field(default_factory=dict)
    commands: dict[str, SupplyCommand] = field(default_factory=dict)
    general: tuple[AccountInfo, int] | None = None


async def unit_view(session: AsyncSession, *, estate_id: int, unit_id: int) -> UnitView:
    """Return one unit of an estate as it stands."""
    view = UnitView()
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    for account in accounts:
        found = (account, balances[account.account_id])
        if account.is_general:
            view.general = found
        else:
            view.accounts[account.utility] = found
    latest = await metering_queries.latest_readings(session, estate_id=estate_id, unit_ids=[unit_id])
    view.readings = {utility: reading for (_, utility), reading in latest.items()}
    supplies = await credit_queries.supplies(session, estate_id=estate_id, unit_ids=[unit_id])
    view.supplies = {utility: supply for (_, utility), supply in supplies.items()}
    commands = await credit_queries.commands(
        session, estate_id=estate_id, unit_id=unit_id, states=OPEN_STATES
    )
    for command in commands:
        if command.action in SWITCHING:
            # newest first: what follows is older
            view.commands.setdefault(command.utility, command)
    return view
