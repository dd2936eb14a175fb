"""What codecs find around them is as it is in Node: bytes, and dates and numbers in words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from mita.drivers.codecs.runner import CodecFailed

from .asked import uplink, value

if TYPE_CHECKING:
    from mita.drivers.codecs.runner import CodecRunner


def test_buffer_is_what_codecs_use_of_it(runner: CodecRunner) -> None:
    # expected values by the documentation of Node's Buffer
    told = value(
        runner,
        """(function () {
            const b = Buffer.from(input.bytes);
            const w = Buffer.alloc(12);
            w.writeUInt16BE(0x1234, 0);
            w.writeInt32LE(-2, 2);
            w.writeUIntBE(0x010203, 6, 3);
            w.writeInt8(-1, 9);
            return [
                b.readUInt32BE(0), b.readInt16LE(4), b.readFloatBE(6), b.readUIntLE(0, 3), b.readIntBE(4, 2),
                b.readUint8(0), b.readBigUInt64BE(0).toString(), b.slice(1, 3).toString('hex'),
                w.toString('hex'),
                Buffer.from('0a0Bzz', 'hex').length, Buffer.from('aGk=', 'base64').toString(),
                Buffer.isBuffer(b), Buffer.concat([Buffer.of(1), Buffer.of(2)]).toString('hex'),
                b.byteLength, Buffer.from('\\u00e9').toString('hex'),
                Buffer.from([0xc3, 0xa9]).toString('utf8'), b.equals(b),
                new Buffer('4869', 'hex').toString('ascii'), Buffer.from(b.buffer, 0, 2).toString('base64'),
            ];
        })()""",
        bytes=[0, 188, 97, 78, 254, 255, 63, 192, 0, 0],
    )
    assert told == [
        12345678, -2, Decimal("1.5"), 0x61BC00, -257, 0, "53024287535087552", "bc61",
        "1234feffffff010203ff0000", 2, "hi", True, "0102", 10, "c3a9", "\u00e9", True, "Hi", "ALw=",
    ]  # fmt: skip


# expression -> what Node 20 makes of it
BUFFERS: dict[str, Any] = {
    "Buffer([1, 2])": {"type": "Buffer", "data": [1, 2]},
    "Buffer('00ff', 'hex').length": 2,
    "Buffer.alloc(5, 'ab').toString()": "ababa",
    "Buffer.alloc(4, '00ff', 'hex').toString('hex')": "00ff00ff",
    "Buffer.from('A', 'base64').length": 0,
    "Buffer.from('_-8', 'base64url').toString('hex')": "ffef",
    "Buffer.from('h\u00e9', 'utf16le').toString('hex')": "6800e900",
    "Buffer.from(new String('ab')).toString('hex')": "6162",
    "Buffer.from([200, 255, 128]).toString('base64url')": "yP-A",
    "Buffer.from([65, 0, 66, 0]).toString('ucs2')": "AB",
    "Buffer.from([65, 195, 40, 240, 159, 152, 128, 237, 160, 128]).toString()":
        "A\ufffd(\U0001f600\ufffd\ufffd\ufffd",
    "Buffer.from([1, 2, 3, 4]).swap16().toString('hex')": "02010403",
    "Buffer.from([1, 2, 3, 4]).swap32().toString('hex')": "04030201",
    "Buffer.from('hello world').indexOf('world')": 6,
    "Buffer.from('hello world').lastIndexOf('o')": 7,
    "Buffer.from([1, 2, 3]).indexOf(Buffer.from([2, 3]))": 1,
    "Buffer.from([1, 2, 3]).includes(4)": False,
    "Buffer.from([5, 1, 5]).indexOf(5, -1)": 2,
    "Buffer.compare(Buffer.from([1]), Buffer.from([1, 0]))": -1,
    "Buffer.from('b').compare(Buffer.from('a'))": 1,
    "Buffer.isEncoding('UCS-2') && !Buffer.isEncoding('nope')": True,
    "Buffer.from([1, 2, 3]).readUintBE(0, 3)": 66051,
    "(b => [b.write('ff', 'hex'), b.write('hello', 2, 3, 'latin1'), b.toString('hex')])(Buffer.alloc(5))":
        [1, 3, "ff0068656c"],
    "(b => [b.fill(1, 2), b.fill('zy', 0, 2)][0].toString('hex'))(Buffer.alloc(4))": "7a790101",
    "Buffer.from([1, 2, 3, 4]).subarray(2).readUInt16BE()": 772,
    "Buffer.from([1]).constructor === Buffer": True,
    "Buffer.from([1]) instanceof Buffer": True,
    "new TextDecoder('utf-16le').decode(new Uint8Array([65, 0]))": "A",
    "new TextDecoder().decode(new Uint8Array([239, 187, 191, 65]))": "A",
    "new TextEncoder().encodeInto('h\u00e9', new Uint8Array(2))": {"read": 1, "written": 1},
}  # fmt: skip


@pytest.mark.parametrize("expression", BUFFERS)
def test_bytes_are_as_in_node(runner: CodecRunner, expression: str) -> None:
    assert value(runner, expression) == BUFFERS[expression]


@pytest.mark.parametrize(
    "expression",
    [
        "Buffer.from(5)",
        "Buffer.from('x', 'nope')",
        "Buffer.alloc(2).toString('nope')",
        "Buffer.alloc(2).writeUInt8(256, 0)",
        "Buffer.alloc(2).writeInt8(-129, 0)",
        "Buffer.alloc(4).writeUIntBE(2 ** 24, 0, 3)",
        "Buffer.alloc(4).readUIntBE(0, 7)",
        "Buffer.alloc(3).swap16()",
        "new TextDecoder('nope')",
        "new TextDecoder('utf-8', {fatal: true}).decode(new Uint8Array([255]))",
    ],
)
def test_what_node_refuses_is_refused(runner: CodecRunner, expression: str) -> None:
    with pytest.raises(CodecFailed, match=r"(Range|Type)Error"):
        value(runner, expression)


# told by Node 20, whose language is English and whose zone is UTC
LOCALES: dict[str, Any] = {
    "D.toLocaleString()": "5/6/2024, 7:08:09 AM",
    "D.toLocaleString('en-GB', {timeZone: 'UTC'})": "06/05/2024, 07:08:09",
    "D.toLocaleString('de-DE')": "6.5.2024, 07:08:09",
    "D.toLocaleString('sv')": "2024-05-06 07:08:09",
    "D.toLocaleString(undefined, {hour12: false})": "5/6/2024, 07:08:09",
    "D.toLocaleDateString()": "5/6/2024",
    "D.toLocaleDateString('fr-FR')": "06/05/2024",
    "D.toLocaleDateString('en-US', {year: 'numeric', month: '2-digit', day: '2-digit'})": "05/06/2024",
    "D.toLocaleDateString('en-US', {year: 'numeric', month: 'short', day: 'numeric'})": "May 6, 2024",
    "D.toLocaleDateString('en-US', {weekday: 'long', year: 'numeric', month: 'long', day: 'numeric'})":
        "Monday, May 6, 2024",
    "D.toLocaleTimeString()": "7:08:09 AM",
    "D.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit', hour12: false})": "07:08",
    "String(D)": "Mon May 06 2024 07:08:09 GMT+0000 (Coordinated Universal Time)",
    "new Date(NaN).toLocaleString() + String(new Date(NaN))": "Invalid DateInvalid Date",
    "(12345.678).toLocaleString()": "12,345.678",
    "(-1234567.5).toLocaleString('de-DE')": "-1.234.567,5",
    "(1.005).toLocaleString('en-US', {minimumFractionDigits: 2, maximumFractionDigits: 2})": "1.01",
    "(12).toLocaleString('en-US', {minimumIntegerDigits: 4, useGrouping: false})": "0012",
    "(2n ** 40n).toLocaleString()": "1,099,511,627,776",
    "new Intl.NumberFormat('en-US').format(0.12345)": "0.123",
    "new Intl.DateTimeFormat('en-GB').format(D)": "06/05/2024",
    "Intl.DateTimeFormat().resolvedOptions().timeZone": "UTC",
}  # fmt: skip


@pytest.mark.parametrize("expression", LOCALES)
def test_dates_and_numbers_in_words(runner: CodecRunner, expression: str) -> None:
    assert value(runner, f"(D => {expression})(new Date(1714979289123))") == LOCALES[expression]


def test_a_zone_that_is_not_known_is_said(runner: CodecRunner) -> None:
    body = "return {data: {t: new Date(0).toLocaleTimeString('en-GB', {timeZone: 'Asia/Tokyo'})}}"
    ran = runner.run(uplink(body), "decodeUplink", {"bytes": []})
    assert ran.data == {"t": "00:00:00"}
    assert ran.console == ("warning: the zone Asia/Tokyo is not known here: times are told in UTC",)
