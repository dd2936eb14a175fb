"""Errors that a person or a program is told about, in the shape of RFC 9457."""

from __future__ import annotations

from typing import ClassVar


class Passing(Exception):
    """The work is good and may be done again: what stood in its way passes."""


class Refusal(Exception):
    """Something asked for that cannot be done, with a stable ``code`` and an HTTP ``status``."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str, *, problems: list[dict[str, object]] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = problems or []

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says beside its body."""
        return {}


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


class PermissionMissing(Forbidden):
    """None of the caller's roles includes the permission that this needs."""

    code = "permission_missing"
    title = "None of your roles includes this"


def missing(permission: str) -> PermissionMissing:
    """Return the refusal of a caller whose roles do not include a permission."""
    return PermissionMissing(f"this needs the permission {permission}")


class ReadOnly(Forbidden):
    """The caller looks through a person's eyes and may change nothing."""

    code = "read_only"
    title = "You may only look"


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


class KeyReused(Conflict):
    """The idempotency key was used before, for another request."""

    code = "idempotency_key_reused"
    title = "The idempotency key belongs to another request"


class PreconditionFailed(Refusal):
    """What should be changed is not what the caller has read any more."""

    code = "precondition_failed"
    status = 412
    title = "It has changed since you read it"


class RateLimited(Refusal):
    """This was asked for too often."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        """When to try again."""
        return {"Retry-After": str(self.retry_after_s)}
