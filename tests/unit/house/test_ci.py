"""In CI a skipped test is red, everywhere else it is only skipped; and the README keeps its promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.house.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SKIPS = {
    "by_mark": "import pytest\n@pytest.mark.skip(reason='no broker')\ndef test(): ...\n",
    "by_call": "import pytest\ndef test(): pytest.skip('no broker')\n",
    "by_fixture": (
        "import pytest\n@pytest.fixture\ndef broker(): pytest.skip('no broker')\ndef test(broker): ...\n"
    ),
    "whole_file": "import pytest\npytest.skip('no broker', allow_module_level=True)\n",
    "missing_module": "import pytest\npytest.importorskip('no_broker', reason='no broker')\n",
}


def run_pytest(folder: Path, text: str, *, ci: str, workers: str = "0") -> subprocess.CompletedProcess[str]:
    (folder / "test_one.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    # plugins that are of no matter here take a second each to load
    plain = {"PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = os.environ | plain | {"CI": ci, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "tests.ci_plugin", "-n", workers, folder]
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, check=False, timeout=120
    )


@pytest.mark.parametrize("way", SKIPS)
def test_a_skip_is_red_in_ci(tmp_path: Path, way: str) -> None:
    done = run_pytest(tmp_path, SKIPS[way], ci="true")
    assert done.returncode != 0, done.stdout
    assert "skipped" not in done.stdout.splitlines()[-1]
    assert "no broker" in done.stdout
    assert "A skipped test fails a CI run" in done.stdout


def test_a_skip_is_red_in_ci_on_workers_too(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, SKIPS["by_fixture"], ci="true", workers="1")
    assert done.returncode == 1, done.stdout
    assert "A skipped test fails a CI run" in done.stdout


@pytest.mark.parametrize("ci", ["", "false"])
def test_a_skip_is_only_a_skip_elsewhere(tmp_path: Path, ci: str) -> None:
    done = run_pytest(tmp_path, SKIPS["by_mark"], ci=ci)
    assert done.returncode == 0, done.stdout
    assert "1 skipped" in done.stdout


def test_an_expected_failure_is_not_a_skip(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.xfail(strict=True)\ndef test(): assert False\n"
    done = run_pytest(tmp_path, text, ci="true")
    assert done.returncode == 0, done.stdout
    assert "1 xfailed" in done.stdout


def test_our_own_tests_use_it() -> None:
    conftest = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    assert 'pytest_plugins = ["tests.ci_plugin"]' in conftest
    assert re.search(r"^CI=true make test", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)


# ── two commands ──


def start_block(readme: str) -> list[str]:
    """Return the commands under "Start", without their comments."""
    found = re.search(r"^## Start\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    assert found is not None, "the README says how to start"
    block = re.search(r"```sh\n(.*?)```", found.group(1), re.DOTALL)
    assert block is not None, "the README shows how to start"
    return [line.partition("#")[0].strip() for line in block.group(1).splitlines() if line.strip()]


def targets(makefile: str) -> dict[str, list[str]]:
    """Return each target's prerequisites and recipe lines."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in makefile.splitlines():
        if rule := re.match(r"([a-z]+):(?!=)(.*)", line):
            name = rule.group(1)
            found[name] = rule.group(2).split()
        elif line.startswith("\t") and name:
            found[name].append(line.strip())
        elif line and not line.startswith("\t"):
            name = ""
    return found


def test_the_readme_promises_two_commands() -> None:
    assert start_block((ROOT / "README.md").read_text(encoding="utf-8")) == ["make run", "make test"]


@pytest.mark.parametrize("target", ["run", "test"])
def test_each_of_the_two_commands_sets_itself_up(target: str) -> None:
    recipe = targets((ROOT / "Makefile").read_text(encoding="utf-8"))[target]
    assert recipe[0] == "setup"
    programs = {word for line in recipe for word in line.split() if word.startswith(".venv/bin/")}
    assert len(programs) == 1


def test_a_broken_promise_is_caught() -> None:
    readme = "## Start\n\n```sh\npip install x   # first\nmake run\n```\n\n## Next\n"
    assert start_block(readme) == ["pip install x", "make run"]
    assert targets("run:\n\t@exec mita up\n\ntest: setup\n\tpytest\n") == {
        "run": ["@exec mita up"],
        "test": ["setup", "pytest"],
    }
