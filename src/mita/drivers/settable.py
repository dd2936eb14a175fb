"""What a device of each driver can be told: every setting with its kind, bounds, default and meaning. Pure.

Drivers check settings themselves; this says beforehand what they take, so that forms can be drawn. Tests hold
the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from mita.drivers.dlms.settings import HOURS_MAX as DLMS_HOURS_MAX
from mita.drivers.emop.driver import HOURS_MAX as EMOP_HOURS_MAX
from mita.drivers.known import LORAWAN, driver_named
from mita.drivers.lorawan.models import models
from mita.drivers.modbus.maps import catalogue

# text: any text, never read as a number; free: a number, true or false where it reads as one, else a word;
# amount: a decimal number as a text; json: an object or a list; secret: sealed, and set by a route of its own
SettingKind = Literal["text", "free", "whole", "amount", "truth", "choice", "json", "secret"]
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: ``choices`` of a choice, ``least`` and ``most`` of a whole number, inclusive.

    ``default`` is what holds without it; ``example`` is how a text or JSON looks.
    """

    name: str
    kind: SettingKind
    help: str
    default: str | int | bool | None = None
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    is_needed: bool = False
    example: str = ""


def _relays(example: str) -> Setting:
    words = "Which relay switches the supply of which meter, by serial number."
    return Setting("relays", "json", words, example=example)


_RELAYS = _relays('{"E-17": 1}')


def _relay(default: str | None, example: str) -> Setting:
    words = "The relay that switches the supply, by its name or number; false if it has none to switch."
    return Setting("relay", "free", words, default=default, example=example)


_EVERY_S = Setting("every_s", "whole", "How often it is asked, in seconds.", 900, least=10, most=_DAY_S)
_CHANNEL = Setting("channel", "whole", "The channel that is counted.", 0, least=0, most=99)


def _bus_url(example: str) -> Setting:
    return Setting("url", "text", "Where it is reached: host and port, or a serial port.", example=example)


_MITA = (
    Setting("gateway", "text", "The device that posts for it, if another one does.", example="gateway-3"),
    Setting("limit", "truth", "Whether it obeys limits of its power.", default=False),
    Setting(
        "wire",
        "choice",
        "How commands reach it; else the way that it used last.",
        choices=("mqtt", "post", "both"),
    ),
    Setting("every_s", "whole", "How often it says something, in seconds.", least=10, most=31 * _DAY_S),
)
_TASMOTA = (
    _relay("1", "2"),
    _RELAYS,
    Setting("full_topic", "text", "Its FullTopic, where that was changed.", default="%prefix%/%topic%/"),
    Setting(
        "prefixes", "json", "Its three prefixes, where they were changed.", example='["cmnd", "stat", "tele"]'
    ),
)
_SHELLY = (_relay("0", "1"), _RELAYS, _CHANNEL)
_NAMED = (_relay(None, "relay_1"), _RELAYS)
_HOMIE = (_relay(None, "switch/power"), _relays('{"E-17": "switch/power"}'))
_ZIGBEE = (_relay("state", "state_l1"), _RELAYS)
_PATH = "Where it stands in the message, such as data.time."
_GENERIC = (
    Setting("time_path", "text", f"The time of a reading. {_PATH}", example="time"),
    Setting("items_path", "text", f"The list, where a message has several readings. {_PATH}", example="data"),
    Setting("battery_path", "text", f"The battery's charge in per cent. {_PATH}", example="battery"),
    Setting(
        "switch",
        "json",
        "Where it says how its switch stands, and its words for on and off.",
        example='{"path": "relay", "on": "ON", "off": "OFF"}',
    ),
    Setting(
        "online",
        "json",
        "Where it says that it is there, and its words for that.",
        example='{"path": "state", "on": "online", "off": "offline"}',
    ),
    Setting(
        "relay",
        "json",
        "The topic and the texts that switch it; false if nothing does.",
        example='{"topic": "plug/%device%", "on": "1", "off": "0"}',
    ),
    Setting(
        "limit",
        "json",
        "The topic and the texts that limit its power, and where it says to what.",
        example='{"topic": "plug/%device%/limit", "text": "%watts%", "lift": "0", "path": "w", "none": 0}',
    ),
)
_MBUS = (
    _bus_url("tcp://10.0.0.9:10001"),
    Setting("address", "whole", "Its primary address; or say its secondary one.", least=0, most=250),
    Setting(
        "secondary", "text", "Its number of 8 digits, or all 16 of its secondary address.", example="12345678"
    ),
    Setting(
        "clock",
        "choice",
        "Whose time a reading bears: the meter's as local time or UTC, or ours.",
        default="local",
        choices=("local", "utc", "ours"),
    ),
    Setting("telegrams", "whole", "How many telegrams are asked for at most.", 1, least=1, most=100),
    _EVERY_S,
    Setting("secret", "secret", "The AES key of 32 hex digits, where its telegrams are encrypted."),
)
_EMOP = (
    Setting("url", "text", "Where it is reached.", is_needed=True, example="tcp://10.0.0.9:5001"),
    Setting("meter_address", "whole", "Its address.", 0, least=0, most=0xFFFFFF),
    Setting("clock", "choice", "What the meter's clock shows.", default="utc", choices=("utc", "local")),
    Setting(
        "restore",
        "choice",
        "What switches a supply on again.",
        default="token",
        choices=("token", "credit_mode"),
    ),
    Setting(
        "log_hours", "whole", "Hours of its half-hourly log that are read.", 0, least=0, most=EMOP_HOURS_MAX
    ),
    Setting("objects", "json", "Objects that are read besides, of six hex digits.", example='["010800"]'),
    _EVERY_S,
)


