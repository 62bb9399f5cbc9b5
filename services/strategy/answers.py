"""This strategy's answers to commands: written with their operation record, remembered over restarts."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from hedgerow.clock import wall_now
from hedgerow.domain.command import Command, CommandKind
from hedgerow.store.answers import DONE, acknowledgement, outcome_operation
from hedgerow.store.engine import Store
from hedgerow.store.writer import AsyncWriter
from hedgerow.telemetry.metrics import histogram
from services.strategy.domain.latch import Answered, Latch, standing

_ACK_SECONDS = histogram(
    "hedgerow_strategy_command_ack_seconds", "Command recorded to answered by the strategy.", ["kind"]
)


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
        self.latch: Latch = standing(Answered(row.acked_ns, row.sequence, CommandKind(row.kind)) for row in done)

    def given(self, command_id: str) -> bool:
        """Whether that command was answered, by this run or one before."""
        return command_id in self._given

    def give(self, command: Command, strategy: str, outcome: str) -> None:
        """Answers a command, once; what came of a FLATTEN is execution's to record."""
        if command.command_id in self._given:
            return
        self._given.add(command.command_id)
        if command.kind is CommandKind.FLATTEN:
            self.flattens.add(command.command_id)
        now = self._last_ns = max(wall_now(), self._last_ns + 1)  # what came later was answered later, always
        _ACK_SECONDS.labels(command.kind.value).observe(max(0, now - command.created_ns) / 1e9)
        rows = [acknowledgement(command, strategy, self._run_id, wall_ns=now, outcome=outcome)]
        if command.kind is not CommandKind.FLATTEN:
            rows.append(outcome_operation(command, strategy, outcome, wall_ns=now, market_ns=self._market_now()))
        self._writer.write(rows)
