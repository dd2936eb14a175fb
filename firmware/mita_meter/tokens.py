"""The device's token: which one opens the broker, when the next one is to be fetched."""

import binascii
import hashlib
import json

_DAY_S = 86_400
_RETRY_MS = 3_600_000
_MONTH_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def seconds_of(text: str) -> int:
    """Return the seconds since 1970 of ``2026-11-22T08:40:00Z``; fractions are left out.

    :raises ValueError: if it is no such time in UTC
    """
    if len(text) < 20 or text[10] != "T" or not (text.endswith(("Z", "+00:00"))):
        raise ValueError("no time in UTC")
    year, month, day = int(text[0:4]), int(text[5:7]), int(text[8:10])
    hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
    if not 1 <= month <= 12:
        raise ValueError("no month")
    # leap days before this month
    years = year - (1 if month < 3 else 0)
    leap = years // 4 - years // 100 + years // 400 - 477
    days = (year - 1970) * 365 + leap + _MONTH_DAYS[month - 1] + day - 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def expiry_of(token: str) -> int | None:
    """Return when a signed token (a JWT) ends, in seconds since 1970; None if it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        body = parts[1].replace("-", "+").replace("_", "/")
        claims = json.loads(binascii.a2b_base64((body + "=" * (-len(body) % 4)).encode()).decode())
        ends = claims.get("exp")
    except (ValueError, AttributeError, UnicodeError):
        return None
    return ends if isinstance(ends, int) else None


def renewal(url: str, token: str) -> tuple:
    """Return (host, port, bytes to send) that ask for the next token at an ``https`` address."""
    _, _, host, path = url.split("/", 3)
    name, _, port = host.partition(":")
    request = "POST /%s HTTP/1.0\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n"
    return name, int(port or 443), (request % (path, host, token)).encode()


def body_of(answer: bytes) -> bytes | None:
    """Return the body of an answer to it, None if it was refused."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return body if b" 20" in head[:12] else None


def asking(token: str) -> bytes:
    """Return the message that asks for the next token over MQTT; the token itself is not in it."""
    digest = hashlib.sha256(token.encode()).digest()
    return json.dumps({"sha256": binascii.hexlify(digest).decode()}).encode()


class Tokens:
    """The token in use, and a newer one that has not opened the broker yet.

    The newer one is tried first. Only when it has opened the broker does the older one go; if it is
    refused, the older one is shown again.
    """

    def __init__(self, slots, *, token: str, expires_s: int | None, before_s: int = 7 * _DAY_S) -> None:
        self._slots = slots
        self._before_s = before_s
        self._pairs: list[list] = []
        self._asked_ms: int | None = None
        self._is_older_shown = False
        configured = [token, expires_s if expires_s is not None else expiry_of(token)]
        try:
            kept = json.loads((slots.read() or b"{}").decode())
            # a token that staff put into the configuration counts more than what was kept of the one before
            if kept.get("configured") == _mark(token):
                self._pairs = [[pair[0], pair[1]] for pair in kept["tokens"]]
        except (ValueError, KeyError, TypeError, AttributeError, UnicodeError, IndexError):
            # of another version of this program
            pass
        self._configured = _mark(token)
        self._pairs = self._pairs or [configured]

    @property
    def token(self) -> str:
        """What to show the broker now."""
        return self._pairs[-2 if self._is_older_shown and len(self._pairs) > 1 else -1][0]

    def _keep(self) -> None:
        self._slots.write(json.dumps({"configured": self._configured, "tokens": self._pairs}).encode())

    def opened(self) -> None:
        """Note that the broker took ``token``."""
        if len(self._pairs) > 1 and not self._is_older_shown:
            self._pairs = self._pairs[-1:]
            self._keep()

    def refused(self) -> None:
        """Note that the broker refused ``token``; the other one is shown next."""
        self._is_older_shown = not self._is_older_shown

    def is_due(self, *, now_s: int | None, uptime_ms: int) -> bool:
        """Tell whether the token ends soon, and nobody asked for another in the last hour."""
        expires_s = self._pairs[-1][1]
        if expires_s is None or now_s is None or now_s < expires_s - self._before_s:
            return False
        return self._asked_ms is None or uptime_ms - self._asked_ms >= _RETRY_MS

    def asked(self, uptime_ms: int) -> None:
        """Note that another one is being fetched."""
        self._asked_ms = uptime_ms

    def took(self, answer: bytes) -> bool:
        """Keep the token of an answer, and tell whether there was one.

        :raises OSError: if flash did not take it
        """
        try:
            made = json.loads(answer.decode())
            token, ends = made["token"], made["device_token"]["expires_at"]
            expires_s = None if ends is None else seconds_of(ends)
        except (ValueError, KeyError, TypeError, UnicodeError):
            return False
        if not isinstance(token, str) or not 16 <= len(token) <= 1024:
            return False
        self._pairs = self._pairs[-1:] + [[token, expires_s]]
        self._is_older_shown = False
        self._keep()
        return True


def _mark(token: str) -> int:
    return binascii.crc32(token.encode()) & 0xFFFFFFFF
