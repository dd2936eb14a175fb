"""A token is renewed before it ends, and the old one stays until the new one has opened the broker."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita_meter.files import Slots
from mita_meter.tokens import Tokens, expiry_of, seconds_of

from .rig import NOW, Flash, PowerCut

DAY = 86_400
NEW = "mita_device_" + "n" * 40
ANSWER = json.dumps({"token": NEW, "device_token": {"expires_at": "2027-11-22T08:40:00Z"}}).encode()
ENDS = int(datetime(2027, 11, 22, 8, 40, tzinfo=UTC).timestamp())


@given(st.datetimes(datetime(1970, 1, 1), datetime(2105, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_times_are_read(moment: datetime):
    seconds = int(moment.replace(microsecond=0).timestamp())
    assert seconds_of(moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")) == seconds
    assert seconds_of(moment.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00").rjust(32, "0")) == seconds


@pytest.mark.parametrize(
    "text", ["", "2026-11-22", "2026-11-22T08:40:00+02:00", "2026-13-22T08:40:00Z", "x" * 19 + "Z"]
)
def test_what_is_no_time(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        seconds_of(text)


def test_a_signed_token_says_itself_when_it_ends():
    ends = datetime.fromtimestamp(NOW, UTC) + timedelta(days=30)
    token = jwt.encode({"sub": "dév?>~", "exp": ends}, "k" * 32, algorithm="HS256")
    assert expiry_of(token) == NOW + 30 * DAY
    assert expiry_of(jwt.encode({"sub": "dev"}, "k" * 32, algorithm="HS256")) is None
    for text in ("", "mita_device_x", "a.b.c", "a.W10.c", "..", "a.eyJleHAiOiJ4In0.c"):
        assert expiry_of(text) is None


OLD = "old-token"


def made(flash: Flash, *, token: str = OLD, expires_s: int | None = NOW + 10 * DAY) -> Tokens:
    return Tokens(Slots(flash, "token"), token=token, expires_s=expires_s)


def test_when_a_new_one_is_due():
    one = made(Flash())
    assert not one.is_due(now_s=NOW + 3 * DAY - 1, uptime_ms=0)
    assert one.is_due(now_s=NOW + 3 * DAY, uptime_ms=0)
    assert not one.is_due(now_s=None, uptime_ms=0)
    one.asked(5)
    assert not one.is_due(now_s=NOW + 3 * DAY, uptime_ms=3_600_004)
    assert one.is_due(now_s=NOW + 3 * DAY, uptime_ms=3_600_005)
    assert not made(Flash(), expires_s=None).is_due(now_s=NOW + 999 * DAY, uptime_ms=0)


def test_the_new_one_is_shown_and_the_old_one_goes_when_it_has_opened():
    flash = Flash()
    one = made(flash)
    assert one.took(ANSWER)
    assert made(flash).token == one.token == NEW
    one.refused()
    assert one.token == "old-token"
    # that the old one still opens is no reason to forget the new one
    one.opened()
    again = made(flash)
    again.refused()
    assert again.token == "old-token"
    one.refused()
    assert one.token == NEW
    one.opened()
    one.refused()
    assert made(flash).token == one.token == NEW
    assert not one.is_due(now_s=ENDS - 7 * DAY - 1, uptime_ms=0)
    assert one.is_due(now_s=ENDS - 7 * DAY, uptime_ms=0)


def test_another_token_in_the_configuration_counts_more():
    flash = Flash()
    made(flash).took(ANSWER)
    assert made(flash, token="by-staff").token == "by-staff"


def test_power_lost_while_a_token_is_kept():
    for left in range(150):
        flash = Flash()
        one = made(flash)
        flash.left = left
        try:
            one.took(ANSWER)
            expected = NEW
        except PowerCut:
            expected = "old-token"
        flash.left = None
        assert made(flash).token == expected


@pytest.mark.parametrize(
    "answer",
    [b"", b"\xff", b"[]", b"{}", b'{"token": "short", "device_token": {"expires_at": null}}',
     b'{"token": 5, "device_token": {"expires_at": null}}',
     b'{"token": "aaaaaaaaaaaaaaaaaaaa", "device_token": null}',
     b'{"token": "aaaaaaaaaaaaaaaaaaaa", "device_token": {"expires_at": "soon"}}'],
)  # fmt: skip
def test_what_is_no_answer_changes_nothing(answer: bytes):
    flash = Flash()
    one = made(flash)
    assert not one.took(answer)
    assert (one.token, flash.files) == ("old-token", {})
