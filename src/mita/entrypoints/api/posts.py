"""The route on which devices post their readings and are answered with the commands that wait for them."""

from typing import Any, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.exceptions import HTTPException

from mita.entrypoints.api.problems import TOO_LARGE_POST
from mita.entrypoints.posts import BODY_BYTES_MAX, Answer, BadPost, NotTaken, Posts
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, PermissionMissing
from mita.kit.shapes import Shape
from mita.kit.web import Now, caller, edge, needs, refusals

POSTS = "posts"
router = APIRouter(tags=["charging"])

_ITEM: dict[str, Any] = {
    "type": "object",
    "title": "PostedItem",
    "description": "An item of our own convention, as over MQTT; an answer to a command is `{id, relay}`.",
    "properties": {
        "ts": {"type": "integer", "description": "Seconds since 1970; left out by a device without a clock"},
        "device": {
            "type": "string",
            "maxLength": 200,
            "description": "For whom a gateway posts; else the device itself",
        },
        "meter": {
            "type": "string",
            "maxLength": 100,
            "description": "Serial, where the device reads several of a utility",
        },
        "r": {"type": "object", "description": "Registers, such as `kwh` or `m3`, and values to look at"},
        "relay": {"description": "How the switch stands: `on`, `off`, 1, 0"},
        "id": {"type": "string", "format": "uuid", "description": "The command that this answers"},
    },
    "examples": [{"ts": 1795255200, "r": {"kwh": 123.456}, "relay": "on"}],
}
_HEADERS = {
    "Mita-Device": "Of a signed post: the device, percent-encoded",
    "Mita-Timestamp": "Of a signed post: seconds since 1970, at most five minutes off",
    "Mita-Signature": "HMAC-SHA256, in hex, of `<Mita-Timestamp>.<body>` with the device token as the key",
}
_DOCUMENTED = {
    "parameters": [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": said}
        for name, said in _HEADERS.items()
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [_ITEM, {"type": "array", "items": _ITEM, "maxItems": 1000}]}
            }
        },
    },
}


class RefusalOut(Shape):
    """Why an item was not taken whole."""

    item: int = Field(ge=0, description="Its place in the body, from 0", examples=[2])
    code: str = Field(examples=["unknown_meter"])
    reason: str = Field(examples=["device 'gw-7' has no meter 'E-99'"])


class CommandOut(Shape):
    """A supply command, as over MQTT: the same id again is the same command."""

    id: UUID
    relay: Literal["on", "off"]
    meter: str | None = Field(description="Which relay of several", examples=["E-17"])
    exp: int = Field(description="Not to be obeyed later; seconds since 1970", examples=[1795258800])


class PostOut(Shape):
    """What became of a post."""

    accepted: int = Field(ge=0, description="Items that were taken whole", examples=[2])
    rejected: int = Field(ge=0, examples=[1])
    rejections: list[RefusalOut]
    commands: list[CommandOut] = Field(description="What waits for the device, until it says that it obeyed")


def post_out(answer: Answer) -> PostOut:
    """Return an answer as JSON shows it."""
    return PostOut(
        accepted=answer.accepted,
        rejected=answer.rejected,
        rejections=[
            RefusalOut(item=each.item, code=each.code, reason=each.detail) for each in answer.refusals
        ],
        commands=[CommandOut(**each) for each in answer.commands],
    )


@router.post(
    "/ingest",
    operation_id="post_readings",
    summary="Post readings as a device",
    responses=refusals(BadPost, NotTaken, Invalid),
    openapi_extra=_DOCUMENTED,
)
@needs(Permission.READINGS_SEND, for_devices=True, estate_in_body=True)
async def post_readings(request: Request, now: Now) -> PostOut:
    """Charge what a device posts, one item or an array; once this answers, it is durable.

    With a device token, as bearer or as the key of a signature. What is wrong in one item leaves the others
    untouched; posting again charges nothing twice.
    """
    asking = caller(request)
    estate_ids = asking.estate_ids()
    if asking.device is None or estate_ids is None:
        raise PermissionMissing("this is for devices: it needs a device token")
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise HTTPException(413, TOO_LARGE_POST)
    posts = cast("Posts", edge(request).parts[POSTS])
    (estate_id,) = estate_ids
    return post_out(await posts.take(body, device=asking.device, estate_id=estate_id, now=now))
