"""Register maps: which words of a meter model mean what. Checked strictly. Pure, but for the package's files.

A file or a device's setting holds one map, in the form that ``docs/how-to/read-modbus-meters.md`` explains.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
import yaml

from mita.drivers.modbus.values import WORDS, ByteOrder, Form, Marker, WordType
from mita.kit.quantity import BadValue, base_unit

BLOCK_WORDS_MAX = 125
_ADDRESSES = 0x10000
_WRITE_COIL = 5
_WRITE_ONE = 6
_COILS = {1, 2}
_FILE_BYTES_MAX = 64 * 1024
_POINTS_MAX = 500
_BLOCKS_MAX = 50
_ID = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")

Word = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
ReadFunction = Literal[3, 4]
Positive = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Unit = Literal[
    "V", "A", "Hz", "W", "kW", "VA", "kVA", "var", "kvar", "Wh", "kWh", "MWh", "varh", "kvarh", "VAh", "kVAh",
    "%", "°", "°C", "m3", "kL", "L", "m3/h", "L/h", "bar", "s", "h"
]  # fmt: skip
# what a current transformer divides
PRIMARY_UNITS = {
    "A", "W", "kW", "VA", "kVA", "var", "kvar", "Wh", "kWh", "MWh", "varh", "kvarh", "VAh", "kVAh"
}  # fmt: skip


class BadMap(ValueError):
    """A map that cannot be used; ``problems`` say each where and what."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of words that is asked for at once: function 3 (holding) or 4 (input), first word, how many."""

    fn: ReadFunction
    start: Word
    count: Annotated[int, msgspec.Meta(ge=1, le=BLOCK_WORDS_MAX)]

    def holds(self, fn: int, start: int, count: int) -> bool:
        """Tell whether all of these words are in the block."""
        return fn == self.fn and self.start <= start and start + count <= self.start + self.count


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value: ``words * factor / scale`` in ``unit``; a reading if it has a ``register``.

    ``resolution``, a power of ten of the unit, is what the meter counts in. ``confirmed`` is False where
    address or scale are not known for sure.
    """

    name: str
    fn: ReadFunction
    address: Word
    type: WordType
    scale: Positive = 1
    factor: Positive = 1
    unit: Unit | None = None
    register: str | None = None
    obis: str | None = None
    resolution: Decimal | None = None
    word_order: ByteOrder | None = None
    byte_order: ByteOrder | None = None
    confirmed: bool = True

    @property
    def count(self) -> int:
        """How many words it has."""
        return WORDS[self.type]


class Readback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a relay says how it stands: a coil (function 1 or 2) or a word (3 or 4)."""

    fn: Literal[1, 2, 3, 4]
    address: Word
    on: Word
    off: Word


