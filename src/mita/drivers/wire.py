"""What every driver takes and gives: arrivals into readings, supply commands into messages. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from mita.drivers.fields import Field
    from mita.metering.domain import Rejection

Cut = Literal["relay", "token", "limit", "none"]
StepWord = Literal["queued", "sent", "acknowledged", "failed"]
AlarmWord = Literal[
    "tamper",
    "cover_open",
    "magnet",
    "leak",
    "burst",
    "dry",
    "reverse_flow",
    "reset",
    "power_lost",
    "over_current",
    "low_battery",
    "clock_invalid",
    "device_fault",
]


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a driver's devices can do.

    ``cut`` is how a supply is switched; ``limits`` that it can be held to a power and says so; ``proves``
    tells whether the device reports the state of its switch; ``sleeps`` that it hears us only after it has
    spoken. ``sets_clock``: its clock can be set from here; ``interval_s`` is what it counts consumption by,
    so that its clock is not moved over the edge of one (0: nothing). ``answer_s`` is how long a command may
    stay without an answer before it is sent again, ``attempts`` how often it is sent.
    """

    cut: Cut = "none"
    limits: bool = False
    proves: bool = False
    sleeps: bool = False
    sets_clock: bool = False
    interval_s: int = 0
    answer_s: int = 60
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Device:
    """A device as it is set up.

    ``meters`` are (serial, utility); ``fields`` say which of its values are registers; ``zone`` is that of
    local times without an offset; ``settings`` are the driver's own, checked by ``Driver.check``.
    """

    name: str
    meters: Sequence[tuple[str, str]]
    fields: Sequence[Field] = ()
    zone: ZoneInfo | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The name without the driver before it."""
        return self.name.partition(":")[2] or self.name


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message off a wire; ``channel`` is its kind: what the topic ends in, a port, an event.

    ``source`` is the wire, as it stands beside a rejection.
    """

    channel: str
    payload: bytes
    received_s: int
    is_retained: bool = False
    source: str = "mqtt"


@dataclass(frozen=True, slots=True)
class Told:
    """A register's value off the wire: serial, register, base unit, seconds UTC, millionths of the unit.

    Where the unit is ``imp`` the value is whole pulses, and ``is_reset`` says that the device tells of its
    counter having begun again at zero. ``is_timed`` is False where the device told no time of its own;
    ``temperature_centi`` is hundredths of a degree Celsius; None: it came without.
    """

    meter: str
    register: str
    unit: str
    taken_s: int
    value_micro: int
    is_timed: bool = True
    temperature_centi: int | None = None
    is_reset: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A value for people to look at, such as power: path, value, unit if it is known, when."""

    path: str
    value: Decimal | str | bool
    unit: str | None = None
    taken_s: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How a device is: what it told of this; None where it told nothing.

    ``clock_s`` is its own clock when it spoke; ``battery_percent`` 0 to 100 or ``battery_mv``.
    """

    is_online: bool | None = None
    battery_percent: Decimal | None = None
    battery_mv: int | None = None
    rssi_dbm: int | None = None
    snr_db: Decimal | None = None
    clock_s: int | None = None
    firmware: str | None = None
    model: str | None = None
    uptime_s: int | None = None


@dataclass(frozen=True, slots=True)
class SwitchState:
    """That a device says its switch is on or off; ``command_id`` if it says of which command that came."""

    is_on: bool
    meter: str | None = None
    command_id: UUID | None = None
    taken_s: int | None = None


@dataclass(frozen=True, slots=True)
class LimitState:
    """That a device says to which power it holds its supply, in watts; None is to nothing.

    ``step_w`` is how finely it can say so; ``command_id`` if it says of which command that came.
    """

    limit_w: int | None
    meter: str | None = None
    command_id: UUID | None = None
    taken_s: int | None = None
    step_w: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """How far a command got; ``failed`` with a ``reason`` and perhaps worth another attempt."""

    command_id: UUID
    step: StepWord
    reason: str = ""
    may_retry: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a device complains of."""

    alarm: AlarmWord
    detail: str
    taken_s: int | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Renamed:
    """That a device is called otherwise on its wire: ``address`` proves it, ``alias`` is in the topics."""

    address: str
    alias: str


Report = Shown | Health | SwitchState | LimitState | Step | Alarm | Renamed


@dataclass(slots=True)
class Decoded:
    """What an arrival held."""

    readings: list[Told] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    def take(self, reading: Told | Rejection) -> None:
        """Put what was made of a value where it belongs."""
        if isinstance(reading, Told):
            self.readings.append(reading)
        else:
            self.rejections.append(reading)


@dataclass(frozen=True, slots=True)
class LimitOrder:
    """The power in watts that a supply is to be held to; None lifts the limit."""

    limit_w: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """A supply command on its way to a device: our id, what the switch should be, until when it is valid.

    With ``limit`` nothing is to be switched: the supply is to be held to a power. Only devices that have the
    ability are given such a one.
    """

    command_id: UUID
    is_on: bool
    expires_s: int
    meter: str | None = None
    limit: LimitOrder | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to a device; ``channel`` is where to: a whole topic, or what else the wire calls it."""

    channel: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class FlatPrices:
    """What a meter is to charge by itself, whatever the hour and however much: millionths, with tax."""

    kwh_micro: int
    day_micro: int


@dataclass(frozen=True, slots=True)
class HeldPrices:
    """What a meter says that it charges: every price that a kWh may have there, and that of a day.

    ``has_blocks``: the price of a kWh depends on how much was used.
    """

    kwh_micro: tuple[int, ...]
    day_micro: int
    has_blocks: bool = False

    def are(self, prices: FlatPrices) -> bool:
        """Tell whether the meter charges these prices and no others."""
        is_flat = not self.has_blocks and set(self.kwh_micro) == {prices.kwh_micro}
        return is_flat and self.day_micro == prices.day_micro


class Driver(Protocol):
    """Speaks one protocol. Objects of it are stateless and shared.

    ``settings`` are the names of what a device of it can be told.
    """

    name: str
    settings: tuple[str, ...]

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do, as it is set up."""

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with its settings and fields, in plain words; nothing if it can work."""

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what an arrival holds. Never raises."""

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the messages that carry out a command; none if the device has no switch."""


@runtime_checkable
class TakesPrices(Protocol):
    """A driver whose devices can be told what to charge by themselves."""

    def price_problems(self, prices: FlatPrices) -> list[str]:
        """Return why its devices cannot hold these prices, in plain words; nothing if they can."""
