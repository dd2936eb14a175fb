"""What a process counts and measures, for Prometheus; docs/reference/metrics.md lists it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import event

from mita.kit.money import MICRO

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from mita.charging.domain.outcome import Outcome

REGISTRY = CollectorRegistry(auto_describe=True)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ANSWER_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)
_QUERY_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)

REQUESTS = Histogram(
    "mita_http_request_seconds",
    "Time to answer a request, by route and status",
    ["method", "route", "status"],
    buckets=_ANSWER_S,
    registry=REGISTRY,
)
QUERIES = Histogram("mita_database_query_seconds", "Time of a statement", buckets=_QUERY_S, registry=REGISTRY)
CONNECTIONS = Gauge("mita_database_connections", "Connections that are in use now", registry=REGISTRY)
CONNECTIONS_MAX = Gauge(
    "mita_database_connections_max", "Connections that this process opens at most", registry=REGISTRY
)
READINGS = Counter(
    "mita_readings",
    "Readings that this process has charged or judged, by class",
    ["class"],
    registry=REGISTRY,
)
CHARGED = Counter(
    "mita_charged_amount",
    "Net and tax of the charges of this process, in units of the currency",
    ["currency"],
    registry=REGISTRY,
)
CREDITED = Counter(
    "mita_credited_amount",
    "Net and tax of the batches that came out below zero, in units of the currency",
    ["currency"],
    registry=REGISTRY,
)
JOBS = Gauge("mita_jobs", "Jobs in the queue, by status", ["status"], registry=REGISTRY)
OLDEST_JOB = Gauge(
    "mita_jobs_oldest_waiting_seconds", "How long the oldest job that is due has waited", registry=REGISTRY
)
WORKERS = Gauge("mita_workers", "Workers that were heard of in the last minute", registry=REGISTRY)
COMMANDS = Gauge(
    "mita_supply_commands_unconfirmed", "Supply commands that no device has confirmed", registry=REGISTRY
)
ISSUES = Gauge(
    "mita_issues_open",
    "What is to be looked after of devices and meters",
    ["of", "kind"],
    registry=REGISTRY,
)
CLEARING = Gauge(
    "mita_clearing_amount",
    "What stands on clearing accounts, in units of the currency",
    ["method", "currency"],
    registry=REGISTRY,
)
WEBHOOKS = Gauge("mita_webhook_deliveries_waiting", "Deliveries that are not made yet", registry=REGISTRY)
BROKER = Gauge("mita_broker_connected", "Whether ingest is connected to its broker", registry=REGISTRY)
INBOX = Gauge("mita_ingest_unacknowledged", "Messages taken and not acknowledged", registry=REGISTRY)


def exposition() -> bytes:
    """Return everything in Prometheus' text format."""
    return generate_latest(REGISTRY)


def units(amount_micro: int) -> float:
    """Return micro-money as Prometheus takes numbers: this is for curves, never for books."""
    return amount_micro / MICRO


def count_outcome(outcome: Outcome, *, currency: str) -> None:
    """Count a batch that was charged."""
    for name, count in outcome.counts().items():
        if count > 0:
            READINGS.labels(name).inc(count)
    amount_micro = outcome.net_micro + outcome.tax_micro
    if amount_micro > 0:
        CHARGED.labels(currency).inc(units(amount_micro))
    elif amount_micro < 0:
        CREDITED.labels(currency).inc(units(-amount_micro))


def watch_database(engine: AsyncEngine) -> None:
    """Measure the statements of an engine, and count its connections whenever somebody looks."""
    core = engine.sync_engine

    def begin(
        _connection: Any, _cursor: Any, _statement: Any, _parameters: Any, run: Any, _many: Any
    ) -> None:
        run.mita_began_at = time.perf_counter()

    def end(_on: Any, _cursor: Any, _statement: Any, _parameters: Any, run: Any, _many: Any) -> None:
        QUERIES.observe(time.perf_counter() - run.mita_began_at)

    event.listen(core, "before_cursor_execute", begin)
    event.listen(core, "after_cursor_execute", end)
    pool: Any = core.pool
    CONNECTIONS.set_function(pool.checkedout)
    CONNECTIONS_MAX.set(pool.size() + max(0, pool._max_overflow))  # noqa: SLF001 - it has no other name
