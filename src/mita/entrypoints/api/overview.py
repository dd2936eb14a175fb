"""What the page and the unit's detail show of units: one set of queries for any number of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mita.credit import queries as credit_queries
from mita.credit.domain import OPEN_STATES, SWITCHING
from mita.credit.models import Supply, SupplyCommand
from mita.estates import queries as estate_queries
from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Standing
from mita.wallets.queries import AccountInfo

_COMMANDS_MAX = 2000
UNITS_MAX = 500


@dataclass(slots=True)
class UnitView:
    """A unit as it stands: by utility its account with balance, newest reading, supply and open command.

    ``general`` is its wallet's general account, which belongs to no utility.
    """

    unit_id: int
    name: str
    accounts: dict[str, tuple[AccountInfo, int]] = field(default_factory=dict)
    readings: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    supplies: dict[str, Supply] = field(default_factory=dict)
    commands: dict[str, SupplyCommand] = field(default_factory=dict)
    general: tuple[AccountInfo, int] | None = None

    @property
    def worst_standing(self) -> Standing:
        """The worst of the unit's standings."""
        return max((info.standing for info, _ in self.accounts.values()), default=Standing.IN_CREDIT)


async def unit_views(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int] | None = None
) -> list[UnitView]:
    """Return units of an estate as they stand, by id; None is all of them, up to ``UNITS_MAX``."""
    rows = await estate_queries.units(session, estate_id=estate_id, unit_ids=unit_ids, limit=UNITS_MAX)
    views = {row.unit_id: UnitView(row.unit_id, row.name) for row in rows}
    ids = list(views)
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=ids)
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    for account in accounts:
        found = (account, balances[account.account_id])
        if account.is_general:
            views[account.unit_id].general = found
        else:
            views[account.unit_id].accounts[account.utility] = found
    latest = await metering_queries.latest_readings(session, estate_id=estate_id, unit_ids=ids)
    for (unit_id, utility), reading in latest.items():
        views[unit_id].readings[utility] = reading
    for (unit_id, utility), supply in (await credit_queries.supplies(session, estate_id=estate_id)).items():
        if unit_id in views:
            views[unit_id].supplies[utility] = supply
    commands = await credit_queries.commands(
        session, estate_id=estate_id, states=OPEN_STATES, limit=_COMMANDS_MAX
    )
    for command in commands:
        if command.unit_id in views and command.action in SWITCHING:
            # newest first: what follows is older
            views[command.unit_id].commands.setdefault(command.utility, command)
    return list(views.values())
