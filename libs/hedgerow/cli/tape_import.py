"""`hedgerow tape import-lean`, `import-csv`: other people's market data to tapes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cli import tape
from hedgerow.cli.output import JsonFlag, print_json, progress
from hedgerow.cli.tape import OutOption, PolicyOption, parse_day, print_quality, tell
from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.info import describe
from hedgerow.tape.quality import policy_of

app = tape.app


@app.command("import-lean")
def import_lean(
    data: Annotated[Path, typer.Option("--data", help="LEAN Data folder.")],
    symbol: Annotated[str, typer.Option("--symbol", help="Underlying's ticker symbol.")],
    day: Annotated[str, typer.Option("--date", help="Trading day, YYYY-MM-DD.")],
    out: OutOption,
    resolution: Annotated[
        str, typer.Option("--resolution", help="minute, second or tick; the first there is where none is named.")
    ] = "",
    trades: Annotated[bool, typer.Option("--trades/--no-trades", help="Public prints too, where there are.")] = True,
    policies: PolicyOption = None,
    json_: JsonFlag = False,
) -> None:
    """Makes a tape of one symbol and day, option chain included, from LEAN data."""
    from hedgerow.tape.lean import import_lean as run  # noqa: PLC0415  (numba only when needed)

    with progress() as bar:
        task = bar.add_task(f"importing {symbol.upper()}", total=None)
        run(
            data,
            symbol.upper(),
            parse_day(day),
            out,
            lambda stage, done, total: bar.update(task, description=stage, completed=done, total=total),
            resolution=resolution,
            trades=trades,
            policy=policy_of(policies or []),
        )
    tell(out, describe(out), json_)


@app.command("import-csv")
def import_csv(
    file: Annotated[Path, typer.Argument(help="CSV file, plain, gzipped or zipped.")],
    mapping: Annotated[Path, typer.Option("--mapping", help="YAML file that says which column is what.")],
    out: Annotated[Path, typer.Option("--out", help="Tape file to write, or a folder for one tape per day.")],
    symbol: Annotated[str, typer.Option("--symbol", help="Take this stock and its options only.")] = "",
    day: Annotated[str, typer.Option("--date", help="Take this day only, YYYY-MM-DD.")] = "",
    policies: PolicyOption = None,
    json_: JsonFlag = False,
) -> None:
    """Makes tapes of a CSV file of quotes, prints or bars by a declared mapping (docs/tapes.md)."""
    # pyarrow's CSV reader, only when needed
    from hedgerow.tape.csv_import import Choice  # noqa: PLC0415
    from hedgerow.tape.csv_import import import_csv as run  # noqa: PLC0415
    from hedgerow.tape.csv_mapping import read_mapping  # noqa: PLC0415

    if out.suffix == "" and not out.is_dir():
        raise InvalidValue("--out", str(out), "a tape file to write (.parquet), or a folder that exists")
    choice = Choice(symbol.upper(), parse_day(day) if day else None)
    with progress() as bar:
        task = bar.add_task(f"importing {file.name}", total=None)
        written = run(
            file, read_mapping(mapping), out, choice, policy_of(policies or []),
            lambda rows: bar.update(task, description=f"{rows:,} rows"),
        )  # fmt: skip
    if json_:
        print_json({"tapes": [{**describe(each.path), "report": each.report.to_json()} for each in written]})
        return
    for each in written:
        tell(each.path, describe(each.path), False)
        print_quality(each.report)
