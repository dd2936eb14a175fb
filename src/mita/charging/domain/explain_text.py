"""An explanation in sentences that a resident understands, and can work out again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.kit.clock import from_us
from mita.kit.money import currency_symbol, money_text
from mita.tariffs.domain import SUPPLY, decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from mita.charging.domain.explained import Explained, LaterCorrection, Totals
    from mita.charging.domain.explanation import CostLine

_LETTERS = {"P": "peak", "S": "standard", "O": "off-peak"}
_UNITS = {"m3": "m³"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NETTED = (
    "What you fed in was taken off what you used in the month, at each time of use its own. What was charged"
    " for it is given back:"
)
_MINUS = "\N{MINUS SIGN}"
_PLAIN = {
    "top_up": "Money came in: {amount}.",
    "clearing": "Money came in: {amount}.",
    "transfer": "Money was moved by a transfer: {amount}.",
    "adjustment": "Staff adjusted the balance by {amount}.",
    "purchase": "A purchase that was authorised before: {amount}.",
    "pay_out": "Money was paid out: {amount}.",
    "distribution": "Money came from the group that pays for this wallet: {amount}.",
    "cover": "The general account paid what a utility lacked: {amount}.",
    "promotion": "Promotional credit: {amount}.",
    "promotion_expiry": "Promotional credit that was not used ended: {amount}.",
    "emergency": "Emergency credit: {amount}.",
    "repayment": "Emergency credit was paid back out of a top-up: {amount}.",
    "debt": "Arrears were set aside, to be paid out of later top-ups: {amount}.",
    "handover": "Somebody moved in or out, and the wallet was brought to zero: {amount}.",
    "recovery": "Arrears that were set aside were paid out of a top-up: {amount}.",
}


def explanation_text(told: Explained) -> str:
    """Return an explanation as short sentences, one thing a line."""
    if told.sentences:
        return "\n".join(told.sentences) + "\n"
    lines = {
        "reading": _reading,
        "readings": _readings,
        "correction": _correction,
        "standing_charge": _standing_charge,
        "sharing": _other,
        "solar_credit": _other,
        "other": _other,
    }[told.subject](told)
    if not told.is_exact:
        lines.append(
            "What was known when this was booked cannot be put together again exactly: no prices are listed."
        )
    lines += [_later(each, told) for each in told.later]
    return "\n".join(lines) + "\n"


def _reading(told: Explained) -> list[str]:
    if told.total is None or told.start is None or told.end is None:
        when, verb = _day_time(told.event_at, told.zone), "cost" if told.amount_micro <= 0 else "brought"
        return [f"The reading of {when} {verb} {_money(abs(told.amount_micro), told)}."]
    span = _span(told.start, told.end, told.zone)
    return [f"{span} {_used(told.total.quantity_micro, told)}.", *_priced(told, told.lines)]


def _readings(told: Explained) -> list[str]:
    assert told.total is not None, "a sum says what it is of"
    assert told.start is not None, "a sum has a beginning"
    assert told.end is not None, "a sum has an end"
    count = "one reading" if told.charges == 1 else f"{told.charges} readings"
    span = _span(told.start, told.end, told.zone)
    lines = [f"{span} {_used(told.total.quantity_micro, told)} ({count})."]
    if told.cause:
        lines.append(f"Meanwhile a part of it was charged again: {told.cause}.")
    return lines + _priced(told, told.lines)


def _correction(told: Explained) -> list[str]:
    assert told.total is not None or not told.is_exact, "a correction has totals"
    if told.total is None or told.old is None or told.new is None:
        return [f"This corrects earlier charges: {_money(told.amount_micro, told)}."]
    since = "" if told.start is None else f" from {_day_time(told.start, told.zone)} on"
    old, new = told.old.gross_micro, told.new.gross_micro
    verb = "more" if new >= old else "less"
    difference = _money(abs(new - old), told)
    direction = "taken from" if new >= old else "given back to"
    return [
        f"The past{since} was charged again. The cause: {told.cause}.",
        (
            f"It cost {_money(old, told)} before and costs {_money(new, told)} now: {difference} {verb},"
            f" {direction} the wallet."
        ),
        *_priced(told, told.lines),
    ]


def _standing_charge(told: Explained) -> list[str]:
    is_netting = any(each.line.kind == "netting" for each in told.lines)
    return [_NETTED, *_priced(told, told.lines)] if is_netting else _priced(told, told.lines)


def _other(told: Explained) -> list[str]:
    amount = _money(told.amount_micro, told)
    if told.kind == "reversal":
        which = "" if told.of_seq is None else f" of entry {told.of_seq}"
        if told.of is not None:
            was = _words(told.of.kind).lower()
            which += f", {was} of {_money(told.of.amount_micro, told)} on {_day(told.of.event_at, told.zone)}"
        said = f"This is the reversal{which}: {amount}."
    else:
        said = _PLAIN.get(told.kind, f"{_words(told.kind)}: {{amount}}.").format(amount=amount)
    return [said, *_sides(told), *_booked(told)]


def _sides(told: Explained) -> Iterator[str]:
    """Yield from which account to which the money went."""
    if told.account and told.others:
        own, others = told.account.name, "; ".join(each.name for each in told.others)
        others += " and more" if told.more else ""
        source, target = (own, others) if told.amount_micro < 0 else (others, own)
        yield f"From: {source}. To: {target}."
    for account, amount_micro in told.beside:
        yield f"With the same order {_money(amount_micro, told)} went to: {account.name}."


def _booked(told: Explained) -> Iterator[str]:
    """Yield when and by whom an entry was booked, why, and where it stands in the books."""
    by = f" by {told.mover.words}" if told.mover else ""
    yield f"Booked on {_day_time(told.booked_at, told.zone)}{by}."
    if told.memo:
        yield f"The note: {told.memo}."
    key = f", asked for with the key {told.key}" if told.key else ""
    yield f"Journal {told.journal_id}{key}."


def _words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _priced(told: Explained, lines: Sequence[CostLine]) -> list[str]:
    """Return the sentences of the lines, then tax and sum, then whose prices these are.

    Nothing where they could not be put together again.
    """
    if not told.is_exact:
        return []
    assert told.total is not None, "what is exact has a total"
    if len(lines) == 1 and not told.taken_back:
        found = [_alone(lines[0], told)]
    else:
        found = []
        if told.taken_back:
            found += ["Taken back, as it was charged before:", *_list(told.taken_back, told), "Charged now:"]
        elif _is_spread(lines):
            found.append("The price changed in that time, so the quantity was spread evenly over it:")
        found += _list(lines, told)
    found += _sums(told, told.total, [*told.taken_back, *lines])
    return found + _tables(told, lines or told.taken_back)


def _is_spread(lines: Sequence[CostLine]) -> bool:
    return len({each.start_s for each in lines}) > 1


def _alone(each: CostLine, told: Explained) -> str:
    counted = _counted(each)
    if not counted or each.line.kind != "usage":
        return f"{_product(each, told)}."
    return f"It counted as {counted}: {_product(each, told)}."


def _list(lines: Sequence[CostLine], told: Explained) -> list[str]:
    found = []
    for each in lines:
        when = ""
        if _is_spread(lines) and each.start_s is not None and each.end_s is not None:
            start, end = (from_us(second * 1_000_000) for second in (each.start_s, each.end_s))
            when = f"{_span(start, end, told.zone)}: "
        name = ", ".join(part for part in (each.line.charge, _counted(each)) if part)
        named = f"{name}: " if each.line.kind == "usage" else ""
        found.append(f"- {when}{named}{_product(each, told)}.")
    return found or ["- nothing"]


def _counted(each: CostLine) -> str:
    """Return what a quantity counted as: time of use, season, block."""
    hours = " in ".join(part for part in (_letter(each.line.letter), _season(each.line.season)) if part)
    return ", ".join(part for part in (hours, _block(each)) if part)


def _product(each: CostLine, told: Explained) -> str:
    """Return quantity, price, and what they make: with the tax where the price has it inside."""
    line = each.line
    shown = line.net_micro + (line.tax_micro if each.table.prices_include_tax else 0)
    if line.kind != "usage":
        return _by_time(each, told, shown_micro=shown)
    quantity = _quantity(line.quantity_micro, line.unit)
    if line.block == 0:
        return f"{quantity}, free"
    return f"{quantity} at {_price(line.price_micro, told)} = {_money(shown, told)}"


def _by_time(each: CostLine, told: Explained, *, shown_micro: int) -> str:
    """Return what a charge by time is for: days, a peak, what a minimum bill lacked."""
    line = each.line
    assert each.first_day is not None, "a charge by time has a date"
    price, made = _price(line.price_micro, told), _money(shown_micro, told)
    first = _date(each.first_day)
    if line.kind == "fixed" and line.unit == "day":
        return f"{line.charge} for {first}, {price} a day = {made}"
    share = "" if line.days == line.whole_days else f", {line.days} of {line.whole_days} days of it"
    if line.kind == "fixed":
        return f"{line.charge} for the month from {first} on, {price} a month{share} = {made}"
    if line.kind == "netting":
        return _netted(each, told, shown_micro=shown_micro)
    if line.kind == "surplus":
        quantity = _quantity(abs(line.quantity_micro), line.unit)
        beyond = f"{quantity} that you fed in beyond what you used"
        return f"{line.charge}, the month from {first} on: {beyond}, at {price} = {made}"
    if line.kind == "minimum":
        return f"{line.charge} of {price} a month{share}: the month from {first} on lacked {made}"
    peak = "" if line.at_s is None else f", reached {_day_time(from_us(line.at_s * 1_000_000), told.zone)}"
    power = _quantity(abs(line.quantity_micro), line.unit)
    return f"{line.charge} for {power}{peak}, at {price} for each {line.unit}{share} = {made}"


def _netted(each: CostLine, told: Explained, *, shown_micro: int) -> str:
    """Return what was taken off one usage charge, or came to it: volume blocks may change the price."""
    line = each.line
    what = ", ".join(part for part in (line.of_charge, _counted(each)) if part)
    quantity = _quantity(line.quantity_micro, line.unit)
    return (
        f"{line.charge}, {what}: {quantity} at {_price(line.price_micro, told)} = {_money(shown_micro, told)}"
    )


def _sums(told: Explained, total: Totals, lines: Sequence[CostLine]) -> list[str]:
    taxes = {each.table.tax.name: each.table.tax for each in lines if each.table.tax is not None}
    said = []
    if total.tax_micro and len(taxes) == 1:
        (tax,) = taxes.values()
        percent = decimal_text(tax.percent_micro, places=0)
        inside = ", which the prices contain" if tax.inclusive else ""
        said.append(f"{tax.name} {percent} %{inside}: {_money(total.tax_micro, told)}.")
    elif total.tax_micro:
        said.append(f"Tax: {_money(total.tax_micro, told)}.")
    gross = total.gross_micro
    ending = (
        f"A credit to the wallet of {_money(-gross, told)}."
        if gross < 0
        else f"Together {_money(gross, told)}."
    )
    return [" ".join([*said, ending])]


def _tables(told: Explained, lines: Sequence[CostLine]) -> list[str]:
    named = dict.fromkeys((each.role, each.table.name, each.in_force_from) for each in lines)
    found = [
        f"The prices{'' if role == SUPPLY else f' ({role})'} are those of {name}, in force since"
        f" {since.day} {_MONTHS[since.month - 1]} {since.year}."
        for role, name, since in named
    ]
    factors = {each.table.conversion for each in lines if each.table.conversion is not None}
    for each in factors:
        factor = decimal_text(each.factor_micro, places=0)
        found.append(f"1 {_UNITS.get(told.base_unit, told.base_unit)} is {factor} {each.unit}.")
    return found


def _later(each: LaterCorrection, told: Explained) -> str:
    where = "was not posted by itself" if each.seq is None else f"is entry {each.seq}"
    return (
        f"Later, on {_day(each.booked_at, told.zone)}, this was charged again ({each.cause}):"
        f" {_money(each.old.gross_micro, told)} became {_money(each.new.gross_micro, told)} from"
        f" {_day_time(each.since, told.zone)} on; the correction {where}."
    )


def _used(quantity_micro: int, told: Explained) -> str:
    quantity = _quantity(quantity_micro, told.base_unit)
    if told.register == "export":
        return f"you fed in {quantity}"
    if told.register in ("", "import"):
        return f"you used {quantity}"
    return f"the register {told.register} counted {quantity}"


def _letter(letter: str) -> str:
    if not letter:
        return ""
    return f"{_LETTERS[letter]} ({letter})" if letter in _LETTERS else f"hours {letter}"


def _season(season: str) -> str:
    return f"the {season} season" if season else ""


def _block(each: CostLine) -> str:
    block = each.line.block
    if block is None:
        return ""
    if block == 0:
        return "the allowance"
    return f"block {block}" if each.has_blocks else ""


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.date() == last.date():
        return f"From {_clock(first)} to {_clock(last)} on {_date(last)}"
    return f"From {_clock(first)} on {_date(first)} to {_clock(last)} on {_date(last)}"


def _day_time(instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    return f"{_date(local)}, {_clock(local)}"


def _day(instant: datetime, zone: ZoneInfo) -> str:
    return _date(instant.astimezone(zone))


def _date(local: date) -> str:
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def _clock(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _quantity(quantity_micro: int, unit: str) -> str:
    sign = _MINUS if quantity_micro < 0 else ""
    return f"{sign}{decimal_text(abs(quantity_micro), places=3)} {_UNITS.get(unit, unit)}"


def _price(price_micro: int, told: Explained) -> str:
    return f"{currency_symbol(told.currency)}{decimal_text(price_micro, places=2)}"


def _money(amount_micro: int, told: Explained) -> str:
    return money_text(amount_micro, currency=told.currency)
