"""A process that books until it is killed, and writes down each journal that the ledger acknowledged.

``python -m tests.integration.ledger.booking URL ESTATE FILE ROUND ACCOUNT ACCOUNT…``
"""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from itertools import count

from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.desk import Desk
from mita.ledger import operations as ledger
from mita.ledger.operations import Order, StaleHeads

from .writing import Charge, charge

CLIENTS = 4


async def book(url: str, estate_id: int, path: str, turn: str, account_ids: list[int]) -> None:
    database = Database(url)
    desk = Desk(database, contention=(StaleHeads,))
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def acknowledged(journal_id: object) -> None:
        # one write of a whole line, on the disk before the next order
        os.write(file, f"{journal_id}\n".encode())
        os.fsync(file)

    async def transfers(client: int) -> None:
        for number in count():
            sides = account_ids[(client + number) % 4], account_ids[(client + number + 1) % 4]
            order = Order(1, "crash", f"{turn}-{client}-{number}", "system:test")
            work = partial(
                ledger.transfer,
                estate_id=estate_id,
                from_id=sides[0],
                to_id=sides[1],
                order=order,
                now=now_utc(),
            )
            booked = await desk.run(estate_id, work)
            acknowledged(booked.journal_id)

    async def charges() -> None:
        attempts = 0
        while True:
            attempts += 1
            try:
                async with database.unit_of_work(estates=[estate_id]) as session:
                    journal_id = await charge(
                        session,
                        estate_id=estate_id,
                        charges=[Charge(account_id, 8, now_utc()) for account_id in account_ids[:4]],
                        income=account_ids[4],
                        tax=None,
                        now=now_utc(),
                        lock=attempts > 2,
                    )
            except StaleHeads:
                continue
            attempts = 0
            acknowledged(journal_id)

    await asyncio.gather(charges(), *(transfers(client) for client in range(CLIENTS)))


if __name__ == "__main__":
    _, url, estate_id, path, turn, *account_ids = sys.argv
    asyncio.run(book(url, int(estate_id), path, turn, [int(each) for each in account_ids]))
