"""The program: turn by turn, it counts, writes, sends, obeys. Knows no hardware."""

import json

from .buffer import Buffer
from .clock import Clock
from .files import Slots
from .link import Link, Lost
from .pulses import Channel, decimal
from .relay import BadCommand, Relay, parsed
from .tokens import Tokens, asking

ITEMS_MAX = 20
_DELAY_FIRST_MS, _DELAY_MAX_MS = 1_000, 300_000
_WRITE_AGAIN_MS = 10_000
# a clock that was set back by less than this waits until it has caught up
_BACK_S = 120
_REFUSED = ("refused 4", "refused 5")


class App:
    """What a board does.

    ``board`` has its hardware: ``files``, ``ticks_ms()``, ``wall_s()``, ``counters`` (each ``read()`` and
    ``bits``), ``switch`` or None, ``connect()`` to a stream, ``fetch_token(token)`` to bytes or None,
    ``set_clock(uptime_ms)``, ``beat()``, ``jitter(ms)``.
    """

    def __init__(self, config: dict, board) -> None:
        self.board = board
        self.name = config["device"]
        self.interval_s = config.get("interval_s", 900)
        self.keep_s = config.get("keep_s", 60)
        # else the next token is asked for over MQTT
        self.fetches = bool(config.get("renew_url"))
        ring = config.get("buffer", {})
        self.buffer = Buffer(
            board.files,
            segments_max=max(3, ring.get("segments", 64)),
            records_max=max(16, ring.get("records", 127)),
        )
        # counts between two readings, in a ring of their own so that they take no room from readings
        self.kept = Buffer(board.files, segments_max=3, suffix=".cnt")
        self.channels = [
            Channel(number, settings, count=self._written(number))
            for number, settings in enumerate(config["channels"])
        ]
        self.meters = tuple(channel.meter for channel in self.channels if channel.meter)
        self.tokens = Tokens(
            Slots(board.files, "token"),
            token=config["token"],
            expires_s=config.get("token_expires_s"),
        )
        self.relay = None
        if board.switch is not None:
            default = config.get("relay", {}).get("default", "on") == "on"
            self.relay = Relay(Slots(board.files, "relay"), board.switch, default_is_on=default)
        self.link = Link(self.name, keepalive_s=config.get("keepalive_s", 60))
        self.clock = Clock(ticks_ms=board.ticks_ms, wall_s=board.wall_s)
        self.bad_commands = self.failed_writes = 0
        self._interval: list = [None] * len(self.channels)
        self._kept_ms = self._write_from_ms = 0
        self._delay_ms, self._wait_until_ms = _DELAY_FIRST_MS, 0
        # packet id -> what the broker then has: a sequence number, or the id of a command
        self._sent: dict = {}
        self._untimed_seq: int | None = None
        self._last_token = ""

    def turn(self) -> None:
        """Do what is due, without waiting."""
        self.board.beat()
        self.clock.turn()
        self.board.set_clock(self.clock.uptime_ms)
        for channel, counter in zip(self.channels, self.board.counters):
            channel.take(counter.read(), bits=counter.bits)
        if self.clock.uptime_ms >= self._write_from_ms:
            try:
                self._write_due()
            except OSError:
                # the counts go on in memory, and are written with the next attempt
                self.failed_writes += 1
                self._write_from_ms = self.clock.uptime_ms + _WRITE_AGAIN_MS
        if self.clock.uptime_ms >= self._wait_until_ms:
            try:
                self._talk()
            except (Lost, OSError) as error:
                self._hang_up(str(error))

    # ── counts to flash ──

    def _write_due(self) -> None:
        now_s, uptime_s = self.clock.now_s(), self.clock.uptime_s
        interval = (now_s is not None, (uptime_s if now_s is None else now_s) // self.interval_s)
        for channel in self.channels:
            before = self._interval[channel.number]
            # a clock that becomes known is no reason for a reading of its own
            is_due = before is not None and before != interval and before[0] == interval[0]
            if is_due and not self._write_reading(channel, now_s, uptime_s):
                continue
            self._interval[channel.number] = interval
        if self.clock.uptime_ms - self._kept_ms >= self.keep_s * 1000:
            self._keep_counts(uptime_s)
            self._kept_ms = self.clock.uptime_ms

    def _write_reading(self, channel, now_s, uptime_s) -> bool:
        last_s = self.buffer.last_ts.get(channel.number)
        if now_s is not None and last_s is not None and 0 <= last_s - now_s < _BACK_S:
            return False
        self.buffer.append(
            channel.number,
            count=channel.count,
            ts=uptime_s if now_s is None else now_s,
            is_timed=now_s is not None,
            is_reading=True,
            relay=None if self.relay is None else self.relay.is_on,
        )
        return True

    def _keep_counts(self, uptime_s: int) -> None:
        for channel in self.channels:
            if channel.count != self._written(channel.number):
                self.kept.append(
                    channel.number, count=channel.count, ts=uptime_s, is_timed=False, is_reading=False
                )

    def _written(self, number: int) -> int:
        return max(self.buffer.counts.get(number, 0), self.kept.counts.get(number, 0))

    # ── the wire ──

    def _talk(self) -> None:
        if not self.link.is_open:
            self._renew_token()
            self._last_token = self.tokens.token
            stream = self.board.connect()
            # making a connection may have taken seconds
            self.clock.turn()
            self.link.open(stream, password=self._last_token, will=b"offline", now_ms=self.clock.uptime_ms)
        for event in self.link.turn(self.clock.uptime_ms):
            self._take(event)
        now_s = self.clock.now_s()
        if self.relay is not None and now_s is not None:
            self.relay.clock_known(now_s)
        if self.link.is_connected and self.link.in_flight is None:
            self._send_next(now_s)

    def _renew_token(self) -> None:
        """Fetch a token before the connection is made: there is memory for one TLS connection at a time."""
        if not self.fetches or not self._is_token_due():
            return
        self.tokens.asked(self.clock.uptime_ms)
        answer = self.board.fetch_token(self.tokens.token)
        if answer is not None:
            self.tokens.took(answer)

    def _is_token_due(self) -> bool:
        return self.tokens.is_due(now_s=self.clock.now_s(), uptime_ms=self.clock.uptime_ms)

    def _ask_for_token(self) -> None:
        if self.fetches:
            # fetched before the next connection is made
            raise Lost("a new token is due")
        self.tokens.asked(self.clock.uptime_ms)
        self.link.hear("token", now_ms=self.clock.uptime_ms)
        packet_id = self.link.publish("renew", asking(self._last_token), now_ms=self.clock.uptime_ms)
        self._sent[packet_id] = None

    def _hang_up(self, why: str) -> None:
        if why in _REFUSED:
            self.tokens.refused()
        self.link.close()
        self._sent = {}
        self._wait_until_ms = self.clock.uptime_ms + self.board.jitter(self._delay_ms)
        self._delay_ms = min(self._delay_ms * 2, _DELAY_MAX_MS)

    def _take(self, event: tuple) -> None:
        if event[0] == "connected":
            self._delay_ms = _DELAY_FIRST_MS
            self.tokens.opened()
            self._sent[self.link.publish("state", b"online", now_ms=self.clock.uptime_ms)] = None
        elif event[0] == "acknowledged":
            self._delivered(self._sent.pop(event[1], None))
        else:
            _, topic, payload, packet_id, is_retained = event
            # a retained command is somebody's mistake: it would be heard at each connection
            if topic == self._topic("down") and not is_retained:
                self._command(payload)
            self.link.puback(packet_id, now_ms=self.clock.uptime_ms)
            if topic == self._topic("token") and not is_retained and self.tokens.took(payload):
                # whether it opens the broker shows now, while the old one still does
                raise Lost("a new token")

    def _topic(self, leaf: str) -> bytes:
        return ("m/" + self.name + "/" + leaf).encode()

    def _command(self, payload: bytes) -> None:
        try:
            command = parsed(payload, meters=self.meters)
        except BadCommand:
            self.bad_commands += 1
            return
        if self.relay is not None:
            self.relay.obey(command, now_s=self.clock.now_s())

    def _delivered(self, what) -> None:
        if isinstance(what, str):
            self.relay.answered(what)
        elif isinstance(what, int):
            self.buffer.acknowledge(what)

    def _send_next(self, now_s: int | None) -> None:
        answer = None if self.relay is None else self.relay.answer()
        if answer is not None:
            self._sent[self.link.publish("ack", answer[1], now_ms=self.clock.uptime_ms)] = answer[0]
            return
        if self._is_token_due():
            self._ask_for_token()
            return
        message, seq, is_kept = self._message(now_s)
        if message is not None:
            packet_id = self.link.publish("up", message, now_ms=self.clock.uptime_ms)
            self._sent[packet_id] = None if is_kept else seq

    def _message(self, now_s: int | None) -> tuple:
        """Return the next message, its last sequence number, and whether its readings stay in the buffer."""
        items, seq = [], None
        if now_s is None and self._untimed_seq == self.buffer.seq:
            return None, None, True
        for record in self.buffer.pending(ITEMS_MAX):
            ts = self._time_of(record, now_s)
            if ts is None and now_s is None and record.boot == self.buffer.boot:
                break
            # a time that was never known and never will be: the next reading says all that this one did
            if ts is not None:
                items.append(self._item(record, ts))
            seq = record.seq
        if items:
            return ("[" + ",".join(items) + "]").encode(), seq, False
        if seq is not None:
            self.buffer.acknowledge(seq)
        return self._newest_untimed(now_s)

    def _newest_untimed(self, now_s: int | None) -> tuple:
        """Say what the registers show now; the buffer keeps its readings until the clock is known."""
        if now_s is not None or not self.buffer.pending(1):
            return None, None, True
        self._untimed_seq = self.buffer.seq
        items = [self._register(channel, channel.count) + "}" for channel in self.channels]
        return ("[" + ",".join(items) + "]").encode(), None, True

    def _time_of(self, record, now_s: int | None) -> int | None:
        if record.channel >= len(self.channels):
            # of a former configuration
            return None
        if record.is_timed:
            return record.ts
        if now_s is None or record.boot != self.buffer.boot:
            return None
        return now_s - (self.clock.uptime_s - record.ts)

    def _register(self, channel, count: int) -> str:
        meter = '"meter":' + json.dumps(channel.meter) + "," if channel.meter else ""
        return "{" + meter + '"r":{"' + channel.field + '":' + decimal(channel.value_micro(count)) + "}"

    def _item(self, record, ts: int) -> str:
        text = self._register(self.channels[record.channel], record.count)
        text += ',"ts":' + str(ts) + ',"seq":' + str(record.seq)
        if record.flags & 8:
            text += ',"relay":' + ("1" if record.flags & 4 else "0")
        return text + "}"
