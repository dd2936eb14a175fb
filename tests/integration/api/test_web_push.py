"""A browser asks to be told; alerts arrive there, readable by it alone, until it is told no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from mita.entrypoints.api.app import create_app
from mita.entrypoints.worker.post import SettingsPost
from mita.kit.clock import now_utc
from mita.kit.settings import Settings
from mita.notifications import operations
from mita.webhooks.domain import AddressRules
from tests.fakes.push_service import PushService

from .place import Place, made
from .signing_in import Thandi, new_thandi, signed_in_again

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx
    import psycopg
    from fastapi import FastAPI

    from mita.kit.db import Database

PUSH = "/api/v1/me/push"
LOOPBACK = "127.0.0.0/8"
SETTINGS = Settings(webhooks_allow_private=LOOPBACK, push_contact="mailto:help@mita.example")


@pytest.fixture
def app(database: Database) -> FastAPI:
    return create_app(database, live=None, webhook_rules=AddressRules.of([LOOPBACK]))


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as found:
        yield found


@pytest.fixture
async def thandi(app: FastAPI, client: httpx.AsyncClient, admin: psycopg.Connection) -> Thandi:
    return await new_thandi(app, client, admin)


@pytest.fixture
async def post() -> AsyncIterator[SettingsPost]:
    found = SettingsPost(SETTINGS)
    yield found
    await found.close()


async def low(database: Database, place: Place, person_id: int, *, balance: str = "12.34") -> None:
    """Raise an alert as a crossing does."""
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await operations.raise_alert(
            session,
            estate_id=place.estate_id,
            kind="low_balance",
            subject=f"wallet:{place.wallet_id}:electricity",
            person_ids=[person_id, None],
            detail={"unit": "A1", "utility": "electricity", "balance": balance, "currency": "ZAR"},
            now=now_utc(),
        )


async def worked(database: Database, admin: psycopg.Connection, post: SettingsPost) -> None:
    """Do what the worker does with the jobs that wait."""
    asked = admin.execute(
        "DELETE FROM procrastinate_jobs WHERE task_name = 'notifications:push_alert'"
        " RETURNING (args->>'estate_id')::bigint, args->>'alert_id'"
    ).fetchall()
    for estate_id, alert_id in asked:
        async with database.unit_of_work(estates=[estate_id]) as session:
            await operations.push_alert(session, estate_id=estate_id, alert_id=UUID(alert_id), now=now_utc())
    waiting = admin.execute("SELECT message_id FROM message WHERE channel = 'push' AND state = 'queued'")
    for (message_id,) in waiting.fetchall():
        async with database.unit_of_work(estates=[]) as session:
            await operations.deliver_message(session, message_id=message_id, post=post, now=now_utc())


def last_message(admin: psycopg.Connection) -> tuple[Any, ...]:
    row = admin.execute(
        "SELECT state, problem, content_sealed IS NULL, address_hint FROM message WHERE channel = 'push'"
        " ORDER BY message_id DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    return row


async def test_an_alert_arrives_in_the_browsers_language_and_only_it_can_read_it(
    database: Database,
    place: Place,
    admin: psycopg.Connection,
    thandi: Thandi,
    service: PushService,
    post: SettingsPost,
) -> None:
    async with thandi.client() as own:
        key = (await own.get(PUSH)).json()["public_key"]
        assert (await own.get(PUSH)).json() == {"public_key": key, "items": []}
        await made(own, f"{PUSH}/subscriptions", service.subscription(language="fr-CI"))
        (item,) = (await own.get(PUSH)).json()["items"]
    assert (item["host"], item["language"], item["is_this_session"]) == ("127.0.0.1", "fr-CI", True)
    kept = admin.execute("SELECT p::text FROM push_subscription AS p").fetchone()
    assert "send/browser-1" not in str(kept)

    await low(database, place, thandi.person_id)
    await worked(database, admin, post)
    (push,) = service.arrived
    assert push.signed_by == key
    assert push.claims["sub"] == "mailto:help@mita.example"
    assert push.told["title"] == "Le crédit est bas"
    assert push.told["body"] == "A1, électricité: 12.34 ZAR"
    assert push.told["path"] == f"e/{place.estate_id}/wallet/{place.wallet_id}"
    assert 0 < int(push.headers["ttl"]) <= 12 * 3600
    assert b"12.34" not in service.raw[0]
    assert last_message(admin) == ("sent", None, True, "127.0.0.1")
    # the same again while it lasts is no second alert
    await low(database, place, thandi.person_id, balance="12.00")
    await worked(database, admin, post)
    assert len(service.arrived) == 1


async def test_who_has_no_browser_costs_no_job_and_what_is_over_is_not_told(
    database: Database,
    place: Place,
    admin: psycopg.Connection,
    thandi: Thandi,
    service: PushService,
    post: SettingsPost,
) -> None:
    await low(database, place, thandi.person_id)
    jobs = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'notifications:push_alert'"
    assert admin.execute(jobs).fetchone() == (0,)
    async with thandi.client() as own:
        await made(own, f"{PUSH}/subscriptions", service.subscription())
    admin.execute("DELETE FROM alert")
    await low(database, place, thandi.person_id)
    assert admin.execute(jobs).fetchone() == (1,)
    admin.execute("UPDATE alert SET resolved_at = now()")
    await worked(database, admin, post)
    assert service.arrived == []


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(
    database: Database,
    place: Place,
    admin: psycopg.Connection,
    thandi: Thandi,
    service: PushService,
    post: SettingsPost,
    status: int,
) -> None:
    async with thandi.client() as own:
        await made(own, f"{PUSH}/subscriptions", service.subscription())
        service.status = status
        await low(database, place, thandi.person_id)
        await worked(database, admin, post)
        assert last_message(admin)[:2] == ("failed", "the browser is not told there any more")
        assert (await own.get(PUSH)).json()["items"] == []


async def test_a_service_that_is_busy_is_asked_again_and_one_that_refuses_is_not(
    admin: psycopg.Connection, database: Database, thandi: Thandi, service: PushService, post: SettingsPost
) -> None:
    async with thandi.client() as own:
        item = await made(own, f"{PUSH}/subscriptions", service.subscription())
        test = f"{PUSH}/subscriptions/{item['push_subscription_id']}/test"
        for status, state in ((503, "queued"), (429, "queued"), (400, "failed"), (302, "queued")):
            admin.execute("DELETE FROM message")
            service.status = status
            assert (await own.post(test)).status_code == 202
            await worked(database, admin, post)
            assert last_message(admin)[:2] == (state, f"the push service answered {status}")
        assert len((await own.get(PUSH)).json()["items"]) == 1
        admin.execute("DELETE FROM message")
        service.status = 201
        assert (await own.post(test)).status_code == 202
        await worked(database, admin, post)
    assert [(push.told["title"], push.told["body"]) for push in service.arrived] == [
        ("Alerts work on this device", "")
    ]


async def test_after_signing_out_nothing_is_told_there(
    database: Database,
    place: Place,
    admin: psycopg.Connection,
    thandi: Thandi,
    service: PushService,
    post: SettingsPost,
) -> None:
    async with thandi.client() as own:
        await made(own, f"{PUSH}/subscriptions", service.subscription())
    admin.execute("UPDATE person_session SET ended_at = now(), ended_because = 'signed_out'")
    await low(database, place, thandi.person_id)
    await worked(database, admin, post)
    assert service.arrived == []
    assert last_message(admin)[:2] == ("failed", "the person has signed out there")
    assert admin.execute("SELECT count(*) FROM push_subscription").fetchone() == (0,)


async def test_a_session_has_one_browser_and_a_browser_one_person(
    app: FastAPI, admin: psycopg.Connection, client: httpx.AsyncClient, thandi: Thandi, service: PushService
) -> None:
    other = await new_thandi(app, client, admin, email="other@example.com")
    async with thandi.client() as own, other.client() as theirs:
        first = await made(own, f"{PUSH}/subscriptions", service.subscription("one"))
        second = await made(own, f"{PUSH}/subscriptions", service.subscription("two"))
        items = (await own.get(PUSH)).json()["items"]
        assert [each["push_subscription_id"] for each in items] == [second["push_subscription_id"]]
        gone = f"{PUSH}/subscriptions/{first['push_subscription_id']}"
        assert (await own.delete(gone)).status_code == 404
        # the phone is handed on
        mine = await made(theirs, f"{PUSH}/subscriptions", service.subscription("two"))
        assert (await own.get(PUSH)).json()["items"] == []
        path = f"{PUSH}/subscriptions/{mine['push_subscription_id']}"
        for answer in (await own.delete(path), await own.post(f"{path}/test")):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await theirs.delete(path)).status_code == 204
        assert (await theirs.get(PUSH)).json()["items"] == []


async def test_bad_subscriptions_say_where_they_are_bad(thandi: Thandi, service: PushService) -> None:
    good = service.subscription()
    keys = good["keys"]
    bad: list[tuple[dict[str, Any], str]] = [
        ({"endpoint": "https://10.0.0.7/send"}, "body.endpoint"),
        ({"endpoint": "http://push.example/send"}, "body.endpoint"),
        ({"endpoint": "not a url"}, "body.endpoint"),
        ({"keys": {**keys, "auth": "c2hvcnQ"}}, "body.keys.auth"),
        ({"keys": {**keys, "auth": "%%%"}}, "body.keys.auth"),
        ({"keys": {**keys, "p256dh": keys["auth"]}}, "body.keys.p256dh"),
        ({"keys": {**keys, "p256dh": "BA" + "A" * 85}}, "body.keys.p256dh"),
        ({"keys": {"auth": keys["auth"]}}, "body.keys.p256dh"),
        ({"language": "French, please"}, "body.language"),
    ]
    async with thandi.client() as own:
        for change, path in bad:
            answer = await own.post(f"{PUSH}/subscriptions", json={**good, **change})
            assert answer.status_code == 422, change
            assert [each["path"] for each in answer.json()["problems"]] == [path], change


async def test_only_whoever_signed_in_themself_subscribes(
    app: FastAPI, client: httpx.AsyncClient, thandi: Thandi, service: PushService
) -> None:
    answer = await client.post(f"{PUSH}/subscriptions", json=service.subscription())
    assert (answer.status_code, answer.json()["code"]) == (403, "persons_only")
    # a second sign-in is another session, which has its own browser
    again = (await signed_in_again(app)).json()["tokens"]
    async with thandi.client() as own, Thandi(app, thandi.person_id, again).client() as there:
        await made(own, f"{PUSH}/subscriptions", service.subscription("one"))
        await made(there, f"{PUSH}/subscriptions", service.subscription("two"))
        items = (await there.get(PUSH)).json()["items"]
        assert [each["is_this_session"] for each in items] == [False, True]
