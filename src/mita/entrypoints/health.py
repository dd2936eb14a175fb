"""Is a process well, and can it do its work: what is asked of every role."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mita.credit import queries as credit_queries
from mita.devices import queries as device_queries
from mita.entrypoints import metrics
from mita.estates import queries as estate_queries
from mita.ledger import queries as ledger_queries
from mita.webhooks import queries as webhook_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.requests import Request

    from mita.kit.db import Database
    from mita.kit.settings import Settings

logger = logging.getLogger(__name__)
# of scrapes that come together, one asks the database
_COUNTED_EVERY_S = 10.0
_ANSWER_S = 3.0
_JOBS = text("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status")
_OLDEST = text("""
    SELECT coalesce(extract(epoch FROM now() - min(coalesce(j.scheduled_at, e.at))), 0)
    FROM procrastinate_jobs AS j
    LEFT JOIN LATERAL (
        SELECT min(at) AS at FROM procrastinate_events WHERE job_id = j.id AND type = 'deferred'
    ) AS e ON true
    WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
""")
_WORKERS = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
)


class Health:
    """Answers whether a role is ready: the database there and migrated, jobs carried out, what else it needs.

    ``needs`` are further checks by name. Workers are only told about where the role does without them.
    """

    def __init__(
        self,
        database: Database,
        *,
        needs: Mapping[str, Callable[[], bool]] | None = None,
        is_worker: bool = False,
    ) -> None:
        self._database = database
        self._needs = dict(needs or {})
        self._is_worker = is_worker
        self._counted_at = 0.0
        self._counting = asyncio.Lock()

    async def readiness(self) -> tuple[bool, dict[str, str]]:
        """Return whether the role is ready, and what was found, by name of the check."""
        found = {"database": "away", "migrations": "unknown", "jobs": "unknown"}
        try:
            async with asyncio.timeout(_ANSWER_S):
                found |= await self._of_database()
        except Exception as error:  # noqa: BLE001 - whatever it is, the role is not ready
            logger.warning("not ready: %s", type(error).__name__)
        found |= {name: "ok" if is_there() else "away" for name, is_there in self._needs.items()}
        needed = {name: state for name, state in found.items() if name != "jobs" or self._is_worker}
        return all(state == "ok" for state in needed.values()), found

    async def _of_database(self) -> dict[str, str]:
        async with self._database.unit_of_work(estates=[]) as session:
            revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
            workers = await session.scalar(_WORKERS) or 0
        # the machinery of migrations is slow to load, and a process starts faster without it
        from mita.migrations.runner import newest_revision

        is_newest = revision == newest_revision()
        return {
            "database": "ok",
            "migrations": "ok" if is_newest else f"at {revision}",
            "jobs": "ok" if workers else "no worker",
        }

    async def exposition(self) -> bytes:
        """Return the metrics; those that the database knows are asked for every ten seconds at most."""
        async with self._counting:
            now = asyncio.get_running_loop().time()
            if now - self._counted_at >= _COUNTED_EVERY_S:
                try:
                    await self._count()
                except Exception as error:  # noqa: BLE001 - the process' own numbers are worth having
                    logger.warning("the database was not counted: %s", type(error).__name__)
                else:
                    self._counted_at = now
        return metrics.exposition()

    async def _count(self) -> None:
        estate_ids = await estate_queries.every_estate_id(self._database)
        async with self._database.unit_of_work(estates=estate_ids) as session:
            jobs = {status: count for status, count in await session.execute(_JOBS)}  # noqa: C416 - rows are no pairs to mypy
            for status in ("todo", "doing", "failed"):
                metrics.JOBS.labels(status).set(jobs.get(status, 0))
            metrics.OLDEST_JOB.set(await session.scalar(_OLDEST) or 0)
            metrics.WORKERS.set(await session.scalar(_WORKERS) or 0)
            metrics.COMMANDS.set(await credit_queries.unconfirmed_count(session))
            metrics.WEBHOOKS.set(await webhook_queries.waiting_count(session))
            metrics.ISSUES.clear()
            for (owner, kind), count in (await device_queries.open_counts(session)).items():
                metrics.ISSUES.labels(owner, kind).set(count)
            metrics.CLEARING.clear()
            for method, currency, amount_micro in await ledger_queries.clearing_totals(session):
                metrics.CLEARING.labels(method, currency).set(metrics.units(amount_micro))


async def answer_readiness(health: Health) -> Response:
    """Return 200 if the role is ready, else 503, with what was found."""
    is_ready, found = await health.readiness()
    body = {"status": "ready" if is_ready else "not_ready", "checks": found}
    return JSONResponse(body, status_code=200 if is_ready else 503)


class _Server(uvicorn.Server):
    """A server that leaves the signals to its role."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def watch_app(health: Health) -> Starlette:
    """Return what a role answers on the port of its metrics: /healthz, /readyz, /metrics, without a token."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        return await answer_readiness(health)

    async def exposed(_: Request) -> Response:
        return Response(await health.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", exposed)]
    )


async def serve_metrics(settings: Settings, health: Health) -> None:
    """Serve what is asked about a role until cancelled; without a port, only wait."""
    if settings.metrics_port is None:
        await asyncio.Event().wait()
        return
    config = uvicorn.Config(
        watch_app(health),
        host=settings.metrics_host,
        port=settings.metrics_port,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
    )
    server = _Server(config)
    try:
        listening = socket.create_server((settings.metrics_host, settings.metrics_port))
    except OSError:
        # the role works without them
        logger.exception("metrics are not served port=%d", settings.metrics_port)
        await asyncio.Event().wait()
        return
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
        listening.close()
