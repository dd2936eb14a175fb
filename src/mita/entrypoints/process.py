"""What every role does at its edge: logs to standard error, stops when asked."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from typing import TYPE_CHECKING, Any

from mita.entrypoints import logs
from mita.kit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path


def collect_less() -> None:
    """Leave what lives as long as the process out of the search for garbage."""
    gc.collect()
    gc.freeze()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a role until it ends, on the quicker of the loops that there are."""
    if sys.platform == "win32":
        asyncio.run(work)
    else:
        import uvloop

        uvloop.run(work)


def log_to_stderr(settings: Settings | None = None, *, level: int = logging.INFO) -> None:
    """Write log records as one line each, in the format that is set."""
    told = settings or Settings()
    logs.log_to_stderr(level, log_format=told.log_format)


def stop_event() -> asyncio.Event:
    """Return an event that is set when the process is asked to stop (SIGTERM, SIGINT)."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def secret_keys_path(settings: Settings) -> Path:
    """Return the file with the keys of secrets."""
    return settings.secret_keys or settings.data / "secret.keys"


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
