"""What a wallet pays for and whether it is on: a route that looks into several features at once."""

from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from mita.credit import queries as credit_queries
from mita.credit.domain import Cause, Rule
from mita.credit.schemas import CauseWord, CommandState
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Instant, Money, Shape, UtilityWord, money
from mita.kit.web import Asking, EstateId, Session, needs, refusals
from mita.ledger import queries as ledger_queries
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import GENERAL, Right
from mita.wallets.operations import RightMissing, require_right

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.credit.models import Supply, SupplyCommand, SupplyStop

router = APIRouter(tags=["credit"])


class WhyOff(Shape):
    """One cause that keeps the supply off, or will from ``due_at`` on."""

    cause: CauseWord
    reason: str = Field(examples=["the balance is used up"])
    since: Instant
    due_at: Instant = Field(description="Later than now while friendly hours put it off")
    until: Instant | None = Field(description="When it ends by itself")


class WalletSupply(Shape):
    """A utility of a wallet: whether it is on, what is on its way, what keeps it off, what brings it back."""

    utility: UtilityWord
    is_on: bool = Field(description="By the device's own word; a supply never switched is on")
    since: Instant | None = Field(description="Of that word; null where nothing was ever switched")
    asked: Literal["off", "on"] | None = Field(description="Asked for, and not confirmed yet")
    asked_state: CommandState | None
    stops: list[WhyOff]
    is_cutting: bool = Field(description="Whether the supply goes off when the money is gone")
    low_line: Money
    cut_line: Money
    restore_line: Money
    to_restore: Money | None = Field(
        description="What this utility lacks for the supply to return; null where money alone does not help"
    )
    token_meter_ids: list[Id] = Field(
        description="Meters of it that count money themselves and take tokens", examples=[[]]
    )


class WalletSupplies(Shape):
    """Every utility of a wallet."""

    items: list[WalletSupply]


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/supplies",
    operation_id="list_wallet_supplies",
    summary="List whether a wallet's utilities are on, and what brings them back",
    responses=refusals(NotFound, RightMissing, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def list_wallet_supplies(
    session: Session, asking: Asking, estate_id: EstateId, wallet_id: Id
) -> WalletSupplies:
    """For whoever may view the wallet; what is on its way counts only when the device says so."""
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=asking, right=Right.VIEW)
    wallet = await wallet_queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    found = await supplies_of(session, estate_id=estate_id, unit_ids=[wallet.unit_id])
    return WalletSupplies(items=found[wallet.unit_id])


async def supplies_of(
    session: AsyncSession, *, estate_id: int, unit_ids: "Sequence[int]"
) -> dict[int, list[WalletSupply]]:
    """Return what each unit's wallet pays for, in the order of its accounts, by unit."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=unit_ids)
    paid = [each for each in accounts if each.utility != GENERAL]
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in paid]
    )
    of_units: dict[str, Any] = {"estate_id": estate_id, "unit_ids": unit_ids}
    known = await credit_queries.supplies(session, **of_units)
    asked = await credit_queries.open_commands_of(session, **of_units)
    stops = await credit_queries.stops(session, **of_units)
    token_meters = await credit_queries.token_meters(session, **of_units)
    rules = {
        utility: await credit_queries.rule(session, estate_id=estate_id, utility=utility)
        for utility in {each.utility for each in paid}
    }
    found: dict[int, list[WalletSupply]] = {unit_id: [] for unit_id in unit_ids}
    for account in paid:
        key = (account.unit_id, account.utility)
        found[account.unit_id].append(
            _supply_out(
                rules[account.utility],
                supply=known.get(key),
                stops=[each for each in stops if (each.unit_id, each.utility) == key],
                asked=asked.get(key),
                token_meter_ids=token_meters.get(key, []),
                balance_micro=balances[account.account_id],
                currency=estate.currency,
            )
        )
    return found


def _supply_out(
    rule: Rule,
    *,
    supply: "Supply | None",
    stops: "Sequence[SupplyStop]",
    asked: "SupplyCommand | None",
    token_meter_ids: list[int],
    balance_micro: int,
    currency: str,
) -> WalletSupply:
    short_micro = _short_micro(
        rule, causes={Cause(each.cause) for each in stops}, balance_micro=balance_micro
    )
    return WalletSupply.model_validate(
        {
            "utility": rule.utility,
            "is_on": supply is None or supply.is_on,
            "since": None if supply is None else supply.since,
            "asked": None if asked is None else asked.action,
            "asked_state": None if asked is None else asked.state,
            "stops": [WhyOff.model_validate(each, from_attributes=True) for each in stops],
            "is_cutting": rule.is_cutting,
            "low_line": money(rule.low_micro, currency=currency),
            "cut_line": money(rule.cut_micro, currency=currency),
            "restore_line": money(rule.restore_micro, currency=currency),
            "to_restore": None if short_micro is None else money(short_micro, currency=currency),
            "token_meter_ids": token_meter_ids,
        }
    )


def _short_micro(rule: Rule, *, causes: set[Cause], balance_micro: int) -> int | None:
    """Return how much micro-money is missing to the restore line, where that alone brings the supply back."""
    if causes != {Cause.BALANCE}:
        return None
    return max(0, rule.restore_micro - balance_micro)
