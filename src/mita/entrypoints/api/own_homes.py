"""A person's own homes: what the first page needs, in one answer over all estates."""

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.estates.schemas.estates import EstateOut, estate_out
from mita.identity.api.asking import own_person
from mita.identity.domain import Permission
from mita.identity.operations import PersonsOnly
from mita.kit.db import see_estates
from mita.kit.errors import Invalid
from mita.kit.shapes import Id, Shape
from mita.kit.web import edge, needs, refusals
from mita.wallets import queries as wallet_queries
from mita.wallets.api.accounts import shown_wallets
from mita.wallets.domain import RightWord
from mita.wallets.schemas import WalletOut

router = APIRouter(tags=["me"])


class OwnHomeOut(Shape):
    """A unit whose wallet the person has access to."""

    estate: EstateOut
    unit_id: Id
    unit_name: str = Field(examples=["A1"])
    right: RightWord = Field(description="What the access to the wallet allows")
    wallet: WalletOut


class OwnGroupOut(Shape):
    """A group of wallets that the person owns; its wallets show in it, with or without access to them."""

    estate: EstateOut
    group_id: Id
    name: str = Field(examples=["The Mokoenas"])


class OwnHomesOut(Shape):
    """All homes of a person, and the groups that they pay for."""

    items: list[OwnHomeOut]
    groups: list[OwnGroupOut] = Field(description="By estate and group")


@router.get(
    "/me/homes",
    operation_id="list_own_homes",
    summary="List one's own homes with their money, over all estates",
    responses=refusals(PersonsOnly, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_own_homes(request: Request) -> OwnHomesOut:
    """Units whose wallet an access grant opens, by estate and wallet, and one's own groups of wallets.

    A role over an estate adds none, nor does a group: who owns one sees its wallets in the group.
    """
    caller = own_person(request)
    assert caller.person_id is not None, "a person"
    homes = []
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await see_estates(session, estates=await edge(request).estates_of(session, caller))
        opened = await wallet_queries.opened_wallets(session, person_id=caller.person_id)
        for estate_id, rights in opened.items():
            homes += await _homes_in(session, estate_id=estate_id, rights=rights)
        groups = await _groups(session, person_id=caller.person_id)
    return OwnHomesOut(items=homes, groups=groups)


async def _groups(session: AsyncSession, *, person_id: int) -> list[OwnGroupOut]:
    rows = await wallet_queries.groups_of_person(session, person_id=person_id)
    return [
        OwnGroupOut(
            # read once for each estate: the session knows it then
            estate=estate_out(await estate_queries.estate(session, estate_id=row.estate_id)),
            group_id=row.group_id,
            name=row.name,
        )
        for row in rows
    ]


async def _homes_in(
    session: AsyncSession, *, estate_id: int, rights: dict[int, RightWord]
) -> list[OwnHomeOut]:
    estate = estate_out(await estate_queries.estate(session, estate_id=estate_id))
    rows = await wallet_queries.wallets(session, estate_id=estate_id, wallet_ids=list(rights))
    units = await estate_queries.units(session, estate_id=estate_id, unit_ids=[row.unit_id for row in rows])
    names = {unit.unit_id: unit.name for unit in units}
    return [
        OwnHomeOut(
            estate=estate,
            unit_id=wallet.unit_id,
            # an archived unit has no name any more, but its money is there
            unit_name=names.get(wallet.unit_id, f"{wallet.unit_id}"),
            right=rights[wallet.wallet_id],
            wallet=wallet,
        )
        for wallet in await shown_wallets(session, estate_id=estate_id, rows=rows)
    ]
