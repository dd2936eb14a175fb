"""Shapes of devices, their state, issues and frames."""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.devices.domain import REMEDIES, Check
from mita.devices.models import Device, DeviceFrame, DeviceIssue, DeviceState
from mita.devices.operations import DeviceTerms
from mita.drivers.settable import Setting, SettingKind
from mita.drivers.wire import Abilities
from mita.kit.shapes import Id, Instant, Shape

from .free import FreeObject

_PLAIN = r"^[^\x00-\x1f\x7f]*$"
_DriverName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_Address = Annotated[str, StringConstraints(min_length=1, max_length=150, pattern=r"^[^\x00-\x20\x7f]+$")]
_Model = Annotated[str, StringConstraints(max_length=100, pattern=_PLAIN)]
_Notes = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_SecretName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
_SecretText = Annotated[
    str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")
]
TransportWord = Literal["mqtt", "polled", "http"]
_ADDRESS = "a84041d4f1aa0001"


class FieldIn(Shape):
    """Which of a device's values is a register."""

    path: _Word = Field(description="Keys and places joined by dots", examples=["energy_kwh"])
    register_name: _Word = Field(alias="register", examples=["import"])
    unit: _Word = Field(description="kWh, Wh, MWh, m3, kL or L", examples=["kWh"])
    scale: _Word = Field(default="1", description="What one of the device's is in `unit`", examples=["0.01"])
    meter: _Word | None = Field(
        default=None, description="Serial, where several meters behind it count the unit", examples=["E-1001"]
    )
    places: int | None = Field(
        default=None, ge=0, le=12, description="Decimals that the device knows", examples=[2]
    )


class DeviceIn(Shape):
    """How a device is set up."""

    model: _Model = Field(default="", examples=["yobiiq/em2101"])
    settings: FreeObject = Field(
        default={}, description="The driver's own; keys and passwords are a secret", examples=[{}]
    )
    fields: list[FieldIn] = Field(
        default=[],
        max_length=100,
        description="Which of its values are registers, where its driver or model does not know",
    )
    codec_id: Id | None = Field(default=None, description="A codec of the estate", examples=[None])
    notes: _Notes = Field(default="", examples=["Board in the stairwell"])

    def terms(self) -> DeviceTerms:
        """Return what it asks for."""
        fields = tuple(each.model_dump(exclude_none=True) for each in self.fields)
        return DeviceTerms(self.model, self.settings, fields, self.codec_id, self.notes)


class NewDeviceIn(DeviceIn):
    """A device that is registered."""

    driver: _DriverName = Field(description="`list_drivers` names them", examples=["chirpstack"])
    address: _Address = Field(description="What the device is called on its wire", examples=[_ADDRESS])


class SecretIn(Shape):
    """What a driver needs and nobody may see."""

    secret: dict[_SecretName, _SecretText] = Field(
        max_length=20,
        description="All of it; empty takes it away. It is never answered.",
        examples=[{"key": "00112233445566778899aabbccddeeff"}],
    )


class DeviceOut(Shape):
    """A registered device as lists show it; its secret is never shown."""

    device_id: Id
    name: str = Field(description="What meters name", examples=[f"chirpstack:{_ADDRESS}"])
    driver: str = Field(examples=["chirpstack"])
    model: str = Field(examples=["yobiiq/em2101"])
    settings: dict[str, Any] = Field(examples=[{}])
    fields: list[FieldIn]
    codec_id: int | None = Field(examples=[None])
    has_secret: bool
    notes: str = Field(examples=["Board in the stairwell"])
    last_heard_at: Instant | None = Field(description="When anything of it arrived")
    created_at: Instant
    updated_at: Instant


class IssueOut(Shape):
    """Something of a device to look after, and how."""

    issue_id: UUID
    device_id: Id
    kind: str = Field(examples=["low_battery"])
    detail: str = Field(examples=["battery at 9 %"])
    remedy: str = Field(examples=[REMEDIES["low_battery"]])
    since: Instant
    last_at: Instant = Field(description="When it was seen last")
    until: Instant | None = Field(description="Null while it is open")


class DeviceStateOut(Shape):
    """What a device told of itself last; null where it told nothing."""

    first_heard_at: Instant | None
    last_heard_at: Instant | None
    is_online: bool | None
    battery_percent: int | None = Field(examples=[88])
    battery_mv: int | None = Field(examples=[3600])
    rssi_dbm: int | None = Field(examples=[-97])
    snr: str | None = Field(description="dB", examples=["7.5"])
    clock_drift_s: int | None = Field(description="Above zero its clock is ahead", examples=[2])
    firmware: str | None = Field(examples=["1.4.2"])
    model_told: str | None = Field(examples=["EM2101"])
    switch_is_on: bool | None = Field(description="What its switch is by its own word")
    switch_told_at: Instant | None
    failed_since: Instant | None = Field(description="Since when it does not answer, if it is asked")
    failure: str = Field(examples=[""])
    watched_until: Instant | None = Field(description="Until when its frames are kept")


class MeterBehind(Shape):
    """A meter that a device speaks for."""

    meter_id: Id
    unit_id: Id
    serial: str = Field(examples=["E-1001"])
    utility: str = Field(examples=["electricity"])


class DeviceWithState(DeviceOut):
    """A device with what is known of it."""

    state: DeviceStateOut
    issues: list[IssueOut] = Field(description="Those that are open")
    meters: list[MeterBehind]


class WatchOut(Shape):
    """Until when frames are kept."""

    until: Instant


