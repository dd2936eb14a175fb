"""Response shapes of files of head-ends."""

from typing import Any
from uuid import UUID

from pydantic import Field

from mita.drivers.files import built_in_profiles
from mita.imports.domain import LayoutWord, ModeWord, StateWord
from mita.imports.models import ReadingFile
from mita.kit.clock import from_us
from mita.kit.shapes import Instant, Money, Shape, money
from mita.metering.domain import SHOWN_CLASSES

_OWN = "own"


class FileReadings(Shape):
    """How many readings a file brings, and how far they are.

    Intervals of a register make one reading more than there are intervals, where the register begins.
    """

    total: int = Field(examples=[97])
    done: int = Field(examples=[97])
    new: int = Field(examples=[96])
    known: int = Field(description="Stored before, with the same value", examples=[1])


class FileClasses(Shape):
    """What became of the new readings; all zero in a dry run."""

    first: int = Field(examples=[0])
    charged: int = Field(examples=[96])
    unchanged: int = Field(examples=[0])
    late: int = Field(examples=[0])
    conflict: int = Field(examples=[0])
    backwards: int = Field(examples=[0])
    held: int = Field(examples=[0])
    rejected: int = Field(examples=[0])


class FileFault(Shape):
    """What is wrong with a line of a file; line 0 is the file as a whole."""

    line: int = Field(examples=[3])
    meter: str | None = Field(description="As the file names it", examples=["6305000001"])
    code: str = Field(examples=["wrong_count"])
    message: str = Field(examples=["47 values, and a day has 48"])


class FileRegister(Shape):
    """A register of a file, and which one of the estate it is."""

    meter: str = Field(description="As the file names it", examples=["6305000001"])
    serial: str | None = Field(
        description="Null: it is none of the estate, see `faults`", examples=["E-1001"]
    )
    register_: str = Field(alias="register", examples=["import"])
    unit: str = Field(examples=["kWh"])
    values: int = Field(description="Intervals or values in the file", examples=[96])
    new: int = Field(examples=[96])
    known: int = Field(examples=[1])
    first_at: Instant | None = Field(description="The first new reading")
    last_at: Instant | None = Field(description="The last new reading")
    waits_since: Instant | None = Field(description="From when on its intervals wait")
    waits_why: str | None = Field(examples=["line 4: its value is an estimate, which will be replaced"])


class ReadingFileOut(Shape):
    """A file of a head-end on its way to be charged. A dry run says what would be."""

    reading_file_id: UUID
    file_name: str = Field(examples=["NEM12#march.zip"])
    format: LayoutWord
    profile: str | None = Field(
        description="Of CSV: the profile; `own` if it came with the file", examples=["smip"]
    )
    mode: ModeWord
    is_dry_run: bool
    state: StateWord = Field(
        description="`refused`: nothing was charged because of faults; `stopped`: an error inside Mita"
    )
    readings: FileReadings
    classes: FileClasses
    net: Money
    tax: Money
    fault_count: int = Field(examples=[0])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    created_by: str = Field(examples=["staff:console"])
    created_at: Instant
    finished_at: Instant | None


class ReadingFileDetail(ReadingFileOut):
    """A file of a head-end with what was found in it; the first thousand of each list."""

    registers: list[FileRegister]
    left_out: dict[str, int] = Field(
        description="How many values are of what carries no money", examples=[{"Q1 kvarh": 48}]
    )
    kept: list[FileFault] = Field(description="Where the file contradicts what is known, by keep_past")
    faults: list[FileFault]


def reading_file_out(row: ReadingFile, *, currency: str) -> ReadingFileOut:
    """Return a file of a head-end as JSON shows it."""
    return ReadingFileOut.model_validate(_fields(row, currency=currency))


def reading_file_detail(row: ReadingFile, *, currency: str) -> ReadingFileDetail:
    """Return a file of a head-end as JSON shows it alone."""
    found = row.found
    more = {
        "registers": [_register(each) for each in found.get("registers", [])],
        "left_out": found.get("left_out", {}),
        "kept": found.get("kept", []),
        "faults": row.faults,
    }
    return ReadingFileDetail.model_validate({**_fields(row, currency=currency), **more})


def _fields(row: ReadingFile, *, currency: str) -> dict[str, Any]:
    profile = row.terms.get("profile")
    return {
        "reading_file_id": row.reading_file_id,
        "file_name": row.file_name,
        "format": row.layout,
        "profile": profile if profile is None or profile in built_in_profiles() else _OWN,
        "mode": row.mode,
        "is_dry_run": row.is_dry_run,
        "state": row.state,
        "readings": {
            "total": row.total,
            "done": row.done,
            "new": row.total - row.known,
            "known": row.known,
        },
        "classes": {name: row.classes.get(name, 0) for name in SHOWN_CLASSES if name != "duplicate"},
        "net": money(row.net_micro, currency=currency),
        "tax": money(row.tax_micro, currency=currency),
        "fault_count": row.fault_count,
        "sha256": row.sha256.hex(),
        "created_by": row.actor,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }


def _register(found: dict[str, Any]) -> dict[str, Any]:
    shown = {name: found[name] for name in ("meter", "serial", "register", "unit", "values", "new", "known")}
    return {
        **shown,
        "first_at": _instant(found["first_s"]),
        "last_at": _instant(found["last_s"]),
        "waits_since": _instant(found["waits_since_s"]),
        "waits_why": found["waits_why"],
    }


def _instant(second: int | None) -> Any:
    return None if second is None else from_us(second * 1_000_000)
