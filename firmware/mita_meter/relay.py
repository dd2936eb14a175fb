"""Supply commands: each is carried out at most once, and answered with what the relay is after it."""

import json

COMMAND_BYTES_MAX = 1024
WAITING_MAX = 4
_REMEMBERED = 8
_UUID_DASHES = (8, 13, 18, 23)


class BadCommand(Exception):
    """A message that is no command of this device."""


class Command:
    """What the relay should be, until when that is wanted."""

    def __init__(self, command_id: str, *, is_on: bool, expires_s: int) -> None:
        self.command_id, self.is_on, self.expires_s = command_id, is_on, expires_s


def parsed(payload: bytes, *, meters: tuple) -> Command:
    """Return the command in a message; ``meters`` are the serials whose supply the relay switches.

    :raises BadCommand: if it is none, or for another meter
    """
    if len(payload) > COMMAND_BYTES_MAX:
        raise BadCommand("too large")
    try:
        message = json.loads(payload.decode())
    except (ValueError, RuntimeError, UnicodeError):
        raise BadCommand("not JSON") from None
    if not isinstance(message, dict):
        raise BadCommand("not an object")
    command_id, relay = message.get("id"), message.get("relay")
    expires_s, meter = message.get("exp"), message.get("meter")
    if not _is_uuid(command_id):
        raise BadCommand("id is no UUID")
    if relay not in ("on", "off"):
        raise BadCommand("relay is neither on nor off")
    # True is an int, too
    if not isinstance(expires_s, int) or isinstance(expires_s, bool) or expires_s <= 0:
        raise BadCommand("exp is no time")
    if meters and meter is not None and meter not in meters:
        raise BadCommand("another meter")
    return Command(command_id.lower(), is_on=relay == "on", expires_s=expires_s)


def _is_uuid(text: object) -> bool:
    if not isinstance(text, str) or len(text) != 36:
        return False
    for place, letter in enumerate(text):
        if place in _UUID_DASHES:
            if letter != "-":
                return False
        elif letter not in "0123456789abcdefABCDEF":
            return False
    return True


def born_ms(command_id: str) -> int | None:
    """Return the milliseconds since 1970 in a UUID of version 7; None for another version."""
    return int(command_id[:8] + command_id[9:13], 16) if command_id[14] == "7" else None


class Relay:
    """A relay, its state on flash, and the answers that it owes.

    ``switch`` has ``set(is_on)`` and ``is_on()``: what a feedback contact says, else what was set. The state
    is kept before the act, so that a power cut between the two ends in what was wanted.
    """

    def __init__(self, slots, switch, *, default_is_on: bool = True) -> None:
        self._slots = slots
        self._switch = switch
        self._wanted = default_is_on
        # [id, is_on] of what was carried out, newest last; of the newest command that was
        self._done: list[list] = []
        # id -> why it was not carried out, None: it was
        self.owed: dict[str, str | None] = {}
        self._waiting: list[Command] = []
        self._load()
        switch.set(self._wanted)

    def _load(self) -> None:
        kept = self._slots.read()
        if kept is None:
            return
        try:
            state = json.loads(kept.decode())
            self._wanted, self._done = bool(state["on"]), list(state["done"])
            for command_id in state["owed"]:
                self.owed[command_id] = None
        except (ValueError, KeyError, TypeError, UnicodeError):
            # of another version of this program
            pass

    def _keep(self) -> None:
        owed = [command_id for command_id, reason in self.owed.items() if reason is None]
        state = {"on": self._wanted, "done": self._done, "owed": owed}
        self._slots.write(json.dumps(state).encode())

    @property
    def is_on(self) -> bool:
        """What the relay says that it is."""
        return bool(self._switch.is_on())

    def obey(self, command: Command, *, now_s: int | None) -> None:
        """Carry a command out, or refuse it; either way an answer is owed.

        Without a clock it waits, as nobody can tell whether it is still wanted.

        :raises OSError: if flash did not take the state; nothing was switched
        """
        if any(done[0] == command.command_id for done in self._done):
            self._owe(command.command_id, None)
            return
        if now_s is None:
            self._waiting = [one for one in self._waiting if one.command_id != command.command_id]
            self._waiting = self._waiting[1 - WAITING_MAX :] + [command]
            return
        reason = self._refusal(command, now_s)
        if reason is not None:
            self._owe(command.command_id, reason)
            return
        self._carry_out(command)

    def _refusal(self, command: Command, now_s: int) -> str | None:
        if command.expires_s <= now_s:
            return "expired"
        born = born_ms(command.command_id)
        newest = max([born_ms(done[0]) or 0 for done in self._done], default=0)
        # an order to restore is always obeyed: better current too long than a home in the dark
        if born is not None and born < newest and not command.is_on:
            return "overtaken"
        return None

    def _carry_out(self, command: Command) -> None:
        before = self._wanted, self._done, dict(self.owed)
        self._wanted = command.is_on
        self._done = self._done[1 - _REMEMBERED :] + [[command.command_id, command.is_on]]
        self._owe(command.command_id, None)
        try:
            self._keep()
        except OSError:
            self._wanted, self._done, self.owed = before
            raise
        self._switch.set(command.is_on)

    def _owe(self, command_id: str, reason: str | None) -> None:
        if command_id not in self.owed and len(self.owed) >= _REMEMBERED:
            del self.owed[next(iter(self.owed))]
        self.owed[command_id] = reason

    def clock_known(self, now_s: int) -> None:
        """Carry out what waited for the clock, in the order of its coming.

        :raises OSError: see ``obey``; what is left waits on
        """
        while self._waiting:
            self.obey(self._waiting[0], now_s=now_s)
            self._waiting.pop(0)

    def answer(self) -> tuple[str, bytes] | None:
        """Return the id and the message of the next answer that is owed: what the relay is now."""
        for command_id, reason in self.owed.items():
            message = {"id": command_id, "relay": "on" if self.is_on else "off"}
            if reason is not None:
                message["refused"] = reason
            return command_id, json.dumps(message).encode()
        return None

    def answered(self, command_id: str) -> None:
        """Forget an answer: the broker has it."""
        if self.owed.pop(command_id, None) is None:
            try:
                self._keep()
            except OSError:
                # it is answered again after a power cut, which harms nobody
                pass
