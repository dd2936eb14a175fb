"""The demo's estates grown for a benchmark: many units with meters, prices, readings, money, and users."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from mita.entrypoints.bench.charge import live_batches, new_estate
from mita.entrypoints.bench.users import User
from mita.entrypoints.demo.places import OAK_GARDENS, WILLOW_CREEK
from mita.entrypoints.lane import Lane
from mita.identity import operations as identity
from mita.identity.domain import Principal, Role, RolePlace
from mita.kit.clock import now_utc
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Access, Right

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

_NAMES = (WILLOW_CREEK.name, OAK_GARDENS.name)
# of all units, as in the demo about
_SHARES = (40, 60)
_ROUNDS = 12
_BATCH = 10_000
_LINES = 1_000
_MONEY_MICRO = 500_000_000
# of a hundred users
_STAFF, _GATEWAYS = 20, 5
_HOMES_OF_STAFF = 50
_SERIALS = 20
_BACK_S = 6 * 3_600


async def grow(
    database: Database, *, units: int, users: int, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Make the estates; return the users as the driver takes them, residents of both estates among them."""
    made: list[User] = []
    for name, share in zip(_NAMES, _SHARES, strict=True):
        tell(f"Growing {name}…")
        count = max(2, units * share // 100)
        estate_id, serials = await new_estate(database, name=name, meters=count)
        await _charge(database, estate_id, serials)
        accounts = await _fund(database, estate_id)
        made += await _users(database, estate_id, serials, accounts, count=max(3, users * share // 100))
    return [asdict(each) for each in made]


async def _charge(database: Database, estate_id: int, serials: list[str]) -> None:
    lane = Lane(database, estate_id=estate_id)
    start_s = int(now_utc().timestamp()) // 1_800 * 1_800 - _BACK_S - 900
    batches = live_batches(
        serials, start_s=start_s, first_round=0, readings=len(serials) * _ROUNDS, batch=_BATCH
    )
    for batch in batches:
        await lane.charge(batch, now=now_utc())


async def _fund(database: Database, estate_id: int) -> list[tuple[int, int]]:
    """Put money on every wallet's electricity account; return wallets and their units."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        accounts = await wallet_queries.accounts(session, estate_id=estate_id, utility="electricity")
    for first in range(0, len(accounts), _LINES):
        async with database.unit_of_work(estates=[estate_id]) as session:
            some = [account.account_id for account in accounts[first : first + _LINES]]
            await _top_up(session, estate_id=estate_id, account_ids=some)
    return [(account.wallet_id, account.unit_id) for account in accounts]


async def _top_up(session: AsyncSession, *, estate_id: int, account_ids: Sequence[int]) -> None:
    code = "clearing:eft"
    clearing = await ledger.open_accounts(session, estate_id=estate_id, codes=[code], currency="ZAR")
    lines = [Line(each, _MONEY_MICRO, EntryKind.TOP_UP) for each in account_ids]
    lines.append(Line(clearing[code], -_MONEY_MICRO * len(account_ids), EntryKind.CLEARING))
    movement = Movement(JournalKind.TOP_UP, lines, "bench", "")
    await ledger.book(session, estate_id=estate_id, movement=movement, now=now_utc())


async def _users(
    database: Database, estate_id: int, serials: list[str], homes: list[tuple[int, int]], *, count: int
) -> list[User]:
    """Make people: staff with a role in the estate, its gateways with the same, the rest residents."""
    staff, gateways = max(1, count * _STAFF // 100), max(1, count * _GATEWAYS // 100)
    kinds = ["staff"] * staff + ["gateway"] * gateways + ["resident"] * (count - staff - gateways)
    async with database.unit_of_work(estates=[estate_id]) as session:
        found = []
        for place, kind in enumerate(kinds):
            # spread over the estate, so that nobody shares what is near in the tables
            first = place * len(homes) // len(kinds)
            own = [homes[first]] if kind == "resident" else homes[first : first + _HOMES_OF_STAFF]
            token = await _person(session, kind, estate_id=estate_id, wallet_id=own[0][0])
            wallet_ids, unit_ids = [wallet_id for wallet_id, _ in own], [unit_id for _, unit_id in own]
            sends = serials[first : first + _SERIALS] if kind == "gateway" else []
            words = serials[first : first + _HOMES_OF_STAFF]
            found.append(User(kind, token, estate_id, wallet_ids, unit_ids, words, sends))
    return found


async def _person(session: AsyncSession, kind: str, *, estate_id: int, wallet_id: int) -> str:
    """Make a person who may do what their kind does; return their token."""
    now = now_utc()
    person = await identity.create_person(session, name=f"Bench {kind}", email=None, phone=None, now=now)
    if kind == "resident":
        await wallets.grant_access(
            session,
            estate_id=estate_id,
            wallet_id=wallet_id,
            person_id=person.person_id,
            access=Access(Right.MANAGE),
            caller=Principal("bench"),
            now=now,
        )
    else:
        await identity.grant_role(
            session,
            person_id=person.person_id,
            role=Role.MANAGING_AGENT,
            place=RolePlace(estate_id=estate_id),
            until=None,
            actor="bench",
            now=now,
        )
    return await identity.issue_person_token(session, person_id=person.person_id, now=now)
