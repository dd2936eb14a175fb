"""What features beside charging say of the entries that they made, where an entry is explained."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mita.charging.domain.causes import CREDITED_AGAIN, SETTLED_AGAIN
from mita.charging.domain.explained import EntryPart, LaterCorrection, PanelsPart, Totals
from mita.kit.clock import from_us
from mita.kit.zones import next_month
from mita.ledger.domain import EntryKind
from mita.sharing import operations as sharing
from mita.sharing.domain import NOTHING, share_lines, sharing_sentences
from mita.solar import operations as solar
from mita.solar.domain import credit_sentences, days_of_year, worth
from mita.tariffs.domain import local_midnight_s
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.explained import Explained
    from mita.sharing.domain import MemberMonth, ShareLine


async def explain_sharing(
    session: AsyncSession, *, estate_id: int, wallet_id: int, utility: str, told: Explained
) -> Explained:
    """Say what a member's month consists of, and what was booked of it before."""
    (account,) = await wallet_queries.accounts(
        session, estate_id=estate_id, wallet_ids=[wallet_id], utility=utility
    )
    month = await sharing.explain_shared(
        session, estate_id=estate_id, account_id=account.account_id, seq=told.seq
    )
    if month is None:
        return told
    begins = _begins(month.month, zone=told.zone)
    parts = [*_parts(month.taken_back, is_taken_back=True), *_parts(month.lines, is_taken_back=False)]
    old, new = _totals(month.old), _totals(month.new)
    is_first = month.old == NOTHING
    return replace(
        told,
        subject="sharing",
        start=begins,
        end=_begins(month.until_on, zone=told.zone),
        cause="" if is_first else SETTLED_AGAIN,
        total=_less(new, old),
        old=None if is_first else old,
        new=None if is_first else new,
        parts=tuple(parts),
        later=tuple(
            LaterCorrection(
                each.seq, SETTLED_AGAIN, begins, _totals(each.old), _totals(each.new), each.booked_at
            )
            for each in month.later
        ),
        sentences=tuple(sharing_sentences(month)),
        group=month.group,
        used_micro=month.new.consumption_micro,
    )


async def explain_solar_credit(
    session: AsyncSession, *, estate_id: int, wallet_id: int, utility: str, told: Explained
) -> Explained:
    """Say what each installation credits, and what was booked of the month before."""
    (account,) = await wallet_queries.accounts(
        session, estate_id=estate_id, wallet_ids=[wallet_id], utility=utility
    )
    credit = await solar.explain_credit(
        session, estate_id=estate_id, account_id=account.account_id, seq=told.seq
    )
    if credit is None:
        return told
    begins = _begins(credit.month, zone=told.zone)
    old, new = Totals(0, -credit.old_micro, 0), Totals(0, -worth(credit.parts), 0)
    parts = [
        EntryPart(
            part.name,
            "",
            Totals(0, -part.credit_micro, 0),
            is_taken_back=False,
            panels=PanelsPart(
                part.capacity_micro, part.price_micro, part.days, days_of_year(credit.month), part.share_micro
            ),
        )
        for part in credit.parts
    ]
    if credit.old_micro:
        parts.insert(0, EntryPart("booked_before", "", Totals(0, credit.old_micro, 0), is_taken_back=True))
    return replace(
        told,
        subject="solar_credit",
        start=begins,
        end=_begins(next_month(credit.month), zone=told.zone),
        cause=CREDITED_AGAIN if credit.old_micro else "",
        total=_less(new, old),
        old=old if credit.old_micro else None,
        new=new if credit.old_micro else None,
        parts=tuple(parts),
        later=tuple(
            LaterCorrection(
                each.seq,
                CREDITED_AGAIN,
                begins,
                Totals(0, -each.old_micro, 0),
                Totals(0, -each.new_micro, 0),
                each.booked_at,
            )
            for each in credit.later
        ),
        sentences=tuple(credit_sentences(credit)),
    )


EXPLAINERS_BY_KIND = {
    EntryKind.SHARING.shown: explain_sharing,
    EntryKind.SOLAR_CREDIT.shown: explain_solar_credit,
}


def _begins(day: date, *, zone: ZoneInfo) -> datetime:
    return from_us(local_midnight_s(day, zone=zone) * 1_000_000)


def _parts(lines: list[ShareLine], *, is_taken_back: bool) -> list[EntryPart]:
    return [
        EntryPart(
            each.what,
            each.role,
            Totals(each.quantity_micro, each.paid.net_micro, each.paid.tax_micro),
            is_taken_back,
        )
        for each in lines
    ]


def _totals(month: MemberMonth) -> Totals:
    """Return what a month comes to; the quantity is what the roof covered."""
    paid = [each.paid for each in share_lines(month)]
    return Totals(
        month.allocated_micro, sum(each.net_micro for each in paid), sum(each.tax_micro for each in paid)
    )


def _less(new: Totals, old: Totals) -> Totals:
    return Totals(
        new.quantity_micro - old.quantity_micro,
        new.net_micro - old.net_micro,
        new.tax_micro - old.tax_micro,
    )
