"""A cashier's wrong top-up, undone: the money goes where it belongs, the mistake stays in the books."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mita.charging import operations as charging
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.operations import AlreadyReversed, Order
from mita.wallets import queries as wallet_queries
from tests.integration.world import NOW, World, at, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database

RULE = Rule("electricity", is_cutting=True, low_micro=20_000_000, cut_micro=0, restore_micro=5_000_000)


async def account_of(world: World, unit: int) -> int:
    async with world.unit_of_work() as session:
        (account,) = await wallet_queries.accounts(
            session, estate_id=world.estate_id, unit_ids=[world.unit_ids[unit]], utility="electricity"
        )
        return account.account_id


async def commands_of(world: World, unit: int) -> list[str]:
    async with world.unit_of_work() as session:
        found = await credit_queries.commands(
            session, estate_id=world.estate_id, unit_id=world.unit_ids[unit]
        )
    return [command.action for command in reversed(found)]


async def test_a_wrong_top_up_is_undone(database: Database) -> None:
    # given two units, both with a little money, and meters that talk
    world = await new_world(database, meters=2)
    for unit in range(2):
        await world.top_up("30.00", key=f"first-{unit}", unit=unit)
    await world.set_rule(RULE)
    await world.charge([("M1", at(0), "0"), ("M2", at(0), "0")])

    # when the cashier books 200 of the second unit's resident to the first
    assert await world.top_up("200.00", key="slip-7", unit=0) == 230_000_000
    # and the first unit uses 100 kWh of it (230.00), while the second runs dry and is cut
    await world.charge([("M1", at(5), "95"), ("M2", at(5), "14")])
    assert await world.balances() == [11_500_000, -2_200_000]
    assert await commands_of(world, 1) == ["off"]

    # then the supervisor reverses the one entry, with a reason, and books it where it belongs
    wrong = await account_of(world, 0)
    later = NOW + timedelta(hours=2)
    async with world.unit_of_work() as session:
        undone = await charging.reverse(
            session,
            estate_id=world.estate_id,
            account_id=wrong,
            seq=2,
            reason="Slip 7 was for unit 2",
            actor="staff:supervisor",
            now=later,
        )
    await world.top_up("200.00", key="slip-7-again", unit=1, now=later)

    # and the first unit owes what it used and is cut; the second has its light back
    assert await world.balances() == [-188_500_000, 197_800_000]
    assert await commands_of(world, 0) == ["off"]
    assert await commands_of(world, 1) == ["off", "on"]

    # and nobody can undo it twice, from either side, nor undo the undoing
    async with world.unit_of_work() as session:
        clearing = (
            await ledger_queries.account_codes(session, estate_id=world.estate_id, codes=["clearing:cash"])
        )["clearing:cash"]
        top_up = await ledger_queries.entry(session, estate_id=world.estate_id, account_id=wrong, seq=2)
    for account_id, seq in ((wrong, 2), (clearing.account_id, 3)):
        with pytest.raises(AlreadyReversed):
            async with world.unit_of_work() as session:
                await charging.reverse(
                    session,
                    estate_id=world.estate_id,
                    account_id=account_id,
                    seq=seq,
                    reason="again",
                    actor="staff:cashier",
                    now=later,
                )
    with pytest.raises(ledger.NotReversible):
        async with world.unit_of_work() as session:
            await charging.reverse(
                session,
                estate_id=world.estate_id,
                account_id=wrong,
                seq=undone.seqs[wrong],
                reason="it was right after all",
                actor="staff:cashier",
                now=later,
            )

    # and the cash in the drawer is what the books say: 60 and 200 once
    async with world.unit_of_work() as session:
        banked = await ledger.bank_clearing(
            session,
            estate_id=world.estate_id,
            method="cash",
            order=Order(260_000_000, "Deposit slip 88", "bank-1", "staff:supervisor"),
            is_incoming=True,
            now=later,
        )
    assert banked.balances_micro[clearing.account_id] == 0
    assert top_up.amount_micro == 200_000_000, "the mistake is still there to be seen"
    assert await world.verified()
