"""What every report answers with ``Accept: text/csv``, and the names that reports show."""

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.kit.sheets import sheet_text

_CSV = "text/csv"
_UNITS_MAX = 100_000
SHEET: dict[int | str, dict[str, Any]] = {
    200: {"content": {_CSV: {"schema": {"type": "string"}}}, "description": "The report"}
}


def wants_sheet(request: Request) -> bool:
    """Tell whether a caller asks for a CSV file."""
    return request.headers.get("accept", "").split(";")[0].strip().lower() == _CSV


def sheet(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """Return a CSV file with a header line."""
    return Response(
        sheet_text([columns, *rows]),
        media_type=f"{_CSV}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


async def unit_names(session: AsyncSession, *, estate_id: int) -> dict[int, str]:
    """Return the names of an estate's units by id."""
    units = await estate_queries.units(session, estate_id=estate_id, limit=_UNITS_MAX)
    return {unit.unit_id: unit.name for unit in units}
