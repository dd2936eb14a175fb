"""The Things Stack's HTTP API: downlinks are handed to it, and taken back."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from mita.devices import queries as registry
from mita.drivers.lorawan.settings import plan_of
from mita.entrypoints.ingest.chirpstack import ServerAway, ServerRefused
from mita.entrypoints.worker.poster import WebhookPoster
from mita.webhooks.domain import AddressRules

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.drivers.wire import Device, Outgoing
    from mita.entrypoints.ingest.settings import IngestSettings
    from mita.webhooks.domain import Answer

# what a device's secret calls the key of its server
KEY = "api_key"
CALL_S = 5.0
# a server that does not answer is left alone for so long, or as it asks
_QUIET_S = 5.0
_QUIET_MAX_S = 600.0
_OK = range(200, 300)
# too slow, too often, and whatever is wrong inside the server: later it may do
_LATER = frozenset({408, 425, 429, *range(500, 600)})
_PLAIN = re.compile(r"[\x21-\x7e]+")


async def with_secret(session: AsyncSession, device: Device, *, estate_id: int) -> Device:
    """Return a device with the key of its server among its settings, if it has one of its own.

    :raises KeyGone: if it was sealed with a key that is gone
    :raises NotSealable: if this process has no keys to open it with
    """
    found = await registry.configured(session, estate_id=estate_id, names=[device.name], with_secrets=True)
    return found[device.name].device


class TtsServer:
    """Servers of that kind: a device's own, where its settings name one, else that of the installation.

    Only addresses that the rules allow are connected to. The installation's key goes to its server alone.
    """

    def __init__(self, poster: WebhookPoster, *, api: str = "", key: str = "") -> None:
        """Take what posts, and the installation's server, if it has one: its address and a key of it."""
        self._poster, self._api, self._key = poster, api, key
        self._quiet_until: dict[str, float] = {}

    async def close(self) -> None:
        """Let go of the connections."""
        await self._poster.close()

    async def hand(self, message: Outgoing, device: Device) -> None:
        """Hand a request to a device's server; its settings hold its secret.

        :raises ServerAway: if it does not answer, or asks to be left alone
        :raises ServerRefused: if there is no such server, or it does not do it
        """
        api, key = self._server_of(device)
        if self._quiet_until.get(api, 0.0) > time.monotonic():
            raise ServerAway("it is left alone for a while")
        headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "user-agent": "mita",
        }
        url = api.rstrip("/") + message.channel
        answer = await self._poster.post(url, headers=headers, body=message.payload.decode())
        if answer.status in _OK:
            return
        words = f"{answer.status or ''} {answer.error or answer.text}".strip()[:200]
        if answer.status is None or answer.status in _LATER:
            self._quiet_until[api] = time.monotonic() + _quiet_s(answer)
            raise ServerAway(words)
        raise ServerRefused(str(answer.status), f"The Things Stack refuses it: {words}")

    def _server_of(self, device: Device) -> tuple[str, str]:
        own = plan_of(device).server_url
        api, key = (self._api, self._key) if own is None else (own, device.settings.get(KEY))
        if not api:
            raise ServerRefused("no_server", "neither the device nor the settings name a Things Stack")
        if not isinstance(key, str) or not _PLAIN.fullmatch(key):
            raise ServerRefused(
                "no_key", f"no key is known for {api[:100]}: it is {KEY!r} of the device's secret"
            )
        return api, key


def _quiet_s(answer: Answer) -> float:
    return min(max(_QUIET_S, float(answer.wait_s)), _QUIET_MAX_S)


def tts_server(settings: IngestSettings) -> TtsServer:
    """Return what speaks to the servers, by the settings."""
    rules = AddressRules.of(settings.webhooks_allow_private.split(","))
    key = settings.tts_key
    return TtsServer(
        WebhookPoster(rules, timeout_s=CALL_S),
        api=settings.tts_api,
        key="" if key is None else key.get_secret_value(),
    )
