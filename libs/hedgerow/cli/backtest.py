"""`hedgerow backtest`: the live decision code over recorded market data, with a report; no broker, no order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from hedgerow.backtest.inputs import Say
from hedgerow.backtest.report import Report, document, to_bytes
from hedgerow.backtest.spec import Spec, make_spec, spec_tree
from hedgerow.cli.output import JsonFlag, SetOption, messages, print_pairs, print_table, progress
from hedgerow.domain.backtest_run import RUN_ID
from hedgerow.domain.errors import InvalidValue

_REASONS_SHOWN = 6


def backtest(
    spec: Annotated[Path | None, typer.Option("--spec", help="What to run, as YAML.")] = None,
    tape: Annotated[list[Path] | None, typer.Option("--tape", help="A tape; repeat for several days.")] = None,
    lean: Annotated[Path | None, typer.Option("--lean", help="LEAN Data folder, imported as part of the run.")] = None,
    symbol: Annotated[str, typer.Option("--symbol", help="With --lean: the symbol.")] = "",
    day: Annotated[str, typer.Option("--date", help="With --lean: the day, or FIRST:LAST, YYYY-MM-DD.")] = "",
    synthetic_straddle: Annotated[
        bool, typer.Option("--synthetic-straddle", help="Hold a Black-Scholes straddle at the first mid.")
    ] = False,
    run_id: Annotated[
        str, typer.Option("--run-id", help="Name of the run; none = made from configuration and data.")
    ] = "",
    report_json: Annotated[Path | None, typer.Option("--report-json", help="Write the report here.")] = None,
    report_html: Annotated[Path | None, typer.Option("--report-html", help="Write the report as a page here.")] = None,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="Write every evaluation here (Parquet).")
    ] = None,
    sets: SetOption = None,
    save: Annotated[bool, typer.Option("--save/--no-save", help="Keep the report under $HEDGEROW_HOME.")] = True,
    plain: Annotated[
        bool, typer.Option("--plain", help="Uncompiled: the same result, slower, with no wait for the compiler.")
    ] = False,
    json_: JsonFlag = False,
) -> None:
    """Runs strategies over recorded days with the live decision code and reports what they would have done."""
    for key, path in (("--report-json", report_json), ("--report-html", report_html), ("--decisions", decisions)):
        if path is not None and not path.absolute().parent.is_dir():
            raise InvalidValue(key, str(path), "a file in a folder that exists", "make the folder first")
    wanted = _spec(spec, tuple(tape or ()), lean, symbol, day, synthetic_straddle, tuple(sets or ()))
    # Only a run needs the engine and, behind it, the compiler.
    from hedgerow.backtest import saved  # noqa: PLC0415
    from hedgerow.backtest.html.page import render  # noqa: PLC0415
    from hedgerow.backtest.run import run_spec  # noqa: PLC0415

    keeps = save and RUN_ID.fullmatch(run_id) is not None
    if keeps:
        saved.check_free(run_id, wanted.config_hash)  # before a long run rather than after it
    with _teller() as say:
        run = run_spec(wanted, run_id, "plain" if plain else "compiled", say)
        if keeps:
            saved.check_free(run_id, run.report.config_hash, run.report.tape_hash)
        content = to_bytes(document(run.report))
        places = [report_json] if report_json is not None else []
        if save:
            kept = saved.folder_of(run.report.run_id)
            kept.mkdir(parents=True, exist_ok=True)
            places.append(kept / saved.REPORT)
        for place in places:
            saved.write_whole(place, content, "--report-json")
        if report_html is not None:
            saved.write_whole(report_html, render(run.report).encode(), "--report-html")
        if decisions is not None:
            say("writing decisions")
            saved.write_decisions(decisions, run)
    if json_:
        print(content.decode(), end="")
    else:
        _show(run.report)
        for place in (*places, *(each for each in (report_html, decisions) if each is not None)):
            messages.print(f"written: {place}", markup=False)


def _spec(
    path: Path | None, tapes: tuple[Path, ...], lean: Path | None, symbol: str, day: str, straddle: bool,
    sets: tuple[str, ...],
) -> Spec:  # fmt: skip
    """The spec of the file, if any, with what the options say in its place."""
    tree: dict[str, Any] = spec_tree(path) if path is not None else {}
    if tapes and lean is not None:
        raise InvalidValue("--lean", str(lean), "tapes or LEAN data, not both", "leave one out")
    if tapes:
        tree = {**tree, "tapes": [str(each.absolute()) for each in tapes], "history": None}
    if lean is not None:
        if not symbol or not day:
            raise InvalidValue("--lean", str(lean), "a symbol and a day with it", "add --symbol AIG --date 2013-10-07")
        first, _, last = day.partition(":")
        history = {"lean": str(lean.absolute()), "symbol": symbol.upper(), "start": first, "end": last or first}
        tree = {**tree, "history": history, "tapes": []}
    if straddle:
        tree["position"] = {**(tree.get("position") or {}), "kind": "synthetic_straddle"}
    return make_spec(tree, sets)


def _show(report: Report) -> None:
    """The run in short, for people."""
    pnl = report.pnl
    print_pairs(
        f"backtest {report.run_id}",
        {
            "P&L": f"{pnl.total:,.2f} USD",
            **{
                f"  {name.replace('_', ' ')}": f"{getattr(pnl, name):,.2f}"
                for name in ("gamma", "theta", "vega", "hedging_cost", "slippage", "commissions")
            },
            "max drawdown": f"{report.max_drawdown:,.2f} USD",
            "ticks": f"{report.ticks:,}",
            "hedges": f"{report.hedges:,} ({report.fills:,} fills, {report.shares:,.0f} shares)",
            "held back": f"{report.blocks:,} of {report.evaluations:,} evaluations{_reasons(report)}",
            "config hash": report.config_hash[:16],
            "tape hash": report.tape_hash[:16],
        },
    )
    if len(report.strategies) > 1:
        print_table(
            "strategies", ["name", "symbol", "P&L", "drawdown", "hedges", "held back"],
            [(each.name, each.symbol, f"{each.pnl.total:,.2f}", f"{each.max_drawdown:,.2f}", each.hedges, each.blocks)
             for each in report.strategies],
        )  # fmt: skip


def _reasons(report: Report) -> str:
    most = sorted(report.block_reasons.items(), key=lambda each: (-each[1], each[0]))[:_REASONS_SHOWN]
    return ": " + ", ".join(f"{name} {count:,}" for name, count in most) if most else ""


@contextmanager
def _teller() -> Iterator[Say]:
    """Shows on stderr what is being done, on a terminal."""
    with progress() as bar:
        task = bar.add_task("backtest", total=None)
        yield lambda words: bar.update(task, description=words)
