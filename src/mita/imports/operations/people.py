"""People from a file: the estate gets to know those whom it does not know yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.estates import operations as estates
from mita.estates.schemas.people import EstatePersonIn
from mita.imports.domain import Fault, Outcome, RowState
from mita.imports.operations.cells import attempt, people_of, reach, read_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Kind, Row

_Known = dict[str, list[tuple[int, str]]]


async def carry_people(
    session: AsyncSession, *, kind: Kind, estate_id: int, rows: Sequence[Row], actor: str, now: datetime
) -> list[Outcome]:
    """Let the estate know people; who is known already stays as they are."""
    del actor
    said = [row.cells.get(name, "") for row in rows for name in ("email", "phone")]
    known = await people_of(session, estate_id=estate_id, said=said)
    outcomes = []
    for row in rows:
        shape, faults = read_cells(EstatePersonIn, row=row, kind=kind, more={})
        if not row.cells.get("email") and not row.cells.get("phone"):
            mend = "an email address or a phone number is needed: a second import would make a second person"
            faults.append(Fault("email", "missing", mend))
        if shape is None or faults:
            outcomes.append(Outcome.of_faults(row, tuple(faults)))
        elif _is_known(shape, known=known):
            outcomes.append(Outcome(row.number, RowState.UNCHANGED))
        else:

            async def work(shape: EstatePersonIn = shape) -> RowState:
                return await _add(session, shape, estate_id=estate_id, known=known, now=now)

            outcomes.append(await attempt(session, row=row, kind=kind, work=work))
    return outcomes


def _is_known(shape: EstatePersonIn, *, known: Mapping[str, list[tuple[int, str]]]) -> bool:
    if shape.email is not None:
        return reach(shape.email) in known
    # a household may share a telephone
    namesakes = {name.casefold() for _, name in known.get(reach(shape.phone or ""), [])}
    return shape.name.casefold() in namesakes


async def _add(
    session: AsyncSession, shape: EstatePersonIn, *, estate_id: int, known: _Known, now: datetime
) -> RowState:
    person_id, _ = await estates.add_person(
        session, estate_id=estate_id, name=shape.name, email=shape.email, phone=shape.phone, now=now
    )
    for each in (shape.email, shape.phone):
        if each is not None:
            known.setdefault(reach(each), []).append((person_id, shape.name))
    return RowState.CREATED
