"""An MQTT 3.1.1 broker for a demo or a single site: amqtt with device tokens, on loopback.

It keeps messages in memory: when it dies, what it had not delivered is lost. Fleets take Mosquitto or EMQX.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import amqtt.broker
from amqtt.contexts import Action
from amqtt.errors import AMQTTError, MQTTError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.constants import QOS_0, QOS_1
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin, BaseTopicPlugin
from amqtt.session import OutgoingApplicationMessage

from mita.entrypoints.keys import INGEST, Keys, device_of_token
from mita.entrypoints.ports import LOOPBACK
from mita.identity.domain import DEVICE_PREFIX

if TYPE_CHECKING:
    from amqtt.session import Session

    from mita.entrypoints.embedded.issued import IssuedTokens

# what one client may owe acknowledgements for; ingest's batches cannot grow beyond it
WINDOW = 2_000
# a device that does not acknowledge gets the message again when it connects next; ingest may take its time
DEVICE_PATIENCE_S = 30
INGEST_TOPICS = ("m/+/up", "m/+/ack", "m/+/state", "m/+/renew")
_FROM_DEVICE = frozenset({"up", "ack", "state", "renew"})
_TO_DEVICE = frozenset({"down", "token"})
_TOLD_ONCE = "/token"
_LIVE_HANDLER = "mita.handler"
# the loop keeps only weak references to tasks
_handed_over: set[asyncio.Future[Any]] = set()


class DeviceTokens(BaseAuthPlugin):
    """A device shows a token issued for it, or one signed for its name; ingest shows its password."""

    @dataclass
    class Config:
        """The installation's secrets, and what knows the tokens that were issued."""

        device_secret: str
        ingest_password: str
        issued: Any = None

    async def authenticate(self, *, session: Session) -> bool:
        """Tell whether the client is who its client id says."""
        password = session.password or ""
        if INGEST in (session.client_id, session.username):
            is_ingest = session.client_id == session.username
            return is_ingest and hmac.compare_digest(password.encode(), self.config.ingest_password.encode())
        device = session.client_id
        if not device or device != session.username:
            return False
        issued: IssuedTokens | None = self.config.issued
        if password.startswith(DEVICE_PREFIX):
            return issued is not None and await issued.opens(device=device, token=password)
        if device_of_token(self.config.device_secret, password) != device:
            return False
        # whoever was issued a token is known by that alone, or revoking it would mean nothing
        return issued is None or not await issued.has(device=device)


class DeviceTopics(BaseTopicPlugin):
    """A device speaks on its own topics only, and no longer than its token; ingest hears all of them."""

    @dataclass
    class Config:
        """What knows the tokens that were issued."""

        issued: Any = None

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Tell whether the client may use the topic."""
        assert session is not None, "the broker names the session"
        # by client id: the session that waits for ingest from the start has no user name yet
        if session.client_id == INGEST:
            return True
        prefix, _, rest = (topic or "").partition("/")
        device, _, leaf = rest.rpartition("/")
        allowed = _FROM_DEVICE if action == Action.PUBLISH else _TO_DEVICE
        if prefix != "m" or device != session.client_id or leaf not in allowed:
            return False
        password = session.password or ""
        issued: IssuedTokens | None = self.config.issued
        if issued is None or not password.startswith(DEVICE_PREFIX):
            return True
        return await issued.opens(device=device, token=password)


class IngestSession(BasePlugin[Any]):
    """Subscribes for ingest before anybody connects.

    After a restart devices may be back sooner than ingest, and a message without a subscriber is dropped.
    """

    async def on_broker_post_start(self) -> None:
        """Make the session that collects until ingest comes."""
        for topic in INGEST_TOPICS:
            await self.context.add_subscription(INGEST, topic, QOS_1)


class PatientHandler(BrokerProtocolHandler):
    """One client's connection, mended in four places.

    amqtt forgets a QoS 1 message that is not acknowledged within five seconds or before the connection
    breaks; here it waits and is sent again. amqtt lets a CONNECT touch a session unauthenticated. And it
    publishes a last will without asking whether the client may. And it marks what waited for a client as
    retained: a device does not obey such a command, and ingest takes no state of a supply from it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._window = asyncio.Semaphore(WINDOW)
        self._is_stopped = False
        # a message between the queue and its delivery
        self.taken: Any = None

    @classmethod
    async def init_from_connect(cls, reader: Any, writer: Any, plugins_manager: Any, loop: Any = None) -> Any:
        """Authenticate before the broker looks for a session of that name."""
        handler, session = await super().init_from_connect(reader, writer, plugins_manager, loop)
        answers = (await plugins_manager.map_plugin_auth(session=session)).values()
        if not answers or not all(answers):
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            raise MQTTError(f"client {str(session.client_id)[:100]!r} is not authorised")
        if session.will_flag and not await _may_publish(plugins_manager, session, session.will_topic):
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            raise MQTTError(f"the last will of {str(session.client_id)[:100]!r} is not its own to publish")
        return handler, session

    async def start(self) -> None:
        """Begin to serve the client."""
        assert self.session is not None, "a handler starts attached"
        self.session.attributes[_LIVE_HANDLER] = self
        await super().start()

    async def stop(self) -> None:
        """End, and give back what the client did not acknowledge."""
        self._is_stopped = True
        if self.session is not None and self.session.attributes.get(_LIVE_HANDLER) is self:
            del self.session.attributes[_LIVE_HANDLER]
        await super().stop()

    async def mqtt_deliver_next_message(self) -> Any:
        """Return what the client published next, and remember it until it is passed on."""
        self.taken = await super().mqtt_deliver_next_message()
        return self.taken

    async def mqtt_publish(
        self,
        topic: str,
        data: bytes | bytearray,
        qos: int | None,
        retain: bool = False,  # noqa: ARG002, FBT001, FBT002 - the library's own signature
        ack_timeout: int | None = None,
    ) -> Any:
        """Send a message, whether it waited or not: here nothing is retained."""
        return await super().mqtt_publish(topic, data, qos, retain=False, ack_timeout=ack_timeout)

    async def _retry_deliveries(self) -> None:
        """Nothing is in flight at a start: what was not acknowledged waits in the session's queue."""

    async def _handle_qos1_message_flow(self, app_message: Any) -> None:
        if not isinstance(app_message, OutgoingApplicationMessage):
            await super()._handle_qos1_message_flow(app_message)
            return
        session = self.session
        assert session is not None, "a message is sent on a connection"
        try:
            async with self._window:
                await self._send_and_wait(app_message, session)
        except (asyncio.CancelledError, AMQTTError, TimeoutError, OSError):
            self._give_back(app_message, session)

    async def _send_and_wait(self, message: OutgoingApplicationMessage, session: Session) -> None:
        if self._is_stopped:
            raise ConnectionResetError("the client is gone")
        # numbered when it is sent: the number drawn when it was queued may have come round
        message.packet_id = session.next_packet_id
        acknowledged: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        session.inflight_out[message.packet_id] = message
        self._puback_waiters[message.packet_id] = acknowledged
        try:
            await self._send_packet(message.build_publish_packet())
            await asyncio.wait_for(acknowledged, None if session.client_id == INGEST else DEVICE_PATIENCE_S)
        finally:
            del self._puback_waiters[message.packet_id]
            del session.inflight_out[message.packet_id]

    def _give_back(self, message: OutgoingApplicationMessage, session: Session) -> None:
        if session.clean_session:
            return
        successor = session.attributes.get(_LIVE_HANDLER)
        if successor is not None and successor is not self:
            # the client is back already and its queue was emptied before this came
            again = successor.mqtt_publish(message.topic, message.data, QOS_1, retain=False)
            task = asyncio.ensure_future(again)
            _handed_over.add(task)
            task.add_done_callback(_handed_over.discard)
            return
        session.retained_messages.put_nowait(message)


