"""Log lines say what happened and to whom by number, and tell no secret."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest

from mita.entrypoints import logs
from mita.identity.domain import new_token
from mita.kit import context
from mita.kit.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = {
    "email": ("mail to thandi.m@example.co.za failed", "thandi.m@example.co.za"),
    "phone": ("text to +27 82 555 0147 failed", "82 555 0147"),
    "bearer": ("Authorization: Bearer abc.def-ghi_1", "abc.def-ghi_1"),
    "jwt": ("got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl here", "eyJzdWIiOiI3In0"),
    "password": ('{"password": "hunter2 and more", "name": "x"}', "hunter2"),
    "query": ("GET /x?token=s3cr3t&limit=1", "s3cr3t"),
    "url": ("cannot reach postgresql://mita_app:pa55w0rd@db:5432/mita", "pa55w0rd"),
    "code": ("your code is 482913", "482913"),
    "named code": ("code=482 913 for a person", "482 913"),
    "meter token": ("token sent 1234 5678 9012 3456 7890", "5678"),
    "meter token in one": ("12345678901234567890 was entered", "12345678901234567890"),
    "webhook": ("signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    "refresh": ("refresh_token='abc123xyz'", "abc123xyz"),
}
HARMLESS = [
    "settled charged=120 held=3 waiting=0 commands_sent=2",
    "journal 01930000-0000-7000-8000-000000000001 at 2025-03-01T00:00:00.123456Z",
    "refused code=idempotency_key_reused estate=7",
    "Python 3.11.2, batch of 10000 readings in 1234.5 ms",
]


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.log_to_stderr(log_format=request.param)
    out.log_format = request.param
    yield out
    root.handlers[:], root.level = before


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_hidden(written: io.StringIO, name: str) -> None:
    line, secret = SECRETS[name]
    logging.getLogger("mita.x").warning("%s", line)
    assert secret not in written.getvalue()
    assert "***" in written.getvalue()


def test_our_own_tokens_are_hidden(written: io.StringIO) -> None:
    token = new_token()
    logging.getLogger("mita.x").warning("refused %s", token)
    assert token not in written.getvalue()


def test_a_secret_in_extra_or_in_an_error_is_hidden(written: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError("no account for thandi@example.com with password=hunter2")

    try:
        fail()
    except ValueError:
        logging.getLogger("mita.x").exception("failed", extra={"token": "plain-words", "estate_id": 7})
    text = written.getvalue()
    assert "thandi" not in text
    assert "hunter2" not in text
    assert "plain-words" not in text
    assert "ValueError" in text


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_stays(written: io.StringIO, line: str) -> None:
    logging.getLogger("mita.x").info("%s", line)
    assert line in written.getvalue()


def test_a_line_has_its_correlation_id(written: io.StringIO) -> None:
    with context.entered(Context(correlation_id="abc-12345", actor="person:7")):
        logging.getLogger("mita.x").info("done", extra={"estate_id": 7})
    if written.log_format == "json":
        said = json.loads(written.getvalue())
        assert said.pop("at").endswith("Z")
        assert said == {
            "level": "info",
            "logger": "mita.x",
            "message": "done",
            "estate_id": 7,
            "correlation_id": "abc-12345",
        }
    else:
        assert written.getvalue().endswith("INFO mita.x done estate_id=7 correlation_id=abc-12345\n")


def test_what_is_meant_openly_is_open(written: io.StringIO) -> None:
    logging.getLogger("mita.x").info("your code is 482913", extra={"openly": True})
    assert "482913" in written.getvalue()
