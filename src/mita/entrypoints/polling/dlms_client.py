"""The one place that knows the DLMS library: conversations with a meter, blocking, each with a deadline.

The library waits for ever where a meter hangs up, and asks itself in a circle where a meter answers with an
exception, and knows no texts and no floats; so the transport and the reading of values are ours.
"""

from __future__ import annotations

import logging
import socket
import time
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import serial  # type: ignore[import-untyped]  # it comes without types
from dlms_cosem import (  # type: ignore[import-untyped]  # it comes without types
    cosem,
    dlms_data,
    enumerations,
)
from dlms_cosem.clients.dlms_client import DlmsClient  # type: ignore[import-untyped]  # it comes without types
from dlms_cosem.clients.hdlc_transport import (  # type: ignore[import-untyped]  # it comes without types
    SerialHdlcTransport,
)
from dlms_cosem.hdlc import frames  # type: ignore[import-untyped]  # it comes without types
from dlms_cosem.protocol import xdlms  # type: ignore[import-untyped]  # it comes without types

from mita.drivers.dlms.data import BadData, value
from mita.drivers.urls import SerialPlace, TcpPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.drivers.dlms import Settings

# at lower levels it writes passwords and keys
logging.getLogger("dlms_cosem").setLevel(logging.WARNING)

_BLOCKS_MAX = 2_000
_BYTES_MAX = 1_000_000
_WRAPPER_BYTES, _WRAPPER_VERSION = 8, 1
_HDLC_FLAG = b"\x7e"
_HDLC_BYTES_MAX = 4_096
_SLICE_S = 0.1
_GOODBYE_S = 1.0


class DlmsFailed(Exception):
    """A conversation that came to nothing, in words that an installer understands."""


class DlmsRefused(DlmsFailed):
    """The meter answers, and refuses: no such object, no right to it, or it failed."""


