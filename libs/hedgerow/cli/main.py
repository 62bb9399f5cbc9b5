"""Entry of the `hedgerow` command: sub-commands, and one clear line for an error a user can mend."""

from __future__ import annotations

import os
import sys

import typer

from hedgerow.cli import (
    backtest,
    config,
    conformance,
    control,
    dashboard,
    demo,
    guard,
    ibsim,
    journal,
    kill,
    order,
    position,
    queries,
    recoveries,
    replay,
    sessions,
    stats,
    strategy,
    sweep,
    tape_history,
    torture,
    trace,
    up,
)
from hedgerow.cli.check import command as check
from hedgerow.cli.output import ReaderGone
from hedgerow.domain.errors import HedgerowError

app = typer.Typer(
    name="hedgerow",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Runs systematic option-hedging strategies on Interactive Brokers: decide, risk-check, execute, explain.",
)
app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("run")(up.run)
app.command("status")(queries.status)
app.command("operations")(queries.operations)
app.command("trace")(trace.trace)
app.command("stop")(control.stop)
app.command("pause")(control.pause)
app.command("resume")(control.resume)
app.command("flatten")(control.flatten)
app.command("kill")(kill.kill)
app.command("refresh-accounts")(control.refresh_accounts)
app.command("retry-ib")(control.retry_ib)
app.command("recoveries")(recoveries.recoveries)
app.command("healthcheck")(control.healthcheck)
app.command("dashboard")(dashboard.dashboard)
app.command("backtest")(backtest.backtest)
app.command("check")(check.check)
app.command("sweep")(sweep.sweep)
app.command("torture")(torture.torture)
app.add_typer(sessions.app, name="session")
app.add_typer(stats.app, name="stats")
app.add_typer(tape_history.app, name="tape")
app.add_typer(config.app, name="config")
app.add_typer(conformance.app, name="conformance")
app.add_typer(guard.app, name="guard")
app.add_typer(ibsim.app, name="ibsim")
app.add_typer(replay.app, name="replay")
app.add_typer(order.app, name="order")
app.add_typer(position.app, name="position")
app.add_typer(journal.app, name="journal")
app.add_typer(strategy.app, name="strategy")


def main() -> None:
    """Runs the command line; an error of ours is one line on stderr and exit code 2."""
    try:
        app()
    except HedgerowError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except (BrokenPipeError, ReaderGone):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
