"""Issues of devices: what opens and closes them, and what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from mita.drivers.wire import AlarmWord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

# a clock that is further off puts readings into the wrong hour sooner or later
DRIFT_S_MAX = 120
BATTERY_PERCENT_MIN = 15
# what the way to a device and back may take
CLOCK_TOLERANCE_S = 30

REMEDIES: dict[str, str] = {
    "silent": "Look whether it has power and reception, and whether its broker or gateway answers. One that"
    " sleeps speaks again at its next turn.",
    "unreachable": "Look whether the address, the port and the unit number are right, the bus is wired and"
    " terminated, and nobody else asks on it.",
    "low_battery": "Plan to change the battery; from here on reports may come less often.",
    "clock_drift": "Set its clock, from here where the driver can; check its time zone and time server.",
    "clock_invalid": "It does not know the time: readings are dated by their arrival. Check its time server.",
    "clock_refused": "Its clock could not be set from here: see why, and set it at the meter or with"
    " its maker's software.",
    "prices_refused": "It does not charge what is in force: see why, and set its prices at the meter, or"
    " give it a rate table that it can hold.",
    "unreadable": "What it sends cannot be read: see its rejected readings for the reasons, then its fields,"
    " codec and driver.",
    "unmapped": "It speaks, but nothing it says is a register: give it a field map, or a model that has one.",
    "no_meter": "No meter names this device: install its meters, or enter the device at the meters it reads.",
    "tamper": "Look at the meter and its seals, and compare its register with the last reading.",
    "cover_open": "Look at the meter's cover and its seals.",
    "magnet": "Somebody may have held a magnet to the meter: look at it, and compare with a check reading.",
    "leak": "Water runs all the time: tell the residents, look at taps, cisterns and pipes behind the meter.",
    "burst": "Very much water runs: close the supply if nobody can be reached, and look at the pipes.",
    "dry": "The meter is dry or measures air: look whether the supply is closed, and how it is mounted.",
    "reverse_flow": "It runs backwards: check how it is mounted or wired, and what feeds in behind it.",
    "reset": "Its register began anew: swap the meter in the registry with its closing and opening values.",
    "counter_fell": "Its pulse counter shows less than before; nothing is charged until it is higher again."
    " If it was restarted or rolled over, say so at the register's pulse counter: it goes on from there.",
    "power_lost": "It lost its power; readings in between may be missing.",
    "over_current": "It switched off or warned by itself because of too much current: find the load first.",
    "device_fault": "It reports a fault of its own: see its detail and the manufacturer's manual.",
    "switch_contradicts": "The switch does not stand as it was asked to: try again, or look at it.",
    "limit_contradicts": "It does not hold its supply to the power that it was asked to: look at its load and"
    " its limiter, and try again.",
    "token_expiring": "It has not renewed its token: issue it another one and set it up with that, or it is"
    " shut out.",
    "rollover": "Its register came round to zero: swap the meter in the registry with its closing and opening"
    " values, the new one under another serial.",
    "implausible": "Compare the held readings with the meter: accept them, or mend its limits or its scale.",
    "frozen": "It speaks and shows the same for long. Perhaps nothing is used: ask, before anybody goes"
    " there, whether people are away. If something is used, look at its sensor, its wiring and what goes"
    " past it.",
    "gaps": "Look at its reception, its gateway and its clock; what was used in between is charged with the"
    " next reading.",
}
KINDS = tuple(REMEDIES)
Severity = Literal["urgent", "warning"]
# somebody should act today: of these staff is told unless the estate says otherwise
URGENT = frozenset(
    {
        "tamper",
        "cover_open",
        "magnet",
        "leak",
        "burst",
        "reverse_flow",
        "reset",
        "rollover",
        "over_current",
        "device_fault",
        "switch_contradicts",
        "limit_contradicts",
        "token_expiring",
    }
)
assert set(get_args(AlarmWord)) <= set(KINDS), "each alarm has a remedy"


def known_kind(kind: str) -> bool:
    """Tell whether there is such a kind of issue."""
    return kind in REMEDIES


def severity(kind: str) -> Severity:
    """Return how soon somebody should look after an issue of a kind."""
    return "urgent" if kind in URGENT else "warning"


@dataclass(frozen=True, slots=True)
class IssueTold:
    """An issue that was opened or closed, of the device or the meter that is called ``name``."""

    issue_id: UUID
    kind: str
    detail: str
    since: datetime
    name: str
    device_id: int | None = None
    meter_id: int | None = None

    @property
    def owner_id(self) -> int:
        """The id of the device or the meter."""
        found = self.device_id if self.meter_id is None else self.meter_id
        assert found is not None, "it is of one or the other"
        return found

    @property
    def subject(self) -> str:
        """What it is about, as alerts name it."""
        own = f"device:{self.device_id}" if self.meter_id is None else f"meter:{self.meter_id}"
        return f"{own}:{self.kind}"


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a device from what it said just now; None where it said nothing of it."""

    battery_percent: int | None = None
    clock_drift_s: int | None = None
    has_readings: bool = False
    is_unreadable: bool = False


def findings(signs: Signs) -> Iterator[tuple[str, str | None]]:
    """Yield (kind, detail) of issues that signs open, and (kind, None) of those that they close."""
    # whatever it said, it speaks
    yield "silent", None
    yield "unreachable", None
    if signs.battery_percent is not None:
        is_low = signs.battery_percent < BATTERY_PERCENT_MIN
        yield "low_battery", f"battery at {signs.battery_percent} %" if is_low else None
    if signs.clock_drift_s is not None:
        is_off = abs(signs.clock_drift_s) > DRIFT_S_MAX
        yield "clock_drift", drift_words(signs.clock_drift_s) if is_off else None
        if abs(signs.clock_drift_s) <= CLOCK_TOLERANCE_S:
            # whoever set it
            yield "clock_refused", None
    if signs.has_readings:
        yield "unmapped", None
        yield "unreadable", None
    elif signs.is_unreadable:
        yield "unreadable", "what came last held no reading that could be read"


def drift_words(drift_s: int) -> str:
    """Return how far a clock is off, in words; above zero it is ahead."""
    minutes, seconds = divmod(abs(drift_s), 60)
    far = f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - minutes of an hour
    return f"its clock is {far} {'ahead' if drift_s > 0 else 'behind'}"
