"""The job queue: all features' jobs on one procrastinate app."""

from __future__ import annotations

from procrastinate import App, PsycopgConnector

from mita.charging import jobs as charging
from mita.credit import jobs as credit
from mita.ledger import jobs as ledger
from mita.metering import jobs as metering
from mita.wallets import jobs as wallets

# namespace -> jobs; a namespace is part of a stored job's name and never changes
BLUEPRINTS = {
    "metering": metering.jobs,
    "ledger": ledger.jobs,
    "credit": credit.jobs,
    "charging": charging.jobs,
    "wallets": wallets.jobs,
}


def create_worker_app(database_url: str) -> App:
    """Return the app whose worker carries out every job of Mita."""
    app = App(connector=PsycopgConnector(conninfo=database_url, min_size=1, max_size=4))
    for namespace, blueprint in BLUEPRINTS.items():
        app.add_tasks_from(blueprint, namespace=namespace)
    return app
