"""Who asks to sign in and from where; how often they may; the cookie of the refresh token."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import cast
from urllib.parse import urlsplit

from fastapi import Request, Response

from mita.identity.domain import Principal
from mita.identity.domain.sessions import device_name
from mita.identity.operations import FactorNeeded, PageOrigin, PersonsOnly, SignedIn, Where
from mita.identity.schemas.sign_in import SignInOut, sign_in_out
from mita.kit import context
from mita.kit.errors import Forbidden, RateLimited, Refusal
from mita.kit.limiter import Limiter
from mita.kit.web import edge

SIGNING_IN = "signing_in"
COOKIE = "mita_refresh"
_COOKIE_PATH = "/api/v1/auth"
ATTEMPTS_OF_ADDRESS = 60
CODES_OF_NAME = 5
_MINUTES_OF_CODES = 10


class SignInFailed(Refusal):
    """What was shown does not prove who it is; it never says which part is wrong."""

    code = "sign_in_failed"
    status = 401
    title = "The sign-in failed"


class CrossOrigin(Forbidden):
    """A cookie came with a request that a page of another site has made."""

    code = "cross_origin"
    title = "The request comes from another site"


@dataclass(slots=True)
class SigningIn:
    """What counts attempts in this process, the address under which people reach it, what they are told."""

    limiter: Limiter = field(default_factory=Limiter)
    public_url: str | None = None
    tells_of_new_devices: bool = True


def _rules(request: Request) -> SigningIn:
    return cast("SigningIn", edge(request).parts[SIGNING_IN])


def own_origin(request: Request) -> str:
    """Return the address under which people reach Mita: scheme, host, port."""
    said = _rules(request).public_url
    return (said or f"{request.url.scheme}://{request.headers.get('host', '')}").lower()


def page_of(request: Request) -> PageOrigin:
    """Return where a browser with a passkey must be."""
    origin = own_origin(request)
    return PageOrigin(origin, urlsplit(origin).hostname or "")


def where_of(request: Request) -> Where:
    """Return the device and the address of whoever asks."""
    address = context.current().address or (request.client.host if request.client else "")
    device = device_name(request.headers.get("user-agent", "")[:500])
    return Where(device, address, language_asked(request), _rules(request).tells_of_new_devices)


def language_asked(request: Request) -> str:
    """Return the languages that the caller would like to read, as the header says them."""
    return request.headers.get("accept-language", "")[:200]


async def limit_address(request: Request, *, now: datetime) -> None:
    """Count a request of whoever asks.

    :raises RateLimited: if there were too many from this address
    """
    address = context.counted_address(where_of(request).address)
    await _rules(request).limiter.check(f"sign_in:{address}", limit=ATTEMPTS_OF_ADDRESS, now=now)


async def limit_codes(request: Request, *, of: str, now: datetime) -> None:
    """Count a code that is to be sent to an address or number, whoever asks for it.

    :raises RateLimited: if there were too many
    """
    name = f"codes:{of}"
    await _rules(request).limiter.check(name, limit=CODES_OF_NAME, minutes=_MINUTES_OF_CODES, now=now)


def locked(closed_for: timedelta) -> RateLimited:
    """Return the refusal of an account that is closed for a while."""
    return RateLimited(
        "too many attempts; try again later", retry_after_s=int(closed_for.total_seconds()) + 1
    )


def answer(request: Request, response: Response, done: SignedIn | FactorNeeded, *, keep: str) -> SignInOut:
    """Return a sign-in as JSON, with the refresh token in its cookie where it belongs there."""
    if isinstance(done, SignedIn) and keep == "cookie":
        keep_cookie(request, response, done)
    return sign_in_out(done, keep=keep)


def keep_cookie(request: Request, response: Response, done: SignedIn) -> None:
    """Put a refresh token into its cookie: no script reads it, no other site sends it."""
    response.set_cookie(
        COOKIE,
        done.refresh_token,
        # of the database's own zone where it was read from there; a cookie's time is of Greenwich
        expires=done.refresh_expires_at.astimezone(UTC),
        path=_COOKIE_PATH,
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def drop_cookie(request: Request, response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(
        COOKIE, path=_COOKIE_PATH, secure=_is_secure(request), httponly=True, samesite="strict"
    )


def _is_secure(request: Request) -> bool:
    """Tell whether the cookie is for encrypted connections only: everywhere but on this machine itself."""
    origin = urlsplit(own_origin(request))
    return origin.scheme == "https" or not _is_loopback(origin.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def cookie_token(request: Request) -> str | None:
    """Return the refresh token in the cookie, if there is one.

    :raises CrossOrigin: if the request was not made by a page of ours
    """
    token = request.cookies.get(COOKIE)
    if token is None:
        return None
    origin = request.headers.get("origin")
    is_ours = (
        origin.lower() == own_origin(request)
        if origin is not None
        else request.headers.get("sec-fetch-site") == "same-origin"
    )
    if not is_ours:
        raise CrossOrigin("a cookie is taken only from pages of this site: the Origin header says another")
    return token


def own_person(request: Request) -> Principal:
    """Return the person who asks for what is their own.

    :raises PersonsOnly: if a program or staff asks
    """
    found = cast("Principal", request.state.caller)
    if found.person_id is None:
        raise PersonsOnly("this is about the person who asks: sign in as one")
    return found


def own_session(request: Request) -> Principal:
    """Return the person who asks, signed in by themself and on this very device.

    :raises PersonsOnly: if a program, staff, an issued token or support asks
    """
    found = own_person(request)
    if found.session_id is None or found.impersonated_by is not None:
        raise PersonsOnly("only whoever signed in themself may do this")
    return found
