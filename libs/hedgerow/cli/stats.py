"""`hedgerow stats`: hedges per period, backtest runs, two of them side by side, and the leaderboard; all offline."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hedgerow import state_dir
from hedgerow.cli.leaderboard import Source, leaderboard_rows
from hedgerow.cli.output import JsonFlag, SessionArgument, console, print_json
from hedgerow.cli.queries import require_order
from hedgerow.cli.runs_view import print_comparison, print_leaderboard, print_runs
from hedgerow.cli.statistics_view import print_statistics
from hedgerow.domain.backtest_run import METRICS
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.period import Period, day_start
from hedgerow.store.backtest_runs import compared, ranked, read_runs
from hedgerow.store.location import location_of, status_location_of
from hedgerow.store.statistics import hedge_statistics


class _ShowsByDefault(TyperGroup):
    """What names no other command is a session: `hedgerow stats latest` is `hedgerow stats show latest`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the usual command first where none is named."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["show", *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest


app = typer.Typer(
    cls=_ShowsByDefault,
    help="Statistics, offline and read-only. Without a command: `stats show [SESSION]`, hedges per period.",
)
RankOption = Annotated[str, typer.Option("--by", help=f"Best first by this: {', '.join(METRICS)}.", metavar="METRIC")]


@app.command("show")
def show(
    session: SessionArgument = "latest",
    strategy: Annotated[str | None, typer.Option("--strategy", help="Only this strategy's.")] = None,
    by: Annotated[Period, typer.Option("--by", help="Length of a period; weeks begin on Monday.")] = Period.DAY,
    since: Annotated[str, typer.Option("--since", help="First market day, New York: YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option("--until", help="Last market day, inclusive.")] = "",
    json_: JsonFlag = False,
) -> None:
    """Shows hedges per period: win rate, how results spread, totals, slippage; from the store alone, read-only."""
    since_ns = day_start(_day("--since", since)) if since else None
    until_ns = day_start(_day("--until", until) + timedelta(days=1)) if until else None
    require_order(since_ns, until_ns, until)
    state = state_dir.resolve(session)
    rows = hedge_statistics(
        location_of(state), strategy, by, since_ns=since_ns, until_ns=until_ns, history=status_location_of(state)
    )
    if json_:
        print_json(rows)
    elif not rows:
        console.print("no hedges yet")
    else:
        print_statistics(rows, by)


def _day(option: str, text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise InvalidValue(option, text, "a day such as 2015-12-24") from error


@app.command("runs")
def runs(
    by: RankOption = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most runs to show.")] = 50,
    json_: JsonFlag = False,
) -> None:
    """Lists backtest runs, newest first, or best first by a metric."""
    live = state_dir.live()
    place = location_of(live) if live.root.is_dir() else None
    found = ranked(read_runs(state_dir.home(), place), by, "--by")[:limit]
    if json_:
        print_json([asdict(run) for run in found])
    elif not found:
        console.print("no runs yet: hedgerow backtest --help")
    else:
        print_runs(found)


@app.command("compare")
def compare(
    run_a: Annotated[str, typer.Argument(help="A run.", metavar="RUN_A")],
    run_b: Annotated[str, typer.Argument(help="Another.", metavar="RUN_B")],
    json_: JsonFlag = False,
) -> None:
    """Lays two backtest runs side by side and names what differs, configuration first."""
    a, b, found = compared(state_dir.home(), run_a, run_b)
    if json_:
        print_json({"run_a": asdict(a), "run_b": asdict(b), "differences": [each._asdict() for each in found]})
    else:
        print_comparison(a, b, found)


@app.command("leaderboard")
def leaderboard(
    by: RankOption = "pnl",
    source: Annotated[Source, typer.Option("--source", help="Where from.")] = Source.ALL,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most rows to show.")] = 50,
    json_: JsonFlag = False,
) -> None:
    """Ranks strategies over all backtest runs and recorded sessions."""
    rows = leaderboard_rows(state_dir.home(), by, source)[:limit]
    if json_:
        print_json(rows)
    elif not rows:
        console.print("nothing to rank yet")
    else:
        print_leaderboard(rows, by)
