"""Web push: encrypted for one browser (RFC 8291), signed by the installation (RFC 8292), and posted."""

from __future__ import annotations

import base64
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mita.entrypoints.worker.poster import WebhookPoster
from mita.notifications.domain.push import payload_of
from mita.notifications.operations import NotDelivered
from mita.webhooks.domain import AddressRules

if TYPE_CHECKING:
    from uuid import UUID

    from mita.kit.settings import Settings
    from mita.notifications.domain import Letter
    from mita.notifications.domain.push import Push

# push services refuse what is good for longer than a day
_SIGNED_FOR_S = 12 * 3600
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_OK, _MOVED, _FINAL_FROM, _FINAL_UNTIL = 200, 300, 400, 500


class PushSender:
    """Writes to browsers; to public addresses only, as webhooks go."""

    def __init__(self, settings: Settings) -> None:
        self._contact = contact_of(settings)
        self._poster = WebhookPoster(AddressRules.of(settings.webhooks_allow_private.split(",")))

    async def close(self) -> None:
        """Close all connections."""
        await self._poster.close()

    async def send(self, letter: Letter, *, message_id: UUID) -> None:
        """Hand a message over to the push service of its browser.

        :raises NotDelivered: if it could not be; ``is_gone`` if the browser is not told there any more
        """
        push = letter.push
        assert push is not None, "a message to a browser says how it gets there"
        body = encrypted(payload_of(letter.subject, letter.text, push=push), push=push)
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(push.ttl_s),
            "Urgency": "high",
            # one that waits at the service gives way to a second copy of it
            "Topic": message_id.hex,
            "Authorization": signature(push, contact=self._contact, now_s=int(time.time())),
        }
        answer = await self._poster.post(push.browser.endpoint, headers=headers, body=body)
        if answer.status is None:
            raise NotDelivered(f"the push service cannot be reached: {answer.error}")
        if answer.status in _GONE:
            raise NotDelivered("the browser is not told there any more", is_final=True, is_gone=True)
        if not _OK <= answer.status < _MOVED:
            is_final = (
                _FINAL_FROM <= answer.status < _FINAL_UNTIL and answer.status != HTTPStatus.TOO_MANY_REQUESTS
            )
            raise NotDelivered(f"the push service answered {answer.status}", is_final=is_final)


def contact_of(settings: Settings) -> str:
    """Return how a push service reaches the operator, which it demands (RFC 8292, section 2.1)."""
    if settings.push_contact is not None:
        return settings.push_contact
    if settings.public_url is not None and settings.public_url.startswith("https:"):
        return settings.public_url
    return f"mailto:{settings.smtp_from}"


def encrypted(payload: bytes, *, push: Push) -> bytes:
    """Return a payload that only the browser reads."""
    # it brings two HTTP clients along, which a worker that pushes nothing does without
    from pywebpush import WebPusher

    browser = push.browser
    told = {"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}}
    found = WebPusher(told).encode(payload, content_encoding="aes128gcm")
    assert found is not None, "there is a payload"
    return bytes(found["body"])


def signature(push: Push, *, contact: str, now_s: int) -> str:
    """Return the header by which a push service knows the installation."""
    from py_vapid import Vapid02

    parts = urlsplit(push.browser.endpoint)
    claims = {"sub": contact, "aud": f"{parts.scheme}://{parts.netloc}", "exp": now_s + _SIGNED_FOR_S}
    secret = base64.urlsafe_b64encode(push.secret).rstrip(b"=")
    signer: Any = Vapid02  # it has no types
    return str(signer.from_raw(secret).sign(claims)["Authorization"])
