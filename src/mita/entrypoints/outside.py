"""What a process tells others of itself, if it is told where: traces (OpenTelemetry) and faults (Sentry)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mita.entrypoints.logs import masked
from mita.kit import context

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncEngine

    from mita.kit.settings import Settings

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
# of a fault's report only these are told; users, requests, variables and breadcrumbs are not
_TOLD = frozenset(
    {
        "event_id",
        "timestamp",
        "platform",
        "level",
        "logger",
        "exception",
        "logentry",
        "release",
        "environment",
    }
    | {"transaction", "tags", "sdk", "server_name", "type"}
)


class NotInstalled(RuntimeError):
    """Something was set that needs an extra that is not installed."""


def trace(*, role: str, engine: AsyncEngine) -> bool:
    """Send traces of statements and calls if an endpoint is set; return whether they are sent.

    :raises NotInstalled: without ``mita[otel]``
    """
    if not os.environ.get(ENDPOINT):
        return False
    try:
        from opentelemetry import trace as api
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
        from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise NotInstalled(f"{ENDPOINT} is set: install mita[otel]") from error
    name = os.environ.get("OTEL_SERVICE_NAME", f"mita-{role}")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    api.set_tracer_provider(provider)
    SQLAlchemyInstrumentor().instrument(engine=engine.sync_engine, tracer_provider=provider)
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    return True


def trace_app(app: FastAPI) -> None:
    """Let each request of an application be a span, after :func:`trace`."""
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(app, excluded_urls="healthz,readyz,metrics,static")


def report_faults(settings: Settings, *, role: str) -> bool:
    """Report faults to Sentry if its address is set; return whether they are reported.

    :raises NotInstalled: without ``mita[sentry]``
    """
    if settings.sentry_dsn is None:
        return False
    try:
        import sentry_sdk
    except ImportError as error:
        raise NotInstalled("MITA_SENTRY_DSN is set: install mita[sentry]") from error
    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=role,
        server_name="mita",
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        before_send=_before_send,
    )
    return True


def _before_send(event: Any, _hint: Any) -> Any:
    told = {name: value for name, value in event.items() if name in _TOLD}
    if cause := context.current().correlation_id:
        told["tags"] = {"correlation_id": cause}
    return _masked(told)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: _masked(each) for name, each in value.items()}
    return [_masked(each) for each in value] if isinstance(value, list) else value
