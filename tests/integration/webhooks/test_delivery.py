"""Deliveries over real HTTP to receivers that are good, slow, broken, gone or elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from mita.entrypoints.worker.poster import WebhookPoster
from mita.kit.clock import now_utc
from mita.kit.seal import SEALED_COLUMNS, Seals
from mita.webhooks import operations
from mita.webhooks.domain import AddressRules, Answer, DeliveryState, Topic

from .hooks import LOOPBACK, delivering
from .receiver import receiving

if TYPE_CHECKING:
    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

    from .hooks import Hooks


def set_due(admin: psycopg.Connection, *, failing_days: int | None = None) -> None:
    """Let everything that waits be due now, as if the delay were over."""
    admin.execute("UPDATE webhook_delivery SET next_at = now() WHERE state = 'waiting'")
    if failing_days is not None:
        admin.execute(
            "UPDATE webhook_endpoint SET failing_since = now() - %s * interval '1 day'", (failing_days,)
        )


async def test_a_good_receiver_gets_what_was_signed(hooks: Hooks, database: Database) -> None:
    async with receiving() as receiver:
        endpoint_id, secret = await hooks.endpoint(receiver.url("/in?x=1"), Topic.TOP_UP)
        await hooks.tell()
        async with delivering(database):
            (got,) = await receiver.until(1)
            row = await hooks.until_tried(endpoint_id)
    assert got.path == "/in?x=1"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == str(row.event_id)
    assert Webhook(secret).verify(got.body, got.headers) == got.payload
    assert set(got.payload) == {"type", "timestamp", "data"}
    assert (got.payload["type"], got.payload["data"]) == ("wallet.topup", {"number": 0})
    assert (row.state, row.tries, row.last_status, row.last_error, row.next_at) == (
        "delivered",
        1,
        204,
        None,
        None,
    )
    (attempt,) = await hooks.attempts(endpoint_id, row.event_id)
    assert (attempt.number, attempt.status, attempt.error, attempt.answer) == (1, 204, None, "")


async def test_only_what_is_wanted_is_told_and_only_in_its_estate(hooks: Hooks, database: Database) -> None:
    from tests.integration.world import new_world

    from .hooks import Hooks as Other

    other = Other(await new_world(database, name="Other"))
    async with receiving() as receiver:
        mine, _ = await hooks.endpoint(receiver.url("/mine"), Topic.TOP_UP, Topic.READING)
        off, _ = await hooks.endpoint(receiver.url("/off"), Topic.TOP_UP, is_on=False)
        theirs, _ = await other.endpoint(receiver.url("/theirs"), Topic.LOW_BALANCE)
        await hooks.tell(2)
        await hooks.tell(topic=Topic.LOW_BALANCE)
        assert [row.topic for row in await hooks.deliveries(mine)] == ["wallet.topup"] * 2
        assert await hooks.deliveries(off) == []
        assert await other.deliveries(theirs) == []


async def test_what_is_rolled_back_is_not_told(hooks: Hooks) -> None:
    endpoint_id, _ = await hooks.endpoint("http://127.0.0.1:1/")
    with contextlib.suppress(RuntimeError):
        async with hooks.world.unit_of_work() as session:
            await operations.tell(
                session, estate_id=hooks.estate_id, topic=Topic.TOP_UP, data={}, now=now_utc()
            )
            raise RuntimeError
    assert await hooks.deliveries(endpoint_id) == []


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ({"status": 500, "text": "<b>no</b>\x00\n" + "x" * 5000}, 500, "answered 500"),
        ({"status": 302, "headers": "location: http://127.0.0.1:{port}/else\r\n"}, 302, "answered 302"),
        ({"status": 404}, 404, "answered 404"),
        ({"delay_s": 5}, None, "no answer within 0.5 seconds"),
        ({"drops": 9}, None, "RemoteProtocolError"),
    ],
    ids=["500", "redirect", "404", "slow", "dropped"],
)
async def test_a_bad_receiver_is_tried_again(
    hooks: Hooks, database: Database, how: dict, status: int | None, error: str
) -> None:
    async with receiving(**how) as receiver:
        receiver.headers = receiver.headers.format(port=receiver.port)
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        await hooks.tell()
        async with delivering(database, timeout_s=0.5):
            row = await hooks.until_tried(endpoint_id)
        assert [got.path for got in receiver.received] == ["/hook"], "no redirect is followed"
    assert (row.state, row.tries, row.last_status) == ("waiting", 1, status)
    assert (row.last_error or "").startswith(error)
    assert row.next_at is not None
    assert timedelta(seconds=0) < row.next_at - now_utc() < timedelta(seconds=6.1)
    (attempt,) = await hooks.attempts(endpoint_id, row.event_id)
    assert len(attempt.answer or "") <= 1024
    if status == 500:
        assert attempt.answer == ("<b>no</b>  " + "x" * 5000)[:1024]
    assert (await hooks.row(endpoint_id)).failing_since is not None


async def test_nobody_listens_there(hooks: Hooks, database: Database) -> None:
    endpoint_id, _ = await hooks.endpoint("http://127.0.0.1:1/")
    await hooks.tell()
    async with delivering(database):
        row = await hooks.until_tried(endpoint_id)
    assert (row.state, row.last_status) == ("waiting", None)
    assert (row.last_error or "").startswith("ConnectError")


async def test_a_try_later_arrives_with_the_same_id_and_body(
    hooks: Hooks, database: Database, admin: psycopg.Connection
) -> None:
    async with receiving(status=503) as receiver:
        endpoint_id, secret = await hooks.endpoint(receiver.url())
        await hooks.tell()
        async with delivering(database):
            await hooks.until_tried(endpoint_id, 1)
            receiver.status = 200
            set_due(admin)
            row = await hooks.until_tried(endpoint_id, 2)
    first, second = receiver.received
    assert (row.state, row.tries, row.last_error) == ("delivered", 2, None)
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert Webhook(secret).verify(second.body, second.headers)
    assert (await hooks.row(endpoint_id)).failing_since is None


async def test_after_the_last_try_it_has_failed(
    hooks: Hooks, database: Database, admin: psycopg.Connection
) -> None:
    async with receiving(status=500) as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        await hooks.tell()
        admin.execute("UPDATE webhook_delivery SET tries = 11")
        async with delivering(database):
            row = await hooks.until_tried(endpoint_id)
    assert (row.state, row.tries, row.next_at) == ("failed", 12, None)
    assert (await hooks.row(endpoint_id)).is_on


async def alerts(hooks: Hooks) -> list[tuple[str, str, bool]]:
    from mita.notifications import queries

    async with hooks.world.unit_of_work() as session:
        found = await queries.alerts(session, estate_id=hooks.estate_id, person_id=None)
    return [(row.kind, row.subject, row.resolved_at is None) for row in found if row.kind == "webhook_off"]


async def test_410_turns_the_endpoint_off_and_staff_hear_of_it(hooks: Hooks, database: Database) -> None:
    async with receiving(status=410) as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        await hooks.tell()
        async with delivering(database):
            row = await hooks.until_tried(endpoint_id)
    assert row.state == "failed"
    endpoint = await hooks.row(endpoint_id)
    assert (endpoint.is_on, "410" in (endpoint.off_reason or "")) == (False, True)
    assert await alerts(hooks) == [("webhook_off", f"webhook:{endpoint_id}", True)]
    await hooks.tell()
    assert len(await hooks.deliveries(endpoint_id)) == 1, "nothing is told while it is off"

    async with hooks.world.unit_of_work() as session:
        terms = operations.EndpointTerms(endpoint.url, tuple(Topic), "", is_on=True)
        await operations.update_endpoint(
            session,
            estate_id=hooks.estate_id,
            endpoint_id=endpoint_id,
            terms=terms,
            rules=LOOPBACK,
            now=now_utc(),
        )
    endpoint = await hooks.row(endpoint_id)
    assert (endpoint.is_on, endpoint.off_reason, endpoint.failing_since) == (True, None, None)
    assert await alerts(hooks) == [("webhook_off", f"webhook:{endpoint_id}", False)]


@pytest.mark.parametrize(("days", "is_on"), [(4, True), (6, False)])
async def test_days_of_failure_turn_the_endpoint_off(
    hooks: Hooks, database: Database, admin: psycopg.Connection, *, days: int, is_on: bool
) -> None:
    async with receiving(status=500) as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        await hooks.tell(3)
        admin.execute(
            "UPDATE webhook_delivery SET next_at = now() + interval '1 day' WHERE body LIKE '%:2}%'"
        )
        admin.execute("UPDATE webhook_endpoint SET failing_since = now() - %s * interval '1 day'", (days,))
        async with delivering(database):
            rows = await hooks.until(endpoint_id, lambda rows: all(row.tries for row in rows[:2]))
            rows = await hooks.until(endpoint_id, lambda rows: all(row.last_error for row in rows[:2]))
    assert (await hooks.row(endpoint_id)).is_on is is_on
    assert {row.state for row in rows} == ({"waiting"} if is_on else {"failed"})
    assert len(await alerts(hooks)) == (0 if is_on else 1)


async def test_a_slow_receiver_holds_nobody_else_up(hooks: Hooks, database: Database) -> None:
    async with receiving(delay_s=120) as slow, receiving() as quick:
        slow_id, _ = await hooks.endpoint(slow.url(), Topic.LOW_BALANCE)
        quick_id, _ = await hooks.endpoint(quick.url(), Topic.TOP_UP)
        await hooks.tell(100, topic=Topic.LOW_BALANCE)
        await hooks.tell(300)
        async with delivering(database, at_once=4, timeout_s=300) as dispatcher:
            began = time.monotonic()
            await quick.until(300)
            took_s = time.monotonic() - began
            assert (slow.under_way_max, len(slow.received)) == (4, 4), "its others wait for these"
            assert quick.under_way_max <= 4
            assert dispatcher._claimed[slow_id] == 16, "and are not all claimed"
            await hooks.until(quick_id, lambda rows: all(row.state == "delivered" for row in rows))
    assert took_s < 90, "one answer of the slow one takes longer"
    assert len({got.headers["webhook-id"] for got in quick.received}) == 300
    assert quick.connections <= 20, "connections are used again"
    assert {row.state for row in await hooks.deliveries(slow_id)} == {"waiting"}
    print(f"300 deliveries in {took_s:.1f} s")


async def test_who_dies_while_sending_is_followed_by_another(
    hooks: Hooks, database: Database, admin: psycopg.Connection
) -> None:
    """At least once: what was claimed and not recorded is sent again, by whoever comes next."""
    async with receiving(delay_s=30) as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        await hooks.tell()
        from mita.entrypoints.worker.webhooks import WebhookDispatcher

        poster = WebhookPoster(LOOPBACK)
        dies = WebhookDispatcher(database, poster=poster)
        assert await dies.step() == 1
        await receiver.until(1)
        for task in list(dies._under_way):
            task.cancel()
        await poster.close()
        receiver.delay_s = 0
        async with delivering(database):
            await asyncio.sleep(1.5)
            assert len(receiver.received) == 1, "its claim is not over"
            set_due(admin)
            await receiver.until(2)
            row = (await hooks.until(endpoint_id, lambda rows: rows[0].state == "delivered"))[0]
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert row.tries == 2
    assert [each.number for each in await hooks.attempts(endpoint_id, row.event_id)] == [2]


async def test_two_workers_share_the_work(hooks: Hooks, database: Database) -> None:
    async with receiving(delay_s=0.01) as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        async with delivering(database), delivering(database):
            await hooks.tell(60)
            rows = await hooks.until(
                endpoint_id, lambda rows: len(rows) == 60 and all(r.state == "delivered" for r in rows)
            )
    assert len(receiver.received) == 60, "each once, as nobody died"
    assert {row.tries for row in rows} == {1}


async def test_a_rotation_signs_with_both_secrets_for_a_while(
    hooks: Hooks, database: Database, admin: psycopg.Connection
) -> None:
    async with receiving() as receiver:
        endpoint_id, old = await hooks.endpoint(receiver.url())
        async with hooks.world.unit_of_work() as session:
            row, new = await operations.rotate_secret(
                session,
                estate_id=hooks.estate_id,
                endpoint_id=endpoint_id,
                overlap=timedelta(hours=24),
                now=now_utc(),
            )
        assert row.old_secret_until is not None
        await hooks.tell()
        async with delivering(database):
            (got,) = await receiver.until(1)
            assert Webhook(old).verify(got.body, got.headers) == Webhook(new).verify(got.body, got.headers)
            await hooks.until_tried(endpoint_id)
            admin.execute("UPDATE webhook_endpoint SET old_secret_until = now()")
            await hooks.tell()
            _, got = await receiver.until(2)
            await hooks.until(endpoint_id, lambda rows: all(row.state == "delivered" for row in rows))
    assert Webhook(new).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(got.body, got.headers)


async def test_a_secret_lies_sealed_in_the_database(
    hooks: Hooks, database: Database, admin: psycopg.Connection
) -> None:
    assert {"webhook_endpoint.secret_sealed", "webhook_endpoint.old_secret_sealed"} <= set(SEALED_COLUMNS)
    _, secret = await hooks.endpoint("http://127.0.0.1:1/")
    ((sealed,),) = admin.execute("SELECT secret_sealed FROM webhook_endpoint").fetchall()
    assert secret.encode() not in bytes(sealed)
    assert Seals([bytes(32)]).open(bytes(sealed), about="webhook_endpoint.secret_sealed") == secret.encode()
    text = str(admin.execute("SELECT * FROM webhook_endpoint").fetchall())
    assert secret not in text


async def test_a_secret_whose_key_is_gone_stops_nothing_else(
    hooks: Hooks, postgres: EmbeddedPostgres, database: Database, database_name: str
) -> None:
    from mita.kit.db import Database as Opened

    async with receiving() as receiver:
        lost, _ = await hooks.endpoint(receiver.url("/lost"))
        elsewhere = Opened(postgres.app_url(database_name), seals=Seals([bytes(31) + b"x"]))
        from .hooks import Hooks as Again

        again = Again(hooks.world)
        again.world.database = elsewhere
        good, _ = await again.endpoint(receiver.url("/good"))
        await again.tell()
        async with delivering(elsewhere):
            await again.until(good, lambda rows: rows[0].state == "delivered")
            row = await again.until_tried(lost)
        await elsewhere.close()
    assert row.last_error == "its secret cannot be opened: the key is gone"
    assert [got.path for got in receiver.received] == ["/good"]


async def test_replay_sends_one_or_all_again(hooks: Hooks, database: Database) -> None:
    async with receiving() as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        since = now_utc()
        await hooks.tell(now=since - timedelta(hours=1))
        await hooks.tell(2, now=since)
        async with delivering(database):
            rows = await hooks.until(
                endpoint_id, lambda rows: len(rows) == 3 and all(r.state == "delivered" for r in rows)
            )
            of = {"estate_id": hooks.estate_id, "endpoint_id": endpoint_id}
            async with hooks.world.unit_of_work() as session:
                again = await operations.replay_delivery(
                    session, **of, event_id=rows[0].event_id, now=now_utc()
                )
                assert (again.state, again.tries, again.tries_before) == ("waiting", 1, 1)
            await receiver.until(4)
            await hooks.until(endpoint_id, lambda rows: all(r.state == "delivered" for r in rows))
            assert receiver.received[3].headers["webhook-id"] == str(rows[0].event_id)
            assert receiver.received[3].body == rows[0].body

            async with hooks.world.unit_of_work() as session:
                failed = [DeliveryState.FAILED]
                for states, count in ((failed, 0), ([*failed, DeliveryState.DELIVERED], 2)):
                    moved = await operations.replay_deliveries(
                        session, **of, since=since, states=states, now=now_utc()
                    )
                    assert moved == count
            await receiver.until(6)
            await hooks.until(endpoint_id, lambda rows: all(r.state == "delivered" for r in rows))
    assert [row.tries for row in await hooks.deliveries(endpoint_id)] == [2, 2, 2]


async def test_a_paused_endpoint_gets_tests_only_and_the_rest_when_it_is_on_again(
    hooks: Hooks, database: Database, admin: psycopg.Connection
) -> None:
    async with receiving() as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        await hooks.tell()
        admin.execute("UPDATE webhook_endpoint SET is_on = false")
        async with delivering(database):
            async with hooks.world.unit_of_work() as session:
                await operations.ping(
                    session, estate_id=hooks.estate_id, endpoint_id=endpoint_id, now=now_utc()
                )
            (got,) = await receiver.until(1)
            assert (got.payload["type"], got.payload["data"]) == ("ping", {"endpoint_id": endpoint_id})
            with pytest.raises(operations.EndpointOff):
                async with hooks.world.unit_of_work() as session:
                    await operations.replay_deliveries(
                        session,
                        estate_id=hooks.estate_id,
                        endpoint_id=endpoint_id,
                        since=now_utc(),
                        states=[],
                        now=now_utc(),
                    )
            admin.execute("UPDATE webhook_endpoint SET is_on = true")
            await receiver.until(2)
            await hooks.until(endpoint_id, lambda rows: all(row.state == "delivered" for row in rows))


async def test_old_deliveries_are_forgotten_with_their_tries(
    hooks: Hooks, database: Database, admin: psycopg.Connection
) -> None:
    async with receiving() as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        await hooks.tell(2)
        async with delivering(database):
            await hooks.until(endpoint_id, lambda rows: all(row.state == "delivered" for row in rows))
    admin.execute(
        "UPDATE webhook_delivery SET finished_at = now() - interval '31 days' WHERE body LIKE '%:0}%'"
    )
    await hooks.tell()
    async with hooks.world.unit_of_work() as session:
        before = now_utc() - timedelta(days=30)
        assert await operations.forget_deliveries(session, estate_id=hooks.estate_id, before=before) == 1
    assert admin.execute("SELECT count(*) FROM webhook_delivery").fetchone() == (2,)
    assert admin.execute("SELECT count(*) FROM webhook_attempt").fetchone() == (1,)


# ── where it goes: checked again when it is sent, by address ──


async def posted(poster: WebhookPoster, url: str) -> Answer:
    try:
        return await poster.post(url, headers={"content-type": "application/json"}, body="{}")
    finally:
        await poster.close()


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["93.184.216.34", "127.0.0.1"],
    ],
)
async def test_a_name_that_leads_inside_is_not_connected_to(addresses: list[str]) -> None:
    async def lies(host: str, port: int) -> list[str]:
        assert (host, port) == ("hooks.example.com", 443)
        return addresses

    answer = await posted(WebhookPoster(AddressRules(), resolve=lies), "https://hooks.example.com/")
    assert (answer.status, "is not a public address" in (answer.error or "")) == (None, True)


async def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    """A name that changes its mind between two looks: it is looked at once."""
    looks = []

    async def rebinds(host: str, port: int) -> list[str]:
        looks.append(host)
        return ["127.0.0.1"] if len(looks) == 1 else ["169.254.169.254"]

    async with receiving() as receiver:
        rules = AddressRules.of(["127.0.0.0/8"])
        # plain http is for addresses only, so the name stands behind TLS that nobody speaks here
        poster = WebhookPoster(rules, resolve=rebinds)
        answer = await posted(poster, "https://hooks.example.com:8443/")
    assert looks == ["hooks.example.com"]
    assert answer.status is None
    assert "public" not in (answer.error or "")
    assert receiver.received == []


async def test_a_network_no_longer_allowed_is_refused_when_it_is_sent(
    hooks: Hooks, database: Database
) -> None:
    async with receiving() as receiver:
        endpoint_id, _ = await hooks.endpoint(receiver.url())
        await hooks.tell()
        async with delivering(database, rules=AddressRules()):
            row = await hooks.until_tried(endpoint_id)
    assert receiver.received == []
    assert (row.last_error or "").startswith("the URL must begin with https://")


async def test_the_payload_is_ascii_json_of_ids_and_texts(hooks: Hooks) -> None:
    endpoint_id, _ = await hooks.endpoint("http://127.0.0.1:1/")
    async with hooks.world.unit_of_work() as session:
        await operations.tell(
            session, estate_id=hooks.estate_id, topic=Topic.TOP_UP, data={"name": "Zoë\u2028"}, now=now_utc()
        )
    (row,) = await hooks.deliveries(endpoint_id)
    assert row.body.isascii()
    assert json.loads(row.body)["data"] == {"name": "Zoë\u2028"}
    await asyncio.sleep(0)
