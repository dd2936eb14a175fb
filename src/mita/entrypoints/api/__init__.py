"""The web process: the HTTP API, its documentation, the live stream and the page."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mita.entrypoints.api.app import create_app
    from mita.entrypoints.api.live import LiveHub

__all__ = ["LiveHub", "create_app"]

_MODULES = {"LiveHub": "live", "create_app": "app"}


def __getattr__(name: str) -> Any:
    """Import the application when it is asked for: the worker takes a part of this package, and no route."""
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
