"""ChirpStack's own API (gRPC): what waits in a device's queue, and emptying it before a new order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mita.entrypoints.ingest.settings import IngestSettings

CALL_S = 5.0


class ServerAway(ConnectionError):
    """The server does not answer; asking again later may do."""


class ServerRefused(Exception):
    """The server does not do it, with its status as ``code``; asking again does not help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A downlink that waits at the server; ``is_pending`` is one that went out and is not acknowledged yet.

    ``expires_s`` is seconds since 1970; None: it never expires.
    """

    item_id: str
    f_port: int
    is_pending: bool
    expires_s: int | None


class ChirpStackServer:
    """One server; its connection is made with the first call and made again whenever it is lost."""

    def __init__(self, target: str, *, token: str, is_tls: bool, roots: bytes | None = None) -> None:
        """Name the server: ``host:port``, an API key of its own, and how the connection is encrypted.

        ``roots`` are certificates (PEM) of authorities beyond those that the system knows.
        """
        self._target, self._token, self._is_tls, self._roots = target, token, is_tls, roots
        self._channel: Any | None = None

    async def flush(self, dev_eui: str) -> None:
        """Empty a device's queue, so that nothing which waited there is carried out any more.

        A downlink that a gateway has already taken is not called back.

        :raises ServerAway: if it does not answer
        :raises ServerRefused: if it does not know the device, or us
        """
        await self._ask("FlushQueue", "FlushDeviceQueueRequest", dev_eui=dev_eui)

    async def queue(self, dev_eui: str) -> list[QueueItem]:
        """Return what waits for a device, next first.

        :raises ServerAway: if it does not answer
        :raises ServerRefused: if it does not know the device, or us
        """
        answer = await self._ask("GetQueue", "GetDeviceQueueItemsRequest", dev_eui=dev_eui)
        return [
            QueueItem(
                item.id,
                item.f_port,
                item.is_pending,
                item.expires_at.seconds if item.HasField("expires_at") else None,
            )
            for item in answer.result
        ]

    async def close(self) -> None:
        """Let go of the connection."""
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def _ask(self, method: str, message: str, *, dev_eui: str) -> Any:
        # a quarter of a second and many megabytes that most installations do not need
        import grpc  # type: ignore[import-untyped]  # it ships no types
        from chirpstack_api import api  # type: ignore[import-untyped]  # likewise

        if self._channel is None:
            self._channel = self._opened(grpc)
        call = getattr(api.DeviceServiceStub(self._channel), method)
        request = getattr(api, message)(dev_eui=dev_eui)
        try:
            return await call(request, timeout=CALL_S, metadata=(("authorization", f"Bearer {self._token}"),))
        except grpc.aio.AioRpcError as error:
            code = error.code()
            away = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
            words = f"{method}: {str(error.details())[:200]}"
            if code in away:
                raise ServerAway(words) from error
            raise ServerRefused(code.name.lower(), words) from error

    def _opened(self, grpc: Any) -> Any:
        if not self._is_tls:
            return grpc.aio.insecure_channel(self._target)
        return grpc.aio.secure_channel(self._target, grpc.ssl_channel_credentials(self._roots))


def chirpstack_server(settings: IngestSettings) -> ChirpStackServer | None:
    """Return the server that is set; None if none is."""
    if not settings.chirpstack_api:
        return None
    token = settings.chirpstack_token
    return ChirpStackServer(
        settings.chirpstack_api,
        token="" if token is None else token.get_secret_value(),
        is_tls=settings.chirpstack_tls,
    )
