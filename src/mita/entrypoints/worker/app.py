"""The job queue: all features' jobs on one procrastinate app."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from procrastinate import App, Blueprint, PsycopgConnector

from mita.charging import jobs as charging
from mita.credit import jobs as credit
from mita.devices import jobs as devices
from mita.entrypoints.worker import upkeep
from mita.estates import jobs as estates
from mita.flexibility import jobs as flexibility
from mita.identity import jobs as identity
from mita.imports import jobs as imports
from mita.kit import context
from mita.kit.context import Context
from mita.kit.enqueue import CAUSED_BY
from mita.ledger import jobs as ledger
from mita.metering import jobs as metering
from mita.notifications import jobs as notifications
from mita.reports import jobs as reports
from mita.rounds import jobs as rounds
from mita.sharing import jobs as sharing
from mita.solar import jobs as solar
from mita.wallets import jobs as wallets
from mita.webhooks import jobs as webhooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from procrastinate import JobContext
    from procrastinate.worker import Worker

# namespace -> jobs; a namespace is part of a stored job's name and never changes
BLUEPRINTS = {
    "identity": identity.jobs,
    "notifications": notifications.jobs,
    "estates": estates.jobs,
    "metering": metering.jobs,
    "ledger": ledger.jobs,
    "credit": credit.jobs,
    "charging": charging.jobs,
    "sharing": sharing.jobs,
    "solar": solar.jobs,
    "wallets": wallets.jobs,
    "webhooks": webhooks.jobs,
    "imports": imports.jobs,
    "rounds": rounds.jobs,
    "devices": devices.jobs,
    "flexibility": flexibility.jobs,
    "reports": reports.jobs,
    "upkeep": upkeep.jobs,
}


def create_worker_app(database_url: str) -> App:
    """Return the app whose worker carries out every job of Mita."""
    app = App(
        connector=PsycopgConnector(conninfo=database_url, min_size=1, max_size=4),
        worker_defaults={"worker_middleware": [with_cause]},
    )
    for namespace, blueprint in BLUEPRINTS.items():
        app.add_tasks_from(_copy_of(blueprint), namespace=namespace)
    return app


async def with_cause(work: Callable[[], Awaitable[Any]], job: JobContext, _: Worker) -> Any:
    """Run a job under the correlation id of the request that caused it, else under its own number."""
    arguments, action = job.job.task_kwargs, job.job.task_name.replace(":", ".")
    caused_by = arguments.pop(CAUSED_BY, None)
    cause = Context(f"job:{job.job.id}" if caused_by is None else str(caused_by), action=action)
    try:
        with context.entered(cause):
            return await work()
    finally:
        # what is logged of the job at its end names it
        if caused_by is not None:
            arguments[CAUSED_BY] = caused_by


def _copy_of(blueprint: Blueprint) -> Blueprint:
    """Return a blueprint with tasks of its own: an app renames those that it takes, for good."""
    fresh = Blueprint()
    copies = {id(task): copy(task) for task in blueprint.tasks.values()}
    fresh.tasks = {name: copies[id(task)] for name, task in blueprint.tasks.items()}
    for each in blueprint.periodic_registry.periodic_tasks.values():
        fresh.periodic_registry.register_task(
            task=copies[id(each.task)],
            cron=each.cron,
            periodic_id=each.periodic_id,
            configure_kwargs=each.configure_kwargs,
        )
    return fresh
