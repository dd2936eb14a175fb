"""What a register's newest readings say about its meter."""

from __future__ import annotations

from typing import Any

from mita.devices.domain import Recent, judge
from mita.metering.domain import ReadingClass

CHARGED, BACKWARDS, HELD = ReadingClass.CHARGED, ReadingClass.BACKWARDS, ReadingClass.HELD
KWH = 1_000_000
# 2026-03-01 00:00 UTC
T0 = 1_772_323_200
QUARTER = 900


def recent(
    values: list[tuple[float, ReadingClass]], *, taken_s: list[int] | None = None, **more: Any
) -> Recent:
    taken = taken_s or [T0 + QUARTER * turn for turn in range(len(values))]
    return Recent(
        "import",
        "kWh",
        taken,
        more.pop("received_s", [each + 5 for each in taken]),
        [int(value * 1000) * 1000 for value, _ in values],
        [int(class_) for _, class_ in values],
        more.pop("accepted_micro", 1000 * KWH),
        **more,
    )


def fell(
    *values: float, highest: float = 1000, class_: ReadingClass = BACKWARDS, **said: Any
) -> list[tuple[str, str]]:
    readings = [(highest, CHARGED), *((value, class_) for value in values)]
    found = recent(readings, accepted_micro=int(highest * 1000) * 1000)
    said = {"now_s": found.taken_s[-1] + 60, "is_missed": False, "fell_as": None, **said}
    return list(judge(found, **said))


def gaps(taken_s: list[int], *, now_s: int, is_missed: bool = False, **more: Any) -> list[tuple[str, str]]:
    found = recent([(float(turn), CHARGED) for turn in range(len(taken_s))], taken_s=taken_s, **more)
    return list(judge(found, now_s=now_s, is_missed=is_missed, fell_as=None))


def every(step_s: int, *turns: int) -> list[int]:
    return [T0 + step_s * turn for turn in turns]


def test_a_register_that_rises_is_well() -> None:
    assert fell(1001, 1002, class_=CHARGED) == []
    assert list(judge(recent([], accepted_micro=None), now_s=T0, is_missed=False, fell_as=None)) == []


def test_a_fall_below_half_began_anew() -> None:
    assert fell(0, 0.5) == [("reset", "import showed 1000 kWh, now 0.5 kWh")]
    # a slip of the wire is no fall yet, and what came after it ended it
    assert fell(0) == []
    slip = recent([(1000, CHARGED), (0, BACKWARDS), (0, BACKWARDS), (1001, CHARGED)])
    assert list(judge(slip, now_s=T0 + 4000, is_missed=False, fell_as=None)) == []


def test_a_small_fall_that_goes_on_runs_backwards() -> None:
    assert fell(999.5, 999, 998.25) == [("reverse_flow", "import showed 1000 kWh, now 998.25 kWh")]
    # it counts on from lower down: another meter, perhaps
    assert fell(990, 991)[0][0] == "reset"
    # its last digit
    assert fell(999.99, 999.95) == []


def test_near_the_end_of_its_digits_it_came_round() -> None:
    assert fell(2, 7, highest=99_990) == [("rollover", "import showed 99990 kWh, now 7 kWh")]
    assert fell(2, 7, highest=94_000)[0][0] == "reset"
    assert fell(6000, 6001, highest=99_990)[0][0] == "reset"
    # 999 of a thousand is a young meter, not one that came round
    assert fell(0, 1, highest=999)[0][0] == "reset"


def test_a_fall_stays_what_it_was_taken_for() -> None:
    assert fell(600, 601, fell_as="rollover")[0][0] == "rollover"


def test_a_held_rise_waits() -> None:
    found = fell(5000, 5001, class_=HELD)
    assert found == [("implausible", "import shows 5001 kWh since 2026-03-01 00:15 UTC, and waits")]


def test_what_is_due_and_does_not_come_is_a_gap() -> None:
    taken = every(QUARTER, *range(8))
    last = taken[-1]
    # the fifth turn after the last is due: four are missing, that one is on its way
    assert gaps(taken, now_s=last + 5 * QUARTER - 1) == []
    late = gaps(taken, now_s=last + 5 * QUARTER)
    assert late == [("gaps", "import comes every 15 min; nothing since 2026-03-01 01:45 UTC")]
    # somebody looks for the whole meter already
    assert gaps(taken, now_s=last + 5 * QUARTER, is_missed=True) == []
    # many at once, such as a file a day: nobody knows when the next is due
    assert gaps(taken, now_s=last + 80_000, received_s=[last + 50_000] * 8) == []
    # by the device's own turn, while there are too few to tell
    assert gaps(taken[:3], now_s=taken[2] + 5 * QUARTER) == []
    assert len(gaps(taken[:3], now_s=taken[2] + 5 * QUARTER, every_s=QUARTER)) == 1


def test_what_is_missing_in_between_is_a_gap_for_a_while() -> None:
    taken = every(QUARTER, 0, 1, 2, 3, 4, 9, 10, 11, 12)
    now_s = taken[-1] + 60
    assert gaps(taken, now_s=now_s) == [("gaps", "import comes every 15 min; 4 of its last 13 are missing")]
    assert gaps(every(QUARTER, 0, 1, 2, 3, 4, 8, 9, 10, 11), now_s=now_s) == [], "45 minutes"
    assert gaps(taken[5:] + every(QUARTER, 13, 14, 15, 16), now_s=T0 + 16 * QUARTER) == []


def test_three_are_missing_at_least() -> None:
    hourly = every(3600, *range(8))
    assert gaps(hourly, now_s=hourly[-1] + 4 * 3600 - 1) == []
    assert gaps(hourly, now_s=hourly[-1] + 4 * 3600)[0][1].startswith("import comes every 1 h; nothing since")


def test_odd_turns_are_told_in_what_they_are_near() -> None:
    for step_s, said in ((90, "90 s"), (3_700, "62 min")):
        taken = every(step_s, *range(8))
        assert gaps(taken, now_s=taken[-1] + 50 * step_s)[0][1].startswith(f"import comes every {said};")


def test_who_speaks_when_it_likes_has_no_gaps() -> None:
    assert (
        gaps([T0, T0 + 10, T0 + 900, T0 + 5000, T0 + 5100, T0 + 40_000, T0 + 90_000], now_s=T0 + 10**6) == []
    )
