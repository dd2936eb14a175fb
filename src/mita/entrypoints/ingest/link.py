"""The connection to the broker: takes messages, acknowledges after the commit, reconnects for ever."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

import gmqtt
from gmqtt.mqtt.handler import MQTTError
from gmqtt.storage import PersistentStorage

from mita.drivers.mqtt.routes import OWN, RENEW
from mita.entrypoints.ingest.receipts import Receipts, Taken
from mita.entrypoints.ingest.tls import tls_of
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.entrypoints.ingest.inbox import Inbox
    from mita.entrypoints.ingest.settings import IngestSettings

logger = logging.getLogger(__name__)
# gmqtt has no types
Client: Any = gmqtt.Client
Subscription: Any = gmqtt.Subscription
Storage: Any = PersistentStorage

# what an MQTT 5 broker may send before it is acknowledged; with 3.1.1 the broker's own setting decides
RECEIVE_MAXIMUM = 2_000
_KEEPALIVE_S = 30
_CONNECT_S = 10
_CLOSE_S = 2
_PUBLISH_S = 2
_DELAY_FIRST_S = 0.2
_DELAY_MAX_S = 10.0
_MQTT_5 = 5
_REFUSED = 0x80
_RENEWALS = f"{OWN}/+/{RENEW}"
# gmqtt's own reconnecting gives up on some refusals and shares state between connections: a number below
# UNLIMITED_RECONNECTS (-1) switches it off
_NEVER = -2


class NotSent(Exception):
    """The broker did not take a message."""


class Link:
    """Ingest's connection: a new client object each time, so that no acknowledgement reaches a later one."""

    def __init__(self, settings: IngestSettings, *, inbox: Inbox, topics: Sequence[str]) -> None:
        self._settings = settings
        self._topics = topics
        self._inbox = inbox
        self._client: Any | None = None
        self._sent = Storage()
        self._lost = asyncio.Event()
        self._is_paused = False
        # it warns about every acknowledgement on a closed connection, which is what should happen to it
        logging.getLogger("gmqtt").setLevel(logging.CRITICAL)

    @property
    def is_connected(self) -> bool:
        """Whether the broker listens."""
        return self._client is not None and not self._lost.is_set()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        delay_s = _DELAY_FIRST_S
        while True:
            self._lost = asyncio.Event()
            self._is_paused = False
            client = self._new_client(self._lost)
            try:
                await self._connect(client, self._lost)
            except (OSError, MQTTError, TimeoutError) as error:
                if isinstance(error, ssl.SSLCertVerificationError):
                    logger.error("broker refused: its certificate %s", _told(error))  # noqa: TRY400 - no fault of ours
                logger.warning("broker away, waiting delay_s=%.1f error=%r", delay_s, error)
                await self._close(client)
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, _DELAY_MAX_S)
                continue
            delay_s = _DELAY_FIRST_S
            self._client = client
            logger.info(
                "broker connected host=%s port=%d", self._settings.mqtt_host, self._settings.mqtt_port
            )
            await self._lost.wait()
            self._client = None
            logger.warning("broker connection lost")
            await self._close(client)

    def _new_client(self, lost: asyncio.Event) -> Any:
        properties: dict[str, int] = {}
        if self._settings.mqtt_version == _MQTT_5:
            properties = {"session_expiry_interval": 0xFFFFFFFF, "receive_maximum": RECEIVE_MAXIMUM}
        self._sent = Storage()
        client = Client(
            self._settings.mqtt_client_id,
            clean_session=False,
            optimistic_acknowledgement=False,
            persistent_storage=self._sent,
            **properties,
        )
        client.set_config({"reconnect_retries": _NEVER})
        password = self._settings.mqtt_password
        client.set_auth_credentials(
            self._settings.mqtt_username, password.get_secret_value() if password is not None else None
        )
        receipts = Receipts(client)
        client.on_message = partial(self._on_message, receipts)
        # gmqtt would start a task for each message, and write each acknowledgement by itself
        client._package_handler._handle_qos_1_publish_packet = partial(self._on_publish, receipts)  # noqa: SLF001 - it has no other door
        client.on_disconnect = lambda *_: lost.set()
        client.on_subscribe = lambda _client, _mid, granted, _properties: self._on_subscribe(granted, lost)
        return client

    async def _connect(self, client: Any, lost: asyncio.Event) -> None:
        settings = self._settings
        connecting = asyncio.create_task(
            client.connect(
                settings.mqtt_host,
                settings.mqtt_port,
                ssl=tls_of(settings) or False,
                keepalive=_KEEPALIVE_S,
                version=settings.mqtt_version,
            )
        )
        # gmqtt waits on for an answer after the other end has hung up
        losing = asyncio.create_task(lost.wait())
        try:
            async with asyncio.timeout(_CONNECT_S):
                await asyncio.wait({connecting, losing}, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                raise ConnectionResetError("the broker hung up before it answered")
            await connecting
        finally:
            connecting.cancel()
            losing.cancel()
            await asyncio.gather(connecting, losing, return_exceptions=True)
        prefix = f"$share/{settings.mqtt_share}/" if settings.mqtt_share else ""
        client.subscribe([Subscription(prefix + topic, qos=1) for topic in self._topics])

    def _on_subscribe(self, granted: tuple[int, ...], lost: asyncio.Event) -> None:
        refused = [topic for topic, qos in zip(self._topics, granted, strict=False) if qos >= _REFUSED]
        if refused == [_RENEWALS]:
            # a broker whose rules are of before devices could ask there: readings go on
            logger.warning("broker refuses %s: devices cannot renew their tokens over MQTT", _RENEWALS)
        elif refused:
            logger.error("broker refuses the subscription granted=%s", granted)
            lost.set()

    def _on_message(
        self, receipts: Receipts, _client: Any, topic: Any, payload: bytes, _qos: int, properties: Any
    ) -> None:
        """Take a message in that nobody wants acknowledged (QoS 0)."""
        self._take(topic, payload, Taken(receipts, None), properties)

    def _on_publish(
        self, receipts: Receipts, number: int, payload: bytes, topic: Any, properties: Any
    ) -> None:
        """Take a message in; it is acknowledged once it is durable."""
        self._take(topic, payload, Taken(receipts, number), properties)

    def _take(self, topic: Any, payload: bytes, taken: Taken, properties: Any) -> None:
        name = topic if isinstance(topic, str) else topic.decode("utf-8", "replace")
        if self._inbox.is_full and not self._is_paused:
            self._is_paused = True
            taken.receipts.client._connection._transport.pause_reading()  # noqa: SLF001 - gmqtt has no door for it
        is_retained = bool((properties or {}).get("retain"))
        self._inbox.take(name, bytes(payload), taken, now=now_utc(), is_retained=is_retained)

    def resume(self) -> None:
        """Read on, if the inbox has room again."""
        if self._is_paused and not self._inbox.is_full and self._client is not None:
            self._is_paused = False
            with contextlib.suppress(RuntimeError):
                self._client._connection._transport.resume_reading()  # noqa: SLF001 - see above

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish at least once (QoS 1, not retained) and wait until the broker has taken it.

        :raises NotSent: if it did not within two seconds; it may have arrived all the same
        """
        if self._client is None or self._lost.is_set():
            raise NotSent("the broker is away")
        try:
            self._client.publish(topic, payload, qos=1, retain=False)
            await asyncio.wait_for(self._sent.wait_empty(), _PUBLISH_S)
        except (TimeoutError, OverflowError) as error:
            raise NotSent(f"the broker did not take the message on {topic}") from error

    def tell(self, topic: str, payload: bytes) -> None:
        """Publish at most once (QoS 0, not retained): a broker keeps nothing of it for who is away."""
        if self._client is not None and not self._lost.is_set():
            self._client.publish(topic, payload, qos=0, retain=False)

    async def close(self) -> None:
        """Disconnect; the broker keeps the session and what is not acknowledged."""
        if self._client is not None:
            # acknowledgements of the last batch are still on their way through the loop
            await asyncio.sleep(0.05)
            await self._close(self._client)
            self._client = None

    async def _close(self, client: Any) -> None:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_CLOSE_S):
                await client.disconnect()


def _told(error: ssl.SSLCertVerificationError) -> str:
    return f"is not believed ({error.verify_message}); see MITA_MQTT_CA_FILE and MITA_MQTT_SERVER_NAME"
