"""Writes of webhooks: endpoints, what they are told, and each try."""

from mita.webhooks.operations.endpoints import (
    EndpointTerms,
    TooManyEndpoints,
    create_endpoint,
    remove_endpoint,
    rotate_secret,
    update_endpoint,
)
from mita.webhooks.operations.replay import EndpointOff, replay_deliveries, replay_delivery
from mita.webhooks.operations.sending import (
    Claimed,
    Tried,
    claim_due,
    forget_deliveries,
    record_tries,
)
from mita.webhooks.operations.tell import WEBHOOKS_CHANNEL, ping, tell

__all__ = [
    "WEBHOOKS_CHANNEL",
    "Claimed",
    "EndpointOff",
    "EndpointTerms",
    "TooManyEndpoints",
    "Tried",
    "claim_due",
    "create_endpoint",
    "forget_deliveries",
    "ping",
    "record_tries",
    "remove_endpoint",
    "replay_deliveries",
    "replay_delivery",
    "rotate_secret",
    "tell",
    "update_endpoint",
]
