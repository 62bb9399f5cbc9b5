"""`hedgerow tape`: make, describe, check and record tapes; `tape_import` adds the imports."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hedgerow import state_dir
from hedgerow.cli.output import JsonFlag, SessionArgument, console, print_json, print_pairs, print_table, wall_text
from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.check import check_tape
from hedgerow.tape.format import Tape
from hedgerow.tape.info import describe
from hedgerow.tape.quality import Report, policy_of
from hedgerow.tape.reader import read_tape
from hedgerow.tape.synth import synth_days, synth_tape
from hedgerow.tape.synth_model import model_days
from hedgerow.tape.writer import write_tape

app = typer.Typer(no_args_is_help=True, help="Recorded market data.")

OutOption = Annotated[Path, typer.Option("--out", help="Tape file to write (Parquet).")]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option("--policy", help="What to do about a kind of defect: KIND=keep|drop|repair|refuse; repeat as needed."),
]
SYNTHETIC_DAY = date(2024, 1, 16)


def parse_day(text: str, key: str = "--date") -> date:
    """A calendar day; raises InvalidValue naming the flag."""
    for form in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise InvalidValue(key, text, "a day written YYYY-MM-DD", f"for example {key} 2015-12-24")


def synthetic(seed: int, day: date, symbol: str = "SIMX", interval_ms: int = 5_000) -> Tape:
    """A seeded synthetic day in memory, a quote of the underlying every `interval_ms` of market time."""
    return Tape.of(*synth_tape(seed, day, symbol, interval_ms=interval_ms))


class SynthModel(StrEnum):
    """How a made-up day moves."""

    SWINGS = "swings"
    REGIMES = "regimes"


@app.command()
def synth(
    out: Annotated[Path, typer.Option("--out", help="Tape file to write, or with --days a folder for one a day.")],
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same tape.")] = 1,
    day: Annotated[str, typer.Option("--date", help="Trading day, the first one, YYYY-MM-DD.")] = str(SYNTHETIC_DAY),
    symbol: Annotated[str, typer.Option("--symbol", help="Symbol of the made-up stock.")] = "SIMX",
    model: Annotated[
        SynthModel, typer.Option("--model", help="swings, or regimes: jumps, changing volatility, a smile.")
    ] = SynthModel.SWINGS,
    days: Annotated[
        int, typer.Option("--days", min=1, max=2_520, help="Sessions in a row, each from where the last ended.")
    ] = 1,
    scenario: Annotated[
        str, typer.Option("--scenario", help="quiet, trend, gap, crash, wide_spreads or feed_loss, laid over the day.")
    ] = "",
    json_: JsonFlag = False,
) -> None:
    """Makes a tape of a seeded synthetic day with an option chain, or of several days in a row."""
    if days > 1 and (scenario or not out.is_dir()):
        if scenario:
            raise InvalidValue("--scenario", scenario, "one day: a scenario leaves the next day's opening where it was")
        raise InvalidValue("--out", str(out), "a folder that exists, for --days makes one tape a day")
    first = parse_day(day)
    if model is SynthModel.REGIMES:
        made = model_days(seed, first, days, symbol)
    else:
        made = synth_days(seed, first, days, symbol)
    described = []
    for meta, columns in made:
        path = out / f"{meta.symbol}-{meta.date}.parquet" if out.is_dir() else out
        tape = Tape.of(meta, columns)
        if scenario:
            from hedgerow.backtest.scenarios import overlay  # noqa: PLC0415  (the backtest's part, only when asked for)

            tape = overlay(tape, scenario, seed)
        write_tape(path, tape.meta, tape)
        described.append((path, describe(path)))
    if json_ and days > 1:
        print_json({"tapes": [{"path": str(path), **description} for path, description in described]})
        return
    for path, description in described:
        tell(path, description, json_)


@app.command()
def info(tape: Annotated[Path, typer.Argument(help="Tape file.")], json_: JsonFlag = False) -> None:
    """Describes a tape: symbol, session, instruments, expiries, share of two-sided quotes, gaps."""

    tell(tape, describe(tape), json_)


@app.command()
def check(
    tape: Annotated[Path, typer.Argument(help="Tape file.")], policies: PolicyOption = None, json_: JsonFlag = False
) -> None:
    """Counts what is wrong with a tape's quotes, whether or not it can be read; exits 1 where the policy refuses it."""
    report, refused = check_tape(tape, policy_of(policies or []))
    if json_:
        print_json({"path": str(tape), "usable": not refused, "refused": refused, **report.to_json()})
    else:
        print_quality(report)
        console.print(f"refused: {refused}" if refused else "usable")
    if refused:
        raise typer.Exit(1)


@app.command()
def record(
    out: OutOption,
    session: SessionArgument = "latest",
    symbol: Annotated[str, typer.Option("--symbol", help="Which recording, where there are several.")] = "",
    json_: JsonFlag = False,
) -> None:
    """Takes the tape that market-data recorded in a session (`--set record.enabled=true`), checked and whole."""
    folder = state_dir.resolve(session).root / "recording"
    found = sorted(folder.glob(f"{symbol.upper() or '*'}-*.parquet"))
    if len(found) != 1:
        names = ", ".join(path.name for path in sorted(folder.glob("*.parquet"))) or "none"
        fix = "give --symbol" if found else "run the session with --set record.enabled=true"
        raise InvalidValue("SESSION", session, f"exactly one recording in {folder}; there is: {names}", fix)
    recorded = read_tape(found[0])
    write_tape(out, recorded.meta, recorded)
    tell(out, describe(out), json_)


def print_quality(report: Report) -> None:
    """Prints a report's counts, one line per kind."""
    rows = [
        (each.defect.value, each.count, each.action.value, each.first_row, wall_text(each.first_ts))
        for each in report.findings
    ]
    title = f"{report.rows} rows, {report.kept} kept" + ("" if rows else "; no defects")
    print_table(title, ("defect", "count", "done", "first row", "at"), rows)


def tell(path: Path, description: dict[str, object], json_: bool) -> None:
    """Prints what a tape holds."""
    if json_:
        print_json({"path": str(path), **description})
        return
    expiries = description.pop("expiries", None)
    print_pairs(str(path), description)
    if isinstance(expiries, list) and expiries:
        console.print("expiries: " + ", ".join(_expiry(entry) for entry in expiries))


def _expiry(entry: object) -> str:
    return f"{entry['expiry']} ({entry['dte']} d)" if isinstance(entry, dict) else str(entry)
