"""Runs codecs: their text and an input in, what they gave out, with limits of time, memory and depth.

The codecs run in a worker process (``worker``) that is started when it is first needed and again when it
dies. Calls block: who runs an event loop calls from a thread. Many inputs at once cost one round trip.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, Self

from mita.drivers.codecs.pipe import LENGTH, TEXTS_KEPT, Bounds, Recent, frame
from mita.drivers.text import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Operation = Literal["decodeUplink", "encodeDownlink", "decodeDownlink"]

TEXT_CHARACTERS_MAX = 1_000_000
GIVEN_BYTES_MAX = 256 * 1024
# one conversation holds the lock for no more calls than this
_CALLS_AT_ONCE = 100
_PIECE = 65_536
# 1e999999 must not be written out
_DIGITS_MAX = 40
_START_S = 30
_END_S = 0.2
# what PostgreSQL or UTF-8 cannot hold, as JSON spells it
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|[^u])")
_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F]..)$")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a codec may use: processor seconds of a call and of loading it, bytes, characters of its answer.

    ``wall_s`` is how long an answer may stay out altogether before the worker is ended; ``contexts`` is how
    many codecs stay loaded.
    """

    call_s: float = 0.05
    load_s: float = 0.5
    wall_s: float = 5.0
    memory_bytes: int = 32 << 20
    stack_bytes: int = 512 << 10
    output_characters: int = 256 * 1024
    address_space_bytes: int = 2 << 30
    contexts: int = 32


