"""Contacts into pulses, pulses into what the register of a meter shows."""

# MicroPython's ticks_ms comes round at this
TICKS = 1 << 30
# what a contact counts to before it comes round: small, so that an interrupt allocates no memory
CONTACT_BITS = 14
_MASK = (1 << CONTACT_BITS) - 1
_FIELDS = ("kwh", "wh", "kwh_export", "wh_export", "m3", "l")


class BadConfig(Exception):
    """The configuration cannot be right."""


def ticks_since(now: int, before: int) -> int:
    """Return the milliseconds between two readings of the ticks, less than twelve days apart."""
    return (now - before) & (TICKS - 1)


class Contact:
    """A contact that bounces: a pulse is a time of being closed, and both it and the one before lasted.

    ``edge`` is for an interrupt on both edges: it allocates nothing. ``settle`` is called now and then, so
    that the last pulse counts without waiting for the next.
    """

    def __init__(self, *, debounce_ms: int, is_closed: bool, ticks: int) -> None:
        self._debounce_ms = debounce_ms
        self._is_closed = self._is_closed_raw = is_closed
        self._since = ticks
        self.count = 0

    def edge(self, is_closed: bool, ticks: int) -> None:  # noqa: FBT001 - called by interrupts, by position
        """Note that the contact is closed or open now."""
        self.settle(ticks)
        if is_closed != self._is_closed_raw:
            self._is_closed_raw = is_closed
            self._since = ticks

    def settle(self, ticks: int) -> None:
        """Count a pulse, if the contact has been closed for long enough."""
        if (
            self._is_closed_raw != self._is_closed
            and ((ticks - self._since) & 0x3FFFFFFF) >= self._debounce_ms
        ):
            self._is_closed = self._is_closed_raw
            if self._is_closed:
                self.count = (self.count + 1) & _MASK


class Channel:
    """A meter's pulses and its register; ``count`` is all pulses since the channel was set up."""

    def __init__(self, number: int, settings: dict, *, count: int = 0) -> None:
        self.number = number
        self.count = count
        self._raw: int | None = None
        self.field = settings.get("field", "kwh")
        if self.field not in _FIELDS:
            raise BadConfig("field is one of " + ", ".join(_FIELDS))
        self.meter = settings.get("meter")
        self._pulses = _whole(settings, "pulses", 1)
        self._per_micro = micro(str(settings.get("per", "1")))
        self._register_micro = micro(str(settings.get("register", "0")))
        self._register_pulses = settings.get("register_pulses", 0)
        if not self._per_micro:
            raise BadConfig("per is above zero")

    def take(self, raw: int, *, bits: int) -> int:
        """Return the new pulses of a counter of so many bits that stands at ``raw``; none the first time."""
        size = 1 << bits
        new = 0 if self._raw is None else (raw - self._raw) % size
        self._raw = raw % size
        self.count += new
        return new

    def value_micro(self, count: int) -> int:
        """Return the register's value at a count, in millionths of the field's unit; cut down, never up."""
        value = self._register_micro + (count - self._register_pulses) * self._per_micro // self._pulses
        return max(0, value)


def _whole(settings: dict, name: str, default: int) -> int:
    value = settings.get(name, default)
    if not isinstance(value, int) or value <= 0:
        raise BadConfig(name + " is a whole number above zero")
    return value


def micro(text: str) -> int:
    """Return a decimal number in millionths, exactly.

    :raises BadConfig: if it is none, or finer
    """
    whole, _, rest = text.partition(".")
    if not (whole + rest).isdigit() or not whole or len(rest) > 6 or len(whole) > 9:
        raise BadConfig(text + " is not a number with at most six decimals")
    return int(whole) * 1_000_000 + int((rest + "000000")[:6])


def decimal(value_micro: int) -> str:
    """Return millionths as a decimal number, exactly."""
    whole, rest = divmod(value_micro, 1_000_000)
    if not rest:
        return str(whole)
    return (str(whole) + "." + ("000000" + str(rest))[-6:]).rstrip("0")
