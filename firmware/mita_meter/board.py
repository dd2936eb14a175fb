"""The hardware of ESP32 and Raspberry Pi Pico W, under MicroPython only: pins, Wi-Fi, TLS, clock."""

import random
import socket
import ssl
import sys
import time

import machine
import micropython
import network
import ntptime

from .files import Files
from .pulses import CONTACT_BITS, Contact
from .tokens import body_of, renewal

_IS_PICO = sys.platform == "rp2"
# boards count from 1970 or from 2000
_EPOCH_S = 946_684_800 if time.gmtime(0)[0] == 2000 else 0
_CONNECT_S, _WIFI_MS, _NTP_MS = 10, 20_000, 6 * 3_600_000
_WATCHDOG_MS = 8_000 if _IS_PICO else 60_000
# the Pico's watchdog waits eight seconds at most, a TLS handshake may take longer: a timer feeds it so long
_BEAT_MS = 60_000


class ContactCounter:
    """A pin with a contact or an open collector to ground, counted by interrupts on both edges."""

    bits = CONTACT_BITS

    def __init__(self, settings: dict) -> None:
        self._pin = machine.Pin(settings["pin"], machine.Pin.IN, machine.Pin.PULL_UP)
        self._contact = Contact(
            debounce_ms=settings.get("debounce_ms", 20),
            is_closed=not self._pin.value(),
            ticks=time.ticks_ms(),
        )
        # bound once: an interrupt must not allocate memory
        self._settle_bound = self._settle
        hard = {"hard": True} if _IS_PICO else {}
        self._pin.irq(self._edge, machine.Pin.IRQ_FALLING | machine.Pin.IRQ_RISING, **hard)

    def _edge(self, pin) -> None:
        self._contact.edge(not pin.value(), time.ticks_ms())

    def _settle(self, _) -> None:
        state = machine.disable_irq()
        self._contact.settle(time.ticks_ms())
        machine.enable_irq(state)

    def read(self) -> int:
        """Return the count; it comes round at ``bits``."""
        try:
            # where interrupts are queued, this queues behind them: neither is in the middle of the other
            micropython.schedule(self._settle_bound, None)
        except RuntimeError:
            # the queue is full of edges, which settle as well
            pass
        return self._contact.count


class HardwareCounter:
    """The ESP32's pulse counter, for outputs that do not bounce (S0, opto): it counts while Python waits."""

    bits = 30

    def __init__(self, number: int, settings: dict) -> None:
        pin = machine.Pin(settings["pin"], machine.Pin.IN, machine.Pin.PULL_UP)
        self._counter = machine.Counter(number, pin, edge=machine.Counter.FALLING, filter_ns=10_000)

    def read(self) -> int:
        """Return the count."""
        return self._counter.value() & 0x3FFFFFFF


class Switch:
    """A relay on a pin, and a feedback contact to ground, if there is one."""

    def __init__(self, settings: dict) -> None:
        self._active = 1 if settings.get("active_high", True) else 0
        self._pin = machine.Pin(settings["pin"], machine.Pin.OUT)
        feedback = settings.get("feedback_pin")
        self._feedback = (
            None if feedback is None else machine.Pin(feedback, machine.Pin.IN, machine.Pin.PULL_UP)
        )
        self._is_on = True

    def set(self, is_on: bool) -> None:  # noqa: FBT001
        """Switch, and wait until the contactor has moved."""
        self._pin.value(self._active if is_on else 1 - self._active)
        self._is_on = is_on
        time.sleep_ms(200)

    def is_on(self) -> bool:
        """Return what the feedback contact says (closed: on), else what was set."""
        return self._is_on if self._feedback is None else not self._feedback.value()


