"""The whole program beside a broker in memory: nothing is lost, doubled or made up."""

from __future__ import annotations

import hashlib
import json
import random
from decimal import Decimal
from uuid import UUID

import pytest

from mita.drivers.own import Own
from mita.drivers.wire import Arrival, Device, Order, SwitchState
from mita_meter.app import App

from .rig import CONFIG, NOW, Board, Broker, PowerCut, run


def items(broker: Broker) -> list[dict]:
    """Return the readings that the broker took; Mita's own driver rejects nothing of what was sent."""
    found: list[dict] = []
    for topic, payload in broker.taken:
        read = Own().decode(Arrival(topic.removeprefix("m/dev/"), payload, NOW), DEVICE)
        assert read.rejections == []
        if topic == "m/dev/up":
            found += json.loads(payload, parse_float=Decimal)
            assert len(read.readings) == len(json.loads(payload))
        else:
            assert len(read.reports) == 1
    return found


DEVICE = Device("dev", [("E-17", "electricity"), ("W-17", "water")])


def world(**more: object) -> tuple[App, Board, Broker]:
    broker = Broker()
    board = Board(broker)
    return App({**CONFIG, **more}, board), board, broker


def test_readings_at_whole_intervals_with_time_number_and_relay():
    app, board, broker = world()
    run(app, board, seconds=185, pulses=2)
    # NOW is a whole minute; two pulses a second from 100 kWh on, and the first turn is where counting starts
    assert items(broker) == [
        {"r": {"kwh": Decimal("100.118")}, "ts": NOW + 60, "seq": 1, "relay": 1},
        {"r": {"kwh": Decimal("100.238")}, "ts": NOW + 120, "seq": 2, "relay": 1},
        {"r": {"kwh": Decimal("100.358")}, "ts": NOW + 180, "seq": 3, "relay": 1},
    ]
    assert broker.taken[0] == ("m/dev/state", b"online")
    assert (broker.connects, broker.wills) == (["secret"], [("m/dev/state", b"offline")])
    assert board.beats > 1_000


def test_several_meters_and_no_relay():
    broker = Broker()
    board = Board(broker, channels=2)
    board.switch = None
    channels = [
        {"field": "kwh", "meter": "E-17", "pulses": 800},
        {"field": "l", "meter": "W-17", "per": "10"},
    ]
    app = App({**CONFIG, "channels": channels}, board)
    app.turn()
    run(app, board, seconds=65, pulses=1)
    assert items(broker) == [
        {"meter": "E-17", "r": {"kwh": Decimal("0.075")}, "ts": NOW + 60, "seq": 1},
        {"meter": "W-17", "r": {"l": 600}, "ts": NOW + 60, "seq": 2},
    ]


def test_a_day_without_a_broker_is_sent_in_arrays_with_its_own_times():
    app, board, broker = world()
    broker.is_away = True
    app.turn()
    run(app, board, seconds=3_600, pulses=1)
    assert len(app.buffer.pending(1_000)) == 60
    broker.is_away = False
    run(app, board, seconds=330)
    there = items(broker)
    assert [one["ts"] for one in there[:60]] == [NOW + 60 * minute for minute in range(1, 61)]
    assert [one["r"]["kwh"] for one in there[:60]] == [
        100 + Decimal(60 * minute) / 1000 for minute in range(1, 61)
    ]
    ups = [payload for topic, payload in broker.taken if topic == "m/dev/up"]
    assert len(json.loads(ups[0])) == 20
    assert app.buffer.pending(5) == []


def test_what_is_not_acknowledged_is_sent_again():
    app, board, broker = world()
    broker.is_silent = True
    run(app, board, seconds=90, pulses=1)
    assert broker.taken == []
    broker.is_silent = False
    run(app, board, seconds=60)
    assert [one["seq"] for one in items(broker)] == [1, 2]


def test_without_a_clock_the_newest_is_told_without_time_and_all_are_told_with_it_later():
    app, board, broker = world()
    board.has_clock = False
    app.turn()
    run(app, board, seconds=130, pulses=1)
    assert items(broker) == [
        {"r": {"kwh": Decimal("100.06")}},
        {"r": {"kwh": Decimal("100.12")}},
    ]
    broker.taken.clear()
    board.has_clock = True
    run(app, board, seconds=5)
    # counted back from now by the time since the start
    assert [(one["ts"], one["r"]["kwh"]) for one in items(broker)] == [
        (NOW + 60, Decimal("100.06")),
        (NOW + 120, Decimal("100.12")),
    ]


