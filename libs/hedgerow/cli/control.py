"""`hedgerow stop|pause|resume|flatten|refresh-accounts|retry-ib` and `hedgerow healthcheck`."""

from __future__ import annotations

import json
import sys
import uuid
from enum import StrEnum
from typing import Annotated, Any

import typer

from hedgerow import state_dir
from hedgerow.cli.command_desk import CommandDesk
from hedgerow.cli.kill import lift
from hedgerow.cli.output import JsonFlag, SessionArgument, messages, print_json, print_table
from hedgerow.cli.supervisor import is_serving
from hedgerow.domain.command import CommandKind, FlattenOptions, FlattenTarget, NewCommand
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings

ACTOR = "command line"

StrategyOption = Annotated[str, typer.Option("--strategy", help="Strategy it addresses; none = every one.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
CommandIdOption = Annotated[
    str,
    typer.Option("--command-id", help="Idempotency key: the same command again changes nothing. None = a new one."),
]
TimeoutOption = Annotated[float, typer.Option("--timeout", min=0.0, help="Wall seconds to wait for the outcome.")]


class Target(StrEnum):
    """What `--to` takes."""

    ZERO = "zero"
    NEUTRAL = "neutral"


def stop(
    session: SessionArgument = "latest", strategy: StrategyOption = "", reason: ReasonOption = "",
    command_id: CommandIdOption = "", timeout_s: TimeoutOption = 10.0, json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Ends strategy daemons gracefully; never expires, and reaches them with control down. Exit code 1: no outcome."""
    _carry_out(CommandKind.STOP, session, strategy, reason, command_id, timeout_s, json_)


def pause(
    session: SessionArgument = "latest", strategy: StrategyOption = "", reason: ReasonOption = "",
    command_id: CommandIdOption = "", timeout_s: TimeoutOption = 10.0, json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Cancels the resting hedge and sends no new one until resumed; survives restarts. Exit code 1: no outcome."""
    _carry_out(CommandKind.PAUSE, session, strategy, reason, command_id, timeout_s, json_)


def resume(
    session: SessionArgument = "latest", strategy: StrategyOption = "", reason: ReasonOption = "",
    latch: Annotated[str, typer.Option("--latch", help="Lift just this latch of execution, a kill's too.")] = "",
    command_id: CommandIdOption = "", timeout_s: TimeoutOption = 10.0, json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Hedges again after a pause, a flatten or a fault; needs a reconciled state. Exit code 1: refused, no outcome.

    A kill is lifted by its own name alone: --latch ID, as `hedgerow kill` told it.
    """
    if latch:
        standing = lift(session, latch, reason)
        if json_:
            print_json({"lifted": latch, "standing": standing})
        else:
            messages.print(f"{latch} is lifted; {'still standing:' if standing else 'none stands'}", markup=False)
            if standing:
                print_table("", list(standing[0]), [list(each.values()) for each in standing])
        return
    _carry_out(CommandKind.RESUME, session, strategy, reason, command_id, timeout_s, json_)


def flatten(
    session: SessionArgument = "latest", strategy: StrategyOption = "", reason: ReasonOption = "",
    to: Annotated[
        Target, typer.Option("--to", help="zero: no stock left; neutral: the stock that offsets the legs' delta.")
    ] = Target.ZERO,
    include_options: Annotated[
        bool, typer.Option("--include-options", help="Close the strategy's option legs too; with zero only.")
    ] = False,
    command_id: CommandIdOption = "", timeout_s: TimeoutOption = 120.0, json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Pauses, cancels the resting hedge and closes the strategy's own position, no other's; stays paused afterwards.

    To zero it reaches execution with control down. Exit code 1: blocked or not done in time; it goes on nevertheless.
    """
    arguments = FlattenOptions(FlattenTarget(to.value.upper()), include_options).arguments()
    _carry_out(CommandKind.FLATTEN, session, strategy, reason, command_id, timeout_s, json_, arguments)


def refresh_accounts(
    session: SessionArgument = "latest", reason: ReasonOption = "", command_id: CommandIdOption = "",
    timeout_s: TimeoutOption = 20.0, json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Fetches accounts and positions from the broker now. Exit code 1: no outcome, or control is down."""
    _carry_out(CommandKind.REFRESH_ACCOUNTS, session, "", reason, command_id, timeout_s, json_)


def retry_ib(
    session: SessionArgument = "latest", reason: ReasonOption = "", command_id: CommandIdOption = "",
    timeout_s: TimeoutOption = 20.0, json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Tries the broker connection now instead of at the next retry. Exit code 1: no outcome, or control is down."""
    _carry_out(CommandKind.RETRY_IB, session, "", reason, command_id, timeout_s, json_)


_OF_THE_SYSTEM = frozenset({CommandKind.REFRESH_ACCOUNTS, CommandKind.RETRY_IB})


def _carry_out(
    kind: CommandKind, session: str, strategy: str, reason: str, command_id: str, timeout_s: float, json_: bool,
    arguments: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    state = state_dir.resolve(session)
    settings = Settings.read(state.settings_file)
    if kind in _OF_THE_SYSTEM:
        names = [""]
    else:
        names = [strategy] if strategy else [one.name for one in settings.strategies]
        for name in names:
            settings.strategy(name)
    if not names:
        raise InvalidValue("strategies", 0, "a session with a strategy", "this one has none")
    if command_id and len(names) > 1:
        raise InvalidValue("--command-id", command_id, "for one strategy", f"--strategy one of {', '.join(names)}")
    commands = [
        NewCommand(command_id or f"cli-{uuid.uuid4().hex}", kind, name, "", ACTOR, reason, arguments or {})
        for name in names
    ]
    with CommandDesk(state, settings, messages.print) as desk:
        outcomes = desk.carry_out(commands, timeout_s)
    if json_:
        print_json([one._asdict() for one in outcomes])
    else:
        print_table(
            kind.value.lower().replace("_", " "), ["strategy", "sent by", "outcome", "command id"],
            [(one.strategy or "all", one.via or "nobody", one.outcome or f"none within {timeout_s:g} s", one.command_id)
             for one in outcomes],
        )  # fmt: skip
    sys.exit(0 if all(one.done for one in outcomes) else 1)


def healthcheck(session: SessionArgument = "latest", json_: JsonFlag = False) -> None:
    """Asks every process of a session for its health; exit code 1 unless all serve."""
    state = state_dir.resolve(session)
    settings = Settings.read(state.settings_file)
    rows = [
        {
            "service": name,
            "address": f"{endpoint.host}:{endpoint.port}",
            "serving": is_serving(endpoint.host, endpoint.port, name),
        }
        for name, endpoint in settings.endpoints.items()
    ]
    if json_:
        print(json.dumps(rows, indent=1))
    else:
        print_table("health", ["process", "address", "serving"],
                    [(r["service"], r["address"], "yes" if r["serving"] else "NO") for r in rows])  # fmt: skip
    sys.exit(0 if rows and all(row["serving"] for row in rows) else 1)
