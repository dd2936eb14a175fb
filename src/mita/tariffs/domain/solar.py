"""Solar credits: what installations give their homes for a month, by capacity. Pure."""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from mita.kit.money import MICRO

from .remainder import share_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

K = TypeVar("K", int, str)

CENT_MICRO = 10_000  # a penny, a cent
WHOLE_SHARE = MICRO


class BadShares(ValueError):
    """Shares of an installation that are below zero or sum to more than one."""


@dataclass(frozen=True, slots=True)
class Installation(Generic[K]):
    """Panels that one or several homes have a share in; without capacity or price they credit nothing.

    ``capacity_micro`` in millionths of a kW, ``price_micro`` per kW and year, ``shares`` parts of ``whole``.
    ``days`` of the month count, None for all of them.
    """

    capacity_micro: int | None
    price_micro: int | None
    shares: Mapping[K, int]
    whole: int = WHOLE_SHARE
    days: int | None = None


def month_credit_micro(
    *, capacity_micro: int | None, price_micro: int | None, year: int, month: int, days: int | None = None
) -> int:
    """Return what an installation is credited for a month, or ``days`` of it, truncated to a whole cent.

    capacity x price of a year x days / days of the year; nothing without capacity or price.
    """
    if not capacity_micro or not price_micro:
        return 0
    counted = monthrange(year, month)[1] if days is None else days
    year_days = 366 if isleap(year) else 365
    return capacity_micro * price_micro * counted // (year_days * MICRO * CENT_MICRO) * CENT_MICRO


def month_credits(installations: Iterable[Installation[K]], *, year: int, month: int) -> dict[K, int]:
    """Return each home's credit of a month in millionths, whole cents, summed over all installations.

    An installation's cents are shared by largest remainder, ties by home: none is lost. A part of the shares
    that is missing to one stays with nobody.

    :raises BadShares: if an installation's shares are below zero or sum to more than one
    """
    credits_micro: dict[K, int] = {}
    for each in installations:
        rest = each.whole - sum(each.shares.values())
        if rest < 0 or any(share < 0 for share in each.shares.values()):
            raise BadShares("the shares of an installation are 0 to 1 each, and at most 1 together")
        credit = month_credit_micro(
            capacity_micro=each.capacity_micro,
            price_micro=each.price_micro,
            year=year,
            month=month,
            days=each.days,
        )
        for home, cents in share_out(credit // CENT_MICRO, weights=each.shares, rest=rest).items():
            credits_micro[home] = credits_micro.get(home, 0) + cents * CENT_MICRO
    return dict(sorted(credits_micro.items()))
