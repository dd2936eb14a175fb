"""CBOR as RFC 8949 has it in its appendix A; floats as they were meant; whatever is sent."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.drivers.cbor import BadCbor, json_of
from mita.drivers.text import parse_json

# from appendix A, but for those that JSON has no words for
VECTORS = {
    "00": "0",
    "17": "23",
    "1818": "24",
    "1903e8": "1000",
    "1bffffffffffffffff": "18446744073709551615",
    "20": "-1",
    "3863": "-100",
    "f93c00": "1.0",
    "f93e00": "1.5",
    "fa47c35000": "100000.0",
    "fb3ff199999999999a": "1.1",
    "f97e00": "NaN",
    "fa7f800000": "NaN",
    "f4": "false",
    "f5": "true",
    "f6": "null",
    "f7": "null",
    "6449455446": '"IETF"',
    "62c3bc": '"\\u00fc"',
    "83010203": "[1,2,3]",
    "8301820203820405": "[1,[2,3],[4,5]]",
    "a26161016162820203": '{"a":1,"b":[2,3]}',
    "c11a514b67b0": "1363896240",
    "7f657374726561646d696e67ff": '"streaming"',
    "9f018202039f0405ffff": "[1,[2,3],[4,5]]",
    "bf61610161629f0203ffff": '{"a":1,"b":[2,3]}',
    # 273.15 as a decimal fraction, of section 3.4.4
    "c48221196ab3": "27315E-2",
    # 123.456 in four bytes, and 1234567.125, which four bytes hold exactly, in eight
    "fa42f6e979": "123.456",
    "fb4132d68720000000": "1234567.125",
    "a2616b01616b02": '{"k":1,"k":2}',
    "c482187b01": "NaN",
}
BAD = (
    "",
    "18",
    "1c",
    "42ff00",
    "5f41ffff",
    "a1016161",
    "8201",
    "9f01",
    "0000",
    "9b7fffffffffffffff",
    "bb7fffffffffffffff",
    "7f6161",
    "7f01ff",
    "62ff00",
    "f0",
    "ff",
    "c40a",
    "c48201fb3ff199999999999a",
    "81" * 18 + "00",
)


@pytest.mark.parametrize(("sent", "said"), VECTORS.items())
def test_what_the_standard_says(sent: str, said: str) -> None:
    assert json_of(bytes.fromhex(sent)).decode() == said


@pytest.mark.parametrize("sent", BAD)
def test_what_is_no_json(sent: str) -> None:
    with pytest.raises(BadCbor):
        json_of(bytes.fromhex(sent))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=64))
def test_whatever_is_sent_is_json_or_refused(sent: bytes) -> None:
    try:
        said = json_of(sent)
    except BadCbor:
        return
    parse_json(said)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(VALUES)
def test_what_another_library_writes_is_read(value: object) -> None:
    assert parse_json(json_of(cbor2.dumps(value))) == value
