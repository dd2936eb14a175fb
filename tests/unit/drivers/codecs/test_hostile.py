"""A codec that means ill ends its own call and nothing else: the next one is answered at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mita.drivers.codecs.runner import Call, CodecFailed, Ran

if TYPE_CHECKING:
    from mita.drivers.codecs.runner import CodecRunner

GOOD = "function decodeUplink(input) { return {data: {kwh: (input.bytes[0] * 256 + input.bytes[1]) / 10}} }"

# body of decodeUplink -> code
BODIES = {
    "endless": ("while (true) {}", "codec_timeout"),
    "endless_caught": (
        "for (;;) { try { while (true) {} } catch (e) {} finally { continue } }",
        "codec_timeout",
    ),
    "redos": ("return /^(a+)+$/.test('a'.repeat(40) + 'b')", "codec_timeout"),
    "to_json": ("return {toJSON() { while (true) {} }}", "codec_timeout"),
    "proxy": ("return new Proxy({}, {ownKeys() { while (true) {} }})", "codec_timeout"),
    "native_loop": ("return new Array(2 ** 32 - 1).join()", "codec_timeout"),
    "thrown_loop": ("throw {toString() { while (true) {} }}", "codec_timeout"),
    "arrays": ("const a = []; for (;;) a.push(new Array(10000).fill(1))", "codec_memory"),
    "typed_arrays": ("const a = []; for (;;) a.push(new Uint8Array(1e6))", "codec_memory"),
    "string": ("let s = 'x'; for (;;) s += s", "codec_memory"),
    "repeat": ("return 'x'.repeat(2 ** 29)", "codec_memory"),
    "memory_caught": (
        "const a = []; for (;;) { try { a.push('y'.repeat(1e6) + a.length) } catch (e) {} }",
        None,
    ),
    "recursion": ("return decodeUplink(input)", "codec_stack"),
    "nesting": ("let a = {}; for (let k = 0; k < 2e4; k++) a = {a}; return a", "codec_stack"),
    "circle": ("const a = {}; a.a = a; return a", "codec_error"),
    "huge_output": ("return {a: 'x'.repeat(1e6)}", "codec_bad_output"),
    "exit": ("process.exit(1)", "codec_error"),
    "quit": ("std.exit(1)", "codec_error"),
    "require": ("return require('fs').readFileSync('/etc/passwd', 'utf8')", "codec_error"),
    "require_made": ("return new (require('child_process').Worker)('x')", "codec_error"),
    "promises": ("const f = () => Promise.resolve().then(f); for (;;) f()", None),
    "getter": ("return {data: {get kwh() { for (;;) {} }}}", "codec_timeout"),
    "getter_hoard": (
        "return {get a() { const b = []; for (;;) b.push(new Array(1e4).fill(b)) }}",
        "codec_memory",
    ),
    "endless_keys": (
        "return new Proxy({}, {ownKeys: () => Array.from({length: 1e7}, (_, k) => 'k' + k)})",
        None,
    ),
    "json_throws": ("return {data: {toJSON() { throw new Error('no') }}}", "codec_error"),
    "nested_circle": ("const a = []; a.push({b: {c: a}}); return {data: a}", "codec_error"),
    "locale": ("return (1e300).toLocaleString('en', {maximumFractionDigits: 1e9})", "codec_error"),
    "padded": ("return (1).toLocaleString('en', {minimumIntegerDigits: 2 ** 30})", "codec_error"),
    "wait": ("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", "codec_error"),
}


def codec(body: str, before: str = "") -> str:
    return f"{before}\nfunction decodeUplink(input) {{ {body} }}"


def is_good(runner: CodecRunner) -> bool:
    began = time.monotonic()
    ran = runner.run(GOOD, "decodeUplink", {"bytes": [1, 2]})
    # a new worker takes a tenth of a second on a machine that is idle
    return str(ran.output["data"]["kwh"]) == "25.8" and time.monotonic() - began < 4


@pytest.mark.parametrize("name", BODIES)
def test_it_ends_and_the_next_one_is_answered(runner: CodecRunner, name: str) -> None:
    body, code = BODIES[name]
    with pytest.raises(CodecFailed) as failed:
        runner.run(codec(body), "decodeUplink", {"bytes": [1], "fPort": 1})
    assert failed.value.code in ({code} if code else {"codec_timeout", "codec_memory"})
    assert is_good(runner)


def test_loading_is_bounded_too(runner: CodecRunner) -> None:
    with pytest.raises(CodecFailed) as failed:
        runner.run("while (true) {}", "decodeUplink", {"bytes": []})
    assert failed.value.code == "codec_timeout"
    assert is_good(runner)


@pytest.mark.parametrize(
    "before",
    [
        "JSON.stringify = () => '}{'; JSON.parse = () => { throw 1 }; Date = null; Reflect.apply = null;",
        "globalThis.__run = () => 'mine'; globalThis.eval = () => 1; Array.prototype.join = () => 'a';",
        "Object.prototype.name = 'q'; Function.prototype.call = null; Function.prototype.apply = null;",
        "String.prototype.slice = () => '}'; RegExp.prototype.test = null; String.raw = null;",
        "Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(globalThis.console);",
    ],
)
def test_one_who_bends_the_language_still_gives_its_own_values(runner: CodecRunner, before: str) -> None:
    ran = runner.run(codec("return {data: {a: [1]}}", before), "decodeUplink", {"bytes": [1]})
    assert ran.output == {"data": {"a": [1]}}
    assert is_good(runner)


@pytest.mark.parametrize(
    "before",
    [
        "Array.prototype[Symbol.iterator] = function* () { yield 1 };",
        "Array.prototype.toJSON = () => undefined;",
        "Array.prototype.toJSON = () => '}';",
        "Object.defineProperty(Object.prototype, 'toJSON', {get() { throw 'no' }});",
        "Object.defineProperty(Object.prototype, 'recvTime', {get() { return 'x' }, set() { throw 2 }});",
        "Object.defineProperty(Object.prototype, 'then', {get() { for (;;) {} }});",
    ],
)
def test_one_who_bends_it_further_harms_itself_alone(runner: CodecRunner, before: str) -> None:
    calls = [
        Call(text, "decodeUplink", {"bytes": [1, 2]}) for text in (codec("return {a: [1]}", before), GOOD)
    ]
    _, good = runner.run_many(calls)
    assert isinstance(good, Ran)
    assert str(good.output["data"]["kwh"]) == "25.8"
    assert is_good(runner)


def test_nothing_of_the_machine_is_in_reach(runner: CodecRunner) -> None:
    names = (
        "process std os fetch XMLHttpRequest WebSocket load print Worker setTimeout scriptArgs "
        "Deno Bun gc WebAssembly importScripts read"
    )
    body = f"""return {{
        seen: '{names}'.split(' ').filter((name) => (0, eval)('typeof ' + name) !== 'undefined'),
        made: new Function('return typeof process')(),
    }}"""
    ran = runner.run(codec(body), "decodeUplink", {"bytes": []})
    assert ran.output == {"seen": [], "made": "undefined"}
    # a module is never found; the promise of it is nobody's
    ran = runner.run(
        codec("import('fs').then(() => { globalThis.x = 1 }); return {x: 1}"), "decodeUplink", {"bytes": []}
    )
    assert ran.output == {"x": 1}


def test_a_batch_with_a_killer_in_it_keeps_all_others(runner: CodecRunner) -> None:
    killer = codec("return new Array(2 ** 32 - 1).sort()")
    texts = [GOOD, killer, GOOD, codec("while (true) {}"), GOOD, killer, GOOD]
    answers = runner.run_many([Call(text, "decodeUplink", {"bytes": [1, 2]}) for text in texts])
    told = [
        answer.code if isinstance(answer, CodecFailed) else str(answer.output["data"]["kwh"])
        for answer in answers
    ]
    assert told == ["25.8", "codec_timeout", "25.8", "codec_timeout", "25.8", "codec_timeout", "25.8"]


def test_hoarding_over_calls_is_forgotten(runner: CodecRunner) -> None:
    """A codec that keeps what it saw is begun anew before its memory is full."""
    hoarder = codec("kept.push(new Uint8Array(200000)); return {n: kept.length}", "globalThis.kept ??= [];")
    answers = runner.run_many([Call(hoarder, "decodeUplink", {"bytes": [1]})] * 200)
    counts = [int(answer.output["n"]) for answer in answers if isinstance(answer, Ran)]
    assert len(counts) == 200
    assert max(counts) == 64


@pytest.mark.parametrize(
    "text",
    [
        "import" + " " * 900_000,
        "import " + "a" * 900_000,
        "import {" + "b " * 450_000,
        "export {" + "c" * 900_000 + "}",
        "export {" + "d as " * 180_000 + "}",
        ";export" * 140_000,
        "export" + "\n" * 900_000,
    ],
    ids=lambda text: text[:10].strip(),
)
def test_what_is_read_as_a_module_is_read_in_time(runner: CodecRunner, text: str) -> None:
    began = time.monotonic()
    with pytest.raises(CodecFailed) as failed:
        runner.run(text, "decodeUplink", {"bytes": []})
    # longer, and the worker would be ended
    assert failed.value.code in {"codec_error", "codec_missing_function"}
    assert time.monotonic() - began < 4
    assert is_good(runner)
