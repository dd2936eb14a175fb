"""A message that a leaving client's end has passed on is not passed on a second time."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import amqtt.broker
import pytest

from mita.entrypoints.embedded.broker import MendedBroker


@pytest.mark.parametrize(("is_passed_on", "deliveries"), [(False, 1), (True, 0)])
async def test_a_message_is_delivered_once_when_its_client_goes_in_the_same_moment(
    monkeypatch: pytest.MonkeyPatch, is_passed_on, deliveries
):
    delivered = []

    async def deliver(*given: object) -> bool:
        delivered.append(given)
        return True

    monkeypatch.setattr(amqtt.broker.Broker, "_handle_message_delivery", deliver)
    message = object()
    waiter: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    waiter.set_result(message)
    handler = SimpleNamespace(taken=None if is_passed_on else message)
    broker = MendedBroker.__new__(MendedBroker)
    assert await broker._handle_message_delivery(None, handler, waiter) is True
    assert len(delivered) == deliveries
    assert handler.taken is None
