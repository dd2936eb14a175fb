"""API2:2023, broken authentication: what is told of who exists.

The same for a password alone: `../api/test_sign_in.py`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from mita.identity.domain import passwords
from tests.integration.api.signing_in import AUTH, browser

from .test_api2_authentication import signed_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from fastapi import FastAPI

    from .house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def admin(house: House) -> Iterator[psycopg.Connection]:
    with house.admin() as connection:
        yield connection


@pytest.fixture
def app(house: House) -> FastAPI:
    """An application that has counted no attempt yet."""
    return house.new_app()


class Work:
    """Counts what a request costs: Argon2, and statements of the database by their first words."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: Counter[str] = Counter()
        real = passwords._HASHER
        self._engine = house.database.engine.sync_engine
        event.listen(self._engine, "before_cursor_execute", self._statement)
        monkeypatch.setattr(passwords, "_HASHER", _Counted(real, self.found))

    def _statement(self, _c: Any, _u: Any, statement: str, *_: Any) -> None:
        self.found[" ".join(statement.split()[:3])] += 1

    def end(self) -> None:
        event.remove(self._engine, "before_cursor_execute", self._statement)

    async def of(self, asking: Any) -> Counter[str]:
        self.found.clear()
        await asking
        return Counter(self.found)


class _Counted:
    def __init__(self, real: Any, found: Counter[str]) -> None:
        self._real, self._found = real, found

    def __getattr__(self, name: str) -> Any:
        if name in ("hash", "verify"):
            self._found[f"argon2 {name}"] += 1
        return getattr(self._real, name)


async def test_the_work_is_the_same_for_who_exists_and_who_does_not(
    house: House, app: FastAPI, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: the same hashes and the same statements, whoever is named."""
    await signed_up(house, app, admin, "known")
    # one who never came, and was typed by staff: carla, from the house
    names = ("known@example.com", "carla@example.com", "unknown@example.com")
    join = (await house.client.put(f"{house.here.base}/join-code", json={"is_on": True})).json()["code"]
    asked: dict[str, dict[str, Any]] = {
        "sign-in": {"password": "another password"},
        "codes": {},
        "password-resets": {},
        "sign-up": {"name": "X", "join_code": join, "password": "nine owls on a wire"},
    }
    work = Work(house, monkeypatch)
    try:
        async with browser(app) as own:
            for path, more in asked.items():
                costs = [
                    await work.of(own.post(f"{AUTH}/{path}", json={"identifier": each, **more}))
                    for each in names
                ]
                assert costs[0] == costs[1] == costs[2], (path, costs)
                hashes = sum(count for name, count in costs[0].items() if name.startswith("argon2"))
                assert hashes == {"sign-in": 1, "sign-up": 1}.get(path, 0), costs[0]
    finally:
        work.end()


async def test_answers_do_not_tell_what_exists(house: House, app: FastAPI) -> None:
    """Invitations, join codes, codes, questions: what is wrong and what is not there read the same."""
    code = await house.invited()
    estate, invitation, secret = code.split(".")
    flipped = ("0" if secret[0] != "0" else "1") + secret[1:]
    async with house.as_("ben") as ben:
        bodies = [
            f"{estate}.{invitation}.{flipped}",
            f"{estate}.{'0' * len(invitation)}.{secret}",
            f"99999.{invitation}.{secret}",
        ]
        answers = [await ben.post("/api/v1/invitations/accept", json={"code": each}) for each in bodies]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert len({answer.text for answer in answers}) == 1, [answer.text for answer in answers]
    async with browser(app) as own:
        join = (await house.client.put(f"{house.here.base}/join-code", json={"is_on": True})).json()["code"]
        wrong = join[:-1] + ("A" if join[-1] != "A" else "B")
        texts = set()
        for more in ({"join_code": wrong}, {"join_code": "99999-ABCDEFGH"}, {"invitation": bodies[1]}):
            body = {"name": "X", "identifier": "x2@example.com", **more}
            texts.add((await own.post(f"{AUTH}/sign-up", json=body)).text)
        assert len(texts) == 1, texts


LOOKALIKES = [
    "\u0430nna@example.com",  # a Cyrillic letter
    "anna@ex\u0430mple.com",
    "anna@example.com.",
    "anna+x@example.com",
    "anna@example.com\u200b",
    "a\u00adnna@example.com",
    "\u202eanna@example.com",
    "anna,x@example.com",
    "<anna@example.com>",
    "anna(x)@example.com",
    '"anna"@example.com',
    "anna@[127.0.0.1]",
    "anna@example.com\r\nBcc: x@example.com",
    "anna@example.com,x@evil.test",
]


async def test_a_name_that_looks_like_another_is_not_taken_for_it(
    house: House, app: FastAPI, admin: psycopg.Connection
) -> None:
    """Nobody gets another's code, nor a second spelling that reaches the same mailbox."""
    before = admin.execute("SELECT count(*) FROM message WHERE state = 'queued'").fetchone()
    async with browser(app) as own:
        for identifier in LOOKALIKES:
            answer = await own.post(f"{AUTH}/codes", json={"identifier": identifier})
            assert answer.status_code in (202, 422), (identifier, answer.text)
            made_one = await house.client.post("/api/v1/persons", json={"name": "X", "email": identifier})
            assert made_one.status_code in (201, 422), (identifier, made_one.text)
            if any(each in identifier for each in ',<>()"[]\u200b\u00ad\u202e\r'):
                assert (answer.status_code, made_one.status_code) == (422, 422), identifier
        # and the other way round: what a keyboard writes for the same is the same
        for same in ("\uff21\uff2e\uff2e\uff21@example.com", " Anna@EXAMPLE.com "):
            assert (await own.post(f"{AUTH}/codes", json={"identifier": same})).status_code == 202
    after = admin.execute("SELECT count(*) FROM message WHERE state = 'queued'").fetchone()
    assert before is not None
    assert after == (before[0] + 2,)
