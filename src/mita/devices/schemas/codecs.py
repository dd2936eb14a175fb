"""Shapes of codecs, and of fields that are suggested."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from mita.devices.models import Codec
from mita.drivers.codecs.suggest import Suggestion
from mita.kit.shapes import Id, Instant, Shape

from .free import FreeObject

BODY_MAX = 262_144
BODY_EXAMPLE = (
    "function decodeUplink(input) {\n"
    "  var b = input.bytes;\n"
    "  return {data: {energy_wh: (b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3]) >>> 0}};\n"
    "}\n"
)
# a text that shows itself otherwise than it runs is refused
_SOURCE = r"^[^\x00-\x08\x0b\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]+$"
CodecName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
CodecBody = Annotated[str, StringConstraints(min_length=1, max_length=BODY_MAX, pattern=_SOURCE)]


class CodecIn(Shape):
    """A manufacturer's codec."""

    name: CodecName = Field(examples=["acme-em1"])
    body: CodecBody = Field(description="JavaScript with `decodeUplink`", examples=[BODY_EXAMPLE])


class CodecOut(Shape):
    """A codec without its text."""

    codec_id: Id
    name: str = Field(examples=["acme-em1"])
    sha256: str = Field(description="Of its text", examples=["9f" * 32])
    created_at: Instant
    updated_at: Instant


class CodecWithBody(CodecOut):
    """A codec as it was given."""

    body: str = Field(examples=[BODY_EXAMPLE])


class DataIn(Shape):
    """What a device said, decoded."""

    data: FreeObject = Field(
        description="JSON of one message, its values as numbers or texts",
        examples=[{"energy_kwh": 1204.5, "power_w": 310}],
    )


class SuggestedField(Shape):
    """A value that looks like a register."""

    path: str = Field(examples=["energy_kwh"])
    register_name: str = Field(alias="register", examples=["import"])
    unit: str = Field(examples=["kWh"])
    scale: str = Field(examples=["1"])
    places: int | None = Field(examples=[6])
    value: str = Field(description="What stood there", examples=["1204.5"])
    is_unit_told: bool = Field(description="False where the unit is a guess")
    reason: str = Field(examples=["the name says energy taken in; the name has its unit: kwh"])


class SuggestedFields(Shape):
    """A field map to begin with, for a person to look at."""

    items: list[SuggestedField]


def _codec_fields(row: Codec) -> dict[str, Any]:
    return {
        "codec_id": row.codec_id,
        "name": row.name,
        "sha256": bytes(row.sha256).hex(),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def codec_out(row: Codec) -> CodecOut:
    """Return a codec as lists show it."""
    return CodecOut(**_codec_fields(row))


def codec_with_body(row: Codec) -> CodecWithBody:
    """Return a codec with its text."""
    return CodecWithBody(**_codec_fields(row), body=row.body)


def suggested_fields(found: list[Suggestion]) -> SuggestedFields:
    """Return suggestions as JSON shows them."""
    return SuggestedFields(
        items=[
            SuggestedField(
                path=each.field.path,
                register_name=each.field.register,
                unit=each.field.unit,
                scale=f"{each.field.scale:f}",
                places=each.field.places,
                value=str(each.value),
                is_unit_told=each.is_unit_told,
                reason=each.reason,
            )
            for each in found
        ]
    )
