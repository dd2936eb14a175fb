"""Codecs are tried on examples: in a process of their own, a few at a time, and not for long."""

import asyncio
import json
import re
import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import Field

from mita.devices import queries
from mita.devices.schemas import CodecBody, FreeObject
from mita.drivers.codecs.examples import Example, ExamplesInvalid, Failed, parse_examples, try_examples
from mita.drivers.codecs.runner import CodecFailed, CodecRunner, plain
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound, RateLimited
from mita.kit.shapes import Id, Shape
from mita.kit.web import EstateId, Session, edge, needs, refusals

router = APIRouter(tags=["devices"])

# the part of the edge that tries codecs
CODEC_TESTS = "devices.codec_tests"
_AT_ONCE = 2
_SECONDS_MAX = 5.0
_PIECE = 5
_EXAMPLES_MAX = 50
_SHOWN_MAX = 20
_CHARACTERS_MAX = 500
_FRAME_MAX = 2_000
_DATA_MAX = 20_000
_HEX = re.compile(r"[0-9A-Fa-f]+")
# what stands between or before the digits of logs
_APART = re.compile(r"0[xX]|[\s:,-]")
_CODEC = "function decodeUplink(input) { return {data: {energy_wh: input.bytes[3]}}; }"
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_EXAMPLE = {"input": {"bytes": [0, 0, 4, 178], "fPort": 2}, "output": {"data": {"energy_wh": 1202}}}


class ExamplesIn(Shape):
    """Examples of a codec: inputs with the output that its maker promises."""

    examples: list[FreeObject] = Field(min_length=1, max_length=_EXAMPLES_MAX, examples=[[_EXAMPLE]])


class CodecTestIn(ExamplesIn):
    """A codec's text and its examples."""

    body: CodecBody = Field(
        description="JavaScript with `decodeUplink`",
        examples=[_CODEC],
    )


class DifferenceOut(Shape):
    """A value that is not the promised one; both as JSON."""

    path: str = Field(examples=["data.energy_wh"])
    expected: str = Field(examples=["1202"])
    given: str = Field(examples=["178"])


class FailedOut(Shape):
    """An example that the codec does not meet."""

    place: str = Field(description="Where it stands in the list", examples=["1"])
    name: str = Field(examples=["first uplink"])
    reason: str = Field(examples=["differs"])
    differs: list[DifferenceOut]
    console: list[str] = Field(description="What the codec wrote there", examples=[["decoding"]])


class TriedOut(Shape):
    """How a codec did."""

    passed: int = Field(ge=0, examples=[3])
    failed: list[FailedOut]
    left_out: int = Field(ge=0, description="Not tried, because the codec took too long", examples=[0])


class FrameIn(Shape):
    """A codec's text, and a frame as it stands in a log."""

    body: CodecBody = Field(description="JavaScript with `decodeUplink`", examples=[_CODEC])
    frame: str = Field(
        min_length=1, max_length=_FRAME_MAX, description="Hex digits, or base64", examples=["00 00 04 b2"]
    )
    f_port: int = Field(default=1, ge=0, le=255, description="The port that it came on", examples=[2])


class DecodedOut(Shape):
    """What a codec makes of a frame."""

    data: str | None = Field(
        description="The values as JSON; null where it gives none", examples=['{"energy_wh": 178}']
    )
    errors: list[str] = Field(description="What it calls wrong, or why it gave nothing", examples=[[]])
    warnings: list[str] = Field(examples=[[]])
    console: list[str] = Field(description="What it wrote there", examples=[[]])


class CodecTests:
    """Tries codecs, two at a time."""

    def __init__(self) -> None:
        self._running = 0

    async def decode(self, codec: str, given: dict[str, Any]) -> DecodedOut:
        """Decode one message.

        :raises RateLimited: if two codecs are tried at the moment
        """
        return await self._next(_decoded, codec, given)

    async def run(self, codec: str, examples: list[Any]) -> TriedOut:
        """Try a codec.

        :raises Invalid: if the examples are none
        :raises RateLimited: if two codecs are tried at the moment
        """
        try:
            wanted = parse_examples(json.dumps(examples))
        except ExamplesInvalid as error:
            problem: dict[str, object] = {"path": "body.examples", "message": str(error)[:_CHARACTERS_MAX]}
            raise Invalid(
                f"the examples cannot be read: {error}"[:_CHARACTERS_MAX], problems=[problem]
            ) from error
        return await self._next(_tried, codec, wanted)

    async def _next(self, work: Callable[[str, _Given], _Made], codec: str, given: _Given) -> _Made:
        if self._running >= _AT_ONCE:
            raise RateLimited("other codecs are tried at the moment", retry_after_s=5)
        self._running += 1
        try:
            return await asyncio.to_thread(work, codec, given)
        finally:
            self._running -= 1


