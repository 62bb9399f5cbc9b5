"""`hedgerow demo --output`: a seeded synthetic day through the backtest, told on one page; nothing is started."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hedgerow.cli.output import console, print_json, print_pairs, progress
from hedgerow.cli.tape import synthetic
from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import COLUMN_NAMES, Tape
from hedgerow.tape.writer import write_tape

if TYPE_CHECKING:
    from hedgerow.backtest.report import Report

_MINUTE_NS = 60_000_000_000
_INTERVAL_MS = 1_000
# As long as a quote lives: what a hedge costs while its order travels can be seen.
_LATENCY_MS = 1_000


def demo_day(
    output: Path,
    report_json: Path | None,
    periods: int | None,
    seed: int,
    day: dt.date,
    contracts: int,
    sets: Sequence[str],
    json_: bool,
) -> None:
    """Writes the page of so many minutes of the synthetic day, the same bytes for the same arguments."""
    for key, path in (("--output", output), ("--report-json", report_json)):
        if path is not None and not path.absolute().parent.is_dir():
            raise InvalidValue(key, str(path), "a file in a folder that exists")
    from hedgerow.backtest.html.page import render  # noqa: PLC0415  (numba only when needed)
    from hedgerow.backtest.report import document, to_bytes  # noqa: PLC0415
    from hedgerow.backtest.saved import write_whole  # noqa: PLC0415

    with progress() as bar:
        bar.add_task("one synthetic day", total=None)
        report = report_of_day(periods, seed, day, contracts, sets)
    write_whole(output, render(report).encode(), "--output")
    if report_json is not None:
        write_whole(report_json, to_bytes(document(report)), "--report-json")
    if json_:
        print_json({"output": str(output), **document(report)})
        return
    _summarize(report, output)


def report_of_day(periods: int | None, seed: int, day: dt.date, contracts: int, sets: Sequence[str]) -> Report:
    """The default strategy over the first `periods` minutes of the session, over all of it when None.

    Plain Python: a day of one quote per second is done before the compiler would be. Raises InvalidValue.
    """
    from hedgerow.backtest.run import run_spec  # noqa: PLC0415  (numba only when needed)
    from hedgerow.backtest.spec import make_spec  # noqa: PLC0415

    if seed < 0:
        raise InvalidValue("--seed", seed, "zero or above")
    tape = synthetic(seed, day, interval_ms=_INTERVAL_MS)
    minutes = (tape.meta.session_close_ns - tape.meta.session_open_ns) // _MINUTE_NS
    played = minutes if periods is None else periods
    if not 1 <= played <= minutes:
        raise InvalidValue("--periods", played, f"minutes of the session, 1 to {minutes} on {day}")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "day.parquet"
        write_tape(path, tape.meta, _first(tape, played))
        tree = {"tapes": [str(path)], "position": {"contracts": contracts}, "fills": {"latency_ms": _LATENCY_MS}}
        return run_spec(make_spec(tree, tuple(sets)), f"demo-{seed}-{played}", mode="plain").report


def _first(tape: Tape, minutes: int) -> Tape:
    """The tape until so many minutes after the open, what came before it included."""
    kept = tape.ts <= tape.meta.session_open_ns + minutes * _MINUTE_NS
    return replace(tape, **{name: getattr(tape, name)[kept] for name in COLUMN_NAMES})


def _summarize(report: Report, output: Path) -> None:
    pnl = report.pnl
    print_pairs(
        f"{report.tapes[0].symbol} {report.tapes[0].date}, run {report.run_id}",
        {
            "P&L": f"{pnl.total:+,.2f} USD",
            "gamma / theta / vega": f"{pnl.gamma:+,.2f} / {pnl.theta:+,.2f} / {pnl.vega:+,.2f} USD",
            "hedging / slippage / commissions":
                f"{pnl.hedging_cost:+,.2f} / {pnl.slippage:+,.2f} / {pnl.commissions:+,.2f} USD",
            "hedges / evaluations": f"{report.hedges:,} / {report.evaluations:,}",
        },
    )  # fmt: skip
    console.print(f"open {output.absolute()}", markup=False)
