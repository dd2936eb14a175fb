"""The post: mails by SMTP, text messages by an HTTP gateway, web push; as the settings say."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import smtplib
import ssl
import urllib.error
import urllib.request
from email.message import EmailMessage
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mita.entrypoints.worker.push import PushSender
from mita.notifications.domain.push import PUSH
from mita.notifications.operations import NotDelivered

if TYPE_CHECKING:
    from uuid import UUID

    from mita.kit.settings import Settings
    from mita.notifications.domain import Letter

logger = logging.getLogger(__name__)
_TIMEOUT_S = 20.0
_SMTP_PORT, _SMTPS_PORT = 587, 465
_FINAL_FROM = 500


class SettingsPost:
    """Delivers as the settings say; without a server or gateway a message stays where it is, and says so."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shown: set[UUID] = set()
        self._pushes = PushSender(settings)

    async def close(self) -> None:
        """Close what is kept open."""
        await self._pushes.close()

    async def deliver(self, letter: Letter, *, message_id: UUID) -> None:
        """Hand a message over.

        :raises NotDelivered: if it could not be
        """
        if letter.channel == PUSH:
            await self._pushes.send(letter, message_id=message_id)
            return
        is_mail = letter.channel == "email"
        server = self._settings.smtp_url if is_mail else self._settings.sms_url
        if server is None:
            self._show(letter, message_id=message_id)
            missing = "mail server" if is_mail else "gateway for text messages"
            raise NotDelivered(f"not delivered: no {missing} is set", is_open=True)
        send = self._mail if is_mail else self._text
        await asyncio.to_thread(send, server.get_secret_value(), letter, message_id)

    def _show(self, letter: Letter, *, message_id: UUID) -> None:
        if self._settings.show_codes and message_id not in self._shown:
            self._shown.add(message_id)
            logger.info(
                "message to %s, not delivered: %s", letter.address, letter.text, extra={"openly": True}
            )

    def _mail(self, url: str, letter: Letter, message_id: UUID) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = self._settings.smtp_from, letter.address
        # one line, whatever a name in it holds: a header takes no other, and the mail would never go
        mail["Subject"], mail["Date"] = " ".join(letter.subject.split()), formatdate(usegmt=True)
        # a second copy of the same message is known by it
        mail["Message-ID"] = f"<{message_id}@{self._settings.smtp_from.rpartition('@')[2] or 'mita'}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.text)
        try:
            with _connected(url) as server:
                server.send_message(mail)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            raise NotDelivered(
                f"the mail server refused it: {_code_of(error)}", is_final=_is_final(error)
            ) from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotDelivered(f"the mail server cannot be reached: {type(error).__name__}") from error

    def _text(self, url: str, letter: Letter, message_id: UUID) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(message_id)}
        if self._settings.sms_token is not None:
            headers["Authorization"] = f"Bearer {self._settings.sms_token.get_secret_value()}"
        body = json.dumps({"to": letter.address, "text": letter.text}).encode()
        if urlsplit(url).scheme not in ("http", "https"):
            raise NotDelivered("MITA_SMS_URL is no address of a gateway", is_open=True)
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - checked above
        try:
            with _OPENER.open(request, timeout=_TIMEOUT_S):
                return
        except urllib.error.HTTPError as error:
            error.close()
            is_final = (
                HTTPStatus.BAD_REQUEST <= error.code < _FINAL_FROM
                and error.code != HTTPStatus.TOO_MANY_REQUESTS
            )
            raise NotDelivered(f"the gateway answered {error.code}", is_final=is_final) from error
        except (OSError, http.client.HTTPException) as error:
            raise NotDelivered(f"the gateway cannot be reached: {type(error).__name__}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the gateway's token and the message would go wherever an answer says."""

    def redirect_request(self, *_: object) -> None:
        """Make no other request."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def _connected(url: str) -> smtplib.SMTP:
    """Return a session with a mail server: encrypted where it offers it, signed in where the URL says so."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or _SMTPS_PORT, timeout=_TIMEOUT_S, context=secure)
    else:
        server = smtplib.SMTP(host, parts.port or _SMTP_PORT, timeout=_TIMEOUT_S)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=secure)
            server.ehlo()
        elif parts.username:
            server.close()
            raise smtplib.SMTPNotSupportedError("no password goes over an open line")
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _code_of(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return ", ".join(str(code) for code, _ in error.recipients.values())
    return str(getattr(error, "smtp_code", type(error).__name__))


def _is_final(error: smtplib.SMTPException) -> bool:
    """Tell whether a refusal stays one: 5xx, where 4xx is for now."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= _FINAL_FROM for code, _ in error.recipients.values())
    return int(getattr(error, "smtp_code", 0)) >= _FINAL_FROM
