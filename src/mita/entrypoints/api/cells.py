"""What a row of the page says, cell by cell: the template prints it and the browser patches it. Pure."""

from datetime import datetime
from typing import Any

from mita.entrypoints.api.overview import UnitView
from mita.kit.money import format_cents
from mita.kit.shapes import show_instant
from mita.metering.domain import BASE_UNIT
from mita.wallets.domain import Standing

_UNITS_SHOWN = {"kWh": "kWh", "m3": "m³"}
NAMES = {
    "electricity": "Electricity",
    "water": "Water",
    "hot_water": "Hot water",
    "gas": "Gas",
    "solar": "Solar",
}
_MINUS = "\N{MINUS SIGN}"
_ICONS = {"ok": "●", "low": "▲", "out": "■", "asked": "◐"}
_DEFAULT_COLUMNS = ("electricity", "water")

Cell = dict[str, str]


def _cell(text: str, *, tone: str, icon: str = "", word: str = "", at: str = "", age: str = "") -> Cell:
    return {"text": text, "tone": tone, "icon": icon, "word": word, "at": at, "age": age}


def shown_money(amount_micro: int) -> str:
    """Return micro-money with two decimals and thousands apart, as people read it."""
    return _grouped(format_cents(amount_micro))


def shown_value(value_micro: int, *, utility: str) -> str:
    """Return a register's value with three decimals, cut and not rounded, as a meter shows it."""
    whole, rest = divmod(value_micro // 1000, 1000)
    unit = BASE_UNIT[utility]
    return f"{_grouped(f'{whole}.{rest:03d}')} {_UNITS_SHOWN[unit]}"


def _grouped(text: str) -> str:
    sign, digits = (_MINUS, text[1:]) if text.startswith("-") else ("", text)
    whole, _, decimals = digits.partition(".")
    return f"{sign}{int(whole):,}.{decimals}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def shown_age(instant: datetime, *, now: datetime) -> str:
    """Return how long ago an instant was, in the words that the browser uses too."""
    seconds = max(int((now - instant).total_seconds()), 0)
    for limit, divisor, word in ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds // divisor} {word} ago"
    return f"{seconds // 86_400} days ago"


def columns_of(views: list[UnitView]) -> list[str]:
    """Return the utilities that get a balance column: those that any unit has."""
    have = {utility for view in views for utility in view.accounts}
    return [utility for utility in NAMES if utility in have] or list(_DEFAULT_COLUMNS)


def cells_of(view: UnitView, *, columns: list[str], now: datetime) -> dict[str, Cell]:
    """Return a unit's cells by key: a balance for each utility, the newest reading, the supply."""
    cells = {f"balance-{utility}": _balance(view, utility=utility) for utility in columns}
    return {**cells, "reading": _reading(view, now=now), "supply": supply_cell(view)}


def _balance(view: UnitView, *, utility: str) -> Cell:
    account = view.accounts.get(utility)
    if account is None:
        return _cell("no account", tone="none")
    info, balance_micro = account
    tone = {Standing.IN_CREDIT: "ok", Standing.LOW: "low", Standing.OUT: "out"}[info.standing]
    if info.standing is Standing.IN_CREDIT:
        return _cell(shown_money(balance_micro), tone=tone)
    word = "low" if info.standing is Standing.LOW else "used up"
    return _cell(shown_money(balance_micro), tone=tone, icon=_ICONS[tone], word=word)


def general_cell(view: UnitView) -> Cell | None:
    """Return the balance of a unit's general account where it says something: several utilities, or money."""
    if view.general is None or (len(view.accounts) == 1 and view.general[1] == 0):
        return None
    return _cell(shown_money(view.general[1]), tone="ok" if view.general[1] >= 0 else "out")


def _reading(view: UnitView, *, now: datetime) -> Cell:
    if not view.readings:
        return _cell("no reading yet", tone="none")
    utility, (taken_at, value_micro) = max(view.readings.items(), key=lambda each: each[1][0])
    return _cell(
        shown_value(value_micro, utility=utility),
        tone="plain",
        at=show_instant(taken_at),
        age=shown_age(taken_at, now=now),
    )


def supply_cell(view: UnitView, *, utility: str | None = None) -> Cell:
    """Return the state of a unit's supply, of one utility or the worst of all, as word and icon."""
    utilities = [utility] if utility else list(view.accounts)
    off = [each for each in utilities if each in view.supplies and not view.supplies[each].is_on]
    asked = [each for each in utilities if each in view.commands]
    for each in asked:
        word = "Cut asked" if view.commands[each].action == "off" else "Return asked"
        return _cell(word, tone="asked", icon=_ICONS["asked"], word=_which(each, utility))
    if off:
        return _cell("Off", tone="out", icon=_ICONS["out"], word=_which(off[0], utility))
    return _cell("On", tone="ok", icon=_ICONS["ok"])


def _which(found: str, asked_for: str | None) -> str:
    return "" if asked_for else NAMES[found].lower()


def totals_of(views: list[UnitView]) -> dict[str, Any]:
    """Return what the header of an estate counts over its units."""
    balances = [balance for view in views for _, balance in view.accounts.values()]
    balances += [view.general[1] for view in views if view.general is not None]
    off = sum(1 for view in views for supply in view.supplies.values() if not supply.is_on)
    low = sum(1 for view in views if view.worst_standing is not Standing.IN_CREDIT)
    return {"units": str(len(views)), "balance": shown_money(sum(balances)), "off": str(off), "low": str(low)}
