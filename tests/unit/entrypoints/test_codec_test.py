"""`mita codec test`: what it prints of a codec that does what it should, and of one that does not."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from mita.entrypoints.cli.main import app

CODEC = """function decodeUplink(input) {
  console.log('port', input.fPort);
  return { data: { kwh: input.bytes[1] / 10 } };
}
"""
GOOD = {"input": {"bytes": [1, 42], "fPort": 3}, "output": {"data": {"kwh": 4.2}}}
WRONG = {"name": "half", "input": {"bytes": "012a", "fPort": 3}, "output": {"data": {"kwh": 2.1, "w": None}}}
YAML = """uplinkDecoder:
  fileName: codec.js
  examples:
    - description: the day
      input: {fPort: 3, bytes: [0x01, 0x2a]}
      output:
        data: {kwh: 4.2}
"""


@pytest.fixture
def mita(tmp_path):
    def run(examples, *options, codec=CODEC, name="examples.json"):
        (tmp_path / "codec.js").write_text(codec)
        text = examples if isinstance(examples, str) else json.dumps(examples)
        (tmp_path / name).write_text(text)
        arguments = [
            "codec",
            "test",
            str(tmp_path / "codec.js"),
            "--examples",
            str(tmp_path / name),
            *options,
        ]
        return CliRunner().invoke(app, arguments, env={"COLUMNS": "120"})

    return run


def test_all_pass(mita):
    done = mita([GOOD])
    assert (done.exit_code, done.stdout) == (0, "codec.js: 1 of 1 examples passed\n")
    assert json.loads(mita(YAML, "--json", name="em.yaml").stdout) == {"passed": 1, "failed": []}


def test_words_and_numbers_of_yaml_are_those_of_the_makers_tools(mita):
    says = "{w: 'off', at: '12:30:45', day: '2026-03-01', n: 12074, x: 31, f: 0.00001, t: true, z: null}"
    codec = f"function decodeUplink(input) {{ return {{ data: {says} }} }}"
    data = "{w: off, at: 12:30:45, day: 2026-03-01, n: 00012074, x: 0x1F, f: 1e-5, t: true, z: ~}"
    done = mita(YAML.replace("{kwh: 4.2}", data), codec=codec, name="em.yaml")
    assert done.stdout == "codec.js: 1 of 1 examples passed\n"
    # a word is no truth
    done = mita(YAML.replace("{kwh: 4.2}", data.replace("off", "false")), codec=codec, name="em.yaml")
    assert done.exit_code == 1


def test_one_fails(mita):
    done = mita([GOOD, WRONG], "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "passed": 1,
        "failed": [
            {
                "name": "half",
                "place": "2",
                "reason": "differs",
                "differs": [{"path": "data.kwh", "expected": 2.1, "given": 4.2}],
                "console": ["port 3"],
            }
        ],
    }
    shown = mita([GOOD, WRONG])
    assert shown.exit_code == 1
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["data.kwh", "2.1", "4.2"] in lines
    assert "Example 2 (decodeUplink): half" in shown.stdout
    assert shown.stdout.endswith("codec.js: 1 of 2 examples passed\n")


def test_a_codec_that_is_stopped(mita):
    done = mita([GOOD], "--json", codec="function decodeUplink() { for (;;) {} }")
    assert done.exit_code == 1
    (failed,) = json.loads(done.stdout)["failed"]
    assert failed["reason"] == "codec_timeout: needs more time than it may have (line 1)"


@pytest.mark.parametrize(
    ("examples", "name"), [("{", "a.json"), ("[]", "a.json"), ("a: [", "a.yaml"), ("\x00", "a.yml")]
)
def test_what_cannot_be_read(mita, examples, name):
    done = mita(examples, "--json", name=name)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {name}: ")
