"""This strategy's answers to commands: written with their operation record, remembered over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from hedgerow.clock import wall_now
from hedgerow.domain.command import Command, CommandKind
from hedgerow.domain.errors import Unavailable
from hedgerow.store.answers import DONE, acknowledgement, outcome_operation
from hedgerow.store.engine import Store
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write
from hedgerow.telemetry.metrics import histogram
from services.strategy.domain.latch import Answered, Latch, standing

_ACK_SECONDS = histogram(
    "hedgerow_strategy_command_ack_seconds", "Command recorded to answered by the strategy.", ["kind"]
)


PAUSING = (CommandKind.PAUSE, CommandKind.FLATTEN)


class Answers:
    """The commands answered so far; the latch that stands follows from them, so that both are durable as one."""

    def __init__(self, store: Store, writer: AsyncWriter, run_id: str, market_now: Callable[[], int]) -> None:
        self._writer = writer
        self._run_id = run_id
        self._market_now = market_now
        table = store.table("command_acks")
        with store.read() as connection:
            rows = connection.execute(
                sa.select(table.c.command_id, table.c.acked_ns, table.c.sequence, table.c.kind, table.c.outcome)
            ).all()
        self._given = {str(row.command_id) for row in rows}
        self._last_ns = max((row.acked_ns for row in rows), default=0)
        done = [row for row in rows if str(row.outcome).startswith(DONE) and row.kind in set(CommandKind)]
        self.flattens = {str(row.command_id) for row in done if row.kind == CommandKind.FLATTEN}
        """Flattens this strategy paused for."""
        self._done = {str(row.command_id): Answered(row.acked_ns, row.sequence, CommandKind(row.kind)) for row in done}
        self._unwritten: list[Sequence[Write]] = []

    @property
    def latch(self) -> Latch:
        """The latch that stands after everything carried out so far."""
        return standing(self._done.values())

    def given(self, command_id: str) -> bool:
        """Whether that command was answered, by this run or one before."""
        return command_id in self._given

    def overtaken(self, command: Command) -> bool:
        """Whether a pause that was asked for after this command has been carried out already.

        So it is with a command whose answer was lost, read again by a later run. A sequence alone says too little: a
        command store that was lost begins them anew.
        """
        return any(
            each.kind in PAUSING and each.sequence > command.sequence and each.acked_ns >= command.created_ns
            for each in self._done.values()
        )

    def give(self, command: Command, strategy: str, outcome: str) -> None:
        """Answers a command, once; what came of a FLATTEN is execution's to record."""
        if command.command_id in self._given:
            return
        self._given.add(command.command_id)
        if command.kind is CommandKind.FLATTEN and outcome.startswith(DONE):
            self.flattens.add(command.command_id)
        now = self._last_ns = max(wall_now(), self._last_ns + 1)  # what came later was answered later, always
        _ACK_SECONDS.labels(command.kind.value).observe(max(0, now - command.created_ns) / 1e9)
        if outcome.startswith(DONE):
            self._done[command.command_id] = Answered(now, command.sequence, command.kind)
        rows = [acknowledgement(command, strategy, self._run_id, wall_ns=now, outcome=outcome)]
        if command.kind is not CommandKind.FLATTEN:
            rows.append(outcome_operation(command, strategy, outcome, wall_ns=now, market_ns=self._market_now()))
        self._write(rows)

    def withdraw(self, command_id: str, strategy: str, why: str) -> None:
        """A flatten that execution refused: this strategy's pause for it never was."""
        self.flattens.discard(command_id)
        done = self._done.pop(command_id, None)
        if done is not None:
            command = Command(done.sequence, command_id, done.kind, strategy, "", "", "", {}, 0)
            self._write([acknowledgement(command, strategy, self._run_id, wall_ns=done.acked_ns, outcome=why)])

    def retry(self) -> None:
        """Writes again what the store did not take; where it took it and could not say so, its operation is twice."""
        unwritten, self._unwritten = self._unwritten, []
        for rows in unwritten:
            self._write(rows)

    def _write(self, rows: Sequence[Write]) -> None:
        def keep(written: asyncio.Future[None]) -> None:
            if not written.cancelled() and isinstance(written.exception(), Unavailable):
                self._unwritten.append(rows)

        self._writer.write(rows).add_done_callback(keep)