def _modbus() -> tuple[Setting, ...]:
    orders = ("big", "little")
    return (
        Setting(
            "url",
            "text",
            "Its bus: host and port, or a serial port.",
            is_needed=True,
            example="tcp://10.0.0.7:502",
        ),
        Setting("map", "choice", "Which meter it is.", choices=catalogue(), is_needed=True),
        Setting("unit", "whole", "Its unit on the bus.", 1, least=0, most=255),
        _EVERY_S,
        Setting("ct_ratio", "amount", "The ratio of its current transformers.", default="1", example="40"),
        Setting("timeout_ms", "whole", "How long an answer may take.", 1_500, least=50, most=10_000),
        Setting("retries", "whole", "How often it is asked again.", 1, least=0, most=5),
        Setting("word_order", "choice", "Where it differs from the map.", choices=orders),
        Setting("byte_order", "choice", "Where it differs from the map.", choices=orders),
        Setting("relay", "json", "Its relay, where it differs from the map; false if it has none."),
        Setting("limit", "json", "The register of its limit, where it differs from the map."),
    )


_DLMS = (
    Setting("url", "text", "Where it is reached.", is_needed=True, example="tcp://10.0.0.9:4059"),
    Setting("security", "choice", "How it lets us in.", default="none", choices=("none", "lls", "hls_gmac")),
    Setting("secret", "secret", "Its password; or both keys in hex with a colon between."),
    Setting("framing", "choice", "What is around the data.", default="wrapper", choices=("wrapper", "hdlc")),
    Setting("client", "whole", "Our address.", 16, least=1, most=255),
    Setting("server", "whole", "Its logical address.", 1, least=1, most=0x3FFF),
    Setting("server_physical", "whole", "Its physical address, over HDLC.", least=1, most=0x3FFF),
    _EVERY_S,
    Setting(
        "profile_hours", "whole", "Hours of its load profile that are read.", 0, least=0, most=DLMS_HOURS_MAX
    ),
    Setting("relay", "truth", "Whether it has a relay.", default=True),
    Setting("registers", "json", "OBIS codes that are read.", example='["1.0.1.8.0.255"]'),
    Setting("serial", "text", "The OBIS code of its serial number.", default="0.0.96.1.0.255"),
    Setting("clock", "text", "The OBIS code of its clock.", default="0.0.1.0.0.255"),
    Setting("profile", "text", "The OBIS code of its load profile.", default="1.0.99.1.0.255"),
    Setting(
        "charge", "text", "The OBIS code of the charge that prices are written to.", example="0.0.19.20.0.255"
    ),
    Setting("day_charge", "text", "The OBIS code of the daily charge.", example="0.0.19.20.1.255"),
    Setting(
        "limiter",
        "json",
        "Where it limits, and the power that means no limit.",
        example='{"obis": "0.0.17.0.0.255", "none_w": 13800}',
    ),
    Setting("system_title", "text", "Our system title, 16 hex digits.", example="4d49544130303031"),
    Setting(
        "deviation",
        "choice",
        "How it tells its time zone.",
        default="standard",
        choices=("standard", "reversed"),
    ),
)


def _lorawan() -> tuple[Setting, ...]:
    # what a model brings, and paths into what a codec gives, need no field of their own
    return (
        Setting("model", "choice", "Which device it is, where it is a known one.", choices=tuple(models())),
        Setting(
            "class",
            "choice",
            "Whether it listens only after it has spoken (A) or always (C).",
            "A",
            ("A", "C"),
        ),
        Setting("uplink_s", "whole", "How often it speaks, in seconds.", 3_600, least=1, most=31 * _DAY_S),
        Setting("answer_s", "whole", "How long its answer may take.", least=1, most=31 * _DAY_S),
        Setting("attempts", "whole", "How often a command is sent.", 3, least=1, most=20),
        Setting("application_id", "text", "The application on its server.", example="meters"),
        Setting("device_id", "text", "Its name on its server.", example="meter-7"),
        Setting("webhook_id", "text", "The webhook on its server.", example="mita"),
        Setting("server_url", "text", "Its server.", example="https://eu1.cloud.thethings.network"),
        Setting("command_topic", "text", "Where commands go, if not to its server's own topic."),
        Setting("format", "choice", "How its server writes.", default="json", choices=("json", "protobuf")),
        Setting(
            "queue",
            "choice",
            "Whether a command takes the place of those that wait.",
            default="replace",
            choices=("replace", "push"),
        ),
    )


_OF = {
    "mita": _MITA,
    "tasmota": _TASMOTA,
    "shelly": _SHELLY,
    "shelly1": _SHELLY,
    "esphome": _NAMED,
    "zigbee2mqtt": _ZIGBEE,
    "homie": _HOMIE,
    "json": _GENERIC,
    "mbus": _MBUS,
    "dlms": _DLMS,
    "emop": _EMOP,
}


@cache
def settings_of(driver: str) -> tuple[Setting, ...]:
    """Return what a device of a driver can be told, the most needed first.

    Settings that only models of devices use have no kind here; they are `free` ones without help.
    """
    if driver == "modbus":
        known = _modbus()
    elif driver in LORAWAN:
        known = _lorawan()
    else:
        known = _OF.get(driver, ())
    found = driver_named(driver)
    assert found is not None, "it is a driver"
    names = {each.name for each in known}
    return known + tuple(Setting(name, "free", "") for name in found.settings if name not in names)