class Relay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a supply is switched: what is written where. ``unit``: another unit of the bus than the meter."""

    fn: Literal[5, 6, 16]
    address: Word
    on: Word
    off: Word
    readback: Readback | None = None
    unit: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A register that holds the supply to a power: a word is ``watts * scale / factor``, rounded down.

    ``fn`` writes one word (6) or several (16); it is read back by function 3 from ``address``, or by another
    one from ``readback``. ``none`` is written to lift the limit, and read where there is none. A register in
    amperes has ``volts``, those of all phases together.
    """

    fn: Literal[6, 16]
    address: Word
    none: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
    type: Literal["uint16", "uint32"] = "uint16"
    scale: Positive = 1
    factor: Positive = 1
    volts: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    read_fn: ReadFunction = 3
    readback: Word | None = None
    unit: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None

    @property
    def count(self) -> int:
        """How many words it has."""
        return WORDS[self.type]

    @property
    def read_address(self) -> int:
        """Where it is read back."""
        return self.address if self.readback is None else self.readback

    @property
    def most(self) -> int:
        """The greatest number that it holds."""
        return (1 << 16 * self.count) - 1

    @property
    def step_w(self) -> int:
        """How finely it holds a power, in watts, rounded up."""
        return -(-self.factor * (self.volts or 1) // self.scale)

    def raw_of(self, limit_w: int | None) -> int:
        """Return what is written for a power in watts; None lifts the limit."""
        if limit_w is None:
            return self.none
        raw = limit_w * self.scale // (self.factor * (self.volts or 1))
        # what does not fit is less than was asked, and what means "none" must not be written for a limit
        raw = min(raw, self.most)
        return raw - 1 if raw == self.none and raw > 0 else raw

    def watts_of(self, raw: int) -> int | None:
        """Return the power in watts that a register holds, rounded up; None: no limit."""
        return None if raw == self.none else -(-raw * self.factor * (self.volts or 1) // self.scale)


class Probe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that says whether this is the right meter: it lies from ``min`` to ``max``."""

    fn: ReadFunction
    address: Word
    type: WordType
    min: Decimal
    max: Decimal
    scale: Positive = 1


class Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A meter model. ``confirmed`` is False where it is not known for sure that the map is right."""

    id: str
    maker: str = msgspec.field(name="vendor")
    models: list[str] = msgspec.field(default_factory=list)
    word_order: ByteOrder = "big"
    byte_order: ByteOrder = "big"
    blocks: list[Block] = msgspec.field(default_factory=list)
    points: list[Point] = msgspec.field(default_factory=list)
    missing: list[Marker | int] = msgspec.field(default_factory=list)
    resolution: Decimal | None = None
    relay: Relay | None = None
    limit: Limit | None = None
    probe: Probe | None = None
    source: str = ""
    licence: str = ""
    confirmed: bool = True
    notes: str = ""

    def form(self, point: Point | Probe) -> Form:
        """Return how a point lies in its words."""
        own = point if isinstance(point, Point) else None
        return Form(
            point.type,
            (own and own.word_order) or self.word_order,
            (own and own.byte_order) or self.byte_order,
            tuple(self.missing),
        )

    def resolution_of(self, point: Point) -> Decimal | None:
        """Return what a point is rounded to; None: shown as it came."""
        return point.resolution or (self.resolution if point.register else None)


class _Loader(yaml.SafeLoader):
    """YAML in which ``on`` and ``off`` are words, 0.001 is exact and no key stands twice."""


_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != _BOOL or first in "tTfF"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _exact(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    text = str(loader.construct_scalar(node)).replace("_", "")
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise yaml.YAMLError(f"{text[:40]!r} is not a number") from error


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in made:
            raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: {key!r} stands there twice")
        made[key] = loader.construct_object(value_node, deep=True)
    return made


_Loader.add_constructor("tag:yaml.org,2002:float", _exact)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse(text: str, *, file: str) -> Map:
    """Return the map that a YAML text holds; ``file`` is named in what is wrong.

    :raises BadMap: with everything that is wrong
    """
    if len(text.encode()) > _FILE_BYTES_MAX:
        raise BadMap([f"{file}: more than {_FILE_BYTES_MAX} bytes"])
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise BadMap([f"{file}: not YAML: {' '.join(str(error).split())[:300]}"]) from error
    return from_document(document, file=file)


def from_document(document: Any, *, file: str) -> Map:
    """Return the map that a parsed document holds, such as a device's setting.

    :raises BadMap: with everything that is wrong
    """
    if not isinstance(document, dict):
        raise BadMap([f"{file}: must hold keys such as id, blocks and points"])
    problems: list[str] = []
    points = document.get("points", [])
    if not isinstance(points, list) or len(points) > _POINTS_MAX:
        raise BadMap([f"{file}: points must be a list of at most {_POINTS_MAX}"])
    for place, point in enumerate(points):
        name = point.get("name") if isinstance(point, dict) else None
        try:
            msgspec.convert(point, Point)
        except (msgspec.ValidationError, ArithmeticError) as error:
            problems.append(f"{file}: point {name or place + 1!r}: {error}")
    try:
        found = msgspec.convert({**document, "points": [] if problems else points}, Map)
    except (msgspec.ValidationError, ArithmeticError) as error:
        raise BadMap([*problems, f"{file}: {error}"]) from error
    problems += [f"{file}: {problem}" for problem in _problems(found)]
    if problems:
        raise BadMap(problems)
    return found


def changed(found: Map, changes: dict[str, Any]) -> Map:
    """Return a map in which some keys are others, such as the relay that is wired beside a meter.

    :raises BadMap: with everything that is wrong
    """
    return from_document({**msgspec.to_builtins(found, builtin_types=(Decimal,)), **changes}, file="map")


def _problems(found: Map) -> list[str]:
    problems = [*_block_problems(found.blocks)]
    if len(found.blocks) > _BLOCKS_MAX:
        problems.append(f"more than {_BLOCKS_MAX} blocks")
    if not _ID.fullmatch(found.id):
        problems.append(f"id {found.id!r} must be small letters, digits and _")
    if not found.points and found.relay is None and found.limit is None:
        problems.append("there is neither a point nor a relay nor a limit")
    for what in ("name", "register"):
        values = [getattr(point, what) for point in found.points if getattr(point, what) is not None]
        problems += [
            f"{what} {value!r} stands there twice" for value in sorted(set(values)) if values.count(value) > 1
        ]
    for point in found.points:
        problems += [f"point {point.name!r}: {problem}" for problem in _point_problems(point, found)]
    if found.resolution is not None and not _is_power_of_ten(found.resolution):
        problems.append(f"resolution {found.resolution} is not a power of ten such as 0.001")
    if found.relay is not None:
        problems += [f"relay: {problem}" for problem in _relay_problems(found.relay)]
    if found.limit is not None:
        problems += [f"limit: {problem}" for problem in _limit_problems(found.limit)]
    if found.probe is not None and found.probe.min >= found.probe.max:
        problems.append("probe: min must be below max")
    return problems


def _relay_problems(relay: Relay) -> list[str]:
    problems = []
    if relay.on == relay.off or (relay.fn == _WRITE_COIL and relay.on and relay.off):
        problems.append("on and off are the same")
    readback = relay.readback
    if readback is not None and readback.on == readback.off:
        problems.append("on and off of its readback are the same")
    if readback is not None and readback.fn in _COILS and {readback.on, readback.off} != {0, 1}:
        problems.append("a coil reads 0 or 1")
    return problems


def _limit_problems(limit: Limit) -> list[str]:
    problems = []
    if limit.none > limit.most:
        problems.append(f"none {limit.none} does not fit into {limit.type}")
    if limit.fn == _WRITE_ONE and limit.count != 1:
        problems.append("function 6 writes one word: write two with function 16")
    if limit.address + limit.count > _ADDRESSES or limit.read_address + limit.count > _ADDRESSES:
        problems.append("it goes beyond the last address")
    return problems


def _block_problems(blocks: list[Block]) -> list[str]:
    inside = sorted(blocks, key=lambda block: (block.fn, block.start))
    beyond = [
        f"block at {block.start:#06x} goes beyond the last address"
        for block in inside
        if block.start + block.count > _ADDRESSES
    ]
    return beyond + [
        f"blocks at {one.start:#06x} and {other.start:#06x} overlap"
        for one, other in pairwise(inside)
        if one.fn == other.fn and one.start + one.count > other.start
    ]


def _point_problems(point: Point, found: Map) -> list[str]:
    problems = []
    if not _ID.fullmatch(point.name):
        problems.append("its name must be small letters, digits and _")
    if not any(block.holds(point.fn, point.address, point.count) for block in found.blocks):
        problems.append(f"{point.address:#06x} (function {point.fn}, {point.count} words) is in no block")
    if point.resolution is not None and not _is_power_of_ten(point.resolution):
        problems.append(f"resolution {point.resolution} is not a power of ten such as 0.001")
    if point.register is None:
        return problems
    try:
        base_unit(point.unit or "")
    except BadValue as bad:
        problems.append(f"a register's {bad}")
    is_rough = point.type.startswith("float") or not _is_power_of_ten(Decimal(point.scale))
    if is_rough and found.resolution_of(point) is None:
        problems.append("a register of this type or scale needs a resolution")
    return problems


def _is_power_of_ten(value: Decimal) -> bool:
    return value.is_finite() and value > 0 and value.normalize().as_tuple().digits == (1,)


@cache
def catalogue() -> tuple[str, ...]:
    """Return the ids of the maps that come with Mita."""
    folder = resources.files(__package__).joinpath("maps")
    return tuple(
        sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))
    )


@cache
def named(map_id: str) -> Map:
    """Return a map that comes with Mita.

    :raises BadMap: if there is none of that id, or it is wrong
    """
    if map_id not in catalogue():
        raise BadMap([f"there is no map {map_id[:60]!r}"])
    file = f"{map_id}.yaml"
    text = resources.files(__package__).joinpath("maps", file).read_text(encoding="utf-8")
    found = parse(text, file=file)
    if found.id != map_id:
        raise BadMap([f"{file}: its id is {found.id!r}"])
    return found
