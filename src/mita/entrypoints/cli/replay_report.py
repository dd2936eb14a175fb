"""How `mita replay` tells people what became of a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from mita.kit.money import format_micro

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from mita.charging.domain.outcome import Outcome

_REMARKS_MAX = 20


@dataclass(slots=True)
class Totals:
    """Sums over the batches of a replay."""

    classes: Counter[str] = field(default_factory=Counter)
    quantity_micro: Counter[tuple[str, str]] = field(default_factory=Counter)
    net_micro: int = 0
    tax_micro: int = 0

    def add(self, outcome: Outcome) -> None:
        """Add a batch."""
        self.classes.update(outcome.counts())
        self.quantity_micro.update(outcome.quantity_micro)
        self.net_micro += outcome.net_micro
        self.tax_micro += outcome.tax_micro


def quantities(quantity_micro: Mapping[tuple[str, str], int], *, utility: str) -> dict[str, str]:
    """Return what was charged, by utility and register, as decimal texts."""
    found = {utility: 0}
    for (of_utility, register), quantity in quantity_micro.items():
        name = of_utility if register == "import" else f"{of_utility}_{register}"
        found[name] = found.get(name, 0) + quantity
    return {name: format_micro(quantity) for name, quantity in found.items()}


def print_report(console: Console, report: dict[str, Any], *, title: str) -> None:
    """Print a report as a table, and what a person should know of the file below it."""
    table = Table(title=escape(title), show_header=False)
    for name, count in report["readings"].items():
        table.add_row(name if name == "total" else f"  {name}", f"{count:,}")
    for name, quantity in report["quantity"].items():
        table.add_row(name, quantity)
    for name in ("net", "tax", "gross"):
        table.add_row(name, f"{report['charges'][name]} {report['charges']['currency']}")
    table.add_row("wallets", f"{report['wallets']['count']}, together {report['wallets']['balance']}")
    table.add_row("below cut-off", str(report["wallets"]["below_cutoff"]))
    table.add_row(
        "ledger", f"{report['ledger']['entries']:,} entries, verified: {report['ledger']['verified']}"
    )
    table.add_row("time", f"{report['seconds']} s, {report['readings_per_second']:,} readings/s")
    console.print(table)
    for word, lines in _remarks(report):
        console.print(f"[yellow]{word}[/yellow] {escape(lines)}", highlight=False)


def _remarks(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a person should know of a file of a head-end."""
    file = report.get("file", {})
    for word, lines in (
        ("waits:", file.get("waiting", [])),
        ("left as charged:", file.get("contradictions", [])),
        ("fault:", file.get("faults", {}).get("first", [])),
        ("left out:", [f"{count:,} of {what}" for what, count in file.get("left_out", {}).items()]),
    ):
        for line in lines[:_REMARKS_MAX]:
            yield word, line
        if len(lines) > _REMARKS_MAX:
            yield word, f"and {len(lines) - _REMARKS_MAX:,} more"