def test_a_time_that_was_never_known_is_left_to_the_next_reading():
    app, board, broker = world()
    board.has_clock, broker.is_away = False, True
    run(app, board, seconds=130, pulses=1)
    board.power_cycle()
    board.has_clock, broker.is_away = True, False
    app = App(CONFIG, board)
    run(app, board, seconds=60, pulses=1)
    assert [one["seq"] for one in items(broker)] == [3]
    assert app.buffer.pending(5) == []


def test_a_clock_set_back_waits_until_it_has_caught_up():
    app, board, broker = world()
    run(app, board, seconds=61)
    board.now_ms -= 30_000
    run(app, board, seconds=100)
    assert [one["ts"] - NOW for one in items(broker)] == [60, 120]


def test_the_configured_count_of_meters_may_shrink():
    broker = Broker()
    board = Board(broker, channels=2)
    app = App({**CONFIG, "channels": [{"meter": "E-17"}, {"field": "l", "meter": "W-17"}]}, board)
    broker.is_away = True
    run(app, board, seconds=65)
    board.power_cycle()
    broker.is_away = False
    run(App({**CONFIG, "channels": [{"meter": "E-17"}]}, board), board, seconds=5)
    assert [one["meter"] for one in items(broker)] == ["E-17"]


def test_counts_are_written_between_readings():
    app, board, _ = world(interval_s=900)
    app.turn()
    run(app, board, seconds=95, pulses=1)
    board.power_cycle()
    app = App({**CONFIG, "interval_s": 900}, board)
    assert app.channels[0].count == 90
    run(app, board, seconds=15, pulses=1)
    # the first turn of a start is where its counting begins
    assert app.channels[0].count == 104


def test_flash_that_fails_stops_neither_counting_nor_talking():
    app, board, broker = world()
    app.turn()
    board.files.is_full = True
    run(app, board, seconds=65, pulses=1)
    assert app.failed_writes >= 1
    assert items(broker) == []
    board.files.is_full = False
    run(app, board, seconds=15)
    assert [one["r"]["kwh"] for one in items(broker)] == [Decimal("100.065")]


def order(number: int, relay: str, *, exp: int = NOW + 9_000) -> bytes:
    name = f"01930000-{number:04x}-7000-8000-000000000000"
    return json.dumps({"id": name, "relay": relay, "meter": "E-17", "exp": exp}).encode()


def acks(broker: Broker) -> list[str]:
    return [json.loads(payload)["relay"] for topic, payload in broker.taken if topic == "m/dev/ack"]


def test_commands_are_obeyed_answered_and_told_in_readings():
    app, board, broker = world()
    run(app, board, seconds=2)
    broker.order(order(1, "off"))
    run(app, board, seconds=2)
    assert (acks(broker), list(broker.commands)) == (["off"], [])
    run(app, board, seconds=60)
    assert items(broker)[-1]["relay"] == 0
    # retained, or without a relay, or nonsense: acknowledged, and nothing is done
    broker.push(order(2, "on"), flags=1)
    broker.order(b"nonsense")
    run(app, board, seconds=2)
    assert (acks(broker), app.bad_commands, board.switch.acts) == (["off"], 1, [True, False])
    # while the broker holds a command for us, a restart does not forget the relay
    board.power_cycle()
    broker.commands.append(order(3, "on"))
    app = App(CONFIG, board)
    assert board.switch.acts == [False]
    run(app, board, seconds=3)
    assert (acks(broker), board.switch.acts) == (["off", "on"], [False, True])


def test_what_the_driver_says_is_understood_and_answered():
    app, board, broker = world()
    run(app, board, seconds=2)
    command_id = UUID("01930000-0001-7000-8000-000000000000")
    (message,) = Own().encode(Order(command_id, is_on=False, expires_s=NOW + 60, meter="E-17"), DEVICE)
    assert message.channel == "m/dev/down"
    broker.order(message.payload)
    run(app, board, seconds=2)
    topic, payload = broker.taken[-1]
    read = Own().decode(Arrival(topic.removeprefix("m/dev/"), payload, NOW), DEVICE)
    assert read.reports == [SwitchState(is_on=False, command_id=command_id)]


def test_a_token_is_renewed_and_a_refused_one_gives_way_to_the_old():
    app, board, broker = world(renew_url="https://mita.example.org/renewals", token_expires_s=NOW + 100)
    new = "n" * 30
    board.answers = [None, json.dumps({"token": new, "device_token": {"expires_at": None}}).encode()]
    run(app, board, seconds=10)
    assert (board.fetched_with, set(broker.connects)) == (["secret"], {"secret"})
    run(app, board, seconds=3_700)
    assert board.fetched_with == ["secret", "secret"]
    # the broker does not know it yet
    assert broker.connects[-2:] == [new, "secret"]
    broker.passwords = (new,)
    board.power_cycle()
    app = App({**CONFIG, "token_expires_s": NOW + 100}, board)
    run(app, board, seconds=5)
    assert broker.connects[-1] == new
    assert app.link.is_connected


