"""API2:2023, broken authentication: many at once.

One after the other: `../api/test_sign_in.py`, `../api/test_second_factor.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.authenticator import Authenticator
from tests.integration.api.signing_in import AUTH, PASSWORD, bearing, browser, last_code
from tests.integration.api.test_second_factor import enrolled, totp

from .test_api2_authentication import signed_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    import psycopg
    from fastapi import FastAPI

    from .house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
AT_ONCE = 12


@pytest.fixture
def admin(house: House) -> Iterator[psycopg.Connection]:
    with house.admin() as connection:
        yield connection


@pytest.fixture
def app(house: House) -> FastAPI:
    """An application that has counted no attempt yet."""
    return house.new_app()


async def at_once(caller: httpx.AsyncClient, path: str, body: Any, *, times: int = AT_ONCE) -> Counter[int]:
    """Send the same request many times at once; count the statuses."""
    answers = await asyncio.gather(*[caller.post(path, json=body) for _ in range(times)])
    return Counter(answer.status_code for answer in answers)


async def test_what_works_once_works_once_however_many_come(
    house: House, app: FastAPI, admin: psycopg.Connection
) -> None:
    thandi = await signed_up(house, app, admin, "race")
    secret, backups = await enrolled(thandi)
    shown = {"identifier": "race@example.com", "password": PASSWORD, "keep": "body"}
    async with browser(app) as own:

        async def ticket() -> str:
            return (await own.post(f"{AUTH}/sign-in", json=shown)).json()["ticket"]

        # one code of the app through many tickets: each is a sign-in of its own, the code is one
        tickets = [await ticket() for _ in range(4)]
        code = totp(secret)
        answers = await asyncio.gather(
            *[own.post(f"{AUTH}/second-factor", json={"ticket": each, "code": code}) for each in tickets]
        )
        assert sorted(each.status_code for each in answers) == [200, 401, 401, 401]
        admin.execute("DELETE FROM sign_in_failure")
        # one backup code through many tickets
        tickets = [await ticket() for _ in range(4)]
        answers = await asyncio.gather(
            *[
                own.post(f"{AUTH}/second-factor", json={"ticket": each, "code": backups[0]})
                for each in tickets
            ]
        )
        assert sorted(each.status_code for each in answers) == [200, 401, 401, 401]
        admin.execute("DELETE FROM sign_in_failure")
        # one code that was sent
        asked = (await own.post(f"{AUTH}/codes", json={"identifier": "race@example.com"})).json()
        body = {"code_id": asked["code_id"], "code": last_code(admin), "keep": "body"}
        found = await at_once(own, f"{AUTH}/codes/verify", body, times=5)
        assert (found[200], found[401] + found[429]) == (1, 4)


async def test_a_passkeys_answer_is_taken_once(house: House, app: FastAPI, admin: psycopg.Connection) -> None:
    thandi = await signed_up(house, app, admin, "replayed")
    device = Authenticator()
    async with thandi.client() as own:
        asked = (await own.post("/api/v1/me/passkeys/options")).json()
        body = {
            "challenge_id": asked["challenge_id"],
            "credential": device.create(asked["options"]),
            "name": "P",
        }
        found = await at_once(own, "/api/v1/me/passkeys", body, times=6)
        assert (found[201], found[401]) == (1, 5)
    async with browser(app) as own:
        asked = (await own.post(f"{AUTH}/passkeys/options")).json()
        body = {"challenge_id": asked["challenge_id"], "credential": device.get(asked["options"])}
        assert (await at_once(own, f"{AUTH}/passkeys/verify", body))[200] == 1
        # an answer to a question of a registration is none to one of a sign-in
        async with thandi.client() as mine:
            other = (await mine.post("/api/v1/me/passkeys/options")).json()
        options = {"challenge": other["options"]["challenge"], "rpId": other["options"]["rp"]["id"]}
        crossed = {"challenge_id": other["challenge_id"], "credential": device.get(options)}
        assert (await own.post(f"{AUTH}/passkeys/verify", json=crossed)).status_code == 401


async def test_a_refresh_token_that_comes_many_times_at_once_has_one_successor(
    house: House, app: FastAPI, admin: psycopg.Connection
) -> None:
    thandi = await signed_up(house, app, admin, "rotated")
    token = thandi.tokens["refresh_token"]
    async with browser(app) as own:
        answers = await asyncio.gather(
            *[own.post(f"{AUTH}/refresh", json={"refresh_token": token}) for _ in range(AT_ONCE)]
        )
        assert {answer.status_code for answer in answers} == {200}
        successors = {answer.json()["refresh_token"] for answer in answers}
        assert len(successors) == 1
        live = admin.execute(
            "SELECT count(*) FROM refresh_token JOIN person_session USING (person_session_id)"
            " WHERE person_id = %s AND used_at IS NULL",
            (thandi.person_id,),
        ).fetchone()
        assert live == (1,)
        # the successor and the stolen one at once: one of them ends the session, nobody gets a second line
        answers = await asyncio.gather(
            *[own.post(f"{AUTH}/refresh", json={"refresh_token": each}) for each in (*successors, token) * 4]
        )
        assert {answer.status_code for answer in answers} <= {200, 401}
        left = admin.execute(
            "SELECT count(*) FROM refresh_token JOIN person_session USING (person_session_id)"
            " WHERE person_id = %s AND used_at IS NULL",
            (thandi.person_id,),
        ).fetchone()
        assert left is not None
        assert left[0] <= 1


async def test_a_session_that_ends_takes_every_token_with_it(
    house: House, app: FastAPI, admin: psycopg.Connection
) -> None:
    """Signing out, a new password, a factor taken away by staff: the old tokens are worth nothing at once."""
    thandi = await signed_up(house, app, admin, "ended")
    async with browser(app) as own:
        shown = {"identifier": "ended@example.com", "password": PASSWORD, "keep": "body"}
        tokens = (await own.post(f"{AUTH}/sign-in", json=shown)).json()["tokens"]
        await own.post(f"{AUTH}/sign-out", json={"refresh_token": tokens["refresh_token"]})
        assert (
            await own.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]})
        ).status_code == 401
    async with bearing(app, tokens["access_token"]) as own:
        assert (await own.get("/api/v1/me")).status_code == 401
    # fixation: a refresh cookie that somebody planted is replaced by the sign-in, not kept
    async with browser(app) as own:
        own.cookies.set(
            "mita_refresh", thandi.tokens["refresh_token"], domain="mita.test", path="/api/v1/auth"
        )
        await own.post(f"{AUTH}/sign-in", json={**shown, "keep": "cookie"})
        kept = [each.value for each in own.cookies.jar if each.name == "mita_refresh"]
        assert kept != [thandi.tokens["refresh_token"]]
