"""The estate of the API's tests."""

from __future__ import annotations

from tests.integration.api.conftest import app, client, live, place, token

__all__ = ["app", "client", "live", "place", "token"]