class CodecFailed(Exception):
    """A codec gave nothing: why as a stable ``code`` and a sentence, on which line, what it told its console.

    Codes: ``codec_timeout``, ``codec_memory``, ``codec_stack``, ``codec_error`` (it threw),
    ``codec_missing_function``, ``codec_bad_output``, ``codec_bad_input``, ``codec_no_answer``.
    """

    def __init__(
        self, code: str, detail: str, *, line: int | None = None, console: Sequence[str] = ()
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.line, self.console = code, detail, line, tuple(console)


@dataclass(frozen=True, slots=True)
class Call:
    """A codec's text, which of its functions, and the input that it is given.

    Of an uplink ``{"bytes", "fPort", "recvTime", "variables"}``, of a downlink ``{"data", "fPort"}``;
    ``bytes`` may be bytes or a list, numbers may be Decimals, ``recvTime`` is ISO 8601.
    """

    codec: str
    operation: Operation
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a codec gave: the function that was called, its JSON with every number a Decimal, its console."""

    function: str
    output: Any
    console: tuple[str, ...] = ()

    @property
    def is_wrapped(self) -> bool:
        """Tell whether the output is ``{data, errors, warnings}`` and not the bare values."""
        output = self.output
        return isinstance(output, dict) and (
            isinstance(output.get("data"), dict)
            or isinstance(output.get("errors"), list)
            or isinstance(output.get("warnings"), list)
        )

    @property
    def errors(self) -> tuple[str, ...]:
        """What the codec calls wrong; if there is anything, the message holds no reading."""
        return _texts(self.output, "errors")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the codec warns of."""
        return _texts(self.output, "warnings")

    @property
    def data(self) -> Any:
        """The values of a decoded message; None if the codec calls anything wrong, or gives none."""
        if self.errors:
            return None
        return self.output.get("data") if self.is_wrapped else self.output

    def message(self) -> tuple[int | None, bytes]:
        """Return the port, None if the codec names none, and the bytes of an encoded downlink.

        :raises CodecFailed: ``codec_bad_output`` if it gave none
        """
        if self.errors:
            raise CodecFailed("codec_bad_output", "; ".join(self.errors), console=self.console)
        output = self.output
        named = isinstance(output, dict) and "bytes" in output
        octets = octets_of(output["bytes"] if named else output)
        port = output.get("fPort") if named else None
        if octets is None or not (port is None or (isinstance(port, Decimal) and port == port.to_integral())):
            raise CodecFailed("codec_bad_output", "gives no bytes to send", console=self.console)
        return (None if port is None else int(port)), octets


def octets_of(value: Any) -> bytes | None:
    """Return the bytes that a codec gave as a list, a Buffer or a typed array; None if it gave none."""
    if isinstance(value, dict):
        value = value["data"] if value.get("type") == "Buffer" else _places(value)
    if not isinstance(value, list):
        return None
    # -1 is a byte to who counts with signs
    fitting = [int(each) & 255 for each in value if isinstance(each, Decimal) and _is_octet(each)]
    return bytes(fitting) if len(fitting) == len(value) else None


def _is_octet(number: Decimal) -> bool:
    return number.is_finite() and -128 <= number <= 255 and number == number.to_integral()  # noqa: PLR2004 - bytes


def _places(value: Mapping[str, Any]) -> list[Any] | None:
    wanted = [str(place) for place in range(len(value))]
    return list(value.values()) if value and list(value) == wanted else None


def _texts(output: Any, key: str) -> tuple[str, ...]:
    told = output.get(key) if isinstance(output, dict) else None
    if isinstance(told, str):
        told = [told]
    if not isinstance(told, list):
        return ()
    # an empty text, or a place that was never filled, says nothing
    said = [each for each in told if each not in ("", None)]
    return tuple(each if isinstance(each, str) else json.dumps(each, default=plain) for each in said)


class CodecRunner:
    """Runs codecs in one worker process; may be shared by threads, who wait for each other."""

    def __init__(self, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; another call starts one again."""
        with self._lock:
            self._drop()

    def run(self, codec: str, operation: Operation, given: Mapping[str, Any]) -> Ran:
        """Return what a function of a codec gives for an input.

        :raises CodecFailed: if it gives nothing
        """
        (ran,) = self.run_many([Call(codec, operation, given)])
        if isinstance(ran, CodecFailed):
            raise ran
        return ran

    def run_many(self, calls: Sequence[Call]) -> list[Ran | CodecFailed]:
        """Return what each call gives, in their order; what fails, fails alone."""
        answers: list[Ran | CodecFailed] = []
        while len(answers) < len(calls):
            piece = calls[len(answers) : len(answers) + _CALLS_AT_ONCE]
            with self._lock:
                answers.extend(self._converse(piece))
        return answers

    def _converse(self, calls: Sequence[Call]) -> list[Ran | CodecFailed]:
        """Return the answers to the first of the calls; at least one."""
        bad = next((place for place, call in enumerate(calls) if _unfit(call)), None)
        if bad == 0:
            return [CodecFailed("codec_bad_input", _unfit(calls[0]))]
        calls = calls[:bad]
        try:
            worker = self._worker or _Worker(self._limits)
        except OSError as error:
            return [CodecFailed("codec_no_answer", f"no worker runs: {error}")] * len(calls)
        self._worker = worker
        answers = [_answer(body) for body in worker.converse(calls)]
        if len(answers) < len(calls):
            # the worker goes through them in order: it fell over the first one that has no answer
            answers.append(self._ended())
        return answers

    def _ended(self) -> CodecFailed:
        status = self._drop()
        if status in {-signal.SIGPROF, -signal.SIGXCPU}:
            return CodecFailed("codec_timeout", "needs more time than it may have")
        return CodecFailed("codec_no_answer", "does not come back, and was ended")

    def _drop(self) -> int | None:
        worker, self._worker = self._worker, None
        return None if worker is None else worker.end()


def _unfit(call: Call) -> str:
    if len(call.codec) > TEXT_CHARACTERS_MAX:
        return f"has {len(call.codec)} characters, {TEXT_CHARACTERS_MAX} are allowed"
    size = len(call.given.get("bytes", ())) + len(str(call.given.get("data", "")))
    return f"is given {size} bytes, {GIVEN_BYTES_MAX} are allowed" if size > GIVEN_BYTES_MAX else ""


def _answer(body: bytes) -> Ran | CodecFailed:
    told = json.loads(_storable(body.decode("ascii")))
    console = tuple(told["console"])
    if "error" in told:
        return CodecFailed(told["error"], told["detail"], line=told["line"], console=console)
    try:
        output = parse_json(_storable(told["output"]).encode())
    except ValueError as error:
        return CodecFailed("codec_bad_output", f"gives what is no JSON: {error}", console=console)
    return Ran(told["function"], output, console)


def _storable(text: str) -> str:
    """Return JSON without characters that neither UTF-8 nor PostgreSQL can hold."""
    if "\\u" not in text:
        return text
    return _ESCAPE.sub(
        lambda found: "\\ufffd" if _UNSTORABLE.fullmatch(found[0]) else found[0],
        text,
    )


@lru_cache(maxsize=TEXTS_KEPT)
def _name(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def plain(value: Any) -> Any:
    """Return what JSON has no word for as what it has one for: ``default`` of ``json.dumps``.

    :raises TypeError: if it is neither a Decimal nor bytes
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        # the codec knows doubles and nothing else
        return int(value) if value == value.to_integral() and value.adjusted() < _DIGITS_MAX else float(value)
    if isinstance(value, bytes | bytearray):
        return list(value)
    raise TypeError(f"{type(value).__name__} is nothing that a codec can be given")


class _Worker:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        bounds = Bounds(
            memory=limits.memory_bytes,
            stack=limits.stack_bytes,
            address_space=limits.address_space_bytes,
            output=limits.output_characters,
            load_s=limits.load_s,
            contexts=limits.contexts,
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mita.drivers.codecs.worker", json.dumps(asdict(bounds))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # no secrets; and a codec's local time is UTC
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TZ": "UTC"},
        )
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        self._sent = Recent(TEXTS_KEPT)
        self._arrived = bytearray()
        if not self._ask(b"", 1, wait_s=_START_S):
            status = self.end()
            raise OSError(f"it ended with status {status} before it began")

    def converse(self, calls: Sequence[Call]) -> list[bytes]:
        """Return the answers, in order; fewer than calls if the worker died or stays silent."""
        requests = b"".join(map(self._request, calls))
        return self._ask(requests, len(calls), wait_s=self._limits.wall_s)

    def end(self) -> int:
        """End the process, give its pipes back and return its status."""
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        # one that lives goes when its input ends; one that is dead tells by its status of what it died
        self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process.stdout.close()
        return self._process.wait()

    def _request(self, call: Call) -> bytes:
        name = _name(call.codec)
        request = {
            "name": name,
            "operation": call.operation,
            "given": json.dumps(call.given, default=plain),
            "cpu_s": self._limits.call_s,
        }
        if name not in self._sent:
            request["text"] = call.codec
        self._sent.touch(name, True)
        return frame(request)

    def _ask(self, requests: bytes, count: int, *, wait_s: float) -> list[bytes]:
        answers: list[bytes] = []
        left = memoryview(requests)
        with selectors.DefaultSelector() as selector:
            selector.register(self._from, selectors.EVENT_READ)
            if left:
                selector.register(self._to, selectors.EVENT_WRITE)
            while len(answers) < count:
                ready = selector.select(wait_s)
                if not ready:
                    return answers
                for key, _ in ready:
                    if key.fd == self._to:
                        left = left[self._write(left) :]
                        if not left:
                            selector.unregister(self._to)
                    elif not self._read(answers):
                        return answers
        return answers

    def _write(self, left: memoryview) -> int:
        try:
            return os.write(self._to, left[:_PIECE])
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            # it is dead; what it has answered before is still to be read
            return len(left)

    def _read(self, answers: list[bytes]) -> bool:
        arrived = os.read(self._from, _PIECE)
        self._arrived += arrived
        while len(self._arrived) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._arrived)[0]
            if len(self._arrived) < end:
                break
            answers.append(bytes(self._arrived[LENGTH.size : end]))
            del self._arrived[:end]
        return bool(arrived)
