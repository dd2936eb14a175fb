"""Which day type a public holiday has: by its name, by its country's part, in any language of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import pytest

from mita.tariffs.domain import RateTableInvalid, day_type_on, parse_document, public_holidays
from mita.tariffs.domain.calendar import holiday_names, known_holidays

from .tables import document


def types(calendar, *days):
    table = parse_document(document(calendar=calendar))
    return [day_type_on(table, day=date.fromisoformat(day)) for day in days]


def test_a_day_type_for_each_holiday():
    calendar = {
        "country": "ZA",
        "holiday_as": "saturday",
        "holidays": {"Good Friday": "sunday", "Freedom Day": "weekday"},
        "dates": {"2025-04-21": "weekday"},
    }
    # Good Friday; Family Day, by exception; Freedom Day, a Sunday; its Monday in lieu; Workers' Day, the rest
    days = ("2025-04-18", "2025-04-21", "2025-04-27", "2025-04-28", "2025-05-01", "2025-05-02")
    assert types(calendar, *days) == ["sunday", "weekday", "weekday", "weekday", "saturday", "weekday"]


def test_holidays_without_the_rest_are_ordinary_days():
    calendar = {"country": "ZA", "holidays": {"Good Friday": "sunday"}}
    # Good Friday, Workers' Day (a Thursday), Day of Goodwill 2026 (a Saturday)
    assert types(calendar, "2025-04-18", "2025-05-01", "2026-12-26") == ["sunday", "weekday", "saturday"]


def test_a_calendar_of_dates_alone_knows_no_public_holidays():
    found = types({"dates": {"2025-12-27": "weekday"}}, "2025-12-25", "2025-12-27", "2025-12-28")
    assert found == ["weekday", "weekday", "sunday"]


def test_the_day_in_lieu_may_have_a_type_of_its_own():
    calendar = {"country": "ZA", "holidays": {"Freedom Day": "sunday", "Freedom Day (observed)": "saturday"}}
    assert types(calendar, "2025-04-27", "2025-04-28", "2026-04-27") == ["sunday", "saturday", "sunday"]


def test_a_part_of_a_country():
    # Easter Monday is none in Scotland, Saint Andrew's Day is
    england = {"country": "GB", "subdivision": "ENG", "holiday_as": "sunday"}
    scotland = {"country": "GB", "subdivision": "SCT", "holiday_as": "sunday"}
    assert types(england, "2026-04-06", "2026-11-30") == ["sunday", "weekday"]
    assert types(scotland, "2026-04-06", "2026-11-30") == ["weekday", "sunday"]
    assert date(2026, 6, 4) in public_holidays("DE", subdivision="BY", year=2026)
    assert date(2026, 6, 4) not in public_holidays("DE", year=2026)


def test_two_holidays_at_once_are_the_quieter_one():
    # 1 May 2008 was Labour Day and Ascension
    assert len(holiday_names("DE", subdivision=None, year=2008)[date(2008, 5, 1)]) == 4
    for labour, ascension in (("sunday", "weekday"), ("weekday", "sunday")):
        calendar = {"country": "DE", "holidays": {"Erster Mai": labour, "Ascension Day": ascension}}
        assert types(calendar, "2008-05-01") == ["sunday"]


def test_names_are_english_or_the_countrys_own():
    for name in ("Good Friday", "Karfreitag"):
        assert types({"country": "DE", "holidays": {name: "saturday"}}, "2026-04-03") == ["saturday"]
    assert {"Workers' Day", "Workers' Day (observed)"} <= known_holidays("ZA", subdivision=None)


@pytest.mark.parametrize("language", ["de_DE.UTF-8", "C", "th_TH.UTF-8"])
def test_the_machines_language_changes_nothing(language):
    code = (
        "from mita.tariffs.domain.calendar import holiday_names\n"
        "names = holiday_names('GB', subdivision='ENG', year=2026)\n"
        "print(sorted(str(day) + ' ' + ','.join(sorted(each)) for day, each in names.items())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "LANG": language, "LANGUAGE": language, "LC_ALL": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "2026-04-03 Good Friday\n"


REFUSED = [
    ({"country": "ZA", "holidays": {"Good Fridy": "sunday"}}, "calendar.holidays.Good Fridy", "Good Friday"),
    ({"country": "GB", "subdivision": "ENG", "holidays": {"Saint Andrew's Day": "sunday"}},
     "calendar.holidays.Saint Andrew's Day", "no public holiday of ENG"),
    ({"country": "ZA", "holidays": {"Good Friday": "x"}}, "calendar.holidays.Good Friday", "known: saturday"),
    ({"country": "ZA", "holidays": {1: "sunday"}}, "calendar.holidays.<1>", "no public holiday"),
    ({"country": "ZA", "holidays": {}}, "calendar.holidays", "mapping"),
    ({"country": "ZA", "holidays": ["Good Friday"]}, "calendar.holidays", "a list"),
    ({"country": "ZA"}, "calendar", "holiday_as: sunday"),
    ({"subdivision": "ENG", "dates": {"2025-01-02": "sunday"}}, "calendar", "add country"),
    ({"holiday_as": "sunday"}, "calendar", "add country"),
    ({"country": "GB", "subdivision": "EGN", "holiday_as": "sunday"}, "calendar.subdivision", 'mean "ENG"'),
    ({"country": "ZA", "subdivision": "GP", "holiday_as": "sunday"}, "calendar.subdivision", "leave subdivi"),
    ({"country": "GB", "subdivision": None, "holiday_as": "sunday"}, "calendar.subdivision", "no part of GB"),
]  # fmt: skip


@pytest.mark.parametrize(("calendar", "where", "said"), REFUSED)
def test_what_is_refused_is_named(calendar, where, said):
    with pytest.raises(RateTableInvalid) as caught:
        parse_document(document(calendar=calendar))
    (problem,) = caught.value.problems
    assert problem.path == where
    assert said in problem.message