def asks(broker: Broker) -> list[str]:
    return [json.loads(payload)["sha256"] for topic, payload in broker.taken if topic == "m/dev/renew"]


def test_without_an_address_the_next_token_is_asked_for_over_mqtt():
    app, board, broker = world(token_expires_s=NOW + 100)
    new = "n" * 30
    broker.next_tokens = [
        json.dumps({"code": "rate_limited", "detail": "too often"}).encode(),
        json.dumps({"token": new, "device_token": {"expires_at": None}}).encode(),
    ]
    broker.passwords = ("secret", new)
    run(app, board, seconds=10)
    shown = hashlib.sha256(b"secret").hexdigest()
    assert (asks(broker), set(broker.connects), board.fetched_with) == ([shown], {"secret"}, [])
    run(app, board, seconds=3_700)
    assert asks(broker) == [shown, shown]
    assert broker.connects == ["secret", new]
    assert app.link.is_connected
    broker.passwords = (new,)
    board.power_cycle()
    app = App({**CONFIG, "token_expires_s": NOW + 100}, board)
    run(app, board, seconds=5)
    assert broker.connects[-1] == new
    # readings went on all the while
    assert [payload for topic, payload in broker.taken if topic == "m/dev/up"]
    assert not any(b"secret" in payload for _, payload in broker.taken)


@pytest.mark.parametrize(("flags", "granted"), [(1, b"\x00"), (0, b"\x80")])
def test_a_retained_token_is_nobodys_and_a_broker_that_refuses_the_topic_is_lived_with(
    flags: int, granted: bytes
):
    app, board, broker = world(token_expires_s=NOW + 100)
    broker.next_flags, broker.hears_tokens = flags, granted
    if flags:
        broker.next_tokens = [json.dumps({"token": "n" * 30, "device_token": {"expires_at": None}}).encode()]
    run(app, board, seconds=130, pulses=1)
    assert len(asks(broker)) == 1
    assert (broker.connects, app.tokens.token) == (["secret"], "secret")
    assert [topic for topic, _ in broker.taken].count("m/dev/up") == 2


@pytest.mark.parametrize("seed", range(6))
def test_any_life_of_a_board(seed: int):
    """Power cuts at any byte, lost connections, silence, full flash: the register never lies and goes on."""
    chance = random.Random(seed)
    broker = Broker()
    board = Board(broker)
    config = {**CONFIG, "buffer": {"segments": 64, "records": 16}}
    app = App(config, board)
    app.turn()
    true = 0
    count_at: dict[int, int] = {}
    orders = 0
    for _ in range(250):
        what = chance.random()
        if what < 0.03:
            board.files.left = chance.randrange(200)
        elif what < 0.06 and broker.stream is not None:
            broker.stream.close()
        elif what < 0.10:
            broker.is_silent, broker.is_away = chance.random() < 0.3, chance.random() < 0.3
        elif what < 0.12:
            orders += 1
            broker.order(order(orders, chance.choice(["on", "off"]), exp=NOW + 99_999))
        pulses = chance.randrange(3)
        try:
            for _ in range(chance.randrange(1, 9)):
                before = app.buffer.seq
                run(app, board, seconds=1, pulses=pulses)
                true += pulses
                if app.buffer.seq != before:
                    count_at[app.buffer.seq] = app.buffer.counts[0]
                    assert app.buffer.counts[0] == true
        except PowerCut:
            board.power_cycle()
            app = App(config, board)
            app.turn()
            # what was counted since the last write is lost, and no more than that
            kept = app.channels[0].count
            assert true - kept <= 3 * 11 * 3
            true = kept
    board.files.left, broker.is_silent, broker.is_away = None, False, False
    run(app, board, seconds=400)
    there: dict[int, Decimal] = {}
    for one in items(broker):
        assert there.setdefault(one["ts"], one["r"]["kwh"]) == one["r"]["kwh"], "one time, one value"
    values = [value for _, value in sorted(there.items())]
    assert values == sorted(values)
    seqs = {one["seq"]: one["r"]["kwh"] for one in items(broker)}
    assert sorted(seqs) == list(range(1, max(seqs) + 1)), "no reading is missing"
    assert all(seqs[seq] == 100 + Decimal(count) / 1000 for seq, count in count_at.items() if seq in seqs)
    assert not broker.commands
    assert len({json.loads(p)["id"] for topic, p in broker.taken if topic == "m/dev/ack"}) == orders
    assert app.buffer.pending(1) == []