async def _may_publish(plugins_manager: Any, session: Session, topic: str | None) -> bool:
    answers = await plugins_manager.map_plugin_topic(session=session, topic=topic, action=Action.PUBLISH)
    return bool(answers) and all(answers.values())


class MendedBroker(amqtt.broker.Broker):
    """amqtt's broker, mended in three places.

    It delivers as surely as the subscriber asks, however the message came: a token, which is told at most
    once, would wait here for who is away. It hands what is retained on any topic to every client that
    connects, subscribed or not: here nothing is retained. And it forgets what a client has published, and was
    told is taken, if the client goes at once.
    """

    async def _broadcast_message(
        self,
        session: Session | None,
        topic: str | None,
        data: bytes | bytearray | None,
        force_qos: int | None = None,
    ) -> None:
        is_token = topic is not None and topic.endswith(_TOLD_ONCE)
        await super()._broadcast_message(session, topic, data, QOS_0 if is_token else force_qos)

    async def retain_message(self, *_: Any, **__: Any) -> None:
        """Forget it: a reading is new only once, and a command is never retained."""

    async def _handle_message_delivery(self, client_session: Any, handler: Any, wait_deliver: Any) -> bool:
        if wait_deliver.result() is not handler.taken:
            # the client went in the same moment, and its leaving passed the message on
            return True
        handler.taken = None
        return bool(await super()._handle_message_delivery(client_session, handler, wait_deliver))

    async def _handle_disconnect(self, client_session: Any, handler: Any, disconnect_waiter: Any) -> None:
        # before its last will
        await self._pass_on_rest(client_session, handler)
        await super()._handle_disconnect(client_session, handler, disconnect_waiter)

    async def _client_message_loop(self, client_session: Any, handler: Any) -> None:
        await super()._client_message_loop(client_session, handler)
        await self._pass_on_rest(client_session, handler)

    async def _delete_session(self, client_id: str) -> None:
        # the client is back, with a clean session, before its former self was heard out
        session, handler = self._sessions.get(client_id, (None, None))
        if session is not None:
            await self._pass_on_rest(session, handler)
        await super()._delete_session(client_id)

    async def _pass_on_rest(self, session: Session, handler: Any) -> None:
        rest, handler.taken = [handler.taken], None
        while not session.delivered_message_queue.empty():
            rest.append(session.delivered_message_queue.get_nowait())
        for message in rest:
            if message is not None:
                delivered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                delivered.set_result(message)
                await super()._handle_message_delivery(session, handler, delivered)


# the broker makes its handlers by this name
amqtt.broker.BrokerProtocolHandler = PatientHandler  # type: ignore[attr-defined]


class EmbeddedBroker:
    """The broker of this installation."""

    def __init__(self, *, port: int, keys: Keys, issued: IssuedTokens | None = None) -> None:
        plugins = {
            f"{__name__}.DeviceTokens": {
                "device_secret": keys.device_secret,
                "ingest_password": keys.ingest_password,
                "issued": issued,
            },
            f"{__name__}.DeviceTopics": {"issued": issued},
            f"{__name__}.IngestSession": {},
        }
        self._config = {
            "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
            "plugins": plugins,
        }
        self._broker: MendedBroker | None = None

    async def start(self) -> None:
        """Listen on loopback."""
        # it tells every packet otherwise
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._broker = MendedBroker(self._config)
        await self._broker.start()

    async def stop(self) -> None:
        """Close all connections; undelivered messages are lost."""
        if self._broker is not None:
            await self._broker.shutdown()
            self._broker = None
