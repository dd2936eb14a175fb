"""Old and odd wired telegrams made such that the parser reads all of them that can be read. Pure.

The parser stops at the first record it does not know, takes the signature of old meters for an encryption,
and wants digits for an identification. Nothing that is counted is changed: records that cannot be read are
cut out and handed back.
"""

from __future__ import annotations

from dataclasses import dataclass

_START, _END = 0x68, 0x16
_HEAD = 7
_LONG_HEADER, _LONG_HEADER_BYTES = 0x72, 12
_CI = 6
_ID, _ID_BYTES = slice(7, 11), 4
_STATUS, _SIGNATURE = 16, slice(17, 19)
# 5: AES-CBC with the IV of the header; 7 and 13: with keys of their own
_MODES = {0, 5, 7, 13}
_MODE_MASK = 0x1F
_MORE = 0x80
_SPECIAL = 0x0F
_LVAR = 0x0D
_TEXT = 0x7C
_VIF_MASK = 0x7F
_TEXT_BYTES_MAX = 0xBF
_DATA_BYTES = (0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, 0, 6, 0)


@dataclass(frozen=True, slots=True)
class Wired:
    """A wired telegram of variable data: identification as it is in the frame, and its records.

    ``frame`` is what the parser is given.
    """

    frame: bytes
    identification: str
    status: int
    records_at: int

    @property
    def records(self) -> bytes:
        """The records, without header and checksum."""
        return self.frame[self.records_at : -2]

    def without(self, begin: int, end: int) -> Wired:
        """Return the telegram without some bytes of its records."""
        kept = self.records[:begin] + self.records[end:]
        frame = _framed(self.frame[4 : self.records_at] + kept)
        return Wired(frame, self.identification, self.status, self.records_at)


def is_long_frame(raw: bytes) -> bool:
    """Tell whether bytes are a whole long frame with the right checksum."""
    return (
        len(raw) > _HEAD + 1
        and raw[0] == raw[3] == _START
        and raw[1] == raw[2] == len(raw) - 6
        and raw[-1] == _END
        and sum(raw[4:-2]) & 0xFF == raw[-2]
    )


def mended(raw: bytes) -> Wired | None:
    """Return a long frame of variable data, made readable; None if it is something else."""
    if not is_long_frame(raw) or raw[_CI] != _LONG_HEADER or len(raw) < _HEAD + _LONG_HEADER_BYTES + 2:
        return None
    inner = bytearray(raw)
    if raw[_SIGNATURE][1] & _MODE_MASK not in _MODES:
        inner[_SIGNATURE] = bytes(2)
    identification = raw[_ID][::-1].hex().upper()
    if not identification.isdecimal():
        inner[_ID] = bytes(_ID_BYTES)
    frame = _framed(bytes(inner[4:-2]))
    return Wired(frame, identification, raw[_STATUS], _HEAD + _LONG_HEADER_BYTES)


def record_end(records: bytes, begin: int) -> int:
    """Return where the record that begins at ``begin`` ends; the end of all if that cannot be told."""
    at = begin
    try:
        kind = records[at]
        while records[at] & _MORE:
            at += 1
        at += 1
        if kind & 0x0F == _SPECIAL:
            return len(records)
        is_text = records[at] & _VIF_MASK == _TEXT
        more = records[at] & _MORE
        at += 1
        if is_text:
            at += 1 + records[at]
        while more:
            more = records[at] & _MORE
            at += 1
        if kind & 0x0F == _LVAR:
            return min(at + 1 + _variable(records[at]), len(records))
    except IndexError:
        return len(records)
    return min(at + _DATA_BYTES[kind & 0x0F], len(records))


def _variable(length: int) -> int:
    """Return how many bytes follow the length of variable data: text, digits of either sign, binary."""
    return length if length <= _TEXT_BYTES_MAX else length & 0x0F


def _framed(inner: bytes) -> bytes:
    head = bytes([_START, len(inner), len(inner), _START])
    return head + inner + bytes([sum(inner) & 0xFF, _END])
