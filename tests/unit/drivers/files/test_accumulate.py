"""Intervals on a counter: whatever files come in whatever pieces, the same readings, or a plain refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.drivers.files import Channel, Known, Rules, accumulate, settled
from mita.drivers.files.gathered import Intervals, Quality, Values

if TYPE_CHECKING:
    from mita.drivers.files import Accumulated

CHANNEL = Channel("M", "import", "kWh")
T0 = 1_700_000_000
F, E, N = Quality.FINAL, Quality.ESTIMATE, Quality.NONE


def line(*rows: tuple[int, int], qualities: dict[int, Quality] | None = None) -> Intervals:
    """Intervals of an hour: (hour, micro kWh), each on the line of its hour."""
    found = Intervals()
    for hour, micro in rows:
        found.start_s.append(T0 + hour * 3600)
        found.end_s.append(T0 + hour * 3600 + 3600)
        found.quantity_micro.append(micro)
        found.quality.append((qualities or {}).get(hour, F))
        found.line.append(hour)
    return found


def known(**hours: int) -> Known:
    pairs = {int(hour[1:]): value for hour, value in hours.items()}
    return Known([T0 + hour * 3600 for hour in sorted(pairs)], [pairs[hour] for hour in sorted(pairs)])


def run(intervals: Intervals, at: Known | None = None, **rules: bool | int) -> Accumulated:
    return accumulate(intervals, CHANNEL, known=at or Known(), rules=Rules(**rules))


def shown(found: Accumulated) -> dict[int, int]:
    return {(s - T0) // 3600: v for s, v in zip(found.taken_s, found.value_micro, strict=True)}


def test_a_new_register_opens_where_the_file_begins() -> None:
    assert shown(run(line((0, 5), (1, 7)))) == {0: 0, 1: 5, 2: 12}
    assert shown(run(line((1, 7), (0, 5)), opening_micro=100)) == {0: 100, 1: 105, 2: 112}


@given(
    used=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    cuts=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), max_size=6),
)
def test_files_in_any_pieces_end_as_one_file(used: list[int], cuts: list[tuple[int, int]]) -> None:
    """Pieces that overlap, come twice, leave gaps that are filled later: what is missing waits."""
    whole = dict(enumerate(used))
    at: dict[int, int] = {}
    for first, length in [(0, 1), *cuts, (0, 12), (0, 12)]:
        rows = [(hour, whole[hour]) for hour in range(first, first + length) if hour in whole]
        if rows:
            found = run(line(*rows), known(**{f"h{hour}": value for hour, value in at.items()}))
            assert found.fault is None
            new = shown(found)
            assert not new.keys() & at.keys()
            at |= new
    assert at == {hour: sum(used[:hour]) for hour in range(len(used) + 1)}


def test_an_estimate_waits_and_what_replaces_it_is_charged() -> None:
    file = line((0, 5), (1, 7), (2, 1), qualities={1: E})
    first = run(file)
    assert shown(first) == {0: 0, 1: 5}
    assert first.waiting is not None
    assert "line 1: M import waits from 2023-11-14T23:13:20Z on: its value is an estimate" in str(
        first.waiting
    )
    later = run(line((0, 5), (1, 9), (2, 1)), known(h0=0, h1=5))
    assert (shown(later), later.known_count, later.waiting) == ({2: 14, 3: 15}, 2, None)
    # charged as it is, it is known; what replaces it says otherwise
    assert shown(run(file, takes_estimates=True)) == {0: 0, 1: 5, 2: 12, 3: 13}
    assert run(file, known(h0=0, h1=5, h2=12, h3=13)).known_count == 4


def test_a_contradiction_is_refused_with_line_and_reason() -> None:
    at = known(h0=0, h1=5, h2=12)
    refused = run(line((0, 5), (1, 9), (2, 1)), at)
    assert refused.fault is not None
    assert (refused.fault.code, refused.fault.line, shown(refused)) == ("contradicts", 1, {})
    assert (
        "from 2023-11-14T23:13:20Z is 0.000009 kWh here, and was charged as 0.000007 kWh"
        in refused.fault.detail
    )
    # whoever wants goes on from what is known
    kept = run(line((0, 5), (1, 9), (2, 1)), at, keeps_known=True)
    assert shown(kept) == {3: 13}
    assert [note.line for note in kept.notes] == [1]
    # a reading between the file's instants must fit too
    between = Known([T0, T0 + 1800], [0, 6])
    assert run(line((0, 5)), between).fault is not None
    assert run(line((0, 6)), between).fault is None


def test_gaps_wait_or_count_nothing() -> None:
    file = line((0, 5), (2, 7))
    waiting = run(file)
    assert shown(waiting) == {0: 0, 1: 5}
    assert waiting.waiting is not None
    assert waiting.waiting.line == 2
    assert shown(run(file, crosses_gaps=True)) == {0: 0, 1: 5, 2: 5, 3: 12}
    # what another file said of the gap
    assert shown(run(file, known(h0=0, h1=5, h2=9))) == {3: 16}
    # a gap before the file
    assert shown(run(line((5, 1)), known(h0=0))) == {}
    assert shown(run(line((5, 1)), known(h0=3), crosses_gaps=True)) == {5: 3, 6: 4}
    # nothing is known of the second hour
    missing = line((0, 5), (1, 0), (2, 7), qualities={1: N})
    assert shown(run(missing, takes_estimates=True)) == {0: 0, 1: 5}
    assert shown(run(missing, crosses_gaps=True)) == {0: 0, 1: 5, 2: 5, 3: 12}
    assert shown(run(missing, known(h0=0, h1=5, h2=8))) == {3: 15}


def test_a_file_before_all_that_is_known() -> None:
    assert shown(run(line((0, 5), (1, 7)), known(h2=100))) == {0: 88, 1: 93}
    below = run(line((0, 5), (1, 7)), known(h2=10))
    assert below.fault is not None
    assert below.fault.code == "before_beginning"
    apart = run(line((0, 5)), known(h2=100))
    assert apart.fault is not None
    assert apart.fault.code == "not_adjoining"


@pytest.mark.parametrize(("second", "is_fault"), [((0, 5), False), ((0, 6), True)])
def test_an_interval_that_stands_there_twice(second: tuple[int, int], is_fault: bool) -> None:  # noqa: FBT001
    found = run(line((0, 5), second, (1, 1)))
    assert (found.fault is not None) is is_fault
    if not is_fault:
        assert shown(found) == {0: 0, 1: 5, 2: 6}


def test_a_replaced_estimate_in_one_file() -> None:
    file = line((0, 4), (1, 1))
    file.quality[0] = E
    for column, value in zip(
        (file.start_s, file.end_s, file.quantity_micro, file.quality, file.line),
        (T0, T0 + 3600, 5, F, 9),
        strict=True,
    ):
        column.append(value)
    assert shown(run(file)) == {0: 0, 1: 5, 2: 6}


def test_values_of_a_register_need_no_estimate_between_them() -> None:
    found = Values()
    for taken_s, value, quality in ((T0, 5, F), (T0 + 9, 8, E), (T0 + 20, 9, F)):
        found.taken_s.append(taken_s)
        found.value_micro.append(value)
        found.quality.append(quality)
        found.line.append(1)
    done = settled(found, CHANNEL, rules=Rules())
    assert (list(done.value_micro), done.waiting) == ([5, 9], None)
    # the same instant twice, with another value
    found.taken_s[1], found.quality[1] = T0, F
    twice = settled(found, CHANNEL, rules=Rules())
    assert twice.fault is not None
    assert (twice.fault.code, list(twice.value_micro)) == ("two_values", [])


def test_a_register_larger_than_any() -> None:
    found = run(line((0, 10**15), (1, 1)))
    assert found.fault is not None
    assert found.fault.code == "value_out_of_range"
