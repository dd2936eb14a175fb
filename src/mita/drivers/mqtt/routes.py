"""Whose topic is whose: from a topic to driver, address and channel, in one table for all conventions. Pure.

A convention with a literal first level goes before those that put the device first, and those leave the
first levels of all others alone; a pattern of the generic driver gets what nobody else knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOPIC_MAX = 300
_EUI = re.compile(r"[0-9a-fA-F]{16}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OWN, APPLICATION, SHELLIES = "m", "application", "shellies"
# where a device of our own convention asks for its next token
RENEW = "renew"
ZIGBEE, HOMIE = "zigbee2mqtt", "homie"
# where Shelly's answers to us go
REPLIES = "mita"
_ESPHOME_KINDS = ("sensor", "switch", "binary_sensor", "text_sensor")
_BRIDGE_LEAVES = ("devices", "state")
# parents of topics that are no device's, and of conventions that only describe others
_STRANGERS = ("homeassistant", "cmnd")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message belongs: the driver, the device's address in it, and what is left of the topic."""

    driver: str
    address: str
    channel: str

    @property
    def device(self) -> str:
        """The name that the device is known by."""
        return self.address if self.driver == "mita" else f"{self.driver}:{self.address}"


@dataclass(frozen=True, slots=True)
class Prefixes:
    """How an installation's topics begin; an empty tuple switches a convention off.

    ``tasmota`` are its FullTopics, ``tasmota_words`` its Prefix1 to Prefix3; ``shelly`` and ``esphome`` the
    devices' prefixes, levels of which may be ``+``; ``zigbee2mqtt`` and ``homie`` base topics. ``json`` are
    patterns of the generic driver: one level is ``%device%``, ``+`` and a last ``#`` become the channel.
    """

    tasmota: tuple[str, ...] = ("%prefix%/%topic%/",)
    tasmota_words: tuple[str, str, str] = ("cmnd", "stat", "tele")
    shelly: tuple[str, ...] = ("+",)
    shelly1: bool = True
    esphome: tuple[str, ...] = ("+",)
    zigbee2mqtt: tuple[str, ...] = (ZIGBEE,)
    homie: tuple[str, ...] = (HOMIE,)
    json: tuple[str, ...] = ()
    chirpstack: bool = True


def is_sane(topic: str) -> bool:
    """Tell whether a topic could be a device's; others are not looked at."""
    return (
        0 < len(topic) <= TOPIC_MAX
        and topic[0] != "$"
        and topic.isprintable()
        and "+" not in topic
        and "#" not in topic
        and "//" not in topic
        and topic[0] != "/"
        and topic[-1] != "/"
    )


def _levels(pattern: str) -> list[str]:
    levels = pattern.strip("/").split("/")
    if "" in levels or "#" in levels[:-1]:
        raise ValueError(f"{pattern!r} is no topic pattern")
    return levels


def _fits(pattern: Sequence[str], levels: Sequence[str]) -> bool:
    return len(pattern) == len(levels) and all(
        mine in {"+", theirs} for mine, theirs in zip(pattern, levels, strict=True)
    )


