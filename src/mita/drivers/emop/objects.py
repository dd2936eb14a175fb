"""The numbers of the EMOP objects that we read and write."""

from __future__ import annotations

from mita.drivers.emop.values import RATES_MAX

SERIAL = 0x600100
THREE_PHASE_SERIAL = 0xD7FF10
FIRMWARE = 0x000201
CLOCK = 0x800800
VOLTAGE = 0x0C0700
POWER = 0x010700
IMPORT = 0x010800
EXPORT = 0x020800
ELEMENT_A = 0xFFFFFC
ELEMENT_B = 0xFFFFF8
SIGNAL = 0xFFFD1D
BALANCE = 0xFFC802
TOKEN = 0xFFC803
PREPAY = 0xFFFF0D
EMERGENCY_CREDIT = 0xFFC805
PRICE_NOW = 0xFFFF2E
STANDING_CHARGE = 0xFFFF22
THRESHOLD_MASK = 0xFFFF20
FUTURE_STANDING_CHARGE = 0xFFFF23
FUTURE_THRESHOLD_MASK = 0xFFFF21
FUTURE_EMERGENCY_CREDIT = 0xFFC808
FUTURE_FROM = 0xFFFF24
# what buttons on the meter may do, not a relay: never read as the state of the supply, and never written
BUTTON_RULES = 0xFFFF11
BLOCKS_MAX = 8
_PRICE, _FUTURE_PRICE = 0xFFF901, 0xFFF801

# the registers first: what is asked for later may be left out if the meter falls silent
READ_BY_DEFAULT = (IMPORT, EXPORT, BALANCE, PREPAY, EMERGENCY_CREDIT, CLOCK, VOLTAGE, POWER)


def price(*, block: int, rate: int, is_future: bool = False) -> int:
    """Return the object of a price, active or of the rate table to come; blocks and rates are 1 to 8."""
    assert 1 <= block <= BLOCKS_MAX, "there are eight blocks"
    assert 1 <= rate <= RATES_MAX, "there are eight rates"
    return (_FUTURE_PRICE if is_future else _PRICE) + BLOCKS_MAX * (block - 1) + rate - 1


def block_and_rate(object_id: int) -> tuple[int, int] | None:
    """Return block and rate of an active price; None if the object is none."""
    place = object_id - _PRICE
    if not 0 <= place < BLOCKS_MAX * RATES_MAX:
        return None
    block, rate = divmod(place, RATES_MAX)
    return block + 1, rate + 1


def name(object_id: int) -> str:
    """Return an object's number as it is written: six digits, lower case."""
    return f"{object_id:06x}"
