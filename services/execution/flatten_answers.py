"""What execution answers to a flatten: progress, and in the end what came of it, with the journal's own commits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import sqlalchemy as sa

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.command import Command, CommandKind
from hedgerow.domain.errors import HedgerowError
from hedgerow.domain.position import ZERO
from hedgerow.store.answers import DONE, REFUSED, acknowledgement, outcome_operation
from hedgerow.store.engine import Store
from hedgerow.store.location import Place
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.read import read_rows
from hedgerow.store.writes import Write
from services.execution.domain.flatten import Flatten, FlattenEvent, FlattenKind, Held, code
from services.execution.flatten_view import Attempts
from services.execution.order_log import OrderLog

SNAPSHOT_LIMIT_NS = 5_000_000_000
"""Wall ns after which a daemon's snapshot says nothing about net delta now."""


class FlattenAnswers:
    """Rows of execution's command_acks and operations."""

    def __init__(self, log: OrderLog, clock: Clock, place: Place) -> None:
        self._log = log
        self._clock = clock
        self._place = place

    @staticmethod
    def given(store: Store) -> set[str]:
        """Ids of the commands that have their final answer; blocks, before anything is served."""
        table = store.table("command_acks")
        with store.read() as connection:
            rows = connection.execute(sa.select(table.c.command_id).where(table.c.acked_ns > 0))
            return {str(row.command_id) for row in rows}

    def begun(self, event: FlattenEvent, recorded: bool) -> list[Write]:
        """Beside BEGUN: the first progress, and the operation record of one no command stands behind."""
        rows = [self._acknowledge(_command(event), event.strategy, 0, "canceling resting orders")]
        if not recorded:
            rows.append(
                operation_row(
                    OperationType.COMMAND, wall_ns=event.receive_time, market_ns=event.event_time,
                    strategy=event.strategy, state=CommandKind.FLATTEN, reason=event.reason,
                    text=f"FLATTEN asked by {event.actor or 'nobody named'} ({event.request_id})",
                )
            )  # fmt: skip
        return rows

    async def rows(self, flatten: Flatten, event: FlattenEvent) -> list[Write]:
        """Beside a later event: its answer, final when done or blocked."""
        if event.kind is FlattenKind.DONE:
            outcome = await self._done(flatten, event.positions)
        elif event.kind is FlattenKind.BLOCKED:
            outcome = f"blocked: {event.reason}"
        elif event.kind is FlattenKind.CLOSING:
            return [self._acknowledge(_command(flatten), flatten.strategy, 0, f"closing {event.reason}".strip())]
        else:
            return []
        return self._final(_command(flatten), flatten.strategy, outcome, event.receive_time)

    def lifted(self, flatten: Flatten) -> list[Write]:
        """Beside LIFTED: a blocked flatten is given up, and says so."""
        if not flatten.active:
            return []
        outcome = f"given up by a resume: {flatten.reason}"
        return self._final(_command(flatten), flatten.strategy, outcome, wall_now())

    def refused(self, command: Command, strategy: str, why: str) -> list[Write]:
        """The answer to a command that is not carried out."""
        return self._final(command, strategy, f"{REFUSED}: {why}", wall_now())

    def latched(self, command: Command, words: str, final: bool) -> list[Write]:
        """The answer to a stop, pause or kill whose latch stands; what the daemon answers comes beside it."""
        return [self._acknowledge(command, command.strategy, wall_now() if final else 0, words)]

    def resumed(self, command: Command, strategy: str) -> list[Write]:
        """The answer to a resume that lifted a latch; what the daemon answers is what counts."""
        return [self._acknowledge(command, strategy, wall_now(), f"{DONE}: execution takes hedges again")]

    def progress(self, flatten: Flatten, tried: Attempts, words: str) -> None:
        """Tells how far a flatten has come, where that is news; nothing waits for it."""
        if code(words) == code(tried.told) or not flatten.under_way:
            return
        tried.told = words
        written = self._log.write([self._acknowledge(_command(flatten), flatten.strategy, 0, words)])
        written.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _final(self, command: Command, strategy: str, outcome: str, wall_ns: int) -> list[Write]:
        market = self._clock.market_now()
        return [
            self._acknowledge(command, strategy, wall_ns, outcome),
            outcome_operation(command, strategy, outcome, wall_ns=wall_ns, market_ns=market),
        ]

    @staticmethod
    def _acknowledge(command: Command, strategy: str, wall_ns: int, outcome: str) -> Write:
        return acknowledgement(command, strategy, "", wall_ns=wall_ns, outcome=outcome)

    async def _done(self, flatten: Flatten, after: Sequence[Held]) -> str:
        left = {(held.account, held.instrument): held.quantity for held in after}
        moved = [
            f"{held.instrument.instrument_id} {held.quantity} -> {left.get((held.account, held.instrument), ZERO)}"
            for held in flatten.before
            if flatten.include_options or not held.instrument.is_option
        ]
        count = len(flatten.orders)
        words = f"{DONE}: {', '.join(moved) or 'nothing was held'} with {count} order{'s' if count != 1 else ''}"
        stock = sum((held.quantity for held in after if not held.instrument.is_option), ZERO)
        delta = await asyncio.to_thread(self._remaining_delta, flatten, stock)
        return words if delta is None else f"{words}; remaining net delta {delta:.1f} shares"

    def _remaining_delta(self, flatten: Flatten, stock: Decimal) -> float | None:
        """Option delta by the daemon's fresh snapshot plus the stock left; None when it is not known."""
        if flatten.include_options:
            return None
        try:
            rows = read_rows(self._place, f"strategy-{flatten.strategy}", "status_current")
        except HedgerowError:
            return None
        for row in rows:
            net, held, at = (row["snapshot"].get(key) for key in ("net_delta", "stock_position", "ts"))
            fresh = isinstance(at, int) and abs(wall_now() - at) <= SNAPSHOT_LIMIT_NS
            if fresh and isinstance(net, int | float) and isinstance(held, int | float):
                return float(net) - float(held) + float(stock)
        return None


def _command(flatten: Flatten | FlattenEvent) -> Command:
    """The command a flatten carries out, as far as an answer needs it."""
    why = flatten.why if isinstance(flatten, Flatten) else flatten.reason
    return Command(
        0, flatten.request_id, CommandKind.FLATTEN, flatten.strategy, "", flatten.actor, why, {}, flatten.asked_time
    )
