"""``mita api``: the HTTP API and the pages, served by uvicorn."""

from __future__ import annotations

import logging
import sys

import uvicorn

from mita.entrypoints.api.app import create_app
from mita.entrypoints.api.live import LiveHub
from mita.entrypoints.checkpoints import checkpoint_directory
from mita.entrypoints.process import database_url, log_to_stderr
from mita.kit.db import Database
from mita.kit.settings import Settings
from mita.wiring import wire

POOL_SIZE = 10
# pages hold a live stream open; they come back by themselves
_GRACE_S = 3


def main() -> int:
    """Run the role until the process is asked to stop."""
    log_to_stderr()
    # one line per connection otherwise
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    wire()
    settings = Settings()
    url = database_url(settings)
    app = create_app(
        Database(url, pool_size=POOL_SIZE),
        live=LiveHub(url),
        checkpoints=checkpoint_directory(settings),
    )
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
