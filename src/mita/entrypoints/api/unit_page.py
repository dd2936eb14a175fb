"""What the page shows of one unit: accounts with last entries, readings with class, supply commands."""

from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mita.credit import queries as credit_queries
from mita.credit.models import SupplyCommand
from mita.entrypoints.api.cells import (
    NAMES,
    cells_of,
    columns_of,
    general_cell,
    shown_age,
    shown_money,
    shown_value,
    supply_cell,
)
from mita.entrypoints.api.overview import unit_views
from mita.estates import queries as estate_queries
from mita.kit.shapes import show_instant
from mita.kit.zones import zone
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingClass, Reason
from mita.wallets.queries import AccountInfo

_ENTRIES, _READINGS, _COMMANDS = 10, 8, 10
_ENTRY_NAMES = {
    EntryKind.CHARGE: "Consumption",
    EntryKind.CORRECTION: "Correction",
    EntryKind.STANDING_CHARGE: "Standing charge",
    EntryKind.DEMAND: "Demand",
    EntryKind.MINIMUM: "Minimum bill",
    EntryKind.NETTING: "Net metering",
    EntryKind.SOLAR_CREDIT: "Solar credit",
    EntryKind.SHARING: "Shared generation",
    EntryKind.TOP_UP: "Top-up",
}
_STATE_NAMES = {
    "asked": "asked",
    "queued": "waiting for the device",
    "sent": "sent",
    "acknowledged": "acknowledged",
    "confirmed": "confirmed by the device",
    "failed": "failed",
}


async def unit_facts(session: AsyncSession, *, estate_id: int, unit_id: int, now: datetime) -> dict[str, Any]:
    """Return everything that the unit's page prints, formatted.

    :raises mita.kit.errors.NotFound: if there is no such unit
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    unit = await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    local = zone(estate.time_zone)
    (view,) = await unit_views(session, estate_id=estate_id, unit_ids=[unit_id])
    commands = await credit_queries.commands(session, estate_id=estate_id, unit_id=unit_id, limit=_COMMANDS)
    cells = cells_of(view, columns=columns_of([view]), now=now)
    accounts: list[dict[str, Any]] = [
        {
            "utility": utility,
            "name": NAMES[utility],
            "cell": cells[f"balance-{utility}"],
            "supply": supply_cell(view, utility=utility),
            "entries": await _entries(session, estate_id=estate_id, account=info, local=local, now=now),
        }
        for utility, (info, _) in sorted(view.accounts.items())
    ]
    general = general_cell(view)
    if general is not None and view.general is not None:
        info = view.general[0]
        accounts.append(
            {
                "utility": info.utility,
                "name": "General",
                "cell": general,
                "supply": None,
                "entries": await _entries(session, estate_id=estate_id, account=info, local=local, now=now),
            }
        )
    return {
        "estate": {
            "estate_id": estate_id,
            "name": estate.name,
            "currency": estate.currency,
            "zone": estate.time_zone,
        },
        "unit": {"unit_id": unit_id, "name": unit.name},
        "accounts": accounts,
        "meters": await _meters(session, estate_id=estate_id, unit_id=unit_id, local=local, now=now),
        "commands": [_command(row, local=local, now=now) for row in commands],
    }


def _local(instant: datetime, *, local: tzinfo, now: datetime) -> dict[str, str]:
    """Return an instant for programs and as short as people need it today, this year, or long after."""
    here, today = instant.astimezone(local), now.astimezone(local)
    shape = "%H:%M:%S"
    if here.date() != today.date():
        shape = "%d %b, %H:%M" if here.year == today.year else "%d %b %Y, %H:%M"
    return {"at": show_instant(instant), "text": here.strftime(shape)}


async def _entries(
    session: AsyncSession, *, estate_id: int, account: AccountInfo, local: tzinfo, now: datetime
) -> list[dict[str, Any]]:
    rows: Any = await ledger_queries.entries(
        session, estate_id=estate_id, account_id=account.account_id, limit=_ENTRIES
    )
    return [
        {
            "when": _local(entry.event_at, local=local, now=now),
            "name": _entry_name(EntryKind(entry.kind)),
            "memo": memo if entry.kind == EntryKind.TOP_UP else "",
            "quantity": _quantity(entry.quantity_micro, utility=account.utility),
            "amount": shown_money(entry.amount_micro),
            "is_credit": entry.amount_micro > 0,
            "balance": shown_money(entry.balance_after_micro),
        }
        for entry, _, memo, _, _ in rows
    ]


def _entry_name(kind: EntryKind) -> str:
    return _ENTRY_NAMES.get(kind, kind.shown.replace("_", " ").capitalize())


def _quantity(quantity_micro: int, *, utility: str) -> str:
    return shown_value(quantity_micro, utility=utility) if quantity_micro > 0 else ""


async def _meters(
    session: AsyncSession, *, estate_id: int, unit_id: int, local: tzinfo, now: datetime
) -> list[dict[str, Any]]:
    shown = []
    for meter in await metering_queries.meters(session, estate_id=estate_id, unit_id=unit_id, limit=20):
        for register in await metering_queries.registers_of_meter(
            session, estate_id=estate_id, meter_id=meter.meter_id
        ):
            rows: Any = await metering_queries.readings(
                session, estate_id=estate_id, register_id=register.register_id, limit=_READINGS
            )
            readings = [
                {
                    "when": _local(reading.taken_at, local=local, now=now),
                    "value": shown_value(reading.value_micro, utility=utility),
                    "class": ReadingClass(reading.class_).shown,
                    "reason": Reason(reading.reason).sentence,
                }
                for reading, _, utility, _ in rows
            ]
            name = "" if register.name == "import" else register.name
            shown.append(
                {
                    "serial": meter.serial,
                    "utility": NAMES[meter.utility],
                    "register": name,
                    "readings": readings,
                }
            )
    return shown


def _action(row: SupplyCommand) -> str:
    words = {"off": "Switch off", "on": "Switch on", "lift": "Lift the limit"}
    return words.get(row.action) or f"Limit to {row.limit_w} W"


def _command(row: SupplyCommand, *, local: tzinfo, now: datetime) -> dict[str, Any]:
    return {
        "when": _local(row.asked_at, local=local, now=now),
        "changed": _local(row.changed_at, local=local, now=now),
        "age": shown_age(row.changed_at, now=now),
        "action": _action(row),
        "utility": NAMES[row.utility].lower(),
        "state": row.state,
        "state_name": _STATE_NAMES[row.state],
        "reason": row.reason,
        "balance": shown_money(row.balance_micro),
    }
