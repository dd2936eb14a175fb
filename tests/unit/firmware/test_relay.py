"""Commands are carried out at most once, never when stale, and answered with what the relay is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita_meter.files import Slots
from mita_meter.relay import BadCommand, Command, Relay, born_ms, parsed

from .rig import NOW, Flash, PowerCut, Switch


def uid(number: int, *, version: int = 7) -> str:
    """Return the id of a command that was asked in that millisecond."""
    return f"01930000-{number:04x}-{version}000-8000-00000000{number:04x}"


def command(number: int, *, is_on: bool, expires_s: int = NOW + 600) -> Command:
    return Command(uid(number), is_on=is_on, expires_s=expires_s)


def relay(
    flash: Flash | None = None, switch: Switch | None = None, **more: bool
) -> tuple[Relay, Switch, Flash]:
    flash, switch = flash or Flash(), switch or Switch()
    return Relay(Slots(flash, "relay"), switch, **more), switch, flash


def answers(one: Relay) -> list[dict]:
    found = []
    while (answer := one.answer()) is not None:
        found.append(json.loads(answer[1]))
        one.answered(answer[0])
    return found


def test_off_and_on():
    one, switch, _ = relay()
    assert switch.acts == [True]
    one.obey(command(1, is_on=False), now_s=NOW)
    assert not one.is_on
    assert answers(one) == [{"id": uid(1), "relay": "off"}]
    one.obey(command(2, is_on=True), now_s=NOW)
    assert answers(one) == [{"id": uid(2), "relay": "on"}]
    assert switch.acts == [True, False, True]


def test_a_repeated_command_is_answered_and_not_done_again():
    one, switch, flash = relay()
    one.obey(command(1, is_on=False), now_s=NOW)
    one.obey(command(2, is_on=True), now_s=NOW)
    answers(one)
    one.obey(command(1, is_on=False), now_s=NOW)
    assert switch.acts == [True, False, True]
    assert answers(one) == [{"id": uid(1), "relay": "on"}], "the state as it is, not as it was"
    # a restart has not forgotten it
    again, switch, _ = relay(flash)
    again.obey(command(2, is_on=True), now_s=NOW)
    assert switch.acts == [True]


def test_a_stale_command_is_refused_with_the_state_as_it_is():
    one, switch, _ = relay()
    one.obey(command(1, is_on=False, expires_s=NOW), now_s=NOW)
    assert answers(one) == [{"id": uid(1), "relay": "on", "refused": "expired"}]
    one.obey(command(1, is_on=False, expires_s=NOW + 1), now_s=NOW)
    assert switch.acts == [True, False]


def test_an_older_off_does_not_undo_a_newer_on_but_an_older_on_is_obeyed():
    assert born_ms(uid(1)) == 0x019300000001
    assert born_ms(uid(1, version=4)) is None
    one, switch, _ = relay()
    one.obey(command(5, is_on=True), now_s=NOW)
    one.obey(command(4, is_on=False), now_s=NOW)
    assert answers(one)[1] == {"id": uid(4), "relay": "on", "refused": "overtaken"}
    one.obey(command(6, is_on=False), now_s=NOW)
    one.obey(command(3, is_on=True), now_s=NOW)
    assert switch.acts == [True, True, False, True]


def test_without_a_clock_a_command_waits():
    one, switch, _ = relay()
    for number in range(1, 7):
        one.obey(command(number, is_on=False, expires_s=NOW + number), now_s=None)
    one.obey(command(6, is_on=False, expires_s=NOW + 6), now_s=None)
    assert (switch.acts, one.answer()) == ([True], None)
    one.clock_known(NOW + 5)
    # the four last ones waited, and of these one is not stale
    assert [(answer["id"], answer.get("refused")) for answer in answers(one)] == [
        (uid(3), "expired"),
        (uid(4), "expired"),
        (uid(5), "expired"),
        (uid(6), None),
    ]
    assert switch.acts == [True, False]


@pytest.mark.parametrize("is_on", [True, False])
def test_power_lost_at_any_byte_of_a_command(*, is_on: bool):
    """After it either nothing happened and the command comes again, or it is done and the answer is owed."""
    outcomes = set()
    for left in range(300):
        one, switch, flash = relay()
        one.obey(command(1, is_on=not is_on), now_s=NOW)
        answers(one)
        flash.left = left
        try:
            one.obey(command(2, is_on=is_on), now_s=NOW)
            was_done = True
        except PowerCut:
            was_done = False
        flash.left = None
        acted = switch.acts[-1] == is_on
        assert acted == was_done, "nothing is switched that was not kept before"
        one, switch, _ = relay(flash)
        if was_done:
            assert switch.acts == [is_on]
            assert answers(one) == [{"id": uid(2), "relay": "on" if is_on else "off"}]
        else:
            assert switch.acts == [not is_on]
        # the broker was not told that we had it: it comes again
        one.obey(command(2, is_on=is_on), now_s=NOW)
        assert one.is_on == is_on
        assert answers(one)[-1] == {"id": uid(2), "relay": "on" if is_on else "off"}
        outcomes.add(was_done)
    assert outcomes == {True, False}


def test_full_flash_switches_nothing():
    one, switch, flash = relay()
    flash.is_full = True
    with pytest.raises(OSError, match="28"):
        one.obey(command(1, is_on=False), now_s=NOW)
    assert (switch.acts, one.answer()) == ([True], None)
    flash.is_full = False
    one.obey(command(1, is_on=False), now_s=NOW)
    assert switch.acts == [True, False]


def test_a_contact_that_contradicts_is_what_is_answered():
    one, switch, _ = relay()
    switch.stuck = True
    one.obey(command(1, is_on=False), now_s=NOW)
    assert answers(one) == [{"id": uid(1), "relay": "on"}]


def test_without_a_state_it_is_as_configured_and_a_damaged_state_counts_as_none():
    assert relay(default_is_on=False)[1].acts == [False]
    flash = Flash()
    Slots(flash, "relay").write(b"[1]")
    assert relay(flash)[1].acts == [True]
    for name in ("relay.0", "relay.1"):
        flash.files[name] = b"\xff" * 50
    assert relay(flash)[1].acts == [True]


def good(**more: object) -> bytes:
    return json.dumps({"id": uid(1), "relay": "off", "exp": NOW, "meter": "E-17", **more}).encode()


def test_what_is_a_command():
    one = parsed(good(), meters=("E-17", "W-17"))
    assert (one.command_id, one.is_on, one.expires_s) == (uid(1), False, NOW)
    assert parsed(good(id=uid(1).upper(), relay="on", meter=None), meters=("E-17",)).command_id == uid(1)
    assert parsed(good(meter="any"), meters=()).is_on is False


BAD = [
    b"", b"off", b"[]", b"null", b'"off"', b"\xff", b"{", b"[" * 1000, good() + b"x", b" " * 2000 + good(),
    good(id=None), good(id=7), good(id="x" * 36), good(id=uid(1) + "0"), good(id=uid(1).replace("-", "0")),
    good(relay="OFF"), good(relay=False), good(relay=0), good(relay=[]), good(relay={}), good(relay=None),
    good(exp=None), good(exp=0), good(exp=-1), good(exp=True), good(exp=str(NOW)), good(exp=1e300),
    good(exp=NOW + 0.5),
    good(meter="X-1"), good(meter=5),
]  # fmt: skip


@pytest.mark.parametrize("payload", BAD)
def test_what_is_none(payload: bytes):
    with pytest.raises(BadCommand):
        parsed(payload, meters=("E-17",))


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
messages = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just(uid(2)) | values,
        "relay": st.sampled_from(["on", "off"]) | values,
        "exp": st.integers(1, 10**20) | values,
        "meter": st.just("E-17") | values,
        "x": st.lists(values),
    },
)


@given(
    st.binary(max_size=200) | (messages | st.lists(messages)).map(lambda value: json.dumps(value).encode())
)
def test_nonsense_is_refused_and_never_breaks_anything(payload: bytes):
    try:
        one = parsed(payload, meters=("E-17",))
    except BadCommand:
        return
    message = json.loads(payload)
    assert (message["id"].lower(), message["relay"]) == (one.command_id, "on" if one.is_on else "off")