@dataclass(slots=True)
class Table:
    """Finds the route of a topic, and lists what to subscribe to.

    :raises ValueError: if a prefix is no topic pattern
    """

    prefixes: Prefixes = field(default_factory=Prefixes)
    _tasmota: list[list[str]] = field(init=False)
    _shelly: list[list[str]] = field(init=False)
    _esphome: list[list[str]] = field(init=False)
    _zigbee: list[list[str]] = field(init=False)
    _homie: list[list[str]] = field(init=False)
    _json: list[list[str]] = field(init=False)
    _taken: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        given = self.prefixes
        self._tasmota = [_levels(each) for each in given.tasmota]
        self._shelly = [_levels(each) for each in given.shelly]
        self._esphome = [_levels(each) for each in given.esphome]
        self._zigbee = [_levels(each) for each in given.zigbee2mqtt]
        self._homie = [_levels(each) for each in given.homie]
        self._json = [_levels(each) for each in given.json]
        for pattern in self._tasmota:
            if sorted(level for level in pattern if "%" in level) != ["%prefix%", "%topic%"]:
                raise ValueError(f"{'/'.join(pattern)!r}: a FullTopic has the levels %prefix% and %topic%")
        for pattern in self._json:
            if pattern.count("%device%") != 1:
                raise ValueError(f"{'/'.join(pattern)!r}: a pattern has one level %device%")
        literal = {levels[0] for levels in chain(self._zigbee, self._homie, self._json)}
        words = {*given.tasmota_words, *_STRANGERS}
        roots = {OWN, APPLICATION, REPLIES, SHELLIES} | words | literal
        self._taken = frozenset(roots - {"+", "%device%"})

    def filters(self) -> list[str]:
        """Return the topic filters that ingest subscribes to, our own convention's included."""
        given = self.prefixes
        found = [f"{OWN}/+/up", f"{OWN}/+/ack", f"{OWN}/+/state", f"{OWN}/+/{RENEW}"]
        if given.chirpstack:
            found.append(f"{APPLICATION}/+/device/+/event/+")
        for pattern in self._tasmota:
            for word in given.tasmota_words[1:]:
                words = {"%prefix%": word, "%topic%": "+"}
                found.append("/".join([*(words.get(level, level) for level in pattern), "+"]))
        for pattern in self._shelly:
            prefix = "/".join(pattern)
            found += [f"{prefix}/events/rpc", f"{prefix}/status/+", f"{prefix}/online"]
            found.append(f"{REPLIES}/{prefix}/+/rpc")
        if given.shelly1:
            found.append(f"{SHELLIES}/#")
        for pattern in self._esphome:
            prefix = "/".join(pattern)
            found += [f"{prefix}/status", *(f"{prefix}/{kind}/+/state" for kind in _ESPHOME_KINDS)]
        found += ["/".join([*levels, "#"]) for levels in (*self._zigbee, *self._homie)]
        found += ["/".join("+" if level == "%device%" else level for level in each) for each in self._json]
        return list(dict.fromkeys(found))

    def find(self, topic: str) -> Route | None:
        """Return whose message a topic is; None if nobody's, or if it is one of our own commands."""
        if not is_sane(topic):
            return None
        levels = topic.split("/")
        if levels[0] == OWN:
            return Route("mita", levels[1], levels[2]) if len(levels) == 3 else None  # noqa: PLR2004 - m/<device>/<leaf>
        if levels[0] == APPLICATION:
            return self._of_chirpstack(levels)
        if levels[0] == REPLIES:
            return self._of_reply(levels)
        return next(self._routes(levels), None)

    def _routes(self, levels: list[str]) -> Iterator[Route]:
        for base in self._zigbee:
            if levels[: len(base)] == base:
                yield from _of_zigbee(base, levels[len(base) :])
                return
        for base in self._homie:
            if levels[: len(base)] == base:
                yield from _of_homie(base, levels[len(base) :])
                return
        yield from self._of_tasmota(levels)
        yield from self._of_shelly(levels)
        if levels[0] == SHELLIES:
            if self.prefixes.shelly1 and len(levels) > 2 and levels[-1] != "command":  # noqa: PLR2004 - shellies/<device>/<leaf>
                yield Route("shelly1", levels[1], "/".join(levels[2:]))
            return
        yield from self._of_esphome(levels)
        yield from self._of_json(levels)

    def _of_chirpstack(self, levels: list[str]) -> Route | None:
        if (
            self.prefixes.chirpstack
            and _fits([APPLICATION, "+", "device", "+", "event", "+"], levels)
            and _EUI.fullmatch(levels[3])
        ):
            return Route("chirpstack", levels[3].lower(), levels[5])
        return None

    def _of_reply(self, levels: list[str]) -> Route | None:
        *prefix, name, leaf = levels[1:] if len(levels) > 3 else ["", ""]  # noqa: PLR2004 - prefix, device and leaf
        if leaf == "rpc" and _UUID.fullmatch(name) and any(_fits(each, prefix) for each in self._shelly):
            return Route("shelly", "/".join(prefix), f"{name}/rpc")
        return None

    def _of_tasmota(self, levels: list[str]) -> Iterator[Route]:
        _, *words = self.prefixes.tasmota_words
        for pattern in self._tasmota:
            if len(levels) != len(pattern) + 1:
                continue
            found = dict(zip(pattern, levels, strict=False))
            rest = [level for level in pattern if "%" not in level]
            if found["%prefix%"] in words and all(found[level] == level for level in rest):
                kind = ("stat", "tele")[words.index(found["%prefix%"])]
                yield Route("tasmota", found["%topic%"], f"{kind}/{levels[-1]}")

    def _of_shelly(self, levels: list[str]) -> Iterator[Route]:
        for pattern in self._shelly:
            size = len(pattern)
            prefix, rest = levels[:size], levels[size:]
            if not _fits(pattern, prefix) or (pattern[0] == "+" and prefix[0] in self._taken):
                continue
            is_status = len(rest) == 2 and rest[0] == "status"  # noqa: PLR2004 - status/<component>
            if is_status or rest in (["events", "rpc"], ["online"]):
                yield Route("shelly", "/".join(prefix), "/".join(rest))

    def _of_esphome(self, levels: list[str]) -> Iterator[Route]:
        for pattern in self._esphome:
            size = len(pattern)
            prefix, rest = levels[:size], levels[size:]
            if not _fits(pattern, prefix) or (pattern[0] == "+" and prefix[0] in self._taken):
                continue
            if rest == ["status"]:
                yield Route("esphome", "/".join(prefix), "status")
            elif len(rest) == 3 and rest[0] in _ESPHOME_KINDS and rest[2] == "state":  # noqa: PLR2004 - <kind>/<name>/state
                yield Route("esphome", "/".join(prefix), f"{rest[0]}/{rest[1]}")

    def _of_json(self, levels: list[str]) -> Iterator[Route]:
        for pattern in self._json:
            is_open = pattern[-1] == "#"
            fixed = pattern[:-1] if is_open else pattern
            if len(levels) < len(fixed) or (len(levels) > len(fixed) and not is_open):
                continue
            pairs = list(zip(fixed, levels, strict=False))
            if all(mine in {"+", "%device%", theirs} for mine, theirs in pairs):
                address = next(theirs for mine, theirs in pairs if mine == "%device%")
                free = [theirs for mine, theirs in pairs if mine == "+"]
                yield Route("json", address, "/".join([*free, *levels[len(fixed) :]]))