class Stream:
    """A TLS connection that does not block once it is made."""

    def __init__(self, host: str, port: int, ca: bytes) -> None:
        plain = socket.socket()
        try:
            plain.settimeout(_CONNECT_S)
            plain.connect(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0][-1])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=ca)
            self._socket = context.wrap_socket(plain, server_hostname=host)
        except Exception:
            plain.close()
            raise
        plain.setblocking(False)
        self.read = self._socket.read
        self.write = self._socket.write
        self.close = self._socket.close


class Board:
    """A board as its configuration describes it."""

    def __init__(self, config: dict) -> None:
        self._config = config
        self._beat_ms = time.ticks_ms()
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)
        self._timer = machine.Timer(-1 if _IS_PICO else 0)
        hard = {"hard": True} if _IS_PICO else {}
        self._timer.init(period=2_000, mode=machine.Timer.PERIODIC, callback=self._feed, **hard)
        self.files = Files("/readings")
        self.ticks_ms = time.ticks_ms
        channels = config["channels"]
        self.counters = [
            HardwareCounter(number, settings)
            if settings.get("hardware") and not _IS_PICO
            else ContactCounter(settings)
            for number, settings in enumerate(channels)
        ]
        self.switch = Switch(config["relay"]) if "relay" in config else None
        self._wifi = network.WLAN(network.STA_IF)
        self._wifi.active(True)
        self._asked_wifi_ms: int | None = None
        self._set_ms: int | None = None
        self._is_clock_set = False
        with open("ca.der", "rb") as file:
            self._ca = file.read()

    def _feed(self, _) -> None:
        if time.ticks_diff(time.ticks_ms(), self._beat_ms) < _BEAT_MS:
            self._watchdog.feed()

    def beat(self) -> None:
        """Tell the watchdog that the program goes round."""
        self._beat_ms = time.ticks_ms()
        self._watchdog.feed()

    def wall_s(self) -> int:
        """Return seconds since 1970; few of them as long as the clock was not set since the start."""
        return time.time() + _EPOCH_S if self._is_clock_set else 0

    def set_clock(self, uptime_ms: int) -> None:
        """Ask for the time every six hours, until it is known every half minute."""
        pause_ms = _NTP_MS if self._is_clock_set else 30_000
        if not self._wifi.isconnected() or (self._set_ms is not None and uptime_ms - self._set_ms < pause_ms):
            return
        self._set_ms = uptime_ms
        try:
            ntptime.host = self._config.get("ntp", "pool.ntp.org")
            ntptime.settime()
            self._is_clock_set = True
        except (OSError, OverflowError):
            # the next attempt comes by itself
            pass

    def connect(self) -> Stream:
        """Return a TLS connection to the broker.

        :raises OSError: if there is none to be had now
        """
        self._need_wifi()
        return Stream(self._config["broker"], self._config.get("port", 8883), self._ca)

    def _need_wifi(self) -> None:
        if self._wifi.isconnected():
            return
        now = time.ticks_ms()
        if self._asked_wifi_ms is None or time.ticks_diff(now, self._asked_wifi_ms) > _WIFI_MS:
            self._asked_wifi_ms = now
            self._wifi.connect(self._config["wifi"]["name"], self._config["wifi"]["password"])
        raise OSError("no Wi-Fi yet")

    def fetch_token(self, token: str) -> bytes | None:
        """Return the body of the answer to a request for the next token; None if it was refused.

        :raises OSError: if nobody answers
        """
        host, port, request = renewal(self._config["renew_url"], token)
        stream = Stream(host, port, self._ca)
        try:
            stream.write(request)
            answer, until = b"", time.ticks_add(time.ticks_ms(), _CONNECT_S * 1000)
            while len(answer) < 8192 and time.ticks_diff(until, time.ticks_ms()) > 0:
                part = stream.read(512)
                if part == b"":
                    break
                answer += part or b""
                time.sleep_ms(10)
        finally:
            stream.close()
        return body_of(answer)

    def jitter(self, ms: int) -> int:
        """Return between half and all of a pause, so that a street does not come back in the same second."""
        return ms // 2 + random.randint(0, ms // 2)
