"""Numbers of keys that take each number once: kept with the key, whatever device it is registered at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.devices import queries
from mita.devices.models import Device, DeviceState, KeyCounter
from mita.kit.errors import NotFound
from mita.kit.seal import seals_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ABOUT = "key_counter.key_mark"


async def take_counter(session: AsyncSession, *, estate_id: int, name: str, key: str, count: int) -> int:
    """Return the first of ``count`` numbers that a key was never used with, and never will be again.

    They go on above what was used with it in the estate under whatever name, and above what devices of this
    name used before, with whatever key: a meter that was registered anew refuses a number below its last.

    :raises NotFound: if no device of that name is registered
    """
    row = await queries.device_named(session, estate_id=estate_id, name=name)
    if row is None:
        raise NotFound(f"device {name!r} is not registered in estate {estate_id}")
    # of a key of secrets that was rotated since, the mark is another one
    newest, *older = seals_of(session).marks(key, about=_ABOUT)
    floor = await _highest(session, estate_id=estate_id, name=name, marks=older)
    taken = pg_insert(KeyCounter).values(estate_id=estate_id, key_mark=newest, next_counter=floor + count)
    statement = taken.on_conflict_do_update(
        index_elements=["estate_id", "key_mark"],
        set_={"next_counter": func.greatest(KeyCounter.next_counter, floor) + count},
    ).returning(KeyCounter.next_counter)
    after = int((await session.scalars(statement)).one())
    await session.execute(
        update(DeviceState)
        .where(DeviceState.estate_id == estate_id, DeviceState.device_id == row.device_id)
        .values(next_counter=after)
    )
    return after - count


async def _highest(session: AsyncSession, *, estate_id: int, name: str, marks: list[bytes]) -> int:
    """Return the first number that devices of a name, and a key by its older marks, did not use."""
    of_name = (
        select(func.max(DeviceState.next_counter))
        .join(
            Device,
            (Device.estate_id == DeviceState.estate_id) & (Device.device_id == DeviceState.device_id),
        )
        .where(Device.estate_id == estate_id, Device.name == name)
    )
    of_key = select(func.max(KeyCounter.next_counter)).where(
        KeyCounter.estate_id == estate_id, KeyCounter.key_mark.in_(marks)
    )
    return max(await session.scalar(of_name) or 1, await session.scalar(of_key) or 1)
