"""Makers' examples are read in their several forms, and what differs from them is told by path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mita.drivers.codecs.examples import Example, ExamplesInvalid, differences, parse_examples, try_examples
from mita.drivers.text import parse_json

if TYPE_CHECKING:
    from pathlib import Path

    from mita.drivers.codecs.runner import CodecRunner

GIVEN = {"bytes": [1, 42], "fPort": 3}
DATA = {"data": {"kwh": 4.2}}

# document -> (place, operation, input, expected) of its first example
FORMS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "plain": (json.dumps([{"input": GIVEN, "output": DATA}]), ("1", "decodeUplink", GIVEN, DATA)),
    "chirpstack": (
        '[{"name": "n", "input": {"fPort": 3, "bytes": [0x01, 0X2A]}, "expected": {"s": "0x01"}}]',
        ("1", "decodeUplink", GIVEN, {"s": "0x01"}),
    ),
    "chirpstack_commented": (
        """[{"name": "n // no comment, [1,] 0x10", // a comment, "of": {
 "input": {"fPort": 0x3, /* 0x66
 */ "bytes": [1, 0x2a,],}, "expected": {"s": "/*0x01*/"},},
]""",
        ("1", "decodeUplink", GIVEN, {"s": "/*0x01*/"}),
    ),
    "chirpstack_encode": (
        '[{"name": "n", "input": {"data": {"on": 0}}, "expected": {"bytes": [7, 72, 0]}}]',
        ("1", "encodeDownlink", {"data": {"on": 0}}, {"bytes": [7, 72, 0]}),
    ),
    "actility": (
        json.dumps([{"type": "uplink", "input": {"bytes": "012A", "fPort": 3}, "output": DATA}]),
        ("1", "decodeUplink", GIVEN, DATA),
    ),
    "actility_downlink": (
        json.dumps([{"type": "downlink-decode", "input": {"bytes": "012a", "fPort": 3}, "output": DATA}]),
        ("1", "decodeDownlink", GIVEN, DATA),
    ),
    "actility_before": (
        json.dumps([{"type": "uplink", "bytes": "012a", "fPort": 3, "time": "2020-08-02T20:00:00Z"} | DATA]),
        ("1", "decodeUplink", GIVEN | {"recvTime": "2020-08-02T20:00:00Z"}, DATA),
    ),
    "actility_of_a_thing": (
        json.dumps([{"type": "uplink", "bytes": "0x01:2a", "fPort": 3, "thing": {"key": 1}} | DATA]),
        ("1", "decodeUplink", GIVEN | {"thing": {"key": 1}}, DATA),
    ),
    "things_network": (
        json.dumps({"downlinkDecoder": {"fileName": "a.js", "examples": [{"input": GIVEN, "output": DATA}]}}),
        ("downlinkDecoder.examples.1", "decodeDownlink", GIVEN, DATA),
    ),
    "under_tests": (
        json.dumps({"tags": ["a"], "tests": [{"input": GIVEN, "output": DATA}]}),
        ("tests.1", "decodeUplink", GIVEN, DATA),
    ),
    "of_several_codecs": (
        json.dumps(
            {"source": "x", "examples": {"a/b": [{"op": "decodeUplink", "input": GIVEN, "expected": DATA}]}}
        ),
        ("examples.a/b.1", "decodeUplink", GIVEN, DATA),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form: str) -> None:
    text, (place, operation, given, expected) = FORMS[form]
    (example,) = parse_examples(text)
    assert (example.place, example.operation, dict(example.given)) == (place, operation, given)
    assert example.expected == parse_json(json.dumps(expected).encode())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[]", "no examples"),
        ('{"a": 1}', "no examples"),
        ("[5]", "example 1 is no object"),
        ('[{"input": {"bytes": [1]}}]', "example 1 has no input with its output"),
        ('[{"input": {"bytes": "xy"}, "output": {}}]', "no hexadecimal"),
        ('[{"type": "uplink", "input": {"fPort": 1}, "output": {}}]', "example 1 has no bytes"),
        ('[{"input": {"bytes": [256]}, "output": {}}]', "example 1 has no bytes"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_holds_no_examples(text: str, why: str) -> None:
    with pytest.raises(ExamplesInvalid, match=why):
        parse_examples(text)


def differing(expected: str, given: str) -> list[str]:
    return [each.path for each in differences(parse_json(expected.encode()), parse_json(given.encode()))]


@pytest.mark.parametrize(
    ("expected", "given", "paths"),
    [
        ('{"a": 1.0, "b": 18.823529411764703}', '{"a": 1, "b": 18.823529411764707}', []),
        ('{"a": 1000000000}', '{"a": 1000000001}', []),
        ('{"a": 1000000000}', '{"a": 1000000002}', ["a"]),
        ('{"a": 0}', '{"a": 1e-12}', ["a"]),
        ('{"a": null, "b": []}', "{}", []),
        ("{}", '{"a": null, "errors": []}', []),
        ("{}", '{"a": {}, "b": 0, "c": ""}', ["a", "b", "c"]),
        ('{"a": {"b.c": [1, {"d": 2}]}}', '{"a": {"b.c": [1, {"d": 3}]}}', ["a.b\\.c.1.d"]),
        ('{"a": [1, 2]}', '{"a": [1]}', ["a"]),
        ('{"a": true, "b": false}', '{"a": 1, "b": 0}', ["a", "b"]),
        ('{"a": "1"}', '{"a": 1}', ["a"]),
        ('{"a": 1, "b": 2}', '{"b": 3, "c": 4}', ["a", "b", "c"]),
        ('{"a": "2023-05-02T20:00:00+02:00"}', '{"a": "2023-05-02T18:00:00.000Z"}', []),
        ('{"a": "2023-05-02T20:00:00Z"}', '{"a": "2023-05-02T20:00:00.001Z"}', ["a"]),
        ('{"a": "2023-05-02T20:00:00"}', '{"a": "2023-05-02T20:00:00Z"}', ["a"]),
        ('{"a": "2023-45-02T20:00:00Z"}', '{"a": "2023-45-02T20:00:00.000Z"}', ["a"]),
        ('{"a": "XXXX-XX-XXTXX:XX:XX.XXXZ"}', '{"a": "2023-05-02T20:00:00.001Z"}', []),
        ('{"a": "XXXX-XX-XXTXX:XX:XX.XXXZ", "b": "XXXX-XX-XXTXX:XX:XX.XXXZ"}', '{"a": "x"}', ["a", "b"]),
        ('{"a": "SKIP_NUMBER", "b": "SKIP_NUMBER"}', '{"a": 5, "b": "5"}', ["b"]),
        ('{"a": NaN}', '{"a": null}', []),
        ('{"a": null}', '{"a": NaN}', ["a"]),
        ('{"a": NaN}', '{"a": 0}', ["a"]),
    ],
)
def test_what_differs(expected: str, given: str, paths: list[str]) -> None:
    assert differing(expected, given) == paths


METER = """
function decodeUplink(input) {
  if (input.bytes.length < 2) throw new Error('too short');
  if (input.fPort === 9) return { errors: ['unknown port'] };
  return { data: { kwh: input.bytes[1] / 10, port: input.fPort } };
}
function Encoder(data, port) { return [7, 72, data.on ? 1 : 0]; }
"""


def test_a_codec_is_tried(runner: CodecRunner) -> None:
    examples = parse_examples(
        json.dumps(
            [
                {"input": {"bytes": "012a", "fPort": 3}, "output": {"data": {"kwh": 4.2, "port": 3}}},
                {"input": {"bytes": "012a", "fPort": 3}, "output": {"kwh": 4.2, "port": 3}},
                {"name": "wrong", "input": {"bytes": "012a"}, "output": {"data": {"kwh": 4.3}}},
                {"input": {"bytes": "01"}, "output": {"errors": ["too short"]}},
                {"name": "short", "input": {"bytes": "01"}, "output": {"data": {"kwh": 1}}},
                {"input": {"bytes": "0101", "fPort": 9}, "output": {"errors": ["unknown port"]}},
                {"name": "errors", "input": {"bytes": "0101", "fPort": 9}, "output": {"data": {}}},
                {"input": {"data": {"on": False}}, "output": {"bytes": "074800"}},
                {"input": {"data": {"on": True}}, "output": [7, 72, 1]},
                {"name": "encode", "input": {"data": {"on": True}}, "output": {"bytes": [7, 72, 0]}},
            ]
        )
    )
    tried = try_examples(runner, codec=METER, examples=examples)
    assert tried.passed == 6
    told = {each.example.name: (each.reason, [one.path for one in each.differs]) for each in tried.failed}
    assert told == {
        "wrong": ("differs", ["data.kwh"]),
        "short": ("codec_error: Error: too short (line 3)", []),
        "errors": ("differs", ["data", "errors"]),
        "encode": ("differs", ["bytes.2"]),
    }


# written from what is known of two devices' bytes, not from their makers' codecs
PULSES = """
function decodeUplink(input) {
  const raw = Buffer.from(input.bytes);
  if (raw[0] !== 28) return { errors: ['not a pulse message'] };
  return { data: {
    pulseCount: raw.readUInt32BE(3),
    capacitorVoltage: raw[1] * 5 / 255,
    temperatureCelsius: raw[2] * 120 / 255 - 40,
  }, errors: [], warnings: [] };
}
function encodeDownlink(input) {
  const raw = Buffer.alloc(10);
  if (input.data.factoryReset) raw[0] = 70;
  else { raw[0] = 84; raw.writeFloatLE(input.data.transmitIntervalSeconds, 2); }
  return { bytes: Array.from(raw), fPort: 3 };
}
"""
RELAY = """
function Decode(fPort, bytes) {
  return bytes[0] === 1 && bytes[1] === 1 ? { relayStatus: bytes[2] ? 'CLOSED' : 'OPEN' } : {};
}
function encodeDownlink(input) {
  const relay = input.data.Relay;
  return { bytes: [7, relay.Param === 'relayCommand' ? 72 : 71, relay.Value] };
}
"""


def test_recorded_messages_of_real_devices(runner: CodecRunner, fixtures_path: Path) -> None:
    recorded = fixtures_path / "metering" / "lorawan_examples" / "chirpstack_meters.json"
    examples = parse_examples(recorded.read_text(encoding="utf-8"))
    assert len(examples) == 68

    def of(codec: str, wanted: str = "") -> list[Example]:
        return [
            each
            for each in examples
            if f".{codec}." in each.place and wanted in json.dumps(each.given, default=str)
        ]

    pulses = try_examples(runner, codec=PULSES, examples=of("vutility/pulsedrop"))
    assert (pulses.passed, pulses.failed) == (2, [])
    relay = try_examples(runner, codec=RELAY, examples=of("yobiiq/em2101", '"Relay"'))
    assert (relay.passed, relay.failed) == (3, [])
    (state,) = [each for each in of("yobiiq/em2101") if each.given.get("fPort") == 11]
    (missing,) = try_examples(runner, codec=RELAY, examples=[state]).failed
    assert "data.digitalInputStatus" in [each.path for each in missing.differs]
    assert "data.relayStatus" not in [each.path for each in missing.differs]


def test_texts_filled_up_with_zero_bytes_are_met(runner: CodecRunner) -> None:
    codec = "function decodeUplink(i) { return { data: { name: String.fromCharCode(...i.bytes) } } }"
    examples = parse_examples(
        json.dumps(
            [
                {"input": {"bytes": "414200"}, "output": {"data": {"name": "AB\0"}}},
                {"input": {"bytes": "414200"}, "output": {"data": {"name": "AC\0"}}},
            ]
        )
    )
    assert [each.example.place for each in try_examples(runner, codec=codec, examples=examples).failed] == [
        "2"
    ]
