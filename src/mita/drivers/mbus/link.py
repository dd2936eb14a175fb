"""The M-Bus link layer: what a master sends, and what of the answer is a frame. Pure."""

from __future__ import annotations

from typing import Literal

from mita.drivers.mbus.mend import is_long_frame

ACKNOWLEDGED = b"\xe5"
# whoever is selected by its secondary address answers to this one
SELECTED = 0xFD
_SHORT, _LONG, _END = 0x10, 0x68, 0x16
_NKE, _USER_DATA = 0x40, 0x53
_REQUEST, _REQUEST_TOGGLED = 0x5B, 0x7B
_SELECT = 0x52
_RESPONSE, _RESPONSE_MASK = 0x08, 0x0F
_OVERHEAD = 6
_HEAD = 4
_SECONDARY_HEX = 16

Answer = Literal["none", "more", "acknowledged", "frame", "broken"]


def reset(address: int) -> bytes:
    """Return SND_NKE: a meter forgets what was asked before, and whether it is selected."""
    return _short(_NKE, address)


def request(address: int, *, is_toggled: bool) -> bytes:
    """Return REQ_UD2; the toggle tells a repetition from the request of what comes next."""
    return _short(_REQUEST_TOGGLED if is_toggled else _REQUEST, address)


def select(secondary: str) -> bytes:
    """Return the frame that selects a meter by its secondary address: 8 digits, or all 16.

    With 8 digits manufacturer, version and medium may be any.
    """
    asked = secondary.upper().ljust(_SECONDARY_HEX, "F")
    body = bytes([_USER_DATA, SELECTED, _SELECT]) + bytes.fromhex(asked[:8])[::-1] + bytes.fromhex(asked[8:])
    return bytes([_LONG, len(body), len(body), _LONG]) + body + bytes([sum(body) & 0xFF, _END])


def judged(raw: bytes) -> Answer:
    """Return what the bytes are that came until now; ``more`` if a frame has begun and is not whole."""
    if not raw:
        return "none"
    if raw == ACKNOWLEDGED:
        return "acknowledged"
    if raw[0] != _LONG or (len(raw) >= _HEAD and (raw[1] != raw[2] or raw[3] != _LONG)):
        return "broken"
    if len(raw) < _HEAD or len(raw) < raw[1] + _OVERHEAD:
        return "more"
    return "frame" if is_long_frame(raw) and raw[4] & _RESPONSE_MASK == _RESPONSE else "broken"


def sender(frame: bytes) -> int:
    """Return the primary address that a long frame comes from."""
    return frame[5]


def _short(control: int, address: int) -> bytes:
    return bytes([_SHORT, control, address, (control + address) & 0xFF, _END])
