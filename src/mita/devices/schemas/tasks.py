"""Shapes of tasks of devices: what is intended, what the device holds, how far it got."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from mita.devices.domain import TaskKind, TaskState
from mita.devices.models import DeviceTask
from mita.kit.shapes import Id, Instant, Shape

_INTENDED = {
    "from": "2026-12-31T22:00:00Z",
    "unit_price": "2.300000",
    "day_price": "1.150000",
    "currency": "ZAR",
    "rate_table_ids": [1],
}
_ACTIVE = {"unit_prices": ["2.300000"], "day_price": "1.150000", "has_blocks": False}


class ClockIn(Shape):
    """That a device's clock is to be set."""

    may_cross: bool = Field(
        default=False, description="At once, even if an interval that it counts by is cut or counted twice"
    )


class PricesIn(Shape):
    """That a meter is to charge by the rate tables in force."""

    from_on: date | None = Field(
        default=None,
        description="From the beginning of this local date, by what is in force then; null: from now on",
        examples=[None],
    )


class DeviceTaskOut(Shape):
    """What a device is to be told beside switching."""

    device_task_id: UUID
    device_id: Id
    kind: TaskKind
    state: TaskState = Field(description="`sent`: written and read back, not yet seen in force")
    asked_by: str = Field(examples=["token:console"])
    asked_at: Instant
    changed_at: Instant
    intended: dict[str, Any] = Field(description="What it is to hold", examples=[_INTENDED])
    active: dict[str, Any] | None = Field(description="What it said that it holds", examples=[_ACTIVE])
    verified_at: Instant | None = Field(description="When it was seen to hold what is intended")
    due_at: Instant = Field(description="Not tried before")
    expires_at: Instant = Field(description="It fails then")
    attempts: int = Field(examples=[1])
    failure: str = Field(description="Why the last attempt did not do it", examples=[""])


class MeterPricesOut(Shape):
    """What a meter is to charge by itself, and what it says that it charges."""

    intended: dict[str, Any] | None = Field(
        description="By the rate tables in force now; null if it cannot be told them", examples=[_INTENDED]
    )
    problems: list[str] = Field(description="Why it cannot be told them", examples=[[]])
    active: dict[str, Any] | None = Field(
        description="What it charged when it was last asked; null: it was never asked", examples=[_ACTIVE]
    )
    verified_at: Instant | None = Field(description="When it was last seen to charge what was intended then")
    differs: bool | None = Field(
        description="Whether it charges otherwise than is intended; null if one of both is not known"
    )
    task: DeviceTaskOut | None = Field(description="The newest task for its prices, if there was one")


def device_task_out(row: DeviceTask) -> DeviceTaskOut:
    """Return a task as JSON shows it."""
    return DeviceTaskOut.model_validate({name: getattr(row, name) for name in DeviceTaskOut.model_fields})