def _of_zigbee(base: list[str], rest: list[str]) -> Iterator[Route]:
    # several bases may have the same names
    before = [] if base == [ZIGBEE] else base
    if not rest:
        return
    if rest[0] == "bridge":
        if len(rest) == 2 and rest[1] in _BRIDGE_LEAVES:  # noqa: PLR2004 - bridge/<leaf>
            yield Route("zigbee2mqtt", "/".join([*before, "bridge"]), rest[1])
    elif len(rest) > 1 and rest[-1] == "availability":
        yield Route("zigbee2mqtt", "/".join([*before, *rest[:-1]]), "availability")
    # commands, ours among them
    elif not {"set", "get"} & set(rest[1:]):
        yield Route("zigbee2mqtt", "/".join([*before, *rest]), "")


def _of_homie(base: list[str], rest: list[str]) -> Iterator[Route]:
    before = [] if base == [HOMIE] else base
    head = 2 if rest[:1] == ["5"] else 1
    device, channel = rest[:head], rest[head:]
    is_device = len(device) == head and not device[-1].startswith("$")
    if is_device and channel and channel[-1] != "set":
        yield Route("homie", "/".join([*before, *device]), "/".join(channel))


_TABLE = Table()
TOPICS = tuple(_TABLE.filters())


def find(topic: str) -> Route | None:
    """Return the route of a topic of an installation that changed no prefix."""
    return _TABLE.find(topic)
