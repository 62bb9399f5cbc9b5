"""The strategy's own stock position, folded from the execution reports of its stream and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hedgerow.domain.execution_report import ExecutionReport, ReportKind, split_revision
from hedgerow.domain.order import Side
from hedgerow.domain.position import ZERO, Position


@dataclass(frozen=True, slots=True)
class OwnPosition:
    """Position, commissions, and the last fill; `executions` are the ids folded in, each once.

    `corrected` says that the broker corrected an execution: what it replaces may be older than this
    fold, so only a new snapshot of execution's own fold tells the position.
    """

    position: Position = Position()
    commissions: Decimal = ZERO
    last_fill_price: Decimal = ZERO
    last_fill_time: int = 0
    fills: int = 0
    sequence: int = 0
    executions: frozenset[str] = frozenset()
    commissioned: frozenset[str] = frozenset()
    corrected: bool = False

    def after(self, report: ExecutionReport) -> OwnPosition:
        """The position after one report of the underlying; a report seen before changes nothing."""
        if report.sequence <= self.sequence:
            return self
        advanced = replace(self, sequence=report.sequence)
        fill = report.fill
        if fill is None:
            return advanced
        if report.kind is ReportKind.FILL and split_revision(fill.execution_id)[1] > 1:
            return replace(advanced, corrected=True)
        if report.kind is ReportKind.FILL and fill.execution_id not in self.executions:
            signed = fill.quantity if report.side is Side.BUY else -fill.quantity
            advanced = replace(
                advanced,
                position=self.position.after(signed, fill.price),
                last_fill_price=fill.price,
                last_fill_time=fill.event_time,
                fills=self.fills + 1,
                executions=self.executions | {fill.execution_id},
            )
        if fill.commission is not None and fill.execution_id not in self.commissioned:
            advanced = replace(
                advanced,
                commissions=self.commissions + fill.commission,
                commissioned=self.commissioned | {fill.execution_id},
            )
        return advanced
