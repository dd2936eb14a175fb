"""The builder of the web app says what is missing instead of falling over it."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the builder, in a tree and on a PATH without Node, npm and uv."""
    spec = importlib.util.spec_from_file_location("web_build", ROOT / "web" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path / "web")
    monkeypatch.setattr(module, "OWN_NODE", tmp_path / "web" / ".node")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return module


def executable(path: Path, said: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{said}\n", encoding="utf-8")
    path.chmod(0o755)


def test_without_node_and_uv_it_says_what_helps(build: Any) -> None:
    with pytest.raises(build.NotBuilt, match=r"no uv .* `make setup`, or install Node 20\.19"):
        build.find_node()


def test_a_uv_of_the_tree_that_fetches_nothing_is_said_too(build: Any, tmp_path: Path) -> None:
    executable(tmp_path / ".uv" / "bin" / "uv", "exit 2")
    with pytest.raises(build.NotBuilt, match="cannot be fetched"):
        build.find_node()


@pytest.mark.parametrize(("words", "status"), [(["--path"], 1), (["--path", "--or-go-on"], 0)])
def test_the_command_ends_with_a_sentence(
    build: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
) -> None:
    monkeypatch.setattr(sys, "argv", ["build.py", *words])
    assert build.main() == status
    said = capsys.readouterr()
    assert "THE WEB APP IS NOT BUILT: there is no uv" in said.err
