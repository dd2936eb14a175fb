"""What a community's energy costs, from a local date on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, update

from mita.kit.errors import Invalid
from mita.sharing import queries
from mita.sharing.domain import VIRTUAL
from mita.sharing.models import SharingGroup, SharingPrice
from mita.tariffs import queries as tariff_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.domain import PriceTerms
    from mita.tariffs.domain import RateTable

UTILITY = "electricity"
PRICED = (UTILITY, "solar")
_IMPORT, _EXPORT = "import", "export"


class SharingRefused(Invalid):
    """Terms by which generation cannot be shared, or prices that cannot price it."""

    code = "sharing_invalid"
    title = "Generation cannot be shared so"


async def add_prices(
    session: AsyncSession,
    *,
    estate_id: int,
    sharing_group_id: int,
    terms: Sequence[PriceTerms],
    actor: str,
    now: datetime,
) -> None:
    """Price a group by other tables from dates on; the past is settled again by the next run.

    :raises mita.kit.errors.NotFound: if the group or a rate table does not exist
    :raises SharingRefused: if the prices do not fit the rule, or begin before the group or a table
    """
    row = await queries.group(session, estate_id=estate_id, sharing_group_id=sharing_group_id, lock=True)
    for each in terms:
        _check_kinds(row, each)
        await _check_tables(session, row, each)
    await session.execute(
        insert(SharingPrice),
        [
            {
                "estate_id": estate_id,
                "sharing_group_id": sharing_group_id,
                "from_on": each.from_on,
                "rate_table_id": each.rate_table_id,
                "surplus_rate_table_id": each.surplus_rate_table_id,
                "incentive_rate_table_id": each.incentive_rate_table_id,
                "roles": list(each.roles),
                "actor": actor,
                "created_at": now,
            }
            for each in terms
        ],
    )
    await settle_from(session, row=row, day=min(each.from_on for each in terms))


async def settle_from(session: AsyncSession, *, row: SharingGroup, day: date) -> None:
    """Let the next run begin with the month of a local date, if it would begin later."""
    await session.execute(
        update(SharingGroup)
        .where(SharingGroup.estate_id == row.estate_id, SharingGroup.sharing_group_id == row.sharing_group_id)
        .values(settle_from=func.greatest(row.first_on, func.least(SharingGroup.settle_from, day)))
        .execution_options(synchronize_session=False)
    )


def refused(message: str, *, field: str) -> SharingRefused:
    """Return what is raised about a field of the request."""
    return SharingRefused(message, problems=[{"path": f"body.{field}", "message": message}])


def _check_kinds(row: SharingGroup, terms: PriceTerms) -> None:
    if terms.from_on < row.first_on:
        raise refused(f"the group begins on {row.first_on}", field="from_on")
    is_virtual = row.kind == VIRTUAL
    if is_virtual != (terms.rate_table_id is None):
        wanted = "takes no" if is_virtual else "needs the"
        raise refused(f"the rule {wanted} price of what is allocated", field="rate_table_id")
    if terms.surplus_rate_table_id is not None and not row.is_own_surplus:
        raise refused("by this rule no surplus is a member's own", field="surplus_rate_table_id")
    if terms.incentive_rate_table_id is not None and not is_virtual:
        raise refused(
            "by this rule energy is given to members; no incentive is paid on it",
            field="incentive_rate_table_id",
        )


async def _check_tables(session: AsyncSession, row: SharingGroup, terms: PriceTerms) -> None:
    for field, table_id, register in (
        ("rate_table_id", terms.rate_table_id, _IMPORT),
        ("surplus_rate_table_id", terms.surplus_rate_table_id, _EXPORT),
        ("incentive_rate_table_id", terms.incentive_rate_table_id, _EXPORT),
    ):
        if table_id is not None:
            key = {"estate_id": row.estate_id}
            await tariff_queries.rate_table(session, **key, rate_table_id=table_id)
            found = await tariff_queries.tables_by_id(session, **key, rate_table_ids=[table_id])
            _check_table(found[table_id], field=field, register=register, from_on=terms.from_on)


def _check_table(table: RateTable, *, field: str, register: str, from_on: date) -> None:
    charged = {charge.register for charge in table.usage}
    if len(table.usage) != len(table.charges) or charged != {register}:
        raise refused(
            f"a table for this has usage charges on the register {register} and no others", field=field
        )
    if table.utility not in PRICED or table.conversion is not None:
        raise refused("the table is for another unit than kWh of electricity or solar", field=field)
    if table.billing_day != 1:
        raise refused("a group is settled by calendar month: the table's billing day must be 1", field=field)
    if table.effective_from > from_on:
        raise refused(
            f"the table holds from {table.effective_from} on, the price from {from_on}", field=field
        )
