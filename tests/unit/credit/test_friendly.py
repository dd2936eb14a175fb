"""Friendly hours: when a supply may be cut next, by the wall clock of the estate."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.credit.domain import FriendlyHours, UnknownCalendar, next_cut_time, public_holidays

JOHANNESBURG, BERLIN = "Africa/Johannesburg", "Europe/Berlin"
NIGHTS = FriendlyHours(is_on=True, night_from=time(22), night_until=time(6))
WEEKENDS = FriendlyHours(is_on=True, weekends=True)
BOTH = FriendlyHours(is_on=True, night_from=time(22), night_until=time(6), weekends=True)
EARLY = FriendlyHours(is_on=True, night_from=time(0), night_until=time(2, 30))
LATE = FriendlyHours(is_on=True, night_from=time(2, 30), night_until=time(6))
GOOD_FRIDAY, EASTER_MONDAY = date(2026, 4, 3), date(2026, 4, 6)
EASTER = frozenset({GOOD_FRIDAY, EASTER_MONDAY})

# local wall clock with its offset -> when it may be cut, likewise
CASES = [
    ("day", NIGHTS, JOHANNESBURG, "2026-03-18T12:00+02:00", "2026-03-18T12:00+02:00"),
    ("night begins", NIGHTS, JOHANNESBURG, "2026-03-18T22:00+02:00", "2026-03-19T06:00+02:00"),
    (
        "just before",
        NIGHTS,
        JOHANNESBURG,
        "2026-03-18T21:59:59.999999+02:00",
        "2026-03-18T21:59:59.999999+02:00",
    ),
    ("after midnight", NIGHTS, JOHANNESBURG, "2026-03-19T00:30+02:00", "2026-03-19T06:00+02:00"),
    ("night ends", NIGHTS, JOHANNESBURG, "2026-03-19T06:00+02:00", "2026-03-19T06:00+02:00"),
    ("last moment", NIGHTS, JOHANNESBURG, "2026-03-19T05:59:59.999999+02:00", "2026-03-19T06:00+02:00"),
    ("switched off", FriendlyHours(), JOHANNESBURG, "2026-03-18T23:00+02:00", "2026-03-18T23:00+02:00"),
    ("weekend alone", WEEKENDS, JOHANNESBURG, "2026-03-21T00:00+02:00", "2026-03-23T00:00+02:00"),
    ("friday noon", BOTH, JOHANNESBURG, "2026-03-20T12:00+02:00", "2026-03-20T12:00+02:00"),
    # night, Saturday, Sunday and the night to Monday are one stretch
    ("chained", BOTH, JOHANNESBURG, "2026-03-20T22:15+02:00", "2026-03-23T06:00+02:00"),
    ("sunday evening", BOTH, JOHANNESBURG, "2026-03-22T20:00+02:00", "2026-03-23T06:00+02:00"),
    # Maundy Thursday's night, Good Friday, the weekend, Easter Monday, the night to Tuesday
    ("easter", BOTH, BERLIN, "2026-04-02T23:00+02:00", "2026-04-07T06:00+02:00"),
    ("a holiday ends at midnight", WEEKENDS, BERLIN, "2026-04-06T09:00+02:00", "2026-04-07T00:00+02:00"),
    # the night in which summer time begins is seven hours long, the one in which it ends nine
    ("spring", NIGHTS, BERLIN, "2026-03-28T22:00+01:00", "2026-03-29T06:00+02:00"),
    ("autumn", NIGHTS, BERLIN, "2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00"),
    # half past two does not exist on that day: the clock passes it when it jumps from two to three
    ("an end that is left out", EARLY, BERLIN, "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"),
    # and twice here: the window ends at the first half past two, and is open again after three
    ("an end that comes twice", EARLY, BERLIN, "2026-10-25T02:10+02:00", "2026-10-25T02:30+02:00"),
    ("between both", EARLY, BERLIN, "2026-10-25T02:45+02:00", "2026-10-25T02:45+02:00"),
    ("the hour again", EARLY, BERLIN, "2026-10-25T02:10+01:00", "2026-10-25T02:30+01:00"),
    # the clock goes back to two: half past two is not yet again
    ("a begin that comes twice", LATE, BERLIN, "2026-10-25T02:45+02:00", "2026-10-25T02:00+01:00"),
]


@pytest.mark.parametrize(
    ("rule", "zone", "instant", "wanted"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_when_a_supply_may_be_cut(rule, zone, instant, wanted):
    found = next_cut_time(datetime.fromisoformat(instant), rule=rule, zone=ZoneInfo(zone), holidays=EASTER)
    assert found == datetime.fromisoformat(wanted)


@pytest.mark.parametrize(
    ("days", "wanted"),
    [
        # from 1 June at noon: the second look of eight days finds the end of ten
        (10, "2026-06-11T00:00+02:00"),
        # to the end of the last look that there is: 12 of 8 days
        (96, "2026-09-05T00:00+02:00"),
        (97, "2026-09-05T12:00+02:00"),
        (400, "2026-09-05T12:00+02:00"),
    ],
)
def test_a_stretch_of_holidays_ends_and_after_96_days_at_the_latest(days, wanted):
    holidays = [date(2026, 6, 1) + timedelta(days=n) for n in range(days)]
    found = next_cut_time(
        datetime.fromisoformat("2026-06-01T12:00+02:00"),
        rule=FriendlyHours(is_on=True),
        zone=ZoneInfo(JOHANNESBURG),
        holidays=holidays,
    )
    assert found == datetime.fromisoformat(wanted)


def test_the_calendar_of_a_part_of_a_country_is_its_own():
    corpus_christi = date(2026, 6, 4)
    assert corpus_christi in public_holidays("DE", subdivision="BY", year=2026)
    assert corpus_christi not in public_holidays("DE", subdivision="BE", year=2026)
    with pytest.raises(UnknownCalendar, match="DE-XX"):
        public_holidays("DE", subdivision="XX", year=2026)


def test_the_new_year_belongs_to_the_next_years_list():
    hours = FriendlyHours(is_on=True, night_from=time(22), night_until=time(6), holidays_country="DE")
    eve = datetime.fromisoformat("2026-12-31T23:30+01:00")
    # New Year's Day 2027 is a Friday, and the night after it ends on Saturday
    found = next_cut_time(
        eve, rule=hours, zone=ZoneInfo(BERLIN), holidays=hours.holidays_after(date(2026, 12, 31))
    )
    assert found == datetime.fromisoformat("2027-01-02T06:00+01:00")


@pytest.mark.parametrize(
    ("hours", "fields"),
    [
        (NIGHTS, []),
        (FriendlyHours(is_on=True), []),
        (FriendlyHours(night_from=time(22)), ["night_until"]),
        (FriendlyHours(night_until=time(6)), ["night_until"]),
        (FriendlyHours(night_from=time(6), night_until=time(6)), ["night_until"]),
        (FriendlyHours(holidays_country="ZA"), []),
        (FriendlyHours(holidays_country="XX"), ["holidays_country"]),
        (FriendlyHours(holidays_country="DE", holidays_subdivision="BY"), []),
        (FriendlyHours(holidays_country="ZA", holidays_subdivision="BY"), ["holidays_country"]),
        (FriendlyHours(holidays_subdivision="BY"), ["holidays_country"]),
    ],
)
def test_hours_that_contradict_themselves(hours, fields):
    assert [field for field, _ in hours.problems()] == fields


# ── laws ──

_ZONES = [JOHANNESBURG, BERLIN, "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"]
_clock = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
_rules = st.builds(
    lambda night, weekends: FriendlyHours(
        is_on=True, night_from=night[0], night_until=night[1], weekends=weekends
    ),
    st.one_of(st.just((None, None)), st.tuples(_clock, _clock).filter(lambda n: n[0] != n[1])),
    st.booleans(),
)


def _is_friendly(instant: datetime, rule: FriendlyHours, zone: str, days: frozenset[date]) -> bool:
    """Say it again, without arrays."""
    local = instant.astimezone(ZoneInfo(zone))
    if local.date() in days or (rule.weekends and local.isoweekday() > 5):
        return True
    if rule.night_from is None or rule.night_until is None:
        return False
    clock = local.time()
    if rule.night_from < rule.night_until:
        return rule.night_from <= clock < rule.night_until
    return not rule.night_until <= clock < rule.night_from


@settings(max_examples=200, deadline=None)
@given(
    rule=_rules,
    zone=st.sampled_from(_ZONES),
    # around both changes of the clock, and around the turn of a year
    day=st.one_of(
        st.dates(date(2026, 3, 20), date(2026, 4, 12)),
        st.dates(date(2026, 10, 18), date(2026, 11, 3)),
        st.dates(date(2018, 10, 25), date(2018, 11, 8)),
    ),
    second=st.integers(0, 86_399),
    microsecond=st.sampled_from([0, 1, 999_999]),
    holidays=st.frozensets(st.integers(0, 5), max_size=4),
)
def test_never_in_friendly_hours_never_before_and_no_later_than_needed(
    rule, zone, day, second, microsecond, holidays
):
    instant = datetime.combine(day, time(), tzinfo=UTC) + timedelta(seconds=second, microseconds=microsecond)
    days = frozenset(day + timedelta(days=n) for n in holidays)
    found = next_cut_time(instant, rule=rule, zone=ZoneInfo(zone), holidays=days)
    assert found >= instant
    assert not _is_friendly(found, rule, zone, days)
    if found == instant:
        return
    # nothing changes but at quarters of an hour of some zone's clock, which are quarters in UTC too
    step = datetime.fromtimestamp(instant.timestamp() // 900 * 900, tz=UTC)
    while step < found:
        assert _is_friendly(max(step, instant), rule, zone, days)
        step += timedelta(minutes=15)
    assert _is_friendly(found - timedelta(microseconds=1), rule, zone, days)
