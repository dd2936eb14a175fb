"""The charges of a rate table document, whatever their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .kinds import (
    CARRIED,
    DAY,
    DEFAULT_REGISTER,
    EXPORT,
    KVA,
    KW,
    MONTH,
    PAID,
    Charge,
    DemandCharge,
    FixedCharge,
    MinimumCharge,
    NettingCharge,
    UsageCharge,
    demand_register,
)
from .problems import did_you_mean, fields, key_path, shown
from .scalars import read_decimal, read_flag, read_month_day, read_register, read_text, read_word
from .usage import PRICE_UNITS_MAX, USAGE_KEYS, read_usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .problems import Path, Report
    from .times_of_use import Frame

CHARGES_MAX = 50
AMOUNT_UNITS_MAX = 1_000_000_000
# what has power: its base unit is kWh
POWER_UTILITIES = ("electricity", "solar")
INTERVAL_MINUTES = tuple(minutes for minutes in range(1, 61) if 60 % minutes == 0)
KIND_KEYS = {
    "usage": USAGE_KEYS,
    "fixed": ("name", "kind", "per", "price", "while_off"),
    "demand": ("name", "kind", "register", "interval_minutes", "unit", "price", "when"),
    "minimum": ("name", "kind", "per", "price"),
    "netting": ("name", "kind", "surplus", "carried_until", "surplus_price"),
}
REQUIRED_KEYS = {
    "usage": ("name",),
    "fixed": ("name", "per", "price"),
    "demand": ("name", "interval_minutes", "unit", "price"),
    "minimum": ("name", "price"),
    "netting": ("name", "surplus_price"),
}


def read_charges(
    report: Report, value: Any, *, frame: Frame | None, utility: str | None
) -> tuple[Charge, ...]:
    """Return the charges of a document; ``frame`` is None if its seasons or clocks are broken themselves."""
    if not isinstance(value, list):
        if value != ():
            report.add(("charges",), "wrong_type", f"expected a list of charges, found {shown(value)}")
        return ()
    if not 1 <= len(value) <= CHARGES_MAX:
        report.add(("charges",), "out_of_range", f"{len(value)} charges; write 1 to {CHARGES_MAX}")
        return ()
    charges = [
        _read_charge(report, each, path=("charges", index), frame=frame) for index, each in enumerate(value)
    ]
    _check_together(report, charges)
    if utility is not None and utility not in POWER_UTILITIES:
        _refuse_power(report, charges, utility=utility)
    return tuple(charge for charge in charges if charge is not None)


def _read_kind(report: Report, value: Any, *, path: Path) -> str | None:
    if not isinstance(value, dict):
        report.add(path, "wrong_type", f"expected a charge with name, kind and price, found {shown(value)}")
        return None
    kind = value.get("kind")
    if isinstance(kind, str) and kind in KIND_KEYS:
        return kind
    if "kind" in value:
        message = f"{shown(kind)} is no kind of charge; {did_you_mean(kind, KIND_KEYS)}"
        report.add((*path, "kind"), "unknown_kind", message)
    else:
        report.add(path, "missing_key", f'"kind" is missing; write one of {", ".join(KIND_KEYS)}')
    return None


def _read_charge(report: Report, value: Any, *, path: Path, frame: Frame | None) -> Charge | None:
    kind = _read_kind(report, value, path=path)
    if kind is None:
        return None
    fields(report, value, path=path, known=KIND_KEYS[kind], required=REQUIRED_KEYS[kind])
    name = read_text(report, value["name"], path=(*path, "name")) if "name" in value else None
    match kind:
        case "usage":
            return read_usage(report, value, name=name, path=path, frame=frame)
        case "demand":
            return _read_demand(report, value, name=name, path=path, frame=frame)
        case "fixed":
            return _read_fixed(report, value, name=name, path=path)
        case "netting":
            return _read_netting(report, value, name=name, path=path)
        case _:
            return _read_minimum(report, value, name=name, path=path)


def _check_together(report: Report, charges: list[Charge | None]) -> None:
    """Report charges that cannot stand side by side."""
    names: dict[str, int] = {}
    firsts: dict[type[Charge], int] = {}
    for index, charge in enumerate(charges):
        if charge is None:
            continue
        if charge.name in names:
            message = f"charges[{names[charge.name]}] is called {shown(charge.name)} too"
            cure = "lines of a bill are told apart by the charge's name, so give it another one"
            report.add(("charges", index, "name"), "duplicate_name", f"{message}; {cure}")
        names.setdefault(charge.name, index)
        before = firsts.setdefault(type(charge), index)
        if isinstance(charge, MinimumCharge) and before < index:
            message = f"charges[{before}] is a minimum already; a table has one, keep the higher"
            report.add(("charges", index), "second_minimum", message)
        if isinstance(charge, NettingCharge) and before < index:
            message = f"charges[{before}] takes the export off already; a table does it once, keep one"
            report.add(("charges", index), "second_netting", message)
    if NettingCharge in firsts:
        _check_netting(report, charges, at=firsts[NettingCharge])


def _check_netting(report: Report, charges: list[Charge | None], *, at: int) -> None:
    """Report what cannot stand beside a netting: no import to take off from, or export that is paid too."""
    usage = [
        (index, charge)
        for index, charge in enumerate(charges)
        if charge is not None and isinstance(charge, UsageCharge)
    ]
    if None not in charges and all(charge.register != DEFAULT_REGISTER for _, charge in usage):
        message = "there is nothing to take the export off; add a usage charge on the register import"
        report.add(("charges", at), "nothing_to_net", message)
    for index, charge in usage:
        is_paid = any(block.price_micro for rule in charge.rules for block in rule.blocks)
        if charge.register == EXPORT and is_paid:
            message = f"charges[{at}] takes the export off the import, so it would be credited twice"
            cure = "leave this charge out, or the netting; surplus is paid at surplus_price"
            report.add(("charges", index), "credited_twice", f"{message}; {cure}")


def _refuse_power(report: Report, charges: list[Charge | None], *, utility: str) -> None:
    for index, charge in enumerate(charges):
        if isinstance(charge, NettingCharge):
            message = f"netting takes kWh off kWh, and nobody feeds in {utility}; leave the charge out"
            report.add(("charges", index), "no_power", message)
        if isinstance(charge, DemandCharge):
            message = f"power is priced, and a register of {utility} counts m3; leave the charge out"
            report.add(("charges", index, "unit"), "no_power", message)


def _read_fixed(
    report: Report, found: Mapping[str, Any], *, name: str | None, path: Path
) -> FixedCharge | None:
    per = read_word(report, found["per"], path=(*path, "per"), words=(DAY, MONTH)) if "per" in found else None
    price = _read_amount(report, found["price"], path=(*path, "price")) if "price" in found else None
    while_off = True
    if "while_off" in found:
        while_off = read_flag(report, found["while_off"], path=(*path, "while_off"))
    if name is None or per is None or price is None:
        return None
    return FixedCharge(name, per, price, while_off)


def _read_minimum(
    report: Report, found: Mapping[str, Any], *, name: str | None, path: Path
) -> MinimumCharge | None:
    if "per" in found:
        read_word(report, found["per"], path=(*path, "per"), words=(MONTH,))
    price = _read_amount(report, found["price"], path=(*path, "price")) if "price" in found else None
    return None if name is None or price is None else MinimumCharge(name, price)


def _read_netting(
    report: Report, found: Mapping[str, Any], *, name: str | None, path: Path
) -> NettingCharge | None:
    surplus = PAID
    if "surplus" in found:
        surplus = read_word(report, found["surplus"], path=(*path, "surplus"), words=(PAID, CARRIED)) or PAID
    until = None
    if "carried_until" in found:
        until = read_month_day(report, found["carried_until"], path=(*path, "carried_until"))
        if found.get("surplus", PAID) == PAID:
            message = (
                "surplus that is paid each period is not carried; leave it out, or write surplus: carried"
            )
            report.add((*path, "carried_until"), "not_carried", message)
    elif surplus == CARRIED:
        message = 'until when is surplus carried? Add carried_until, such as "03-31": then it is paid'
        report.add(path, "missing_key", message)
    price = None
    if "surplus_price" in found:
        here = (*path, "surplus_price")
        price = read_decimal(
            report, found["surplus_price"], path=here, what="price", units_max=PRICE_UNITS_MAX
        )
    return None if name is None or price is None else NettingCharge(name, price, until)


def _read_demand(
    report: Report, found: Mapping[str, Any], *, name: str | None, path: Path, frame: Frame | None
) -> DemandCharge | None:
    unit = (
        read_word(report, found["unit"], path=(*path, "unit"), words=(KW, KVA)) if "unit" in found else None
    )
    register = read_register(
        report, found.get("register", demand_register(unit or KW)), path=(*path, "register")
    )
    minutes = found.get("interval_minutes", INTERVAL_MINUTES[0])
    if type(minutes) is not int or minutes not in INTERVAL_MINUTES:
        known = ", ".join(str(each) for each in INTERVAL_MINUTES)
        message = f"{shown(minutes)} does not divide an hour; write one of {known}, without quotes"
        report.add((*path, "interval_minutes"), "not_one_of", message)
    prices: tuple[tuple[str, int], ...] = ()
    if "price" in found:
        prices = _read_demand_prices(report, found["price"], path=(*path, "price"), frame=frame)
    when: tuple[tuple[str, str], ...] = ()
    if "when" in found and frame is not None:
        when = tuple(_read_when(report, found["when"], path=(*path, "when"), frame=frame))
    if name is None or unit is None or register is None:
        return None
    return DemandCharge(name, register, minutes, unit, prices, when)


def _read_demand_prices(
    report: Report, value: Any, *, path: Path, frame: Frame | None
) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, dict):
        price = _read_amount(report, value, path=path)
        return () if price is None else (("", price),)
    if frame is None:
        return ()
    if not frame.seasons:
        message = "a price of power by season needs seasons, and the table declares none; write one price"
        report.add(path, "unknown_season", message)
        return ()
    _refuse_other_seasons(report, value, path=path, frame=frame)
    prices = []
    for season in sorted(frame.seasons):
        if season not in value:
            message = f'the season "{season}" has no price; add it here ("0.00" if its power is free)'
            report.add(path, "season_without_price", message)
            continue
        price = _read_amount(report, value[season], path=(*path, season))
        if price is not None:
            prices.append((season, price))
    return tuple(prices)


def _read_when(report: Report, value: Any, *, path: Path, frame: Frame) -> Iterator[tuple[str, str]]:
    """Yield the (season, letter) pairs that count, sorted."""
    if not frame.letters_in(""):
        message = "letters that count need clocks, and the table declares none; add clocks or leave it out"
        report.add(path, "letters_without_clocks", message)
        return
    if not frame.seasons:
        for letter in _read_letters(report, value, path=path, letters=frame.letters_in("")):
            yield "", letter
        return
    if not isinstance(value, dict) or not value:
        example = f"{{{frame.seasons[0]}: [{min(frame.letters_in(''))}]}}"
        message = f"expected the letters of each season, such as {example}, found {shown(value)}"
        report.add(path, "wrong_type", message)
        return
    _refuse_other_seasons(report, value, path=path, frame=frame)
    for season in sorted(frame.seasons):
        if season in value:
            here = (*path, season)
            for letter in _read_letters(report, value[season], path=here, letters=frame.letters_in(season)):
                yield season, letter


def _read_letters(report: Report, value: Any, *, path: Path, letters: frozenset[str]) -> list[str]:
    if not isinstance(value, list) or not value:
        example = f"[{', '.join(sorted(letters)[:2])}]"
        report.add(
            path, "wrong_type", f"expected a list of clock letters such as {example}, found {shown(value)}"
        )
        return []
    found: list[str] = []
    for index, letter in enumerate(value):
        if not isinstance(letter, str) or letter not in letters:
            message = f"{shown(letter)} is a letter of no clock here; {did_you_mean(letter, letters)}"
            report.add((*path, index), "unknown_letter", message)
        elif letter in found:
            report.add((*path, index), "duplicate_letter", f"the letter {letter} is written twice; keep one")
        else:
            found.append(letter)
    return sorted(found)


def _refuse_other_seasons(report: Report, value: Mapping[Any, Any], *, path: Path, frame: Frame) -> None:
    for key in value:
        if key not in frame.seasons:
            message = f"{shown(key)} is no season of this table; {did_you_mean(key, frame.seasons)}"
            report.add(key_path(path, key), "unknown_season", message)


def _read_amount(report: Report, value: Any, *, path: Path) -> int | None:
    return read_decimal(report, value, path=path, what="price", units_max=AMOUNT_UNITS_MAX)
