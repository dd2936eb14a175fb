"""``mita coap``: posts over CoAP into charges, supply commands back."""

from __future__ import annotations

import asyncio
import logging
import sys

from mita.entrypoints.api.key_limits import KeyLimits
from mita.entrypoints.coap.oscore import Shield
from mita.entrypoints.coap.server import Uplinks, listen
from mita.entrypoints.coap.settings import CoapSettings
from mita.entrypoints.health import Health, serve_metrics
from mita.entrypoints.metrics import watch_database
from mita.entrypoints.outside import report_faults, trace
from mita.entrypoints.posts import Posts
from mita.entrypoints.process import database_url, log_to_stderr, secret_keys_path, stop_event
from mita.kit.db import Database
from mita.kit.seal import Seals
from mita.wiring import wire

logger = logging.getLogger("mita.entrypoints.coap")
_CLOSED = 2


async def serve(settings: CoapSettings) -> None:
    """Run the server until the process is asked to stop."""
    stopping = stop_event()
    database = Database(database_url(settings), seals=Seals.load(secret_keys_path(settings)))
    report_faults(settings, role="coap")
    trace(role="coap", engine=database.engine)
    watch_database(database.engine)
    posts = Posts(
        database,
        source="coap",
        batch_readings=settings.batch_readings,
        batch_wait_ms=settings.batch_wait_ms,
    )
    limits = KeyLimits(settings.rate_limit_store, requests_per_minute=settings.requests_per_minute)
    uplinks = Uplinks(database, posts=posts, limits=limits)
    shield = Shield(uplinks, database=database, takes_plain=settings.takes_plain)
    context = await listen(shield, bind=settings.coap_address)
    health = asyncio.create_task(serve_metrics(settings, Health(database)))
    asked = asyncio.create_task(stopping.wait())
    logger.info("coap listens bind=%s takes_plain=%s", settings.coap_bind, settings.takes_plain)
    try:
        await asyncio.wait({asked, health}, return_when=asyncio.FIRST_COMPLETED)
        if health.done():
            # it ends by itself only by an error: let the supervisor see it
            health.result()
    finally:
        await context.shutdown()
        await posts.close()
        for task in (asked, health):
            task.cancel()
        await asyncio.gather(asked, health, return_exceptions=True)
        await database.close()
    logger.info("coap stopped")


def main() -> int:
    """Run the role."""
    log_to_stderr()
    wire()
    settings = CoapSettings()
    if not settings.coap_bind:
        logger.error("nothing listens: set MITA_COAP_BIND to an address and a port")
        return _CLOSED
    asyncio.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
