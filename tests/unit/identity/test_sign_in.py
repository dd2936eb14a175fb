"""Identifiers, passwords, codes, waits and tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from mita.identity.domain.attempts import lock_after
from mita.identity.domain.codes import (
    backup_hash,
    fitting_step,
    join_text,
    new_backup_codes,
    new_code,
    read_join_code,
)
from mita.identity.domain.identifiers import IdentifierKind, SignInName, hint_of, read_identifier
from mita.identity.domain.passwords import hash_password, is_outdated, is_password, password_fault
from mita.identity.domain.sessions import (
    AccessClaims,
    device_name,
    has_two_factors,
    key_named,
    new_signing_key,
    read_access,
    sign_access,
)

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        (" Thandi@Example.COM ", "email", "thandi@example.com"),
        ("+27 (82) 555-0101", "phone", "+27825550101"),
        ("0027 82 555 0101", "phone", "+27825550101"),
    ],
)
def test_an_identifier_has_one_spelling(typed: str, kind: str, value: str) -> None:
    assert read_identifier(typed) == SignInName(IdentifierKind(kind), value)


@pytest.mark.parametrize(
    "typed", ["", "thandi", "082 555 0101", "a@b@c", "@x", "+0123456789", "+27", "+²7825550101x"]
)
def test_what_is_no_identifier(typed: str) -> None:
    assert read_identifier(typed) is None


def test_hints_hide_what_they_hint_at() -> None:
    assert hint_of("thandi@example.com") == "t…@example.com"
    assert hint_of("+27825550101") == "…01"


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("short", "at least 10"),
        ("x" * 201, "at most 200"),
        ("password123", "most used"),
        ("Qwertyuiop", "most used"),
        ("aaaaaaaaaaaa", "easy"),
        ("i am mokoena 77", "name or address"),
        ("THANDI likes tea", "name or address"),
    ],
)
def test_passwords_that_are_refused(password: str, word: str) -> None:
    fault = password_fault(password, about=["Thandi Mokoena", "thandi@example.com", None])
    assert fault is not None
    assert word in fault


@pytest.mark.parametrize("password", ["seven lamps by the river", "kX9#vQ2$mZ", "纸鹤在风里慢慢地飞过河边"])
def test_passwords_that_are_taken(password: str) -> None:
    assert password_fault(password, about=["Thandi Mokoena"]) is None


def test_a_password_is_kept_hashed_and_found_again() -> None:
    stored = hash_password("seven lamps by the river")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password("seven lamps by the river", stored=stored)
    assert not is_password("seven lamps by the River", stored=stored)
    assert not is_password("the password of nobody", stored=None)
    assert not is_outdated(stored)
    assert is_outdated(stored.replace("t=3", "t=2"))
    # the same letters in another encoding
    assert is_password("café by the river", stored=hash_password("cafe\u0301 by the river"))


def test_the_waits_double() -> None:
    seconds = [None if wait is None else int(wait.total_seconds()) for wait in map(lock_after, range(4, 12))]
    assert seconds == [None, 30, 60, 120, 240, 480, 900, 900]


def test_codes_have_six_digits_and_backup_codes_many_spellings() -> None:
    assert all(len(new_code()) == 6 and new_code().isdecimal() for _ in range(50))
    codes = new_backup_codes()
    assert len(set(codes)) == 10
    assert backup_hash("ABCD-EFGH-IJKL-MNOP") == backup_hash(" abcd efgh ijklmnop")
    assert backup_hash(codes[0]) != backup_hash(codes[1])


def test_a_step_of_the_app_counts_once() -> None:
    # RFC 6238, appendix B: at 59 s the code of this secret is 94287082, of which apps show six digits
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    at = datetime.fromtimestamp(59, tz=UTC)
    assert fitting_step(secret, code="287082", after_step=0, now=at) == 1
    assert fitting_step(secret, code="287082", after_step=1, now=at) is None
    assert fitting_step(secret, code="287082", after_step=0, now=at + timedelta(seconds=30)) == 1
    assert fitting_step(secret, code="287082", after_step=0, now=at + timedelta(seconds=31)) is None
    for odd in ("287083", "28708", "28708²", ""):
        assert fitting_step(secret, code=odd, after_step=0, now=at) is None


def test_join_codes_are_read_as_they_are_written() -> None:
    assert join_text(12, "ABCD2345") == "12-ABCD2345"
    assert read_join_code(" 12-abcd2345 ") == (12, "ABCD2345")
    for odd in ("ABCD2345", "12-ABCD234", "12-ABCD2340", "x-ABCD2345", "-1-ABCD2345", "9" * 30 + "-ABCD2345"):
        assert read_join_code(odd) is None


def test_an_access_token_says_who_and_until_when() -> None:
    kid, public, secret = new_signing_key()
    claims = AccessClaims(7, UUID(int=5), ("pwd", "otp"), NOW + timedelta(minutes=10))
    token = sign_access(claims, kid=kid, secret=secret, now=NOW)
    assert key_named(token) == kid
    assert read_access(token, public_key=public, now=NOW) == claims
    assert read_access(token, public_key=public, now=claims.expires_at) is None
    assert read_access(token, public_key=new_signing_key()[1], now=NOW) is None
    assert has_two_factors(claims.amr)
    assert not has_two_factors(("pwd", "email"))


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537", "Chrome on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        ("python-httpx/0.28", "python-httpx"),
        ("", "unknown device"),
    ],
)
def test_devices_have_names_that_people_know(user_agent: str, shown: str) -> None:
    assert device_name(user_agent) == shown
