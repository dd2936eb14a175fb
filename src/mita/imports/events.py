"""What imports tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from uuid import UUID

    from mita.imports.domain import State


@dataclass(frozen=True, slots=True)
class ImportFinished:
    """A file came to its end, whatever that was; of its ``rows`` so many ``failed``."""

    name: ClassVar[str] = "imports.import.finished"
    estate_id: int
    import_id: UUID
    kind: str
    state: State
    rows: int
    failed: int
