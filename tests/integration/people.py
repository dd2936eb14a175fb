"""Persons for tests, and who is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.identity import operations as identity
from mita.identity.domain import Principal
from mita.wallets import operations as wallets
from mita.wallets.domain import Access, Right
from tests.integration.world import NOW

if TYPE_CHECKING:
    from uuid import UUID

    from mita.kit.db import Database
    from tests.integration.world import World

STAFF = Principal("test")


async def new_person(database: Database, name: str) -> Principal:
    """Make a person; return them as a caller."""
    async with database.unit_of_work(estates=[]) as session:
        row = await identity.create_person(session, name=name, email=None, phone=None, now=NOW)
    return Principal(name, row.person_id)


async def give(
    world: World,
    person: Principal,
    *,
    wallet_id: int,
    right: Right = Right.VIEW,
    by: Principal = STAFF,
    limit: int | None = None,
) -> UUID:
    """Let a person have access to a wallet; return the grant's id."""
    assert person.person_id is not None
    async with world.unit_of_work() as session:
        row = await wallets.grant_access(
            session,
            estate_id=world.estate_id,
            wallet_id=wallet_id,
            person_id=person.person_id,
            access=Access(right, limit),
            caller=by,
            now=NOW,
        )
        return row.grant_id


async def wallet_ids(world: World) -> list[int]:
    """Return the wallets of the estate in the order of its units."""
    from mita.wallets import queries

    async with world.unit_of_work() as session:
        return [row.wallet_id for row in await queries.wallets(session, estate_id=world.estate_id)]
