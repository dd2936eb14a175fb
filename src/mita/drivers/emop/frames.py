"""EMOP frames: built, taken out of a stream, and held against what was asked. Pure.

``7E | len | to | by | control | layout | body | crc``: ``len`` counts all that follows 7E, a party is a kind
(one byte) and an address (three), the CRC is CRC-16/CCITT-FALSE, high byte first. In layout 1 the body is an
object's number (three bytes, high first), 0 to read or 1 to write, and the payload; in layout 3 it is the
time from which a log is wanted, and in the answer the log after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

START = 0x7E
OBJECT_LAYOUT = 1
LOG_LAYOUT = 3
BODY_BYTES_MAX = 242
_HEAD = 11
_CRC = 2
_LENGTH_MIN = _HEAD + _CRC
_OBJECT_HEAD = 4
_REFUSED = 0x80
_EVERYBODY = 0xFFFFFF
_ADDRESS_MAX = 0xFFFFFF
_BYTE_MAX = 0xFF
_MSB = 0x8000


class BadFrame(ValueError):
    """Bytes that are no frame, or a frame that does not answer what was asked; ``code`` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a conversation: kind (0 to 255) and address (24 bits)."""

    kind: int
    address: int

    def __post_init__(self) -> None:
        assert 0 <= self.kind <= _BYTE_MAX, "a kind is a byte"
        assert 0 <= self.address <= _ADDRESS_MAX, "an address has 24 bits"


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame without its start, length and CRC."""

    to: Party
    by: Party
    control: int
    layout: int
    body: bytes

    @property
    def object_id(self) -> int | None:
        """The object that it is about; None in another layout than 1."""
        return int.from_bytes(self.body[:3], "big") if self.layout == OBJECT_LAYOUT else None

    @property
    def is_write(self) -> bool:
        """Tell whether an object is written."""
        return self.layout == OBJECT_LAYOUT and self.body[3] == 1

    @property
    def payload(self) -> bytes:
        """What follows the head of the body."""
        return self.body[_OBJECT_HEAD:]

    @property
    def is_refused(self) -> bool:
        """Tell whether the meter says that it did not do it."""
        return bool(self.control & _REFUSED)


def crc16(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE: polynomial 1021, from FFFF, nothing reflected."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & _MSB else crc << 1) & 0xFFFF
    return crc


def read_frame(object_id: int, *, to: Party, by: Party, control: int = 5) -> Frame:
    """Return a frame that reads an object."""
    return Frame(to, by, control, OBJECT_LAYOUT, object_id.to_bytes(3, "big") + b"\x00")


def write_frame(object_id: int, payload: bytes, *, to: Party, by: Party, control: int = 5) -> Frame:
    """Return a frame that writes an object."""
    return Frame(to, by, control, OBJECT_LAYOUT, object_id.to_bytes(3, "big") + b"\x01" + payload)


def answer_frame(request: Frame, payload: bytes = b"", *, is_refused: bool = False) -> Frame:
    """Return what a meter answers: parties swapped, all else as it was asked."""
    head = request.body[:_OBJECT_HEAD]
    control = request.control | _REFUSED if is_refused else request.control
    return replace(request, to=request.by, by=request.to, control=control, body=head + payload)


def build(frame: Frame) -> bytes:
    """Return a frame's bytes."""
    assert len(frame.body) <= BODY_BYTES_MAX, "the length of a frame is one byte"
    inner = bytes([len(frame.body) + _LENGTH_MIN]) + b"".join(
        bytes([party.kind]) + party.address.to_bytes(3, "big") for party in (frame.to, frame.by)
    )
    inner += bytes([frame.control, frame.layout]) + frame.body
    return bytes([START]) + inner + crc16(inner).to_bytes(2, "big")


def parse(raw: bytes) -> Frame:
    """Return the frame that ``raw`` is, no byte more or less.

    :raises BadFrame: ``no_start``, ``wrong_length``, ``bad_crc`` or ``too_short``
    """
    if not raw or raw[0] != START:
        raise BadFrame("no_start", "the bytes do not begin with 7E")
    inner = raw[1:]
    if not inner or inner[0] != len(inner) or len(inner) < _LENGTH_MIN:
        raise BadFrame("wrong_length", f"the frame says {inner[:1].hex() or 'nothing'} and has {len(inner)}")
    if crc16(inner[:-_CRC]) != int.from_bytes(inner[-_CRC:], "big"):
        raise BadFrame("bad_crc", "the checksum of the frame is wrong")
    body = inner[_HEAD:-_CRC]
    if len(body) < _OBJECT_HEAD:
        raise BadFrame("too_short", "the frame names no object")
    to, by = (Party(inner[at], int.from_bytes(inner[at + 1 : at + 4], "big")) for at in (1, 5))
    return Frame(to, by, inner[9], inner[10], body)


def take(buffer: bytearray) -> Frame | None:
    """Return the first whole frame of a stream, and remove it with what stood before it; else None.

    Noise before a frame is skipped, also noise that holds a 7E.
    """
    for at in _starts(buffer):
        end = at + 1 + buffer[at + 1] if at + 1 < len(buffer) else len(buffer) + 1
        if end <= len(buffer):
            try:
                frame = parse(bytes(buffer[at:end]))
            except BadFrame:
                continue
            del buffer[:end]
            return frame
    return None


def problem(buffer: bytes) -> BadFrame:
    """Return what is wrong with a stream that ended without a frame."""
    if not buffer:
        return BadFrame("silence", "the meter does not answer")
    found = BadFrame("no_start", "the answer does not begin with 7E")
    for at in _starts(buffer):
        end = at + 1 + buffer[at + 1] if at + 1 < len(buffer) else len(buffer) + 1
        if end > len(buffer):
            return BadFrame("partial", "the answer ends in the middle")
        try:
            parse(bytes(buffer[at:end]))
        except BadFrame as bad:
            found = bad
    return found


def _starts(buffer: bytes | bytearray) -> list[int]:
    return [at for at, byte in enumerate(buffer) if byte == START]


def check_answer(request: Frame, answer: Frame) -> None:
    """Say nothing if a frame answers what was asked.

    :raises BadFrame: ``wrong_echo``, or ``refused`` if the meter answers that it did not do it
    """
    is_ours = answer.to == request.by and (answer.by == request.to or request.to.address == _EVERYBODY)
    if request.layout == OBJECT_LAYOUT:
        is_same = answer.layout == OBJECT_LAYOUT and answer.body[:_OBJECT_HEAD] == request.body[:_OBJECT_HEAD]
    else:
        is_same = answer.layout == request.layout
    if not is_ours or not is_same or (answer.control ^ request.control) & ~_REFUSED:
        raise BadFrame("wrong_echo", "the answer belongs to another question")
    if answer.is_refused:
        raise BadFrame("refused", "the meter refuses")
