from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.world import new_world

from .hooks import Hooks

if TYPE_CHECKING:
    from mita.kit.db import Database


@pytest.fixture
async def hooks(database: Database) -> Hooks:
    """An estate with two meters, and its webhooks."""
    return Hooks(await new_world(database, meters=2))
