"""Messages to persons: what they say, in the languages that Mita writes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .push import Push

DEFAULT_LANGUAGE = "en"
TRIES_MAX = 8
_AGAIN_FIRST = timedelta(seconds=15)
_AGAIN_MAX = timedelta(hours=1)

# template -> language -> subject, text
_TEMPLATES: dict[str, dict[str, tuple[str, str]]] = {
    "sign_in_code": {
        "en": (
            "Your code: {code}",
            (
                "{code} is your code to sign in to Mita. It lasts {minutes} minutes. "
                "If you did not ask for it, do nothing, and give it to nobody."
            ),
        ),
        "de": (
            "Ihr Code: {code}",
            (
                "{code} ist Ihr Code zur Anmeldung bei Mita. Er gilt {minutes} Minuten. "
                "Wenn Sie ihn nicht angefordert haben, tun Sie nichts, und geben Sie ihn niemandem."
            ),
        ),
    },
    "reset_code": {
        "en": (
            "A new password",
            (
                "{code} is your code for a new password of Mita. It lasts {minutes} minutes. "
                "If you did not ask for it, do nothing: your password stays as it is."
            ),
        ),
        "de": (
            "Ein neues Passwort",
            (
                "{code} ist Ihr Code für ein neues Passwort bei Mita. Er gilt {minutes} Minuten. "
                "Wenn Sie ihn nicht angefordert haben, tun Sie nichts: Ihr Passwort bleibt."
            ),
        ),
    },
    "sign_up_code": {
        "en": ("Welcome to Mita", "{code} is your code to sign up to Mita. It lasts {minutes} minutes."),
        "de": (
            "Willkommen bei Mita",
            "{code} ist Ihr Code für die Registrierung bei Mita. Er gilt {minutes} Minuten.",
        ),
    },
    "account_exists": {
        "en": (
            "You have an account already",
            (
                "Somebody, perhaps you, wanted to sign up to Mita with this address. "
                "You have an account already: sign in, or ask for a new password."
            ),
        ),
        "de": (
            "Sie haben schon ein Konto",
            (
                "Jemand, vielleicht Sie selbst, wollte sich mit dieser Adresse bei Mita registrieren. "
                "Sie haben schon ein Konto: melden Sie sich an, oder fordern Sie ein neues Passwort an."
            ),
        ),
    },
    "identifier_code": {
        "en": (
            "Your code: {code}",
            "{code} adds this address to your account of Mita, for {minutes} minutes.",
        ),
        "de": (
            "Ihr Code: {code}",
            "{code} fügt diese Adresse Ihrem Konto bei Mita hinzu, {minutes} Minuten lang.",
        ),
    },
    "invitation": {
        "en": (
            "You are invited to Mita",
            "You are invited to see the meters and the wallet of {unit}. Sign up with this code: {code}",
        ),
        "de": (
            "Einladung zu Mita",
            (
                "Sie sind eingeladen, Zähler und Guthaben von {unit} zu sehen. "
                "Registrieren Sie sich mit diesem Code: {code}"
            ),
        ),
    },
}
_TEMPLATES["moved_in"] = {
    "en": (
        "Welcome to {unit}",
        (
            "You live in {unit} of {estate} now, and its meters and its wallet are yours to see in Mita. "
            "Sign in with this address: a code is sent to you, no password is needed."
        ),
    ),
    "de": (
        "Willkommen in {unit}",
        (
            "Sie wohnen jetzt in {unit}, {estate}, und sehen Zähler und Guthaben bei Mita. "
            "Melden Sie sich mit dieser Adresse an: Sie erhalten einen Code, ein Passwort ist nicht nötig."
        ),
    ),
}
_TEMPLATES["reading_due"] = {
    "en": ("Please read your meter", "Please read {meters} in {unit} by {last_on}, and send it in Mita."),
    "de": (
        "Bitte lesen Sie Ihren Zähler ab",
        "Bitte lesen Sie {meters} in {unit} bis {last_on} ab, und senden Sie den Stand in Mita.",
    ),
}
_TEMPLATES["reading_accepted"] = {
    "en": (
        "Your reading was accepted",
        "Your reading of {meter}, {value} {measured}, was checked and accepted: {amount} {currency}.",
    ),
    "de": (
        "Ihre Ablesung wurde angenommen",
        "Ihre Ablesung von {meter}, {value} {measured}, wurde geprüft und angenommen: {amount} {currency}.",
    ),
}
_TEMPLATES["meter_issues"] = {
    "en": (
        "{estate}: look after {what}",
        "In {estate} there is something to look after:\n\n{lines}\n\nMita shows when it is over.",
    ),
    "de": (
        "{estate}: bitte nachsehen, {what}",
        "In {estate} ist etwas nachzusehen:\n\n{lines}\n\nMita zeigt, wenn es vorbei ist.",
    ),
}
_TEMPLATES["new_device"] = {
    "en": (
        "A sign-in on a new device",
        (
            "Your account of Mita was opened on {device} at {at}. If that was not you, end the session and "
            "choose a new password."
        ),
    ),
    "de": (
        "Anmeldung auf einem neuen Gerät",
        (
            "Ihr Konto bei Mita wurde auf {device} geöffnet, {at}. Wenn Sie das nicht waren, beenden Sie die "
            "Sitzung, und wählen Sie ein neues Passwort."
        ),
    ),
}
TEMPLATES = frozenset(_TEMPLATES)
LANGUAGES = frozenset(language for each in _TEMPLATES.values() for language in each)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is sent: to whom, its subject (mails and browsers), its text.

    ``push`` is how it reaches a browser; None for all other channels.
    """

    channel: str
    address: str
    subject: str
    text: str
    push: Push | None = None


def written(template: str, *, language: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Return subject and text of a message, in its language, or in English where there is none.

    :raises KeyError: if there is no such template, or it needs another value
    """
    texts = _TEMPLATES[template]
    subject, text = texts.get(language.partition("-")[0], texts[DEFAULT_LANGUAGE])
    return subject.format_map(values), text.format_map(values)


def language_of(accepted: str) -> str:
    """Return the first language of an ``Accept-Language`` header that Mita writes, else English."""
    for part in accepted.split(",")[:20]:
        word = part.partition(";")[0].strip().lower().partition("-")[0]
        if word in LANGUAGES:
            return word
    return DEFAULT_LANGUAGE


def again_after(tries: int) -> timedelta:
    """Return how long a message waits after so many tries: 15 s, doubling, an hour at most."""
    return min(_AGAIN_FIRST * (1 << min(max(tries - 1, 0), 10)), _AGAIN_MAX)
