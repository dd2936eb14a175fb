"""The command line in this process, on a private database: quick enough for many broken inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mita.entrypoints.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

WATER = """\
rate_table: 1
name: Flat water
utility: water
currency: EUR
effective_from: 2016-01-01
tax: {name: IVA, percent: "10", prices: exclusive}
charges: [{name: Water, kind: usage, price: "1.85"}]
"""
HEADER = "meter,register,taken_at,value,unit\n"


@pytest.fixture
def run(
    postgres: EmbeddedPostgres, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run `mita` on the private database; anything but an exit is a fault of the command."""
    monkeypatch.setenv("MITA_DATABASE_URL", postgres.app_url(database_name))
    monkeypatch.setenv("MITA_DATA", "/nowhere/mita")
    # messages are wrapped where the terminal ends
    monkeypatch.setenv("COLUMNS", "1000")

    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    path = tmp_path / "rates.yaml"
    path.write_text(WATER, encoding="utf-8")
    return path
