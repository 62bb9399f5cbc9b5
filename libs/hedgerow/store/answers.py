"""What came of commands: the answers control, the strategy and execution gave, each in its own store, as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hedgerow.domain.command import Command, CommandKind
from hedgerow.store.location import Place
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.read import read_rows
from hedgerow.store.writes import Write, WriteMode

DONE, REFUSED = "done", "refused"
"""How every outcome of a command that was, and of one that was not carried out begins."""

_MOST_IDS = 500


class Answer(NamedTuple):
    """One addressee's answer; `acked_ns` 0 means that `outcome` tells of progress only."""

    acked_ns: int
    outcome: str


def acknowledgement(command: Command, strategy: str, run_id: str, *, wall_ns: int, outcome: str) -> Write:
    """The answer to a command, for the store of who answers; a later answer replaces the outcome.

    With `wall_ns` 0 it tells of progress: the command is still pending.
    """
    values = {
        "command_id": command.command_id,
        "sequence": command.sequence,
        "strategy": strategy,
        "run_id": run_id,
        "kind": command.kind,
        "acked_ns": wall_ns,
        "outcome": outcome,
    }
    return Write("command_acks", values, WriteMode.UPSERT)


def outcome_operation(command: Command, strategy: str, outcome: str, *, wall_ns: int, market_ns: int) -> Write:
    """The operation record that tells what came of a command, to be committed with its answer."""
    return operation_row(
        OperationType.COMMAND,
        wall_ns=wall_ns,
        market_ns=market_ns,
        strategy=strategy,
        state=command.kind,
        reason=command.reason,
        text=f"{command.kind}: {outcome} ({command.command_id})",
    )


def answered(place: Place, commands: Sequence[Command], strategy: str | None = None) -> list[Command]:
    """The commands with what their addressees answered.

    A command to every strategy is answered by `strategy`, where one is asked about. The answer that counts is
    control's to what control carries out, execution's to FLATTEN and KILL, the strategy's to everything else; a PAUSE
    of a strategy that is not connected is done when execution says so. Until it is there, what another says is shown
    as progress.
    """
    ids = [command.command_id for command in commands]
    if not ids:
        return []
    asked = {strategy or command.strategy for command in commands} - {""}
    control = read_answers(place, "control", ids)
    execution = read_answers(place, "execution", ids)
    strategies = {name: read_answers(place, f"strategy-{name}", ids) for name in asked}
    return [
        _with_answer(
            command,
            control.get(command.command_id),
            strategies.get(strategy or command.strategy, {}).get(command.command_id),
            execution.get(command.command_id),
        )
        for command in commands
    ]


def _with_answer(
    command: Command, control: Answer | None, strategy: Answer | None, execution: Answer | None
) -> Command:
    final = execution if command.kind in (CommandKind.FLATTEN, CommandKind.KILL) else strategy
    if command.kind is CommandKind.PAUSE and not (strategy and strategy.acked_ns):
        final = execution if execution and execution.outcome.startswith(DONE) else strategy
    if control is not None and control.acked_ns:
        final = control
    if final is not None and final.acked_ns:
        return replace(command, acked_ns=final.acked_ns, outcome=final.outcome)
    meanwhile = next((each.outcome for each in (final, execution, strategy, control) if each is not None), "")
    return replace(command, acked_ns=0, outcome=meanwhile)


def read_answers(place: Place, owner: str, command_ids: Collection[str] | None = None) -> dict[str, Answer]:
    """One owner's answers by command_id, of all commands or those named; none when it has no store."""
    rows: list[dict[str, Any]] = []
    if command_ids is None:
        rows = read_rows(place, owner, "command_acks")
    else:
        ids = list(command_ids)
        for first in range(0, len(ids), _MOST_IDS):
            rows += read_rows(place, owner, "command_acks", where=_among(ids[first : first + _MOST_IDS]))
    return {str(row["command_id"]): _answer(row) for row in rows}


def _among(ids: list[str]) -> Any:
    return lambda table: [table.c.command_id.in_(ids)]


def _answer(row: Mapping[str, Any]) -> Answer:
    return Answer(int(row["acked_ns"]), str(row["outcome"]))
