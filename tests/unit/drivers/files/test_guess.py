"""How a file begins tells its layout; zips are unpacked no further than they may."""

from __future__ import annotations

import io
import zipfile

import pytest

from mita.drivers.files import UnreadableFile, built_in_profiles, guess_layout, unpacked

BEGINNINGS = {
    "100,NEM12,200405011135,MDA1,Ret1\n200,": ("nem12", None),
    '\ufeff"100","NEM13",200405011135\n': ("nem13", None),
    '\n<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">': ("greenbutton", None),
    "/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n": ("p1", None),
    "Start, End,Consumption (kWh),Cost\n": ("csv", "smip"),
    "user key;datetime;meter reading;diff\n": ("csv", "daiad"),
    "meter,register,taken_at,value,unit\r\n": ("csv", "readings"),
    "timestamp (UTC),energyConsumption (m3)\n": ("csv", "n3rgy_gas"),
    ",GC,GG\n": ("csv", "ausgrid"),
    # a column that is missing, and what says nothing
    "meter,taken_at,value\n": None,
    "when,what\n1,2\n": None,
    "100,NEM1\n": None,
    "": None,
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_beginning_tells_the_layout(beginning: str) -> None:
    assert guess_layout(beginning.encode(), profiles=built_in_profiles()) == BEGINNINGS[beginning]


def zipped(*names: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return made.getvalue()


def test_a_zip_is_unpacked_no_further_than_it_may() -> None:
    content = bytes(3 << 20)
    packed = zipped("__MACOSX/._a", "a.csv", content=content)
    assert len(packed) < 10_000
    assert b"".join(unpacked(packed, name="f", bytes_max=3 << 20)) == content
    # the zip says of itself that it is small
    lying = packed.replace((3 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    for each in (packed, lying):
        with pytest.raises(UnreadableFile):
            list(unpacked(each, name="f", bytes_max=(3 << 20) - 1))
    inner = zipped("b.zip", content=zipped("c", content=b"x"))
    assert b"".join(unpacked(inner, name="f", bytes_max=1 << 20)).startswith(b"PK")
    assert b"".join(unpacked(b"plain", name="f", bytes_max=1)) == b"plain"
