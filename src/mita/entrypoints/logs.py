"""Log lines: as text or JSON, each with its correlation id, none with a secret or a person's address."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from functools import lru_cache
from typing import Any

from mita.kit import context

_HIDDEN = "***"
_LINE = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s"
_TIME = "%Y-%m-%dT%H:%M:%S"
# what a record carries of its own; everything else came as ``extra``
_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}

_WORDS = (
    r"pass(?:word|wd|phrase)?|secret|token|api[_-]?key|authorization|otp|pin|one[_-]?time[_-]?code"
    r"|refresh[_-]?token|access[_-]?token|cookie|credential"
)
# each with words one of which stands in whatever it finds: looking for those first is a tenth of the work
_RULES = (
    # a whole Authorization, whatever the scheme
    (
        ("bearer", "basic"),
        re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+", re.IGNORECASE),
        rf"\1 {_HIDDEN}",
    ),
    # user:password@host of a URL
    (("://",), re.compile(r"(://[^\s:/@]*):[^\s/@]+@"), rf"\1:{_HIDDEN}@"),
    # named secrets, in JSON, in a query, in key=value
    (
        ("pass", "secret", "token", "key", "authorization", "otp", "pin", "code", "cookie", "credential"),
        re.compile(
            rf"(?i)\b((?:\w+[_-])?(?:{_WORDS})\b[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}}\"']+)"
        ),
        rf"\1{_HIDDEN}",
    ),
    # codes that are sent to people
    (("code",), re.compile(r"(?i)\b(code\W{1,4}(?:is\W{1,3})?)\d[\d -]{2,10}\d\b"), rf"\1{_HIDDEN}"),
    # our own tokens and secrets, and JSON web tokens
    (
        ("mita_", "mitad_", "whsec_"),
        re.compile(r"\b(mita|whsec|mitad?_key)_[A-Za-z0-9_-]{6,}"),
        rf"\1_{_HIDDEN}",
    ),
    (("eyj",), re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), _HIDDEN),
    # e-mail addresses and telephone numbers
    (("@",), re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), _HIDDEN),
    (("+",), re.compile(r"(?<![\w.+])\+\d[\d ()-]{6,18}\d\b"), _HIDDEN),
    # tokens of twenty digits for prepayment meters
    # it begins with what it looks for, so that everything else is passed over at once
    (
        ("",),
        re.compile(r"\d(?<![\w-]\d)(?<!\d\.\d)\d{3}(?:[ -]?\d{4}){4}(?![\w-]|\.\d)"),
        _HIDDEN,
    ),
)


def masked(text: str) -> str:
    """Return a text without secrets, e-mail addresses, telephone numbers and meter tokens."""
    folded = text.casefold()
    for signs, pattern, shown in _RULES:
        for sign in signs:
            if sign in folded:
                text = pattern.sub(shown, text)
                break
    return text


class _Text(logging.Formatter):
    """A line of words; what was ``extra`` follows as key=value."""

    def __init__(self) -> None:
        super().__init__(_LINE, _TIME)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        return _second(int(record.created), datefmt or _TIME)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        extra = " ".join(f"{name}={value}" for name, value in _extra(record).items())
        cause = context.current().correlation_id
        line = " ".join(filter(None, [line, extra, cause and f"correlation_id={cause}"]))
        return line if _is_meant_openly(record) else masked(line)


class _Json(logging.Formatter):
    """An object in a line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "at": f"{_second(int(record.created), _TIME)}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if cause := context.current().correlation_id:
            said["correlation_id"] = cause
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        shown = (
            said
            if _is_meant_openly(record)
            else {name: _masked_value(name, each) for name, each in said.items()}
        )
        return json.dumps(shown, ensure_ascii=False, default=str)


@lru_cache(1)
def _second(created_s: int, shape: str) -> str:
    """Return a second of UTC; many lines are of the same one."""
    return time.strftime(shape, time.gmtime(created_s))


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _OWN and name != "openly"}


def _is_meant_openly(record: logging.LogRecord) -> bool:
    return bool(getattr(record, "openly", False))


def _masked_value(name: str, value: Any) -> Any:
    if isinstance(value, int | float | bool | None):
        return value
    # with its name before it, so that a secret is known by that
    shown = masked(f"{name}={value}")
    return shown.removeprefix(f"{name}=")


def log_to_stderr(level: int = logging.INFO, *, log_format: str = "text") -> None:
    """Write log records to standard error, one line each; ``log_format`` is ``text`` or ``json``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Text())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # what no line shows need not be found out for each, the caller's place in the source above all
    logging._srcfile = None  # noqa: SLF001 - as logging's own documentation has it
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
