"""The embedded broker as a process of its own: ``python -m mita.entrypoints.broker``."""

from __future__ import annotations

import asyncio
import logging
import sys

from mita.entrypoints.embedded.broker import EmbeddedBroker
from mita.entrypoints.embedded.issued import IssuedTokens
from mita.entrypoints.keys import load_keys
from mita.entrypoints.process import database_url, log_to_stderr, stop_event
from mita.kit.db import Database
from mita.kit.settings import Settings

logger = logging.getLogger("mita.entrypoints.broker")


async def serve(settings: Settings) -> None:
    """Run the broker until the process is asked to stop."""
    stopping = stop_event()
    database = None if settings.database_url is None else Database(database_url(settings), pool_size=2)
    issued = None if database is None else IssuedTokens(database)
    broker = EmbeddedBroker(port=settings.mqtt_port, keys=load_keys(settings.data), issued=issued)
    await broker.start()
    logger.info("broker listens port=%d", settings.mqtt_port)
    await stopping.wait()
    await broker.stop()
    if database is not None:
        await database.close()
    logger.info("broker stopped")


def main() -> int:
    """Run the role."""
    log_to_stderr()
    asyncio.run(serve(Settings()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
