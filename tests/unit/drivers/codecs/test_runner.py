"""Codecs as manufacturers write them run unchanged, and what they give is exact."""

from __future__ import annotations

import os
import signal
import threading
from decimal import Decimal
from typing import Any

import pytest

from mita.drivers.codecs.runner import Call, CodecFailed, CodecRunner, Limits, Ran
from mita.drivers.text import JsonObject

from .asked import uplink, value

# ways to be a codec: text, operation, input -> function that is called, output
SHAPES: dict[str, tuple[str, Any, dict[str, Any], str, Any]] = {
    "chirpstack_4": (
        "function decodeUplink(i) { return {data: {p: i.fPort, n: i.bytes.length, v: i.variables.ratio}} }",
        "decodeUplink",
        {"bytes": b"\x01\x02", "fPort": 7, "variables": {"ratio": "60"}},
        "decodeUplink",
        {"data": {"p": 7, "n": 2, "v": "60"}},
    ),
    "no_variables_are_none": (
        "function decodeUplink(input) { return { data: { v: input.variables.ratio || 1 } } }",
        "decodeUplink",
        {"bytes": [1]},
        "decodeUplink",
        {"data": {"v": 1}},
    ),
    "things_network_2": (
        "function Decoder(bytes, port) { return { sum: bytes[0] + bytes[1], port: port } }",
        "decodeUplink",
        {"bytes": [3, 4], "fPort": 9},
        "Decoder",
        {"sum": 7, "port": 9},
    ),
    "chirpstack_3": (
        "function Decode(fPort, bytes, variables) { return { a: [fPort, bytes[0], variables.k] } }",
        "decodeUplink",
        {"bytes": [5], "fPort": 2, "variables": {"k": "x"}},
        "Decode",
        {"a": [2, 5, "x"]},
    ),
    "newest_name_first": (
        "function Decoder() { return {old: 1} }\nfunction decodeUplink() { return {data: {new: 1}} }",
        "decodeUplink",
        {"bytes": []},
        "decodeUplink",
        {"data": {"new": 1}},
    ),
    "constant": (
        "'use strict';\nconst decodeUplink = (input) => ({ data: { b: input.bytes } });",
        "decodeUplink",
        {"bytes": [255]},
        "decodeUplink",
        {"data": {"b": [255]}},
    ),
    "exports": (
        "exports.decodeUplink = function (input) { return { data: { c: context[0] } } }",
        "decodeUplink",
        {"bytes": [], "context": [{"k": 1}]},
        "decodeUplink",
        {"data": {"c": {"k": 1}}},
    ),
    "module": (
        "function f(input) { return { data: { ok: true } } }\nmodule.exports = { decodeUplink: f }",
        "decodeUplink",
        {"bytes": []},
        "decodeUplink",
        {"data": {"ok": True}},
    ),
    "driver_object": (
        "const driver = { k: 3, decodeUplink(input) { return { data: { k: this.k } } } };",
        "decodeUplink",
        {"bytes": []},
        "decodeUplink",
        {"data": {"k": 3}},
    ),
    "its_own_buffer": (
        """const Buffer = null; let exports = 1; const console = 2;
        function decodeUplink() { return { data: { b: Buffer } } }""",
        "decodeUplink",
        {"bytes": []},
        "decodeUplink",
        {"data": {"b": None}},
    ),
    "encode": (
        "function encodeDownlink(input) { return { bytes: [7, 72, input.data.on ? 1 : 0], fPort: 10 } }",
        "encodeDownlink",
        {"data": {"on": False}},
        "encodeDownlink",
        {"bytes": [7, 72, 0], "fPort": 10},
    ),
    "encoder": (
        "function Encoder(data, port) { return [port, data.v] }",
        "encodeDownlink",
        {"data": {"v": 2}, "fPort": 85},
        "Encoder",
        [85, 2],
    ),
    "encode_3": (
        "function Encode(fPort, data, variables) { return [fPort, data.v, +variables.w] }",
        "encodeDownlink",
        {"data": {"v": Decimal("2.0")}, "fPort": 1, "variables": {"w": "3"}},
        "Encode",
        [1, 2, 3],
    ),
    "exported": (
        """/* as a server's plugin */
export function id() { return 'x' }
export const SCALE = 2;
export function decodeUplink(input) { return { data: { v: input.fPort * SCALE } } }
""",
        "decodeUplink",
        {"bytes": [], "fPort": 4},
        "decodeUplink",
        {"data": {"v": 8}},
    ),
    "exported_default": (
        """const note = `
 exported`;
export default {
  decodeUplink(input) { return { data: { v: note.length } } }
};
""",
        "decodeUplink",
        {"bytes": [], "fPort": 4},
        "decodeUplink",
        {"data": {"v": 10}},
    ),
    "exported_list": (
        """function read(input) { return { data: { v: 5 } } }
const other = 1;
export {
  other,
  read as decodeUplink
};
""",
        "decodeUplink",
        {"bytes": [], "fPort": 4},
        "decodeUplink",
        {"data": {"v": 5}},
    ),
    "imported": (
        """import { Buffer as Octets } from 'node:buffer';
import * as os from "os";
import crypto, {
  createHash
} from 'crypto';
import './other.js';
export * from './more.js';
export const decodeUplink = (input) => ({ data: { v: Octets.from(input.bytes).readUInt16BE(0) } });
""",
        "decodeUplink",
        {"bytes": [1, 2]},
        "decodeUplink",
        {"data": {"v": 258}},
    ),
    "packed": (
        "import{Buffer as e}from'buffer';var a=i=>({data:{v:e.poolSize}});export{a as decodeUplink};",
        "decodeUplink",
        {"bytes": [1, 2, 3]},
        "decodeUplink",
        {"data": {"v": 8192}},
    ),
    "packed_default": (
        "var t=(e=>({decodeUplink:i=>({data:{v:e}})}))(7);\n/******/ export { t as default };",
        "decodeUplink",
        {"bytes": []},
        "decodeUplink",
        {"data": {"v": 7}},
    ),
    "packed_for_browsers": (
        """!function(e,t){"object"==typeof exports&&"object"==typeof module?module.exports=t():e.driver=t()}
        (self,(()=>({driver:{decodeUplink:()=>({data:{v:9}})}})));""",
        "decodeUplink",
        {"bytes": []},
        "decodeUplink",
        {"data": {"v": 9}},
    ),
    "exported_function": (
        "export default function (input) { return { data: { v: input.fPort } } }",
        "decodeUplink",
        {"bytes": [], "fPort": 6},
        "decodeUplink",
        {"data": {"v": 6}},
    ),
    "typed_before": (
        """"use strict";
        Object.defineProperty(exports, "__esModule", { value: true });
        exports.default = { decodeUplink: function () { return { data: { v: 4 } } } };""",
        "decodeUplink",
        {"bytes": []},
        "decodeUplink",
        {"data": {"v": 4}},
    ),
    "names_before_one_function": (
        """function Decoder(bytes, port) { return { v: port } }
        try { module.exports = function (payload, meta) { return meta.lora.fport } } catch (e) {}""",
        "decodeUplink",
        {"bytes": [], "fPort": 5},
        "Decoder",
        {"v": 5},
    ),
    "capital": (
        "function DecodeUplink(input) { return { data: { v: input.fPort } } }",
        "decodeUplink",
        {"bytes": [], "fPort": 5},
        "DecodeUplink",
        {"data": {"v": 5}},
    ),
    "runs_itself_elsewhere": (
        """function decodeUplink() { return { data: { v: 1 } } }
        if (require.main === module) { process.exit(decodeUplink()) }""",
        "decodeUplink",
        {"bytes": []},
        "decodeUplink",
        {"data": {"v": 1}},
    ),
    "decode_downlink": (
        "function decodeDownlink(input) { return { data: { on: input.bytes[2] === 1 } } }",
        "decodeDownlink",
        {"bytes": [7, 72, 1], "fPort": 10},
        "decodeDownlink",
        {"data": {"on": True}},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_to_be_a_codec(runner: CodecRunner, shape: str) -> None:
    text, operation, given, function, output = SHAPES[shape]
    ran = runner.run(text, operation, given)
    assert (ran.function, ran.output) == (function, output)


def test_numbers_are_the_shortest_decimals_of_their_doubles(runner: CodecRunner) -> None:
    numbers = "[0.1, 0.1 + 0.2, 123456.789, 1e21, 4294967295, -0, 2 ** 53, 3.0, 1 / 3]"
    assert [str(each) for each in value(runner, numbers)] == [
        "0.1", "0.30000000000000004", "123456.789", "1E+21", "4294967295", "0", "9007199254740992", "3",
        "0.3333333333333333",
    ]  # fmt: skip
    assert isinstance(value(runner, "1"), Decimal)


def test_what_is_no_number_is_absent(runner: CodecRunner) -> None:
    ran = runner.run(
        uplink("return {data: {a: NaN, b: Infinity, c: undefined}}"), "decodeUplink", {"bytes": []}
    )
    assert ran.data == {"a": None, "b": None}


def test_large_integers_come_whole(runner: CodecRunner) -> None:
    assert value(runner, "[10n, -5n, 2n ** 70n]") == [10, -5, "1180591620717411303424"]


def test_errors_leave_no_reading(runner: CodecRunner) -> None:
    ran = runner.run(
        uplink("return {data: {kwh: 1}, errors: ['short', {at: 1}], warnings: ['low']}"),
        "decodeUplink",
        {"bytes": []},
    )
    assert ran.data is None
    assert (ran.errors, ran.warnings) == (("short", '{"at": 1}'), ("low",))
    ran = runner.run(uplink("return {data: {kwh: 1}, errors: []}"), "decodeUplink", {"bytes": []})
    assert (ran.data, ran.errors) == ({"kwh": 1}, ())
    bare = runner.run(uplink("return {kwh: 1, data: 5}"), "decodeUplink", {"bytes": []})
    assert bare.data == {"kwh": 1, "data": 5}


def test_the_time_of_receipt_is_a_date_and_a_text(runner: CodecRunner) -> None:
    at = "2023-05-02T20:00:00.123456789+02:00"
    told = value(
        runner,
        """((t) => [t instanceof Date, t.getTime(), new Date(t).getTime(), Date.parse(t), t.slice(0, 4),
            '' + t, t.length, t - 23, t, JSON.stringify(t)])(input.recvTime)""",
        recvTime=at,
    )
    ms = 1683050400123
    iso = "2023-05-02T18:00:00.123Z"
    assert told == [True, ms, ms, ms, "2023", at, len(at), ms - 23, iso, f'"{iso}"']
    assert value(runner, "input.recvTime === undefined")


def test_a_module_that_is_not_here_fails_where_it_is_used(runner: CodecRunner) -> None:
    text = uplink(
        "return {data: {v: input.fPort ? crypto.createHash('md5') : Buffer.from([7])[0]}}",
        """const crypto = require('crypto'); const { cmac } = require('aes');
        const { Buffer } = require('node:buffer');""",
    )
    assert runner.run(text, "decodeUplink", {"bytes": [], "fPort": 0}).data == {"v": 7}
    with pytest.raises(CodecFailed, match=r"the module crypto\.createHash is not here"):
        runner.run(text, "decodeUplink", {"bytes": [], "fPort": 1})


def test_empty_errors_are_none(runner: CodecRunner) -> None:
    for errors in ("''", "['']", "[null]", "[undefined]", "null"):
        ran = runner.run(
            uplink(f"return {{data: {{kwh: 1}}, errors: {errors}}}"), "decodeUplink", {"bytes": []}
        )
        assert (ran.errors, ran.data) == ((), {"kwh": 1})


def test_the_time_has_two_names(runner: CodecRunner) -> None:
    at = "2023-05-02T20:00:00+02:00"
    assert value(runner, "input.time", recvTime=at) == at
    assert value(runner, "input.recvTime.getTime()", time=at) == 1683050400000


def test_a_console_has_all_its_words(runner: CodecRunner) -> None:
    body = """console.group('g'); console.table([1]); console.time('t'); console.assert(true, 'x');
        console.assert(false, 'y'); console.dir({a: 1}); console.timeEnd('t'); console.groupEnd();
        return {v: 1}"""
    ran = runner.run(uplink(body), "decodeUplink", {"bytes": []})
    assert ran.console == ("g", "[1]", "error: assertion failed y", '{"a":1}')


def test_text_is_decoded(runner: CodecRunner) -> None:
    assert value(runner, "[new TextDecoder().decode(new Uint8Array([0xe2, 0x82, 0xac])),"
        " Array.from(new TextEncoder().encode('\\u20ac'))]") == ["\u20ac", [0xE2, 0x82, 0xAC]]  # fmt: skip


def test_bytes_to_send(runner: CodecRunner) -> None:
    def sent(result: str) -> tuple[int | None, bytes]:
        return runner.run(
            f"function encodeDownlink() {{ return {result} }}", "encodeDownlink", {"data": {}}
        ).message()

    assert sent("{bytes: [7, 72, -1], fPort: 10}") == (10, b"\x07\x48\xff")
    assert sent("[1, 2]") == (None, b"\x01\x02")
    assert sent("{bytes: new Uint8Array([1, 2]), fPort: 0}") == (0, b"\x01\x02")
    assert sent("{bytes: Buffer.from([9])}") == (None, b"\x09")
    for nothing in (
        "{bytes: [256]}",
        "{bytes: [1.5]}",
        "{bytes: ['1']}",
        "{}",
        "undefined",
        "{bytes: [1], fPort: 'x'}",
    ):
        with pytest.raises(CodecFailed) as failed:
            sent(nothing)
        assert failed.value.code == "codec_bad_output"
    with pytest.raises(CodecFailed, match="out of range"):
        sent("{bytes: [1], errors: ['out of range']}")


def test_an_error_names_its_line_and_what_was_said_before(runner: CodecRunner) -> None:
    text = """// a codec
        function decodeUplink(input) {
          console.log('at', input.fPort, {a: 1});
          console.warn('!');
          return Buffer.from(input.bytes).readUInt32BE(0);
        }"""
    with pytest.raises(CodecFailed) as failed:
        runner.run(text, "decodeUplink", {"bytes": [1], "fPort": 3})
    assert (failed.value.code, failed.value.line) == ("codec_error", 5)
    assert failed.value.console == ('at 3 {"a":1}', "warning: !")
    assert failed.value.detail.startswith("RangeError")
    ran = runner.run(text, "decodeUplink", {"bytes": [1, 2, 3, 4], "fPort": 3})
    assert (ran.output, ran.console) == (0x01020304, ('at 3 {"a":1}', "warning: !"))


@pytest.mark.parametrize(
    ("text", "operation", "code", "line"),
    [
        ("function decodeUplink( {", "decodeUplink", "codec_error", 1),
        ("\n\nthrow new Error('no')", "decodeUplink", "codec_error", 3),
        ("var x = 1", "decodeUplink", "codec_missing_function", None),
        ("function decodeUplink() {}", "encodeDownlink", "codec_missing_function", None),
        ("async function decodeUplink() { return {} }", "decodeUplink", "codec_error", None),
        ("var a = '\ud800'; function decodeUplink() {}", "decodeUplink", "codec_error", None),
        ("function decodeUplink() {}\0", "decodeUplink", "codec_error", None),
        ("//" + "x" * 1_000_000, "decodeUplink", "codec_bad_input", None),
    ],
)
def test_what_is_no_codec(
    runner: CodecRunner, text: str, operation: Any, code: str, line: int | None
) -> None:
    with pytest.raises(CodecFailed) as failed:
        runner.run(text, operation, {"bytes": [], "data": {}})
    assert (failed.value.code, failed.value.line) == (code, line)


def test_codecs_share_nothing_and_an_error_begins_anew(runner: CodecRunner) -> None:
    counting = uplink(
        "if (input.fPort) throw new Error('x'); return {n: ++globalThis.n}", "globalThis.n ??= 0;"
    )
    other = uplink("return {n: typeof globalThis.n}")
    call = {"bytes": [], "fPort": 0}
    assert [runner.run(counting, "decodeUplink", call).output["n"] for _ in range(2)] == [1, 2]
    assert runner.run(other, "decodeUplink", call).output == {"n": "undefined"}
    with pytest.raises(CodecFailed):
        runner.run(counting, "decodeUplink", {"bytes": [], "fPort": 1})
    assert runner.run(counting, "decodeUplink", call).output == {"n": 1}


def test_a_message_leaves_nothing_to_the_next_one(runner: CodecRunner) -> None:
    """As at the servers that codecs are written for: the next message may be another device's."""
    texts = [
        """var data = {}; let seen = 0; const DATA = [];
        function decodeUplink(i) {
          data['p' + i.fPort] = ++seen; DATA.push(1); context.push(1);
          return {data: {...data, n: DATA.length, c: context.length}}
        }""",
        """'use strict'; const data = {}; var seen = 0;
        exports.decodeUplink = (i) => {
          data['p' + i.fPort] = ++seen; exports.n = 1 + (exports.n ?? 0); context.push(1);
          return {data: {...data, n: exports.n, c: context.length}}
        }""",
        """#!/usr/bin/env node
        let seen = 0, data = {}, all = [];
        export function decodeUplink(i) {
          data['p' + i.fPort] = ++seen; all.push(1); context.push(1);
          return {data: {...data, n: all.length, c: context.length}}
        }""",
    ]
    for text in texts:
        for port in (1, 2, 3):
            ran = runner.run(text, "decodeUplink", {"bytes": [], "fPort": port})
            assert ran.data == {f"p{port}": 1, "n": 1, "c": 1}


def test_many_at_once_keep_their_order_and_fail_alone(runner: CodecRunner) -> None:
    good = uplink("return {v: input.bytes[0]}")
    bad = uplink("throw new Error('e' + input.bytes[0])")
    # more than one conversation, and more than the pipe holds
    calls = [
        Call(bad if place % 50 == 3 else good, "decodeUplink", {"bytes": [place % 256, *[1] * 2_000]})
        for place in range(250)
    ]
    for place, ran in enumerate(runner.run_many(calls)):
        if place % 50 == 3:
            assert isinstance(ran, CodecFailed)
            assert ran.detail == f"Error: e{place % 256}"
        else:
            assert isinstance(ran, Ran)
            assert ran.output == {"v": place % 256}
    assert runner.run_many([]) == []


def test_threads_wait_for_each_other(runner: CodecRunner) -> None:
    text = uplink("return {v: input.bytes[0]}")
    seen: dict[int, list[Decimal]] = {}

    def ask(number: int) -> None:
        seen[number] = [runner.run(text, "decodeUplink", {"bytes": [number]}).output["v"] for _ in range(20)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: [Decimal(number)] * 20 for number in range(4)}


def test_more_codecs_than_are_kept() -> None:
    texts = [uplink(f"return {{v: {number}}}") for number in range(140)]
    with CodecRunner(limits=Limits(contexts=2)) as runner:
        asked = [*range(140), 0, 1, 139, 0]
        ran = runner.run_many([Call(texts[number], "decodeUplink", {"bytes": []}) for number in asked])
        assert [each.output["v"] for each in ran if isinstance(each, Ran)] == asked


def test_a_worker_that_stays_silent_is_ended_and_only_its_call_fails() -> None:
    text = uplink("return {v: input.bytes[0]}")
    with CodecRunner(limits=Limits(wall_s=0.3)) as runner:
        assert runner.run(text, "decodeUplink", {"bytes": [1]}).output == {"v": 1}
        worker = runner._worker
        assert worker is not None
        os.kill(worker._process.pid, signal.SIGSTOP)
        first, second = runner.run_many([Call(text, "decodeUplink", {"bytes": [k]}) for k in (2, 3)])
        assert isinstance(first, CodecFailed)
        assert first.code == "codec_no_answer"
        assert isinstance(second, Ran)
        assert second.output == {"v": 3}
        # somebody ends it between two calls
        worker = runner._worker
        assert worker is not None
        os.kill(worker._process.pid, signal.SIGKILL)
        answers = runner.run_many([Call(text, "decodeUplink", {"bytes": [k]}) for k in (4, 5)])
        assert isinstance(answers[1], Ran)


def test_output_is_fit_for_tables(runner: CodecRunner) -> None:
    ran = runner.run(
        uplink(r"console.log('\ud800'); return {a: '\ud800', ['\u0000']: '\\u0000', c: '\ud83d\ude00'}"),
        "decodeUplink",
        {"bytes": []},
    )
    assert ran.output == {"a": "\ufffd", "\ufffd": "\\u0000", "c": "\U0001f600"}
    assert ran.console == ("\ufffd",)
    assert type(ran.output) is JsonObject
