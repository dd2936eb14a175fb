"""The web process: the HTTP API, its documentation, the live stream and the page."""

from mita.entrypoints.api.app import create_app
from mita.entrypoints.api.live import LiveHub

__all__ = ["LiveHub", "create_app"]
