"""What a command says when its database cannot be used: one line on standard error, and status 2."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import DBAPIError

from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.embedded.postmaster import BadDirectory
from mita.migrations.runner import NotMigrated

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BAD_INPUT", "plainly"]


@contextmanager
def plainly() -> Iterator[None]:
    """Turn a database that is away, closed to us or of another version into a sentence."""
    try:
        yield
    except (NotMigrated, BadDirectory) as error:
        _stop(str(error), error)
    except (OSError, subprocess.SubprocessError) as error:
        _stop(f"the embedded PostgreSQL could not be started: {error}", error)
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.OperationalError | psycopg.errors.UndefinedTable):
            raise
        _stop(f"the database cannot be used: {str(cause).splitlines()[0]}", error)


def _stop(sentence: str, error: Exception) -> None:
    Console(stderr=True).print(f"[red]error:[/red] {escape(sentence)}", highlight=False, soft_wrap=True)
    raise typer.Exit(BAD_INPUT) from error
