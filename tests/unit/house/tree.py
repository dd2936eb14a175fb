"""The source tree as the house tests see it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[3]
SRC = ROOT / "src" / "mita"
# drivers keep no tables and decide nothing: they read and write what wires carry
NOT_FEATURES = {"kit", "entrypoints", "migrations", "drivers"}


def features() -> list[str]:
    """Return the names of the features: every package but kit, processes, schema, wire formats."""
    return sorted(p.parent.name for p in SRC.glob("*/__init__.py") if p.parent.name not in NOT_FEATURES)


def sources() -> list[Path]:
    """Return every Python file of the package."""
    return sorted(SRC.rglob("*.py"))
