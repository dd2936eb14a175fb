"""Readings on flash until the broker has taken them.

They stand in small files (segments) of records of 32 bytes with a checksum, which are only ever appended to
and removed whole: a torn record is skipped, the next one goes into a new segment. Each segment begins with
the counts so far, so an old one can go without losing what its pulses came to.
"""

import binascii
import struct

RECORD = 32
TIMED, KEPT_ONLY, RELAY_ON, RELAY_KNOWN = 1, 2, 4, 8
_MARK = 0xA7
_BODY = "<BBHIIIQI"


class Record:
    """A channel's count at a time; ``ts`` is seconds since 1970, without TIMED since the start ``boot``."""

    def __init__(self, fields: tuple[int, ...]) -> None:
        self.channel, self.flags, self.seq, self.ts, self.boot, self.count, self.acked = fields[1:]

    @property
    def is_reading(self) -> bool:
        """Whether it is to be sent; the others only keep the count."""
        return not self.flags & KEPT_ONLY

    @property
    def is_timed(self) -> bool:
        """Whether the clock was known."""
        return bool(self.flags & TIMED)


def is_after(one: int, other: int) -> bool:
    """Tell whether a sequence number comes after another, also when they have rolled over at 32 bits."""
    return 0 < (one - other) & 0xFFFFFFFF < 0x80000000


def packed(channel: int, *, flags: int, seq: int, ts: int, boot: int, count: int, acked: int) -> bytes:
    """Return a record's bytes."""
    body = struct.pack(_BODY, _MARK, channel, flags, seq, ts, boot, count, acked)
    return body + struct.pack("<I", binascii.crc32(body) & 0xFFFFFFFF)


def records(data: bytes) -> list[Record]:
    """Return the whole records of a segment in order; damaged ones are left out."""
    found = []
    for start in range(0, len(data) - RECORD + 1, RECORD):
        body = data[start : start + RECORD - 4]
        crc = struct.unpack("<I", data[start + RECORD - 4 : start + RECORD])[0]
        if body[0] == _MARK and binascii.crc32(body) & 0xFFFFFFFF == crc:
            found.append(Record(struct.unpack(_BODY, body)))
    return found


class Buffer:
    """The ring of segments in a folder."""

    def __init__(
        self, files, *, segments_max: int = 64, records_max: int = 127, suffix: str = ".seg"
    ) -> None:
        self._files = files
        self._suffix = suffix
        self._segments_max = segments_max
        self._records_max = records_max
        self.counts: dict[int, int] = {}
        self.last_ts: dict[int, int] = {}
        self.seq = self.acked = self.boot = 0
        # readings that had to make room before they were sent
        self.dropped = 0
        # number of a segment -> sequence number of its last reading, None: it has none
        self._segments: dict[int, int | None] = {}
        self._open: int | None = None
        self._room = 0
        # whether the open segment has every channel's count, so that older ones may go
        self._is_whole = False
        self._load()
        self.boot = (self.boot + 1) & 0xFFFFFFFF

    def _load(self) -> None:
        names = [name for name in self._files.names() if name.endswith(self._suffix)]
        is_first, newest, size = True, None, 0
        for name in names:
            data = self._files.read(name)
            found = records(data)
            if not found:
                self._files.remove(name)
                continue
            number = int(name[: -len(self._suffix)])
            last = None
            for record in found:
                if is_first or is_after(record.acked, self.acked):
                    self.acked = record.acked
                is_first = False
                self._note(record)
                last = record.seq if record.is_reading else last
            self._segments[number] = last
            newest, size = number, len(found)
            is_torn = len(data) != RECORD * size
            self._room = 0 if is_torn else self._records_max - size
        self._open = newest
        # torn between two of its first records, it would look undamaged
        self._is_whole = size > len(self.counts)
        if not self._is_whole:
            self._room = 0

    def _note(self, record: Record) -> None:
        self.seq, self.boot = record.seq, record.boot
        self.counts[record.channel] = record.count
        if record.is_timed:
            self.last_ts[record.channel] = record.ts

    def append(
        self,
        channel: int,
        *,
        count: int,
        ts: int,
        is_timed: bool,
        is_reading: bool,
        relay: bool | None = None,
    ) -> int:
        """Write a count, on flash when the call returns, and return its sequence number.

        :raises OSError: if flash did not take it; the count is to be written again later
        """
        seq = (self.seq + 1) & 0xFFFFFFFF if is_reading else self.seq
        flags = (TIMED if is_timed else 0) | (0 if is_reading else KEPT_ONLY)
        if relay is not None:
            flags |= RELAY_KNOWN | (RELAY_ON if relay else 0)
        data = packed(channel, flags=flags, seq=seq, ts=ts, boot=self.boot, count=count, acked=self.acked)
        try:
            self._put(data)
        except OSError:
            # what is half there must not be written behind
            self._room = 0
            raise
        record = records(data)[0]
        self._note(record)
        if is_reading and self._open is not None:
            self._segments[self._open] = seq
        return seq

    def _put(self, data: bytes) -> None:
        if self._open is not None and self._room > 0:
            self._files.append(self._name(self._open), data)
            self._room -= 1
            return
        number = 1 if self._open is None else self._open + 1
        heads = [
            packed(
                channel, flags=KEPT_ONLY, seq=self.seq, ts=0, boot=self.boot, count=count, acked=self.acked
            )
            for channel, count in sorted(self.counts.items())
        ]
        try:
            self._files.write(self._name(number), b"".join(heads) + data)
        except OSError:
            # flash is full: the oldest makes room for the next attempt, unless it is all there is
            self._files.remove(self._name(number))
            if len(self._segments) > 2:
                self._drop_oldest()
            raise
        self._segments[number] = None
        self._open, self._is_whole = number, True
        self._room = self._records_max - len(heads) - 1
        while len(self._segments) > self._segments_max:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        number = min(self._segments)
        for record in records(self._files.read(self._name(number))):
            if record.is_reading and is_after(record.seq, self.acked):
                self.dropped += 1
        self._files.remove(self._name(number))
        del self._segments[number]

    def pending(self, limit: int) -> list[Record]:
        """Return the oldest readings that nobody has taken, at most ``limit``."""
        found: list[Record] = []
        for number in sorted(self._segments):
            last = self._segments[number]
            if last is None or not is_after(last, self.acked):
                continue
            for record in records(self._files.read(self._name(number))):
                if record.is_reading and is_after(record.seq, self.acked):
                    found.append(record)
                    if len(found) == limit:
                        return found
        return found

    def acknowledge(self, seq: int) -> None:
        """Forget the readings up to ``seq``: the broker has them.

        That is written with the next record; after a power cut before it they are sent once more.
        """
        if not is_after(seq, self.acked) or is_after(seq, self.seq):
            return
        self.acked = seq
        if not self._is_whole:
            return
        for number in sorted(self._segments):
            last = self._segments[number]
            if number != self._open and (last is None or not is_after(last, seq)):
                self._files.remove(self._name(number))
                del self._segments[number]

    def _name(self, number: int) -> str:
        return "%08d%s" % (number, self._suffix)  # noqa: UP031 - as MicroPython formats it