class _Stream:
    """Bytes to and from a socket or a serial port until a deadline."""

    def __init__(self, place: TcpPlace | SerialPlace, *, until: float) -> None:
        self._until = until
        self._kept = bytearray()
        try:
            if isinstance(place, TcpPlace):
                self._socket = socket.create_connection((place.host, place.port), timeout=self._left())
                self._port = None
            else:
                self._port = serial.Serial(
                    place.path, place.baud, parity=place.parity, stopbits=place.stop, timeout=_SLICE_S
                )
        except (OSError, ValueError) as error:
            raise DlmsFailed(f"{place}: the connection is not answered: {error}") from error

    def hurry(self, within_s: float) -> None:
        """Bring the deadline nearer."""
        self._until = min(self._until, time.monotonic() + within_s)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the meter does not answer in time")
        return left

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._port is not None:
            self._left()
            self._port.write(data)
        else:
            self._socket.settimeout(self._left())
            self._socket.sendall(data)

    def _more(self) -> None:
        while True:
            left = self._left()
            if self._port is not None:
                found = self._port.read(max(1, self._port.in_waiting))
                if not found:
                    continue
            else:
                self._socket.settimeout(left)
                found = self._socket.recv(4_096)
                if not found:
                    raise ConnectionError("the meter hung up")
            self._kept += found
            return

    def take(self, count: int) -> bytes:
        """Return so many bytes."""
        while len(self._kept) < count:
            self._more()
        found = bytes(self._kept[:count])
        del self._kept[:count]
        return found

    def read_until(self, end: bytes) -> bytes:
        """Return what comes until ``end``, with it."""
        while (at := self._kept.find(end)) < 0:
            if len(self._kept) > _HDLC_BYTES_MAX:
                raise ConnectionError("the answer has no end")
            self._more()
        return self.take(at + len(end))

    def close(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            (self._socket if self._port is None else self._port).close()


class _Wrapper:
    """The wrapper that DLMS has over TCP: version, both ports, length."""

    def __init__(self, stream: _Stream, *, client: int, server: int) -> None:
        self._stream = stream
        self.client_logical_address, self.server_logical_address = client, server
        self.timeout = 0

    def connect(self) -> None:
        """Do nothing: the stream is open."""

    def disconnect(self) -> None:
        """Do nothing: the stream is closed by whoever opened it."""

    def send(self, bytes_to_send: bytes) -> bytes:
        """Send an APDU and return the answer."""
        ports = (_WRAPPER_VERSION, self.client_logical_address, self.server_logical_address)
        head = b"".join(each.to_bytes(2, "big") for each in (*ports, len(bytes_to_send)))
        self._stream.write(head + bytes_to_send)
        answer = self._stream.take(_WRAPPER_BYTES)
        if int.from_bytes(answer[:2], "big") != _WRAPPER_VERSION:
            raise ConnectionError("the answer is not DLMS over TCP; perhaps the framing is hdlc")
        return self._stream.take(int.from_bytes(answer[6:], "big"))


class Session:
    """An open association. Every method raises :class:`DlmsFailed` or :class:`DlmsRefused`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get(self, class_id: int, obis: str, attribute: int, *, selection: bytes | None = None) -> Any:
        """Return an attribute as :func:`mita.drivers.dlms.data.value` gives it."""
        raw = self.get_raw(class_id, obis, attribute, selection=selection)
        try:
            return value(raw)
        except BadData as bad:
            raise DlmsFailed(f"{obis}: the value {bad}") from bad

    def get_raw(self, class_id: int, obis: str, attribute: int, *, selection: bytes | None = None) -> bytes:
        """Return an attribute as it came, its type before it."""
        event = self._ask(
            xdlms.GetRequestNormal(
                cosem_attribute=cosem.CosemAttribute(
                    enumerations.CosemInterface(class_id), _obis(obis), attribute
                ),
                access_selection=None if selection is None else _Selection(selection),
            )
        )
        data = bytearray()
        for _ in range(_BLOCKS_MAX):
            if not isinstance(
                event, xdlms.GetResponseNormal | xdlms.GetResponseWithBlock | xdlms.GetResponseLastBlock
            ):
                raise DlmsRefused(f"{obis}: {_why(event)}")
            data += event.data
            if not isinstance(event, xdlms.GetResponseWithBlock):
                return bytes(data)
            if len(data) > _BYTES_MAX:
                break
            event = self._ask(
                xdlms.GetRequestNext(
                    invoke_id_and_priority=event.invoke_id_and_priority, block_number=event.block_number
                )
            )
        raise DlmsFailed(f"{obis}: the answer has no end")

    def register(self, obis: str) -> list[Any]:
        """Return a register as digits, its power of ten and the number of its unit."""
        return [digits(self.get(3, obis, 2)), *self.scaler(obis)]

    def scaler(self, obis: str) -> list[int]:
        """Return the power of ten of a register and the number of its unit."""
        found = self.get(3, obis, 3)
        if not isinstance(found, list) or len(found) != 2:  # noqa: PLR2004 - its two parts
            raise DlmsRefused(f"{obis}: has no power of ten and no unit")
        return [int(each) for each in found]

    def set_octets(self, class_id: int, obis: str, attribute: int, octets: bytes) -> None:
        """Set an attribute that is a string of bytes."""
        self.set_raw(class_id, obis, attribute, dlms_data.OctetStringData(octets).to_bytes())

    def set_raw(self, class_id: int, obis: str, attribute: int, raw: bytes) -> None:
        """Set an attribute to what is encoded already, its type before it."""
        event = self._ask(
            xdlms.SetRequestNormal(
                cosem_attribute=cosem.CosemAttribute(
                    enumerations.CosemInterface(class_id), _obis(obis), attribute
                ),
                data=raw,
            )
        )
        result = getattr(event, "result", None)
        if result is not enumerations.DataAccessResult.SUCCESS:
            raise DlmsRefused(f"{obis}: {_why(event)}")

    def act(self, class_id: int, obis: str, method: int) -> None:
        """Call a method that takes the integer 0."""
        event = self._ask(
            xdlms.ActionRequestNormal(
                cosem_method=cosem.CosemMethod(enumerations.CosemInterface(class_id), _obis(obis), method),
                data=dlms_data.IntegerData(0).to_bytes(),
            )
        )
        if getattr(event, "status", None) is not enumerations.ActionResultStatus.SUCCESS:
            raise DlmsRefused(f"{obis}: {_why(event)}")

    def _ask(self, event: Any) -> Any:
        try:
            self._client.send(event)
            return self._client.next_event()
        except (OSError, DlmsFailed) as error:
            raise DlmsFailed(str(error)) from error
        except Exception as error:
            # whatever the library trips over was sent by the meter
            raise DlmsFailed(f"the meter's answer is not understood: {error!r}"[:300]) from error


class _Selection:
    """A selection of rows, as bytes with its kind before it."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def to_bytes(self) -> bytes:
        """Return the bytes."""
        return self._raw


def rows_between(clock: str, since: bytes, until: bytes) -> bytes:
    """Return the selection of a profile's rows from one time of a clock to another (12 bytes each)."""
    octets: list[bytes] = [
        dlms_data.OctetStringData(each).to_bytes() for each in (_obis(clock).to_bytes(), since, until)
    ]
    clock_attribute: bytes = b"\x02\x04" + b"\x12\x00\x08" + octets[0] + b"\x0f\x02" + b"\x12\x00\x00"
    return b"\x01" + b"\x02\x04" + clock_attribute + octets[1] + octets[2] + b"\x01\x00"


def digits(found: Any) -> str:
    """Return a number off the wire as digits.

    :raises DlmsRefused: if it is none
    """
    if isinstance(found, bool) or not isinstance(found, int | Decimal):
        raise DlmsRefused(f"{str(found)[:40]!r} is not a number")
    return str(found)


@contextmanager
def conversation(settings: Settings, *, first_counter: int, limit_s: float) -> Iterator[Session]:
    """Yield an association with a meter, and end it; all of it takes at most ``limit_s``.

    :raises DlmsFailed: if it does not come to one
    """
    assert settings.place is not None, "the settings were checked"
    stream = _Stream(settings.place, until=time.monotonic() + limit_s)
    try:
        client = _client(settings, stream, first_counter=first_counter)
        try:
            client.connect()
            client.associate()
        except Exception as error:
            raise DlmsFailed(f"the meter does not accept the association: {_plain(error)}") from error
        try:
            yield Session(client)
        except DlmsRefused:
            _end(client, stream)
            raise
        _end(client, stream)
    finally:
        stream.close()


def _end(client: Any, stream: _Stream) -> None:
    """End the association. What was asked is answered; a meter that says no goodbye does not undo it."""
    stream.hurry(_GOODBYE_S)
    with suppress(Exception):
        client.release_association()
        _disconnect(client.io_interface, stream)


def _disconnect(transport: Any, stream: _Stream) -> None:
    """Send DISC over HDLC and wait for any answer; the library waits for more than meters say."""
    if isinstance(transport, SerialHdlcTransport):
        goodbye = frames.DisconnectFrame(
            destination_address=transport.server_hdlc_address, source_address=transport.client_hdlc_address
        )
        stream.write(goodbye.to_bytes())
        for _ in range(2):
            stream.read_until(_HDLC_FLAG)


def _client(settings: Settings, stream: _Stream, *, first_counter: int) -> Any:
    transport: Any = _Wrapper(stream, client=settings.client, server=settings.server)
    if settings.is_hdlc:
        transport = SerialHdlcTransport(
            client_logical_address=settings.client,
            server_logical_address=settings.server,
            server_physical_address=settings.server_physical,
            serial_port="",
            serial=stream,
        )
    more: dict[str, Any] = {}
    mechanism = enumerations.AuthenticationMechanism
    if settings.security == "lls":
        more = {"authentication_method": mechanism.LLS, "password": settings.secret.encode("ascii")}
    elif settings.security == "hls_gmac":
        encryption, authentication = settings.keys
        more = {
            "authentication_method": mechanism.HLS_GMAC,
            "encryption_key": encryption,
            "authentication_key": authentication,
            "client_system_title": settings.system_title,
            "client_initial_invocation_counter": first_counter,
            # the meter's first may be 0, and must be above this
            "meter_initial_invocation_counter": -1,
        }
    return DlmsClient(
        client_logical_address=settings.client,
        server_logical_address=settings.server,
        io_interface=transport,
        **more,
    )


def _obis(text: str) -> Any:
    return cosem.Obis(*(int(each) for each in text.split(".")))


def _why(event: Any) -> str:
    if isinstance(event, xdlms.ExceptionResponse):
        return f"the meter refuses: {event.state_error.name}, {event.service_error.name}"
    for name in ("error", "result", "status"):
        found = getattr(event, name, None)
        if found is not None:
            return f"the meter refuses: {getattr(found, 'name', found)}"
    return "the meter answers with something else"


def _plain(error: BaseException) -> str:
    return str(error)[:300] or type(error).__name__
