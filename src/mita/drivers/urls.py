"""Where a bus or a host is, as a device's setting ``url`` says it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import parse_qsl, urlsplit

Parity = Literal["N", "E", "O"]
_BAUD_MAX = 921_600
_PORT_MAX = 65_535


class BadUrl(ValueError):
    """A setting ``url`` that names no bus and no host; in words that an installer understands."""


@dataclass(frozen=True, slots=True)
class TcpPlace:
    """A port of a host."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SerialPlace:
    """A serial port and how bytes look on it."""

    path: str
    baud: int
    parity: Parity
    stop: int

    def __str__(self) -> str:
        return f"serial://{self.path}"


def tcp_place(url: object, *, port: int) -> TcpPlace:
    """Return the host and port of ``tcp://10.0.0.7:8080``; ``port`` where it names none.

    :raises BadUrl: if it is no such address
    """
    if not isinstance(url, str):
        raise BadUrl("the setting url is missing; it is written such as tcp://10.0.0.7:8080")
    try:
        parts = urlsplit(url)
        found = parts.port
    except ValueError as error:
        raise BadUrl(f"the setting url {url[:100]!r} cannot be read: {error}") from error
    if parts.scheme != "tcp" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise BadUrl(f"the setting url {url[:100]!r} is not such as tcp://10.0.0.7:{port}")
    found = port if found is None else found
    if not 1 <= found <= _PORT_MAX:
        raise BadUrl(f"the setting url {url[:100]!r} names no port from 1 to {_PORT_MAX}")
    return TcpPlace(parts.hostname, found)


def serial_place(url: str, *, baud: int, parity: Parity) -> SerialPlace:
    """Return the serial port of ``serial:///dev/ttyUSB0?baud=2400&parity=E&stop=1``.

    ``baud`` and ``parity`` hold where it names none.

    :raises BadUrl: if it is no such address
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    strange = sorted(set(options) - {"baud", "parity", "stop"})
    path = f"{parts.netloc}{parts.path}" if parts.netloc else parts.path
    if parts.scheme != "serial" or not path or strange:
        raise BadUrl(f"the setting url {url[:100]!r} is not such as serial:///dev/ttyUSB0?baud={baud}")
    speed, stop, sign = (
        options.get("baud", str(baud)),
        options.get("stop", "1"),
        options.get("parity", parity),
    )
    if not speed.isascii() or not speed.isdecimal() or not 1 <= int(speed) <= _BAUD_MAX:
        raise BadUrl(f"the setting url {url[:100]!r} has no baud from 1 to {_BAUD_MAX}")
    if sign not in {"N", "E", "O"} or stop not in {"1", "2"}:
        raise BadUrl(f"the setting url {url[:100]!r} needs parity N, E or O, and stop 1 or 2")
    return SerialPlace(path, int(speed), cast("Parity", sign), int(stop))


def place(url: object, *, port: int, baud: int, parity: Parity) -> TcpPlace | SerialPlace:
    """Return the place of a setting ``url`` that may be ``tcp://`` or ``serial://``.

    :raises BadUrl: if it is neither
    """
    if isinstance(url, str) and url.startswith("serial:"):
        return serial_place(url, baud=baud, parity=parity)
    return tcp_place(url, port=port)
