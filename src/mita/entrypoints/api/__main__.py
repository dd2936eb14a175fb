"""``mita api``: the HTTP API and the pages, served by uvicorn."""

from __future__ import annotations

import logging
import sys

import uvicorn

from mita.entrypoints.api.app import create_app
from mita.entrypoints.api.key_limits import KeyLimits
from mita.entrypoints.api.live import LiveHub
from mita.entrypoints.checkpoints import checkpoint_directory
from mita.entrypoints.health import serve_metrics
from mita.entrypoints.metrics import QUERIES, watch_database
from mita.entrypoints.outside import report_faults, trace, trace_app
from mita.entrypoints.posts import Posts
from mita.entrypoints.process import collect_less, database_url, log_to_stderr, secret_keys_path
from mita.identity.api.asking import SigningIn
from mita.kit.context import Proxies
from mita.kit.db import Database
from mita.kit.limiter import Limiter
from mita.kit.seal import Seals
from mita.kit.settings import Settings
from mita.webhooks.domain import AddressRules
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
    database = Database(url, pool_size=POOL_SIZE, seals=Seals.load(secret_keys_path(settings)))
    watch_database(database.engine)
    report_faults(settings, role="api")
    is_traced = trace(role="api", engine=database.engine)
    app = create_app(
        database,
        live=LiveHub(url),
        checkpoints=checkpoint_directory(settings),
        has_access_log=settings.access_log,
        beside=lambda health: serve_metrics(settings, health),
        proxies=Proxies.parsed(settings.trusted_proxies),
        limits=KeyLimits(settings.rate_limit_store, requests_per_minute=settings.requests_per_minute),
        signing_in=SigningIn(
            Limiter(settings.rate_limit_store), settings.public_url, settings.new_device_messages
        ),
        posts=Posts(
            database,
            source="http",
            batch_readings=settings.batch_readings,
            batch_wait_ms=settings.batch_wait_ms,
        ),
        takes_pretend_money=settings.sandbox_top_ups,
        webhook_rules=AddressRules.of(settings.webhooks_allow_private.split(",")),
    )
    if is_traced:
        trace_app(app)
    database.reads.observe = QUERIES.observe
    collect_less()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        # whose word is taken is a setting of ours
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
