"""Readings on flash: no power cut, torn write or full flash takes one that was written."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita_meter.buffer import RECORD, Buffer, is_after, packed, records
from mita_meter.files import Files, Slots

from .rig import Flash, PowerCut


def add(buffer: Buffer, count: int, *, channel: int = 0, is_reading: bool = True) -> int:
    return buffer.append(
        channel, count=count, ts=1_000 + count, is_timed=True, is_reading=is_reading, relay=True
    )


def waiting(buffer: Buffer) -> list[tuple[int, int]]:
    return [(record.seq, record.count) for record in buffer.pending(10_000)]


def test_a_record_is_32_bytes_and_any_flipped_bit_shows():
    data = packed(3, flags=5, seq=7, ts=1_795_255_200, boot=2, count=2**40, acked=6)
    assert len(data) == RECORD == 32
    (record,) = records(data)
    assert (record.channel, record.seq, record.ts, record.boot, record.count, record.acked) == (
        3, 7, 1_795_255_200, 2, 2**40, 6,
    )  # fmt: skip
    for bit in range(32 * 8):
        flipped = bytearray(data * 2)
        flipped[bit // 8] ^= 1 << bit % 8
        assert len(records(bytes(flipped))) == 1


@pytest.mark.parametrize("written", range(6))
def test_a_write_torn_at_any_byte_leaves_all_before_it(written: int):
    """In the middle of a segment, at its first record and at its last."""
    for left in range(4 * RECORD):
        flash = Flash()
        buffer = Buffer(flash, segments_max=4, records_max=4)
        for count in range(1, written + 1):
            add(buffer, count, channel=count % 2)
        flash.left = left
        with contextlib.suppress(PowerCut):
            add(buffer, written + 1)
            flash.left = None
        for _ in range(2):
            flash.left = None
            buffer = Buffer(flash, segments_max=4, records_max=4)
            there = waiting(buffer)
            assert there[:written] == [(count, count) for count in range(1, written + 1)]
            assert there[written:] in ([], [(written + 1, written + 1)])
            # and it goes on, also if the next write is torn as well
            flash.left = 40
            with contextlib.suppress(PowerCut):
                add(buffer, 90 + left)
                break
        flash.left = None
        buffer = Buffer(flash, segments_max=4, records_max=4)
        for name in (0, 1):
            assert buffer.counts.get(name, 0) >= max(
                [c for c in range(1, written + 1) if c % 2 == name], default=0
            )


def test_what_was_taken_is_forgotten_and_its_files_go():
    flash = Flash()
    buffer = Buffer(flash, segments_max=64, records_max=4)
    for count in range(1, 21):
        add(buffer, count)
    assert len(flash.files) > 5
    assert waiting(buffer)[:2] == [(1, 1), (2, 2)]
    buffer.acknowledge(18)
    # never backwards, never beyond
    buffer.acknowledge(3)
    buffer.acknowledge(21)
    assert waiting(buffer) == [(19, 19), (20, 20)]
    # 17 to 19 stand in one file, 20 in the last
    assert len(flash.files) == 2
    # after a power cut some come once more, until a record says how far it was
    assert waiting(Buffer(flash, records_max=4)) == [(17, 17), (18, 18), (19, 19), (20, 20)]
    add(buffer, 21)
    buffer = Buffer(flash, records_max=4)
    assert waiting(buffer) == [(19, 19), (20, 20), (21, 21)]
    assert add(buffer, 22) == 22
    buffer.acknowledge(22)
    assert (waiting(buffer), len(flash.files)) == ([], 1)


def test_a_full_ring_drops_the_oldest_and_counts_them_and_keeps_every_count():
    flash = Flash()
    buffer = Buffer(flash, segments_max=3, records_max=16)
    add(buffer, 7_777, channel=1)
    for count in range(1, 201):
        add(buffer, count)
    assert len(flash.files) == 3
    there = waiting(buffer)
    assert there[-1] == (201, 200)
    assert buffer.dropped + len(there) == 201
    assert buffer.dropped > 100
    # channel 1 spoke long before all that is left, and its count is there
    assert Buffer(flash, segments_max=3, records_max=16).counts == {0: 200, 1: 7_777}


def test_a_segment_torn_between_its_first_records_lets_no_older_one_go():
    flash = Flash()
    buffer = Buffer(flash, records_max=4)
    add(buffer, 7_777, channel=1)
    for count in (1, 2, 3):
        add(buffer, count)
    # the next segment has the count of channel 0, and not yet that of channel 1
    flash.left = RECORD
    with pytest.raises(PowerCut):
        add(buffer, 4)
    flash.left = None
    buffer = Buffer(flash, records_max=4)
    buffer.acknowledge(4)
    assert Buffer(flash, records_max=4).counts == {0: 3, 1: 7_777}


def test_full_flash_makes_room_and_the_count_is_written_later():
    flash = Flash()
    buffer = Buffer(flash, segments_max=64, records_max=16)
    for count in range(1, 100):
        add(buffer, count)
    segments = len(flash.files)
    flash.is_full = True
    for _ in range(2):
        with pytest.raises(OSError, match="28"):
            add(buffer, 100)
    flash.is_full = False
    assert len(flash.files) < segments
    assert add(buffer, 101) == 100
    assert waiting(Buffer(flash))[-1] == (100, 101)


def test_sequence_numbers_roll_over():
    assert is_after(0, 0xFFFFFFFF)
    assert not is_after(0xFFFFFFFF, 0)
    assert not is_after(5, 5)
    flash = Flash()
    top = 0xFFFFFFFE
    flash.files["00000001.seg"] = packed(0, flags=1, seq=top, ts=5, boot=1, count=9, acked=top - 1) * 2
    buffer = Buffer(flash)
    assert [add(buffer, 10), add(buffer, 11), add(buffer, 12)] == [0xFFFFFFFF, 0, 1]
    buffer.acknowledge(0)
    assert waiting(buffer) == [(1, 12)]
    add(buffer, 13)
    assert waiting(Buffer(flash)) == [(1, 12), (2, 13)]


def test_counts_that_are_only_kept_are_not_sent():
    flash = Flash()
    buffer = Buffer(flash)
    add(buffer, 5)
    add(buffer, 6, is_reading=False)
    assert waiting(buffer) == [(1, 5)]
    assert Buffer(flash).counts == {0: 6}
    assert add(Buffer(flash), 7) == 2


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from("rrkac"), st.integers(0, 1), st.integers(0, 200)), max_size=60))
def test_any_life_loses_nothing_that_was_written(life: list[tuple[str, int, int]]):
    """Readings, kept counts, acknowledgements and power cuts at any byte, against a list."""
    flash = Flash()
    buffer = Buffer(flash, segments_max=1_000, records_max=5)
    written: dict[int, int] = {}
    counts = {0: 0, 1: 0}
    acked = 0
    for what, channel, number in life:
        try:
            if what in "rk":
                count = counts[channel] + number
                seq = add(buffer, count, channel=channel, is_reading=what == "r")
                counts[channel] = count
                if what == "r":
                    written[seq] = count
            elif what == "a" and written:
                acked = max(acked, min(max(written), acked + number % 5))
                buffer.acknowledge(acked)
            else:
                flash.left = number
        except PowerCut:
            flash.left = None
            buffer = Buffer(flash, segments_max=1_000, records_max=5)
            # what was torn may yet be whole: the last byte was the last
            counts = {one: max(counts[one], buffer.counts.get(one, 0)) for one in counts}
            for record in buffer.pending(1_000):
                written.setdefault(record.seq, record.count)
    flash.left = None
    buffer = Buffer(flash, segments_max=1_000, records_max=5)
    assert {0: 0, 1: 0} | buffer.counts == counts
    there = dict(waiting(buffer))
    assert list(there) == sorted(there)
    for seq, count in written.items():
        if seq > acked:
            assert there[seq] == count


def test_on_real_files(tmp_path):
    folder = str(tmp_path / "readings")
    buffer = Buffer(Files(folder), records_max=16)
    for count in range(1, 40):
        add(buffer, count)
    Files(folder).append("00000002.seg", b"torn")
    buffer = Buffer(Files(folder), records_max=16)
    assert len(waiting(buffer)) == 39
    add(buffer, 40)
    buffer.acknowledge(40)
    assert len(Files(folder).names()) == 1
    assert Files(folder).read("nothing") == b""


def test_a_value_in_two_slots_survives_a_torn_write():
    flash = Flash()
    slots = Slots(flash, "x")
    assert slots.read() is None
    slots.write(b"one")
    slots.write(b"two")
    for left in range(11):
        flash.left = left
        with pytest.raises(PowerCut):
            slots.write(b"three")
        flash.left = None
        slots = Slots(flash, "x")
        assert slots.read() == b"two"
    slots.write(b"three")
    assert Slots(flash, "x").read() == b"three"
