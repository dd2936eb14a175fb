"""What a person signs in with: an email address or a phone number, in one spelling."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

# Beside spaces and control characters what means something in a header of a mail, so that every spelling is a
# recipient of its own (a,victim@…, (1)victim@…), and what nobody sees: it would make two names look like one.
_NO_MAIL = (
    r"@\s\x00-\x1f\x7f-\x9f()<>\[\]:;\\,\x22\u00ad\u034f\u061c\u180e"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
)
EMAIL_PATTERN = rf"^[^{_NO_MAIL}]{{1,64}}@[^{_NO_MAIL}]{{1,189}}$"
_EMAIL = re.compile(EMAIL_PATTERN)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_SHOWN_DIGITS = 2


class IdentifierKind(StrEnum):
    """What an identifier is; the words are stored."""

    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class SignInName:
    """An identifier: an email address in small letters, or a phone number as ``+27825550101``."""

    kind: IdentifierKind
    value: str

    @property
    def channel(self) -> str:
        """How a message reaches it: ``email`` or ``sms``."""
        return "email" if self.kind is IdentifierKind.EMAIL else "sms"


def read_identifier(text: str) -> SignInName | None:
    """Return what a person typed as an identifier, or None if it is neither an address nor a whole number."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if "@" in plain:
        lowered = plain.lower()
        return SignInName(IdentifierKind.EMAIL, lowered) if _EMAIL.fullmatch(lowered) else None
    digits = re.sub(r"[ ().\-]", "", plain)
    if digits.startswith("00"):
        digits = "+" + digits.removeprefix("00")
    return SignInName(IdentifierKind.PHONE, digits) if _PHONE.fullmatch(digits) else None


def hint_of(value: str) -> str:
    """Return an identifier as lists show it: ``t…@example.com``, ``…01``."""
    name, at, place = value.partition("@")
    return f"{name[0]}…@{place}" if at else f"…{value[-_SHOWN_DIGITS:]}"
