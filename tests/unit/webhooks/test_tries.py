"""When a delivery is tried again, given up, and when its endpoint is turned off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mita.webhooks.domain import DELAYS_S, TRIES_MAX, Answer, DeliveryState, Next, next_of, off_reason

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DOWN = Answer(503, None, 10)


def test_the_delays_go_from_seconds_to_a_day_over_three_days() -> None:
    assert (DELAYS_S[0], DELAYS_S[-1]) == (5, 86_400)
    assert list(DELAYS_S) == sorted(DELAYS_S)
    assert timedelta(days=2, hours=20) < timedelta(seconds=sum(DELAYS_S)) < timedelta(days=3, hours=12)
    assert TRIES_MAX == 12


@pytest.mark.parametrize(
    ("answer", "tries", "state", "seconds"),
    [
        (Answer(200, None, 1), 1, "delivered", None),
        (Answer(204, None, 1), 12, "delivered", None),
        (Answer(299, None, 1), 1, "delivered", None),
        (Answer(301, None, 1), 1, "waiting", 5),
        (Answer(400, None, 1), 1, "waiting", 5),
        (DOWN, 2, "waiting", 30),
        (DOWN, 11, "waiting", 86_400),
        (DOWN, 12, "failed", None),
        (Answer(None, "no answer", 1), 1, "waiting", 5),
        (Answer(410, None, 1), 1, "failed", None),
        (Answer(429, None, 1, wait_s=600), 1, "waiting", 600),
        (Answer(429, None, 1, wait_s=1), 1, "waiting", 5),
        (Answer(503, None, 1, wait_s=10**9), 1, "waiting", 86_400),
    ],
)
def test_what_follows_a_try(answer: Answer, tries: int, state: str, seconds: int | None) -> None:
    next_at = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert next_of(answer, tries=tries, spread_permille=0, now=NOW) == Next(DeliveryState(state), next_at)


def test_the_spread_makes_a_delay_longer_by_up_to_a_fifth() -> None:
    found = next_of(DOWN, tries=1, spread_permille=200, now=NOW)
    assert found.next_at == NOW + timedelta(seconds=6)


def test_an_endpoint_is_turned_off_when_it_is_gone_or_fails_for_days() -> None:
    long, short = NOW - timedelta(days=5), NOW - timedelta(days=4, hours=23)
    assert off_reason(DOWN, failing_since=short, now=NOW) is None
    assert off_reason(DOWN, failing_since=long, now=NOW) == (
        "nothing arrived for 5 days; the last try: answered 503"
    )
    assert off_reason(Answer(None, "no answer", 1), failing_since=long, now=NOW) == (
        "nothing arrived for 5 days; the last try: no answer"
    )
    assert "410" in (off_reason(Answer(410, None, 1), failing_since=NOW, now=NOW) or "")
    assert off_reason(Answer(200, None, 1), failing_since=long, now=NOW) is None
