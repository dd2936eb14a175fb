"""NumPy columns in PostgreSQL's binary formats: rows for COPY, arrays for parameters.

Building the bytes with NumPy costs a few nanoseconds a value; psycopg's adapters would cost
more than the database does.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg.adapt import Dumper
from psycopg.pq import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from psycopg.abc import AdaptContext
    from psycopg.adapt import AdaptersMap

EPOCH_2000_US = 946_684_800_000_000
EPOCH_2000_DAYS = 10_957
HASH_BYTES = 32
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_ARRAY_HEAD_BYTES = 20  # dimensions, flags, type, length, lower bound
_COPY_TAIL = b"\xff\xff"

# PostgreSQL type -> (element oid, array oid, NumPy dtype on the wire)
_TYPES: dict[str, tuple[int, int, str]] = {
    "bigint": (20, 1016, ">i8"),
    "integer": (23, 1007, ">i4"),
    "smallint": (21, 1005, ">i2"),
    "timestamptz": (1184, 1185, ">i8"),
    "date": (1082, 1182, ">i4"),
    "uuid": (2950, 2951, "V16"),
    "bytea": (17, 1001, f"V{HASH_BYTES}"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its PostgreSQL type and values.

    ``timestamptz`` takes microseconds since 1970, ``date`` days, ``uuid`` void16, ``bytea`` void32.
    """

    name: str
    kind: str
    values: NDArray[Any]

    def wire(self) -> NDArray[Any]:
        """Return the values in wire units and byte order."""
        values = self.values
        if self.kind == "timestamptz":
            values = values - EPOCH_2000_US
        elif self.kind == "date":
            values = values - EPOCH_2000_DAYS
        return values.astype(_TYPES[self.kind][2], copy=False)


def copy_rows(columns: Sequence[Column]) -> bytes:
    """Return all rows in the binary COPY format."""
    count = len(columns[0].values)
    fields: list[tuple[str, str]] = [("n", ">i2")]
    for index, column in enumerate(columns):
        assert len(column.values) == count, f"column {column.name} has another length"
        fields += [(f"l{index}", ">i4"), (f"v{index}", _TYPES[column.kind][2])]
    rows = np.empty(count, dtype=fields)
    rows["n"] = len(columns)
    for index, column in enumerate(columns):
        wire = column.wire()
        rows[f"l{index}"] = wire.dtype.itemsize
        rows[f"v{index}"] = wire
    return _COPY_HEAD + rows.tobytes() + _COPY_TAIL


class PgArray(bytes):
    """A one-dimensional PostgreSQL array in binary form, ready to be sent."""

    __slots__ = ()


_ARRAY_CLASSES: dict[str, type[PgArray]] = {kind: type(f"Pg_{kind}", (PgArray,), {}) for kind in _TYPES}


def _dumper(array_oid: int) -> type[Dumper]:
    class _BinaryArrayDumper(Dumper):
        format = Format.BINARY
        oid = array_oid

        def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
            super().__init__(cls, context)

        def dump(self, obj: bytes) -> bytes:
            return bytes(obj)

    return _BinaryArrayDumper


_DUMPERS = {kind: _dumper(spec[1]) for kind, spec in _TYPES.items()}


def register_arrays(adapters: AdaptersMap) -> None:
    """Teach a connection's adapters to send what :func:`pg_array` makes."""
    for kind, cls in _ARRAY_CLASSES.items():
        adapters.register_dumper(cls, _DUMPERS[kind])


def pg_array(kind: str, values: NDArray[Any]) -> PgArray:
    """Return ``values`` as a binary PostgreSQL array parameter of ``kind`` (units as in :class:`Column`)."""
    oid, _, dtype = _TYPES[kind]
    wire = Column("", kind, values).wire()
    body = np.empty(len(wire), dtype=[("length", ">i4"), ("value", dtype)])
    body["length"] = wire.dtype.itemsize
    body["value"] = wire
    head = struct.pack(">iiiii", 1, 0, oid, len(wire), 1) if len(wire) else struct.pack(">iii", 0, 0, oid)
    return _ARRAY_CLASSES[kind](head + body.tobytes())


def read_array(sent: bytes, kind: str) -> NDArray[Any]:
    """Return the values of a one-dimensional array without NULLs, as ``array_send`` gives its bytes."""
    _, _, dtype = _TYPES[kind]
    body = np.frombuffer(sent, dtype=[("length", ">i4"), ("value", dtype)], offset=_ARRAY_HEAD_BYTES)
    values = body["value"]
    if kind == "timestamptz":
        return values.astype(np.int64) + EPOCH_2000_US
    if kind == "date":
        return values.astype(np.int64) + EPOCH_2000_DAYS
    return values
