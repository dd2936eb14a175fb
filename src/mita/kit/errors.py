"""Errors that a person or a program is told about, in the shape of RFC 9457."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """Something asked for that cannot be done, with a stable ``code`` and an HTTP ``status``."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str, *, problems: list[dict[str, object]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = problems or []


class NotFound(Refusal):
    """The named thing does not exist, or not for this caller."""

    code = "not_found"
    status = 404
    title = "Not found"


class Forbidden(Refusal):
    """The caller may not do this here."""

    code = "forbidden"
    status = 403
    title = "Not allowed"


class StaffOnly(Forbidden):
    """Only the estate's staff may do this."""

    code = "staff_only"
    title = "Only staff may do this"


class Invalid(Refusal):
    """What was sent does not mean anything Mita can act on."""

    code = "invalid"
    status = 422
    title = "The input is not valid"


class Conflict(Refusal):
    """The request contradicts what is already recorded."""

    code = "conflict"
    status = 409
    title = "Conflicts with what is recorded"
