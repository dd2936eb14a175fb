"""`mita bench`: what is measured, beside its yardsticks in the same run."""

from __future__ import annotations

import asyncio
import json
import statistics
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from mita.entrypoints.bench.charge import Run
    from mita.entrypoints.bench.ledger import Run as LedgerRun
    from mita.entrypoints.bench.rate import Run as RateRun

app = typer.Typer(no_args_is_help=True, help="Measure, with the yardstick in the same run.")


@app.command()
def charge(
    readings: Annotated[int, typer.Option(min=1, help="Readings to charge in each repetition.")] = 200_000,
    meters: Annotated[
        int, typer.Option(min=1, help="Meters that send them, one reading each per round.")
    ] = 10_000,
    batch: Annotated[
        int, typer.Option(min=1, max=50_000, help="Readings in one database transaction.")
    ] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Charge readings on fresh tables, beside a raw COPY of the rows and one ORM transaction per reading."""
    from mita.entrypoints.bench import charge as bench_charge
    from mita.entrypoints.opened import throw_away

    errors = Console(stderr=True)
    with throw_away() as url, errors.status("Measuring…") as status:
        runs = asyncio.run(
            bench_charge.run(url, readings=readings, meters=meters, batch=batch, tell=status.update)
        )
    report = summary(runs)
    if as_json:
        typer.echo(json.dumps(report))
        return
    table = Table(
        title=f"{readings:,} readings of {meters:,} meters, {batch:,} a batch (median of {len(runs)})"
    )
    for column in ("path", "readings/s", "p50 ms", "p99 ms", "bytes/reading"):
        table.add_column(column, justify="right")
    full = report["charge"]
    table.add_row(
        "full path",
        f"{full['per_second']:,}",
        str(full["p50_ms"]),
        str(full["p99_ms"]),
        str(full["bytes_per_reading"]),
    )
    table.add_row("raw COPY", f"{report['raw_copy']['per_second']:,}", "", "", "")
    table.add_row("ORM, one transaction each", f"{report['orm']['per_second']:,}", "", "", "")
    console = Console()
    console.print(table)
    console.print(f"of raw COPY: {report['of_raw_copy']}   times ORM: {report['times_orm']}")


def summary(runs: list[Run]) -> dict[str, Any]:
    """Return the medians of several runs in the command's JSON shape."""

    def median(name: str) -> float:
        values: list[float] = [getattr(run, name) for run in runs]
        return statistics.median(values)

    charge_rate, copy_rate, orm_rate = median("charge_per_s"), median("copy_per_s"), median("orm_per_s")
    return {
        "charge": {
            "per_second": int(charge_rate),
            "p50_ms": float(f"{median('p50_ms'):.2f}"),
            "p99_ms": float(f"{median('p99_ms'):.2f}"),
            "bytes_per_reading": int(median("bytes_per_reading")),
        },
        "raw_copy": {"per_second": int(copy_rate)},
        "orm": {"per_second": int(orm_rate)},
        "of_raw_copy": float(f"{copy_rate and charge_rate / copy_rate:.3f}"),
        "times_orm": float(f"{orm_rate and charge_rate / orm_rate:.1f}"),
    }


@app.command()
def ledger(
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds for each cell of each round.")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Measure single transfers beside a plain SQL function, charges, verification and checkpoints."""
    from mita.entrypoints.bench import ledger as bench_ledger
    from mita.entrypoints.opened import throw_away

    errors = Console(stderr=True)
    with throw_away() as url, errors.status("Measuring…") as status:
        run = asyncio.run(bench_ledger.run(url, seconds=seconds, tell=status.update))
    report = ledger_summary(run)
    if as_json:
        typer.echo(json.dumps(report))
        return
    table = Table(title="Single transfers per second, each durable before the client's next (median)")
    for column in ("accounts", "clients", "ledger", "yardstick", "of yardstick", "between wallets"):
        table.add_column(column, justify="right")
    for warmth in ("hot", "cold"):
        for clients, rate in report[warmth].items():
            yardstick = report["yardstick"][warmth][clients]
            table.add_row(
                warmth,
                clients,
                f"{rate:,}",
                f"{yardstick:,}",
                f"{yardstick and rate / yardstick:.2f}",
                f"{report['wallets'][warmth][clients]:,}",
            )
    console = Console()
    console.print(table)
    console.print(
        f"charges/s in batches: {report['charges_per_second']:,}   entries verified/s:"
        f" {report['verify_per_second']:,}   checkpoint of {run.accounts:,} accounts:"
        f" {report['checkpoint_ms']} ms",
        highlight=False,
    )


def ledger_summary(run: LedgerRun) -> dict[str, Any]:
    """Return the medians of a run in the command's JSON shape."""

    def cells(path: str, warmth: str) -> dict[str, int]:
        rates = {
            clients: values
            for (p, w, clients), values in run.transfers_per_s.items()
            if (p, w) == (path, warmth)
        }
        return {str(clients): int(statistics.median(values)) for clients, values in sorted(rates.items())}

    return {
        "hot": cells("ledger", "hot"),
        "cold": cells("ledger", "cold"),
        "yardstick": {"hot": cells("yardstick", "hot"), "cold": cells("yardstick", "cold")},
        "wallets": {"hot": cells("wallets", "hot"), "cold": cells("wallets", "cold")},
        "charges_per_second": int(run.charges_per_s),
        "verify_per_second": int(statistics.median(run.verify_per_s)),
        "checkpoint_ms": float(f"{statistics.median(run.checkpoint_ms):.1f}"),
    }


@app.command()
def rate(
    meters: Annotated[int, typer.Option(min=1, help="Meters with a year of half hours each.")] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Rate a year of half hours under two tables, beside a loop over Decimal; status 1 if they differ."""
    from mita.entrypoints.bench import rate as bench_rate

    errors = Console(stderr=True)
    with errors.status("Measuring…") as status:
        run = bench_rate.run(meters=meters, tell=status.update)
    report = rate_summary(run)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        table = Table(title=f"A year of half hours of {meters:,} meters (median of {bench_rate.ROUNDS})")
        for column in ("table", "intervals/s", "Decimal loop", "times", "seconds"):
            table.add_column(column, justify="right")
        for name, part in (("letters", report), ("blocks by letter", report["blocks"])):
            table.add_row(
                name,
                f"{part['intervals_per_second']:,}",
                f"{part['decimal_intervals_per_second']:,}",
                f"{part['times']:,}",
                str(part["seconds"]),
            )
        console = Console()
        console.print(table)
        console.print(
            f"threads: {report['threads']}   peak memory: {report['peak_mb']} MB"
            f"   the same money: {'yes' if run.is_same else 'NO'}",
            highlight=False,
        )
    if not run.is_same:
        raise typer.Exit(1)


def rate_summary(run: RateRun) -> dict[str, Any]:
    """Return the medians of a run in the command's JSON shape, prices by letter outermost."""

    def part(name: str) -> dict[str, Any]:
        seconds = statistics.median(run.seconds[name])
        decimal_rate = statistics.median(run.decimal_per_s[name])
        return {
            "intervals_per_second": int(run.intervals / seconds),
            "decimal_intervals_per_second": int(decimal_rate),
            "times": int(run.intervals / seconds / decimal_rate),
            "seconds": float(f"{seconds:.3f}"),
            "equal": run.is_equal[name],
        }

    return {
        **part("letters"),
        "peak_mb": run.peak_mb,
        "meters": run.meters,
        "intervals": run.intervals,
        "threads": run.threads,
        "blocks": part("blocks"),
    }


@app.command()
def api(
    users: Annotated[int, typer.Option(min=5, help="Users that ask at the same time.")] = 100,
    units: Annotated[int, typer.Option(min=10, help="Units of the demo's two estates together.")] = 10_000,
    seconds: Annotated[float, typer.Option(min=1, help="How long the users ask.")] = 30.0,
    think_ms: Annotated[int, typer.Option(min=0, help="How long a user thinks before a request.")] = 2_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Let users ask the API, and compare a wallet's balance with the bare framework; status 1 on errors."""
    from mita.entrypoints.bench import api as bench_api
    from mita.entrypoints.opened import throw_away

    errors = Console(stderr=True)
    with throw_away() as url, errors.status("Measuring…") as status:
        run = bench_api.run(
            url, users=users, units=units, seconds=seconds, think_ms=think_ms, tell=status.update
        )
    report = bench_api.summary(run)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        table = Table(title=f"{run.users} users of {units:,} units, {think_ms:,} ms between requests")
        for column in ("requests/s", "mean ms", "p99 ms", "errors"):
            table.add_column(column, justify="right")
        shown = (report[name] for name in ("requests_per_second", "mean_ms", "p99_ms", "errors"))
        table.add_row(*(str(each) for each in shown))
        console = Console()
        console.print(table)
        console.print(
            f"balance: {report['balance_per_second']:,}/s   bare framework: {report['bare_per_second']:,}/s"
            f"   of bare: {report['balance_of_bare']}   driver busy: {report['driver_busy']}",
            highlight=False,
        )
    if run.errors:
        errors.print(f"the last of {run.errors} errors: {run.last_error}", markup=False)
        raise typer.Exit(1)


@app.command()
def portfolio(
    estates: Annotated[int, typer.Option(min=1, max=100, help="Estates that somebody answers for.")] = 40,
    units: Annotated[int, typer.Option(min=1, help="Units of each estate, with a meter each.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Measure the portfolio of many estates, beside that of one and the list of estates alone."""
    from mita.entrypoints.bench import portfolio as bench_portfolio
    from mita.entrypoints.opened import throw_away

    errors = Console(stderr=True)
    with throw_away() as url, errors.status("Measuring…") as status:
        run = bench_portfolio.run(url, estates=estates, units=units, tell=status.update)
    report = bench_portfolio.summary(run)
    if as_json:
        typer.echo(json.dumps(report))
        return
    table = Table(title=f"{estates:,} estates of {units:,} units")
    for column in ("answer", "p50 ms", "p95 ms"):
        table.add_column(column, justify="right")
    for name in ("portfolio", "one", "list"):
        table.add_row(name, str(report[name]["p50_ms"]), str(report[name]["p95_ms"]))
    console = Console()
    console.print(table)
    console.print(f"times the portfolio of one estate: {report['times_one']}", highlight=False)


@app.command()
def ingest(
    seconds: Annotated[float, typer.Option(min=0.1, help="About how long each measurement sends.")] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Send readings over MQTT until they are charged, and to who only acknowledges; status 1 on errors."""
    from mita.entrypoints.bench import ingest as bench_ingest
    from mita.entrypoints.opened import throw_away

    errors = Console(stderr=True)
    with throw_away() as url, errors.status("Measuring…") as status:
        cells = asyncio.run(bench_ingest.run(url, seconds=seconds, tell=status.update))
    report = bench_ingest.summary(cells)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        table = Table(title=f"MQTT, QoS 1, until charged (median of {bench_ingest.ROUNDS})")
        for column in ("broker", "readings/message", "messages/s", "readings/s", "ceiling", "of ceiling"):
            table.add_column(column, justify="right")
        for broker, sizes in report["brokers"].items():
            for size, part in sizes.items():
                counts = ("messages_per_second", "readings_per_second", "ceiling_per_second")
                table.add_row(broker, size, *(f"{part[name]:,}" for name in counts), str(part["of_ceiling"]))
        Console().print(table)
    for missing in report["missing"]:
        errors.print(f"{missing.upper()} IS NOT INSTALLED: nothing was measured with it", markup=False)
    for cell in cells:
        for error in cell.errors:
            errors.print(f"{cell.broker}, {cell.size} readings a message: {error}", markup=False)
    if any(cell.errors for cell in cells):
        raise typer.Exit(1)
