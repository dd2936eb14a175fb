"""Request and response shapes of signing in."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.identity.models import OneTimeCode
from mita.identity.operations import FactorNeeded, Question, SignedIn
from mita.kit.shapes import Id, Instant, Shape

Typed = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(
        description="An email address, or a phone number with its country: +27…",
        examples=["thandi@example.com"],
    ),
]
Secret = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$"),
    Field(examples=["seven lamps by the river"]),
]
Code = Annotated[
    str,
    StringConstraints(min_length=4, max_length=40, pattern=r"^[A-Za-z0-9 -]+$"),
    Field(examples=["482910"]),
]
Keep = Annotated[
    Literal["cookie", "body"],
    Field(
        description="Where the refresh token goes: a cookie for browsers, the body for apps",
        examples=["cookie"],
    ),
]
# as WebAuthn writes it; its own checks come after
Credential = Annotated[
    dict[str, Any],
    Field(description="As WebAuthn has it, in JSON", examples=[{"id": "…", "type": "public-key"}]),
]
RefreshText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$"),
    Field(examples=["mita_refresh_…"]),
]


class SignInIn(Shape):
    """A sign-in with a password."""

    identifier: Typed
    password: Secret
    keep: Keep = "cookie"


class CodeAsked(Shape):
    """Where a code is to be sent to."""

    identifier: Typed


class CodeShown(Shape):
    """A code that was sent."""

    code_id: UUID
    code: Code
    keep: Keep = "cookie"


class NewPasswordIn(Shape):
    """A new password, with the code that was sent for it."""

    code_id: UUID
    code: Code
    password: Secret
    keep: Keep = "cookie"


class FactorShown(Shape):
    """A code of the authenticator app, or a backup code."""

    ticket: Annotated[
        str, StringConstraints(max_length=120, pattern=r"^[0-9a-f.]+$"), Field(examples=["0193….5f2c…"])
    ]
    code: Code
    keep: Keep = "cookie"


class PasskeyShown(Shape):
    """What a browser has answered with a passkey."""

    challenge_id: UUID
    credential: Credential
    keep: Keep = "cookie"


class RefreshIn(Shape):
    """A refresh token; without it, the cookie's."""

    refresh_token: RefreshText | None = None


class SignedOut(Shape):
    """The session is over, if there was one."""

    signed_out: bool = Field(default=True, examples=[True])


class CodeSent(Shape):
    """A code is on its way, if somebody has that address: the answer is the same if nobody has."""

    code_id: UUID
    expires_at: Instant


class TokensOut(Shape):
    """What a session is shown with."""

    person_id: Id
    session_id: UUID
    access_token: str = Field(examples=["eyJ…"], description="Send it as Authorization: Bearer")
    access_expires_at: Instant
    refresh_token: str | None = Field(examples=[None], description="Null where it is in the cookie")
    refresh_expires_at: Instant


class SignInOut(Shape):
    """Signed in, or halfway."""

    state: Literal["signed_in", "second_factor_needed"]
    tokens: TokensOut | None
    ticket: str | None = Field(examples=[None], description="Continues with the second factor")
    ticket_expires_at: Instant | None


class QuestionOut(Shape):
    """What to ask the browser for: the options of ``navigator.credentials``."""

    challenge_id: UUID
    options: dict[str, Any] = Field(examples=[{"challenge": "…", "rpId": "mita.example"}])
    expires_at: Instant


class KeyOut(Shape):
    """A public key in JSON (RFC 8037)."""

    kty: str = Field(examples=["OKP"])
    crv: str = Field(examples=["Ed25519"])
    use: str = Field(examples=["sig"])
    alg: str = Field(examples=["EdDSA"])
    kid: str = Field(examples=["q2tQ…"])
    x: str = Field(examples=["11qYAYKx…"])


class KeysOut(Shape):
    """The keys that access tokens may be signed with, the newest first."""

    keys: list[KeyOut]


def code_sent(row: OneTimeCode) -> CodeSent:
    """Return that a code is on its way."""
    return CodeSent(code_id=row.one_time_code_id, expires_at=row.expires_at)


def tokens_out(signed_in: SignedIn, *, keep: str) -> TokensOut:
    """Return the tokens of a session as JSON shows them."""
    return TokensOut(
        person_id=signed_in.person_id,
        session_id=signed_in.session_id,
        access_token=signed_in.access_token,
        access_expires_at=signed_in.access_expires_at,
        refresh_token=signed_in.refresh_token if keep == "body" else None,
        refresh_expires_at=signed_in.refresh_expires_at,
    )


def sign_in_out(done: SignedIn | FactorNeeded, *, keep: str) -> SignInOut:
    """Return a sign-in as JSON shows it."""
    if isinstance(done, FactorNeeded):
        return SignInOut(
            state="second_factor_needed", tokens=None, ticket=done.ticket, ticket_expires_at=done.expires_at
        )
    return SignInOut(
        state="signed_in", tokens=tokens_out(done, keep=keep), ticket=None, ticket_expires_at=None
    )


def question_out(asked: Question) -> QuestionOut:
    """Return a question for the browser as JSON shows it."""
    return QuestionOut(challenge_id=asked.challenge_id, options=asked.options, expires_at=asked.expires_at)
