"""Writes the schema that later ones are compared with: ``python -m tests.contract.release``."""

from __future__ import annotations

import json
from pathlib import Path

from mita.entrypoints.api.app import create_app
from mita.kit.db import Database

from .compatibility import Document, essence

RELEASED = Path(__file__).parent / "openapi.json"


def current() -> Document:
    """Return what of today's schema is compared."""
    return essence(create_app(Database("postgresql://nobody@127.0.0.1:1/nothing"), live=None).openapi())


if __name__ == "__main__":
    RELEASED.write_text(json.dumps(current(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
