"""Tokens on their way to an Emlite meter: given once at most, whatever the meter, the wire and others do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.operations import Typed
from mita.devices import operations as devices
from mita.drivers.emop import objects, values
from mita.entrypoints.demo.emlite import EmliteMeter, first_objects
from mita.entrypoints.polling import tokens
from mita.entrypoints.polling.emop import EmopLine
from mita.entrypoints.polling.reach import Reach
from mita.entrypoints.polling.tokens import MeterTokens
from mita.metering import queries as metering
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    import psycopg

    from mita.credit.models import MeterToken
    from mita.kit.db import Database

NAME = "emop:flat-1"
NOW = datetime(2026, 11, 22, 10, 10, tzinfo=UTC)
LOOPBACK = Reach.parsed("127.0.0.0/8", "")
TOKEN, OTHER, WRONG = "66475648316756821785", "71466394621589161020", "11112222333344445555"


class Site:
    """A registered Emlite meter, and pollers beside it whose clock tests turn."""

    def __init__(self, world: World, meter: EmliteMeter) -> None:
        self.world, self.meter, self.now = world, meter, NOW
        self.line = line()
        self.tokens = MeterTokens(world.database, reach=LOOPBACK)
        self.meter_id = 0

    async def key_in(self, token: str = TOKEN) -> MeterToken:
        async with self.world.unit_of_work() as session:
            row, _ = await credit.key_in_token(
                session,
                estate_id=self.world.estate_id,
                typed=Typed(self.meter_id, token, "test"),
                now=self.now,
            )
            return row

    async def work(self) -> int:
        waiting = await self.tokens.waiting()
        for each in waiting:
            await self.tokens.carry_out(each, self.line)
        return len(waiting)

    async def all(self) -> list[MeterToken]:
        async with self.world.unit_of_work() as session:
            return list(
                await credit_queries.meter_tokens(
                    session, estate_id=self.world.estate_id, meter_id=self.meter_id
                )
            )

    async def newest(self) -> MeterToken:
        return (await self.all())[0]

    async def expire(self) -> int:
        async with self.world.unit_of_work() as session:
            return await credit.expire_tokens(session, estate_id=self.world.estate_id, now=self.now)

    @property
    def sent(self) -> list[str]:
        """The tokens that the meter was sent."""
        return [each.payload.decode() for each in self.meter.asked if each.object_id == objects.TOKEN]

    @property
    def balance_micro(self) -> int:
        return values.balance_micro(self.meter.held[objects.BALANCE])


def line() -> EmopLine:
    return EmopLine(pauses_s=(), rest_s=0, answer_s=0.3, limit_s=10)


def emlite() -> EmliteMeter:
    held = first_objects(
        serial="M1", import_wh=5_000, export_wh=0, balance_micro=-1_000_000, clock_s=int(NOW.timestamp())
    )
    return EmliteMeter(held, tokens_micro={TOKEN: 5_000_000, OTHER: 7_000_000})


async def site(
    database: Database, admin: psycopg.Connection, meter: EmliteMeter, monkeypatch: pytest.MonkeyPatch
) -> Site:
    world = await new_world(database)
    async with world.unit_of_work() as session:
        await devices.register_device(
            session,
            estate_id=world.estate_id,
            driver="emop",
            address="flat-1",
            terms=devices.DeviceTerms(settings={"url": f"tcp://127.0.0.1:{meter.port}"}),
            now=NOW,
        )
    admin.execute("UPDATE meter SET device = %s WHERE serial = 'M1'", (NAME,))
    found = Site(world, meter)
    async with world.unit_of_work() as session:
        (row,) = await metering.meters_behind(session, estate_id=world.estate_id, device=NAME)
        found.meter_id = row.meter_id
    monkeypatch.setattr(tokens, "now_utc", lambda: found.now)
    return found


def shown(row: MeterToken) -> tuple[Any, ...]:
    return row.state, row.reason, row.balance_before_micro, row.balance_after_micro


async def test_it_is_given_and_the_balance_proves_it(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        first = await here.key_in("6647-5648 3167-5682 1785")
        assert (first.state, first.last_four, first.expires_at) == (
            "waiting",
            "1785",
            NOW + timedelta(days=1),
        )
        assert TOKEN.encode() not in bytes(first.token_sealed or b"")
        assert await here.work() == 1
        done = await here.newest()
        assert shown(done) == ("given", None, -1_000_000, 4_000_000)
        assert (done.token_sealed, done.claim, done.sent_at) == (None, None, NOW)
        # typed again it is the same one, and nothing is sent
        again = await here.key_in()
        assert (again.meter_token_id, again.state) == (first.meter_token_id, "given")
        assert await here.work() == 0
        assert here.sent == [TOKEN]
        # what the database keeps of it, also in its history, says nothing of the digits
        (kept,) = admin.execute("SELECT string_agg(m::text, ' ') FROM meter_token AS m").fetchone() or ("",)
        (past,) = admin.execute("SELECT string_agg(c::text, ' ') FROM audit_change AS c").fetchone() or ("",)
        assert "meter_token" in past
        for text in (kept, past):
            assert TOKEN not in text
            assert TOKEN.encode().hex() not in text
        assert "1785" not in past


async def test_a_refused_one_says_why_and_is_not_sent_again(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        await here.key_in(WRONG)
        await here.key_in()
        # one after the other: the second waits for the first
        assert await here.work() == 2
        good, bad = await here.all()
        assert (bad.state, bad.reason) == ("failed", "refused")
        assert "refuses" in bad.failure
        assert WRONG not in bad.failure
        assert good.state == "given"
        assert (await here.key_in(WRONG)).state == "failed"
        here.now += timedelta(hours=1)
        assert await here.work() == 0
        assert here.sent == [WRONG, TOKEN]


async def test_one_that_does_not_answer_is_tried_again_until_it_does_or_the_day_is_over(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        await here.key_in()
        meter.faults = ["refuse"]
        assert await here.work() == 1
        row = await here.newest()
        assert (row.state, row.due_at, row.attempts) == ("waiting", NOW + timedelta(seconds=30), 1)
        assert await here.work() == 0
        # the connection goes between the question for the balance and the token: it was not sent, and may be
        here.now += timedelta(seconds=30)
        gate = EmopLine.give_token

        async def closed(self: EmopLine, *args: Any, **more: Any) -> Any:
            note = more["before_sending"]

            async def and_close(balance_micro: int) -> None:
                await note(balance_micro)
                await meter.__aexit__()

            return await gate(self, *args, **{**more, "before_sending": and_close})

        with monkeypatch.context() as patched:
            patched.setattr(EmopLine, "give_token", closed)
            assert await here.work() == 1
        row = await here.newest()
        assert shown(row) == ("waiting", None, None, None)
        assert (row.sent_at, here.sent) == (None, [])
        # somebody keys in another one: the one before it is tried at once
        here.now += timedelta(seconds=1)
        await here.key_in(OTHER)
        async with meter:
            assert await here.work() == 2
        assert [each.state for each in await here.all()] == ["given", "given"]
        assert here.sent == [TOKEN, OTHER]
        assert here.balance_micro == 11_000_000


async def test_nobody_is_reached_all_day_and_it_may_be_keyed_in_again(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        first = await here.key_in()
        meter.faults = ["silence"] * 3
        assert await here.work() == 1
        assert await here.expire() == 0
        here.now += timedelta(days=1)
        assert await here.work() == 0
        assert await here.expire() == 1
        row = await here.newest()
        assert (row.state, row.reason, row.sent_at) == ("failed", "not_reached", None)
        meter.faults = []
        again = await here.key_in()
        assert (again.meter_token_id, again.state) == (first.meter_token_id, "waiting")
        assert await here.work() == 1
        assert (await here.newest()).state == "given"
        assert here.sent == [TOKEN]


@pytest.mark.parametrize("faults", [["deaf"], ["deaf", "silence"]])
async def test_its_answer_is_lost_and_the_balance_tells(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, faults: list[Any]
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        await here.key_in()
        meter.faults = ["noise", *faults]
        assert await here.work() == 1
        if len(faults) > 1:
            # neither the answer nor the balance came: it is looked after, and never sent again
            row = await here.newest()
            assert shown(row) == ("sent", None, -1_000_000, None)
            assert row.token_sealed is not None
            here.now += timedelta(seconds=60)
            assert await here.work() == 1
        assert shown(await here.newest()) == ("given", None, -1_000_000, 4_000_000)
        assert here.sent == [TOKEN]


async def test_what_became_of_it_is_not_known_and_it_is_never_sent_again(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        await here.key_in()
        # heard and not done, as far as anybody knows
        meter.faults = ["noise", "silence"]
        assert await here.work() == 1
        assert shown(await here.newest()) == ("sent", None, -1_000_000, None)
        other = await here.key_in(OTHER)
        # the other one waits until it is known: its own rise would prove the first
        assert await here.work() == 1
        waits = await here.newest()
        assert (waits.state, waits.failure, waits.attempts) == ("waiting", "", 0)
        here.now += timedelta(seconds=60)
        assert await here.work() == 2
        newest, first = await here.all()
        assert shown(first) == ("failed", "unanswered", -1_000_000, -1_000_000)
        assert (newest.meter_token_id, newest.state) == (other.meter_token_id, "given")
        here.now += timedelta(hours=2)
        assert (await here.key_in()).state == "failed"
        assert await here.work() == 0
        assert here.sent == [TOKEN, OTHER]


async def test_a_poller_dies_between_sending_and_recording(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        await here.key_in()
        (waiting,) = await here.tokens.waiting()

        async def dies(*_: Any, **__: Any) -> bool:
            raise asyncio.CancelledError

        with monkeypatch.context() as patched:
            patched.setattr(credit, "settle_token", dies)
            with pytest.raises(asyncio.CancelledError):
                await here.tokens.carry_out(waiting, here.line)
        assert (await here.newest()).state == "sent"
        here.now += timedelta(minutes=4)
        assert await here.work() == 0
        here.now += timedelta(minutes=1)
        assert await here.work() == 1
        assert shown(await here.newest()) == ("given", None, -1_000_000, 4_000_000)
        assert here.sent == [TOKEN]


async def test_two_pollers_at_once_send_it_once(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        await asyncio.gather(*(here.key_in() for _ in range(4)))
        assert len(await here.all()) == 1
        (waiting,) = await here.tokens.waiting()
        pollers = [MeterTokens(database, reach=LOOPBACK) for _ in range(3)]
        await asyncio.gather(*(each.carry_out(waiting, line()) for each in pollers))
        assert (await here.newest()).state == "given"
        assert here.sent == [TOKEN]
        assert here.balance_micro == 4_000_000


async def test_a_hand_that_lost_it_sends_nothing(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        await here.key_in()
        (waiting,) = await here.tokens.waiting()
        ask = EmopLine._balance

        async def slow(self: EmopLine, device: Any) -> int:
            # another one took it meanwhile, as it may after five minutes
            admin.execute("UPDATE meter_token SET claim = gen_random_uuid()")
            return await ask(self, device)

        with monkeypatch.context() as patched:
            patched.setattr(EmopLine, "_balance", slow)
            await here.tokens.carry_out(waiting, here.line)
        assert here.sent == []
        assert (await here.newest()).state == "waiting"


async def test_a_meter_that_nobody_asks_takes_none(
    database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with emlite() as meter:
        here = await site(database, admin, meter, monkeypatch)
        for name in (None, "tasmota:plug-7", "emop:unknown"):
            admin.execute("UPDATE meter SET device = %s WHERE serial = 'M1'", (name,))
            with pytest.raises(credit.MeterTakesNoTokens):
                await here.key_in()
        admin.execute("UPDATE meter SET device = %s WHERE serial = 'M1'", (NAME,))
        for number in range(credit.OPEN_TOKENS_MAX):
            await here.key_in(f"{number:020d}")
        with pytest.raises(credit.MeterTokensWait):
            await here.key_in()
        # and where the networks of the poller do not reach it, they wait
        nowhere = MeterTokens(database, reach=Reach.parsed("10.0.0.0/8", ""))
        assert await nowhere.waiting() == []
