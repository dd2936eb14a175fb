"""The import contracts hold, and each of them is able to fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit.house.tree import ROOT, SRC, features

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
NAMES = {contract["id"]: contract["name"] for contract in CONTRACTS}

# contract -> (file to append to, what is planted)
PLANTED = {
    "features: up": ("features", "estates/queries.py", "from mita.wallets import queries as _planted"),
    "features: sideways": ("features", "tariffs/operations.py", "from mita.ledger import domain as _planted"),
    "features: from kit": ("features", "kit/money.py", "from mita.identity import domain as _planted"),
    "features: into a process": (
        "features",
        "credit/operations.py",
        "from mita.entrypoints import lane as _planted",
    ),
    "features: for its type only": (
        "features",
        "metering/domain.py",
        "if TYPE_CHECKING:\n    from mita.charging.domain.outcome import Outcome as _Planted",
    ),
    "features: a new one": ("features", "loyalty/__init__.py", ""),
    "inside: queries write": (
        "inside",
        "credit/queries.py",
        "from mita.credit import operations as _planted",
    ),
    "inside: models decide": ("inside", "wallets/models.py", "from mita.wallets import queries as _planted"),
    "inside: domain tells": ("inside", "wallets/domain.py", "from mita.wallets import events as _planted"),
    "inside: events know tables": (
        "inside",
        "estates/events.py",
        "from mita.estates import models as _planted",
    ),
    "inside: another file name": ("inside", "wallets/helpers.py", ""),
    "pure domain: SQL": ("pure-domain", "credit/domain.py", "import sqlalchemy as _planted"),
    "pure domain: HTTP": ("pure-domain", "tariffs/domain/slots.py", "import httpx as _planted"),
    "pure domain: settings": (
        "pure-domain",
        "ledger/domain.py",
        "from mita.kit.settings import Settings as _Planted",
    ),
    "pure domain: through another": (
        "pure-domain",
        "charging/domain/decide.py",
        "from mita.tariffs import queries as _planted",
    ),
    "ledger tables": (
        "ledger-tables",
        "wallets/operations.py",
        "from mita.ledger.models import Account as _Planted",
    ),
    "metering tables": (
        "metering-tables",
        "charging/queries.py",
        "from mita.metering import models as _planted",
    ),
    "edges: routes": ("edges", "wallets/operations.py", "from mita.tariffs import api as _planted"),
}


def lint(tree: Path) -> tuple[int, str]:
    """Run every contract on the package in ``tree``."""
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", tree / "pyproject.toml", "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src"), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return run.returncode, run.stdout + run.stderr


@pytest.fixture(scope="module")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(SRC, tree / "src" / "mita", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree / "pyproject.toml")
    api = tree / "src" / "mita" / "tariffs" / "api.py"
    if not api.exists():
        api.write_text("")
    return tree


def test_every_contract_holds(clean_copy: Path) -> None:
    status, output = lint(clean_copy)
    assert status == 0, output
    assert f"Contracts: {len(NAMES)} kept, 0 broken." in output


@pytest.mark.parametrize(("contract", "path", "planted"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_violation_is_caught(clean_copy: Path, contract: str, path: str, planted: str) -> None:
    file = clean_copy / "src" / "mita" / path
    before = file.read_text() if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{before or ''}\n{planted}\n")
    try:
        status, output = lint(clean_copy)
    finally:
        if before is not None:
            file.write_text(before)
        elif file.name == "__init__.py":
            shutil.rmtree(file.parent)
        else:
            file.unlink()
    assert status == 1, output
    reason = "BROKEN" if f"{NAMES[contract]} BROKEN" in output else output
    assert reason == "BROKEN", output


def test_every_feature_is_held() -> None:
    """The exhaustive layers refuse a new feature; here the other contracts are told of it too."""
    inside = next(contract for contract in CONTRACTS if contract["id"] == "inside")
    assert sorted(inside["containers"]) == [f"mita.{name}" for name in features()]
    with_tables = {name for name in features() if (SRC / name / "models.py").exists()}
    assert {f"{name}-tables" for name in with_tables} <= set(NAMES)
