"""Where the built web app lies, and where it is served. Light: `mita up` asks before it loads anything."""

from __future__ import annotations

from pathlib import Path

APP_PATH = "/app"
BUILT = Path(__file__).parent / "api" / "app"
