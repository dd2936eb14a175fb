"""Web push: what a browser gives so that it can be written to, and what it shows. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec

from .alerts import AlertKind, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

# an alert that comes later than this surprises more than it helps
PUSHED_FOR = timedelta(hours=12)
PUSH, TEST = "push", "test"
_AUTH_BYTES = 16
_POINT_BYTES = 65
_ENGLISH = "en"
_NO_POINT = "must be a point of P-256, uncompressed, in base64url"

# kind -> language -> title
_TITLES: dict[str, dict[str, str]] = {
    AlertKind.LOW_BALANCE: {
        "en": "Credit is low",
        "de": "Das Guthaben ist niedrig",
        "fr": "Le crédit est bas",
        "ha": "Kuɗi ya kusa ƙarewa",
        "pt": "O saldo está baixo",
        "sw": "Salio limepungua",
        "zu": "Imali isincane",
    },
    AlertKind.BALANCE_OUT: {
        "en": "Credit is used up",
        "de": "Das Guthaben ist aufgebraucht",
        "fr": "Le crédit est épuisé",
        "ha": "Kuɗi ya ƙare",
        "pt": "O saldo acabou",
        "sw": "Salio limeisha",
        "zu": "Imali iphelile",
    },
    AlertKind.BALANCE_BACK: {
        "en": "Credit is back",
        "de": "Wieder Guthaben",
        "fr": "Le crédit est revenu",
        "ha": "Kuɗi ya dawo",
        "pt": "O saldo voltou",
        "sw": "Salio limerudi",
        "zu": "Imali isibuyile",
    },
    TEST: {
        "en": "Alerts work on this device",
        "de": "Meldungen kommen auf diesem Gerät an",
        "fr": "Les alertes arrivent sur cet appareil",
        "ha": "Faɗakarwa na aiki a wannan na'ura",
        "pt": "Os alertas chegam a este aparelho",
        "sw": "Arifa zinafika kwenye kifaa hiki",
        "zu": "Izexwayiso ziyasebenza kule divayisi",
    },
}
# of alerts that have no title of their own
_NEWS = {
    "en": "News of your home",
    "de": "Neues von Ihrem Zuhause",
    "fr": "Des nouvelles de votre logement",
    "ha": "Labari game da gidanka",
    "pt": "Novidades da sua casa",
    "sw": "Habari za nyumba yako",
    "zu": "Izindaba zekhaya lakho",
}
_UTILITY_NAMES = ("electricity", "water", "hot_water", "gas", "solar")
_UTILITIES = {
    language: dict(zip(_UTILITY_NAMES, names, strict=True))
    for language, names in {
        "de": ("Strom", "Wasser", "Warmwasser", "Gas", "Solar"),
        "fr": ("électricité", "eau", "eau chaude", "gaz", "solaire"),
        "ha": ("lantarki", "ruwa", "ruwan zafi", "gas", "sola"),
        "pt": ("eletricidade", "água", "água quente", "gás", "solar"),
        "sw": ("umeme", "maji", "maji moto", "gesi", "sola"),
        "zu": ("ugesi", "amanzi", "amanzi ashisayo", "igesi", "ugesi welanga"),
    }.items()
}
PUSH_LANGUAGES = frozenset(_NEWS)


class BadSubscription(ValueError):
    """What a browser gave is no subscription; ``path`` is the field, the message says what it must be."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a browser is written to, and the keys that only it can read with (RFC 8291)."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)

    def sealable(self) -> bytes:
        """Return it as it is sealed."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def opened(cls, told: bytes) -> Browser:
        """Return what :meth:`sealable` has given."""
        return cls(**json.loads(told))


@dataclass(frozen=True, slots=True)
class Push:
    """What goes to a browser: to whom, by whose key, for how long it is worth anything, what it opens.

    ``secret`` is the private key, 32 bytes; ``tag`` lets a second copy take the place of the first.
    """

    browser: Browser
    secret: bytes = field(repr=False)
    ttl_s: int
    path: str
    tag: str


def checked_browser(*, endpoint: str, p256dh: str, auth: str) -> Browser:
    """Return what a browser gave, without padding.

    :raises BadSubscription: if a key cannot be one
    """
    point = _decoded(p256dh, path="p256dh")
    if len(point) != _POINT_BYTES:
        raise BadSubscription("p256dh", _NO_POINT)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise BadSubscription("p256dh", _NO_POINT) from error
    if len(_decoded(auth, path="auth")) != _AUTH_BYTES:
        raise BadSubscription("auth", f"must be {_AUTH_BYTES} bytes in base64url")
    return Browser(endpoint, p256dh.rstrip("="), auth.rstrip("="))


def _decoded(text: str, *, path: str) -> bytes:
    plain = text.rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSubscription(path, "must be base64url") from error


def new_push_key() -> tuple[bytes, bytes]:
    """Return a new key: the public point (65 bytes) and the secret (32 bytes)."""
    secret = ec.generate_private_key(ec.SECP256R1())
    numbers = secret.private_numbers()
    public = numbers.public_numbers
    point = b"\x04" + public.x.to_bytes(32, "big") + public.y.to_bytes(32, "big")
    return point, numbers.private_value.to_bytes(32, "big")


def pushed_text(kind: str, *, language: str, detail: Mapping[str, str | int]) -> tuple[str, str]:
    """Return title and text of what a browser shows, in its language as far as Mita writes it.

    Of balances the whole is said in that language; other alerts have their English sentence.
    """
    word = language.partition("-")[0]
    word = word if word in PUSH_LANGUAGES else _ENGLISH
    title = _TITLES.get(kind, _NEWS)[word]
    if kind == TEST:
        return title, ""
    if kind in _TITLES and {"unit", "utility", "balance", "currency"} <= detail.keys():
        name = str(detail["utility"])
        utility = _UTILITIES.get(word, {}).get(name, name.replace("_", " "))
        return title, f"{detail['unit']}, {utility}: {detail['balance']} {detail['currency']}"
    return title, sentence(AlertKind(kind), detail=detail)


def path_of(subject: str, *, estate_id: int) -> str:
    """Return the page of the web app, below its base, that shows what an alert is about."""
    parts = subject.split(":")
    if parts[0] == "wallet" and len(parts) > 1 and parts[1].isdecimal():
        return f"e/{estate_id}/wallet/{parts[1]}"
    return ""


def payload_of(title: str, text: str, *, push: Push) -> bytes:
    """Return what the service worker of the web app reads."""
    told: dict[str, Any] = {"title": title, "body": text, "path": push.path, "tag": push.tag}
    return json.dumps(told, ensure_ascii=False).encode()
