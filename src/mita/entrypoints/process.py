"""What every role does at its edge: logs to standard error, stops when asked."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mita.kit.settings import Settings


def log_to_stderr(level: int = logging.INFO) -> None:
    """Write log records as one line each, times in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    line = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s"
    formatter = logging.Formatter(line, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def stop_event() -> asyncio.Event:
    """Return an event that is set when the process is asked to stop (SIGTERM, SIGINT)."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


class NoDatabase(RuntimeError):
    """A role was started alone and not told where its database is."""


def database_url(settings: Settings) -> str:
    """Return the URL of the application role.

    :raises NoDatabase: if it is not set
    """
    if settings.database_url is None:
        raise NoDatabase(
            "MITA_DATABASE_URL is not set; `mita up` starts everything, with a database of its own"
        )
    return settings.database_url.get_secret_value()
