"""Access to a wallet: rights, limits, which alerts are heard, invitations and their codes. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from mita.kit.money import BIGINT_MAX
from mita.notifications.domain import AlertKind

from .standing import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence


RightWord = Literal["view", "top_up", "manage"]


class Right(IntEnum):
    """What a person may do with a wallet; each right includes those before it."""

    VIEW = 1
    TOP_UP = 2
    MANAGE = 3

    @property
    def shown(self) -> RightWord:
        """The word that is stored and shown."""
        return _WORDS[self]

    @classmethod
    def of(cls, word: str) -> Right:
        """Return the right of a word."""
        return cls[word.upper()]


_WORDS: dict[Right, RightWord] = {Right.VIEW: "view", Right.TOP_UP: "top_up", Right.MANAGE: "manage"}
# alerts about a wallet, which a grant may route to its person
HEARABLE = (
    AlertKind.LOW_BALANCE,
    AlertKind.BALANCE_OUT,
    AlertKind.BALANCE_BACK,
    AlertKind.SPEND_WARNING,
    AlertKind.SPEND_REACHED,
    AlertKind.CUT_DEFERRED,
    AlertKind.TOP_UP_WANTED,
    AlertKind.RATE_CHANGE,
    AlertKind.READING_DUE,
)
HEARS_BY_DEFAULT = (
    AlertKind.LOW_BALANCE,
    AlertKind.BALANCE_OUT,
    AlertKind.SPEND_WARNING,
    AlertKind.SPEND_REACHED,
    AlertKind.RATE_CHANGE,
    AlertKind.READING_DUE,
)
# somebody has to hear of these: staff, if no person does
NEVER_UNHEARD = frozenset({AlertKind.BALANCE_OUT, AlertKind.SPEND_REACHED})


@dataclass(frozen=True, slots=True)
class Access:
    """What is granted: a right, the most of a single top-up in micro-money (None: no limit), alerts."""

    right: Right
    top_up_limit_micro: int | None = None
    hears: tuple[AlertKind, ...] = HEARS_BY_DEFAULT

    def allows(self, right: Right) -> bool:
        """Tell whether it includes a right."""
        return self.right >= right

    def allows_top_up(self, amount_micro: int) -> bool:
        """Tell whether a single top-up of that much is allowed."""
        return self.right >= Right.TOP_UP and (
            self.top_up_limit_micro is None or amount_micro <= self.top_up_limit_micro
        )

    def may_give(self, other: Access) -> bool:
        """Tell whether who holds this may give ``other``: managers may, up to what they hold."""
        if self.right < Right.MANAGE:
            return False
        if self.top_up_limit_micro is None or other.right < Right.TOP_UP:
            return True
        return other.top_up_limit_micro is not None and other.top_up_limit_micro <= self.top_up_limit_micro

    def recorded(self) -> dict[str, object]:
        """Return it as the audit trail keeps it."""
        return {
            "right": self.right.shown,
            "top_up_limit_micro": self.top_up_limit_micro,
            "hears": sorted(self.hears),
        }


def alerts_of_crossing(
    *, before: Standing, after: Standing
) -> tuple[AlertKind | None, tuple[AlertKind, ...]]:
    """Return the alert of a change of standing, if it is worth one, and the kinds that it overtakes."""
    if after is Standing.OUT:
        return AlertKind.BALANCE_OUT, (AlertKind.LOW_BALANCE, AlertKind.BALANCE_BACK)
    if before is Standing.OUT:
        return AlertKind.BALANCE_BACK, (AlertKind.BALANCE_OUT, AlertKind.LOW_BALANCE)
    if after is Standing.LOW:
        return AlertKind.LOW_BALANCE, (AlertKind.BALANCE_BACK,)
    return None, (AlertKind.LOW_BALANCE,)


def hearing(words: Sequence[str]) -> tuple[AlertKind, ...]:
    """Return the kinds of alerts of ``words``, each once, in the order of the list of kinds."""
    return tuple(kind for kind in HEARABLE if kind in words)


_SECRET_BYTES = 24
_CODE = re.compile(r"([1-9][0-9]{0,18})\.([0-9a-f]{32})\.([A-Za-z0-9_-]{32})")


@dataclass(frozen=True, slots=True)
class InvitationCode:
    """The one-time code of an invitation: where to look for it, and the secret that opens it."""

    estate_id: int
    invitation_id: UUID
    secret: str

    @property
    def text(self) -> str:
        """The code as the invited person gets it."""
        return f"{self.estate_id}.{self.invitation_id.hex}.{self.secret}"

    @property
    def hash(self) -> bytes:
        """What is stored of it; 192 random bits need no slow hash."""
        return hashlib.sha256(self.text.encode()).digest()

    def opens(self, code_hash: bytes) -> bool:
        """Tell whether it is the code of a stored hash, in a time that tells nothing."""
        return hmac.compare_digest(self.hash, code_hash)


def new_code(*, estate_id: int, invitation_id: UUID) -> InvitationCode:
    """Return a fresh code for an invitation."""
    return InvitationCode(estate_id, invitation_id, secrets.token_urlsafe(_SECRET_BYTES))


def read_code(text: str) -> InvitationCode | None:
    """Return the code that a text is, or None for one that cannot be one."""
    found = _CODE.fullmatch(text.strip())
    if found is None or int(found[1]) > BIGINT_MAX:
        return None
    return InvitationCode(int(found[1]), UUID(hex=found[2]), found[3])
