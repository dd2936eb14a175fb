"""The bytes that NumPy builds, read back by psycopg's own parsers."""

from __future__ import annotations

import datetime as dt
import struct
from uuid import UUID

import numpy as np
import psycopg
import pytest
from psycopg._copy_base import parse_row_binary
from psycopg.adapt import Transformer
from psycopg.pq import Format

from mita.kit.columns import Column, copy_rows, pg_array, register_arrays

UTC = dt.UTC
OIDS = {
    "bigint": 20,
    "integer": 23,
    "smallint": 21,
    "timestamptz": 1184,
    "date": 1082,
    "uuid": 2950,
    "bytea": 17,
}
ARRAY_OIDS = {
    "bigint": 1016,
    "integer": 1007,
    "smallint": 1005,
    "timestamptz": 1185,
    "date": 1182,
    "uuid": 2951,
    "bytea": 1001,
}
UUIDS = [
    UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
    UUID(int=0),
    UUID("00000000-0000-0000-0000-000000000100"),
]
HASHES = [bytes(range(32)), bytes(32), b"\x00" * 31 + b"\xff"]

# kind -> the values as NumPy columns carry them, and as psycopg must read them
CASES = {
    "bigint": (np.array([0, -1, 2**63 - 1]), [0, -1, 2**63 - 1]),
    "integer": (np.array([0, -(2**31), 2**31 - 1]), [0, -(2**31), 2**31 - 1]),
    "smallint": (np.array([0, -32768, 32767]), [0, -32768, 32767]),
    "timestamptz": (
        np.array([0, 1_774_746_000_000_001, -1]),
        [
            dt.datetime(1970, 1, 1, tzinfo=UTC),
            dt.datetime(2026, 3, 29, 1, 0, 0, 1, tzinfo=UTC),
            dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ],
    ),
    "date": (np.array([0, 20_541, -1]), [dt.date(1970, 1, 1), dt.date(2026, 3, 29), dt.date(1969, 12, 31)]),
    "uuid": (np.array([np.void(u.bytes) for u in UUIDS], dtype="V16"), UUIDS),
    "bytea": (np.frombuffer(b"".join(HASHES), dtype="V32"), HASHES),
}


def in_utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, dt.datetime) else value


def read_copy(data: bytes, *, kinds: list[str]) -> list[tuple[object, ...]]:
    """Read a binary COPY stream: the header by hand, the rows by psycopg."""
    assert data[:11] == b"PGCOPY\n\xff\r\n\x00"
    assert data[11:19] == bytes(8), "no flags, no extension"
    assert data[-2:] == b"\xff\xff"
    body, rows, widths = data[19:-2], [], 0
    transformer = Transformer()
    transformer.set_loader_types([OIDS[kind] for kind in kinds], Format.BINARY)
    while body:
        assert struct.unpack_from(">h", body)[0] == len(kinds)
        widths = 2
        for _ in kinds:
            widths += 4 + struct.unpack_from(">i", body, widths)[0]
        row = parse_row_binary(body[:widths], transformer)
        assert row is not None
        rows.append(tuple(map(in_utc, row)))
        body = body[widths:]
    return rows


def test_rows_are_read_back() -> None:
    columns = [Column(f"c{index}", kind, values) for index, (kind, (values, _)) in enumerate(CASES.items())]
    rows = read_copy(copy_rows(columns), kinds=list(CASES))
    assert rows == list(zip(*(expected for _, expected in CASES.values()), strict=True))


def test_no_rows_are_a_header_and_a_trailer() -> None:
    assert read_copy(copy_rows([Column("a", "bigint", np.empty(0, dtype=np.int64))]), kinds=["bigint"]) == []


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(AssertionError, match="column b"):
        copy_rows([Column("a", "bigint", np.zeros(2)), Column("b", "bigint", np.zeros(3))])


@pytest.mark.parametrize("kind", CASES)
def test_arrays_are_read_back(kind: str) -> None:
    values, expected = CASES[kind]
    loader = Transformer().get_loader(ARRAY_OIDS[kind], Format.BINARY)
    assert [in_utc(value) for value in loader.load(bytes(pg_array(kind, values)))] == expected
    assert loader.load(bytes(pg_array(kind, values[:0]))) == []


@pytest.mark.parametrize("kind", CASES)
def test_arrays_are_sent_as_what_they_are(kind: str) -> None:
    adapters = psycopg.adapt.AdaptersMap(psycopg.adapters)
    register_arrays(adapters)
    array = pg_array(kind, CASES[kind][0])
    dumper = adapters.get_dumper(type(array), psycopg.adapt.PyFormat.BINARY)(type(array))
    assert (dumper.oid, dumper.format, dumper.dump(array)) == (ARRAY_OIDS[kind], Format.BINARY, bytes(array))