def _decoded(codec: str, given: dict[str, Any]) -> DecodedOut:
    with CodecRunner() as runner:
        try:
            ran = runner.run(codec, "decodeUplink", given)
        except CodecFailed as failed:
            line = f" (line {failed.line})" if failed.line else ""
            told = [_short(each) for each in failed.console[:_SHOWN_MAX]]
            reason = _short(f"{failed.code}: {failed.detail}{line}")
            return DecodedOut(data=None, errors=[reason], warnings=[], console=told)
    data = None if ran.data is None else json.dumps(ran.data, default=plain, indent=1)[:_DATA_MAX]
    return DecodedOut(
        data=data,
        errors=[_short(each) for each in ran.errors[:_SHOWN_MAX]],
        warnings=[_short(each) for each in ran.warnings[:_SHOWN_MAX]],
        console=[_short(each) for each in ran.console[:_SHOWN_MAX]],
    )


def _octets(frame: str) -> bytes:
    """Return the bytes of a frame as people paste it.

    :raises Invalid: if it is neither hex digits nor base64
    """
    digits = _APART.sub("", frame)
    try:
        return (
            bytes.fromhex(digits)
            if _HEX.fullmatch(digits)
            else b64decode("".join(frame.split()), validate=True)
        )
    except ValueError as error:
        message = "is neither hex digits, two a byte, nor base64"
        raise Invalid(f"frame {message}", problems=[{"path": "body.frame", "message": message}]) from error


def _tried(codec: str, examples: list[Example]) -> TriedOut:
    failed: list[Failed] = []
    done = passed = 0
    until = time.monotonic() + _SECONDS_MAX
    # a runner of its own: what a codec does to it does nothing to others
    with CodecRunner() as runner:
        while done < len(examples) and time.monotonic() < until:
            tried = try_examples(runner, codec=codec, examples=examples[done : done + _PIECE])
            passed += tried.passed
            failed += tried.failed
            done += _PIECE
    return TriedOut(
        passed=passed,
        failed=[_failed(each) for each in failed],
        left_out=max(0, len(examples) - done),
    )


def _failed(failed: Failed) -> FailedOut:
    return FailedOut(
        place=failed.example.place,
        name=_short(failed.example.name),
        reason=_short(failed.reason),
        differs=[
            DifferenceOut(path=_short(each.path), expected=_shown(each.expected), given=_shown(each.given))
            for each in failed.differs[:_SHOWN_MAX]
        ],
        console=[_short(line) for line in failed.console[:_SHOWN_MAX]],
    )


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, default=plain)[:_CHARACTERS_MAX]


def _short(text: str) -> str:
    # a codec may give what is no text
    return text[:_CHARACTERS_MAX].encode("utf-8", "replace").decode()


def _tests(request: Request) -> CodecTests:
    tests = edge(request).parts[CODEC_TESTS]
    assert isinstance(tests, CodecTests)
    return tests


@router.post(
    "/estates/{estate_id}/codecs/{codec_id}/test",
    operation_id="test_codec",
    summary="Try a stored codec on examples",
    responses=refusals(NotFound, RateLimited, Invalid),
)
@needs(Permission.METERS_WRITE)
async def test_codec(
    request: Request, session: Session, estate_id: EstateId, codec_id: Id, body: ExamplesIn
) -> TriedOut:
    """Which examples it meets, and what differs in the others; at most fifty examples, for a few seconds."""
    row = await queries.codec(session, estate_id=estate_id, codec_id=codec_id)
    return await _tests(request).run(row.body, body.examples)


@router.post(
    "/estates/{estate_id}/codec-tests",
    operation_id="try_codec",
    summary="Try a codec on examples before it is stored",
    responses=refusals(NotFound, RateLimited, Invalid),
)
@needs(Permission.METERS_WRITE)
async def try_codec(
    request: Request,
    session: Session,  # noqa: ARG001 - the estate is who may ask
    estate_id: EstateId,  # noqa: ARG001 - likewise
    body: CodecTestIn,
) -> TriedOut:
    """As `test_codec`; nothing is kept."""
    return await _tests(request).run(body.body, body.examples)


@router.post(
    "/estates/{estate_id}/codec-frames",
    operation_id="decode_frame",
    summary="Decode a frame by a codec before it is stored",
    responses=refusals(NotFound, RateLimited, Invalid),
)
@needs(Permission.METERS_WRITE)
async def decode_frame(
    request: Request,
    session: Session,  # noqa: ARG001 - the estate is who may ask
    estate_id: EstateId,  # noqa: ARG001 - likewise
    body: FrameIn,
) -> DecodedOut:
    """Run it on the bytes of one uplink, and answer what it gives; nothing is kept."""
    given = {"bytes": _octets(body.frame), "fPort": body.f_port}
    return await _tests(request).decode(body.body, given)