class FrameOut(Shape):
    """What passed on the wire of a device that is watched."""

    frame_id: UUID
    at: Instant
    is_ours: bool = Field(description="Whether we sent it")
    wire: str = Field(examples=["application/1/device/a84041d4f1aa0001/event/up"])
    payload: str = Field(description="Bytes, in Base64", examples=["AAAEsg=="])
    text: str | None = Field(description="The bytes as text, if they are one", examples=[None])
    found: dict[str, Any] = Field(description="What was read from it", examples=[{"readings": 1}])


class CheckOut(Shape):
    """One step on the way until a device works."""

    name: str = Field(examples=["meters"])
    state: Literal["done", "missing", "open"] = Field(description="`open`: nothing can be said yet")
    sentence: str = Field(examples=["It speaks for E-1001."])


class ChecklistOut(Shape):
    """What is missing until a device works, in the order in which one goes through it."""

    is_done: bool
    items: list[CheckOut]


class SettingOut(Shape):
    """A setting that a device of a driver takes, for who draws a form."""

    name: str = Field(examples=["every_s"])
    kind: SettingKind = Field(
        description="`text` is never read as a number, `free` is one, or true or false, where it reads so;"
        " `amount`: a decimal number as a text; `json`: an object or list; `secret`: sealed by its own route"
    )
    help: str = Field(
        description="What it means; empty where its name is all", examples=["How often it is asked"]
    )
    default: str | int | bool | None = Field(description="What holds without it", examples=[900])
    choices: list[str] = Field(examples=[[]])
    least: int | None = Field(description="Of a whole number, inclusive", examples=[10])
    most: int | None = Field(description="Of a whole number, inclusive", examples=[86400])
    is_needed: bool = Field(examples=[False])
    example: str = Field(description="How a text or JSON looks", examples=[""])


class DriverOut(Shape):
    """A driver and what its devices can do as they come."""

    name: str = Field(examples=["chirpstack"])
    transport: TransportWord = Field(
        description="Whether its devices speak over the broker, are asked, or post over HTTP"
    )
    cut: Literal["relay", "token", "limit", "none"] = Field(description="How a supply is switched")
    proves: bool = Field(description="Whether the device reports how its switch stands")
    sleeps: bool = Field(description="Whether it hears us only after it has spoken")
    settings: list[str] = Field(
        default=[], description="Names of what a device of it can be told", examples=[["relay", "relays"]]
    )
    takes: list[SettingOut] = Field(
        default=[], description="The same settings and those of upkeep, described"
    )


class Drivers(Shape):
    """Every driver."""

    items: list[DriverOut]


def device_out(row: Device, *, state: DeviceState | None) -> DeviceOut:
    """Return a device as lists show it."""
    return DeviceOut(**_device_fields(row, state=state))


def _device_fields(row: Device, *, state: DeviceState | None) -> dict[str, Any]:
    return {
        "device_id": row.device_id,
        "name": row.name,
        "driver": row.driver,
        "model": row.model,
        "settings": row.settings,
        "fields": row.fields,
        "codec_id": row.codec_id,
        "has_secret": row.secret_sealed is not None,
        "notes": row.notes,
        "last_heard_at": None if state is None else state.last_heard_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def device_with_state(
    row: Device, *, state: DeviceState, issues: Sequence[DeviceIssue], meters: Sequence[MeterBehind]
) -> DeviceWithState:
    """Return a device with what is known of it."""
    same = set(DeviceStateOut.model_fields) - {"snr"}
    told = DeviceStateOut(snr=_deci(state.snr_deci), **{name: getattr(state, name) for name in same})
    return DeviceWithState(
        **_device_fields(row, state=state),
        state=told,
        issues=[issue_out(each) for each in issues],
        meters=list(meters),
    )


def _deci(value: int | None) -> str | None:
    if value is None:
        return None
    whole, tenth = divmod(abs(value), 10)
    return f"{'-' if value < 0 else ''}{whole}.{tenth}"


def issue_out(row: DeviceIssue) -> IssueOut:
    """Return an issue with its remedy."""
    return IssueOut(
        issue_id=row.device_issue_id,
        device_id=row.device_id,
        kind=row.kind,
        detail=row.detail,
        remedy=REMEDIES[row.kind],
        since=row.since,
        last_at=row.last_at,
        until=row.until,
    )


def frame_out(row: DeviceFrame) -> FrameOut:
    """Return a frame, its bytes in Base64 and as text if they are one."""
    return FrameOut(
        frame_id=row.device_frame_id,
        at=row.at,
        is_ours=row.is_ours,
        wire=row.wire,
        payload=base64.b64encode(row.payload).decode(),
        text=_text(bytes(row.payload)),
        found=row.found,
    )


def _text(payload: bytes) -> str | None:
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if all(each.isprintable() or each in "\r\n\t" for each in text) else None


def check_out(check: Check) -> CheckOut:
    """Return a step as JSON shows it."""
    return CheckOut(name=check.name, state=check.state, sentence=check.sentence)


def driver_out(
    name: str,
    *,
    transport: TransportWord,
    abilities: Abilities,
    settings: Sequence[Setting],
    names: Sequence[str],
) -> DriverOut:
    """Return a driver as JSON shows it."""
    return DriverOut(
        name=name,
        transport=transport,
        cut=abilities.cut,
        proves=abilities.proves,
        sleeps=abilities.sleeps,
        settings=list(names),
        takes=[SettingOut(**{**asdict(each), "choices": list(each.choices)}) for each in settings],
    )
