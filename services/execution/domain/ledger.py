"""The book with its one door: commands in, numbered events and reports out."""

from __future__ import annotations

from typing import NamedTuple

from hedgerow.domain.execution_report import ExecutionReport, ReportKind, split_revision
from services.execution.domain.book import Book
from services.execution.domain.commands import Command, RecordCommission
from services.execution.domain.decide import decide
from services.execution.domain.events import OrderEvent
from services.execution.domain.flatten import Flattens
from services.execution.domain.latches import Latches


class Entry(NamedTuple):
    """One event with the report it caused; their number is `report.sequence`.

    `replaced` is the execution id of the revision that a corrected fill takes the place of.
    """

    event: OrderEvent
    report: ExecutionReport
    replaced: str = ""


class Ledger:
    """Decides and applies in one step, and keeps commissions that came before their fill.

    What waits for a fill is not journaled: the broker tells it again on the next connect.
    """

    def __init__(self) -> None:
        self.book = Book()
        self.flattens = Flattens()
        self.latches = Latches()
        self._early: dict[str, RecordCommission] = {}

    def handle(self, command: Command) -> list[Entry]:
        """Entries a command causes, in sequence; none for what was known. Raises as `decide` does."""
        if isinstance(command, RecordCommission):
            base, revision = split_revision(command.execution_id)
            if base not in self.book.by_execution:
                waiting = self._early.get(base)
                if waiting is None or split_revision(waiting.execution_id)[1] < revision:
                    self._early[base] = command
                return []
        entries = [self.replay(event) for event in decide(self.book, command)]
        for entry in list(entries):
            if entry.event.kind is ReportKind.FILL and entry.event.fill is not None:
                early = self._early.pop(split_revision(entry.event.fill.execution_id)[0], None)
                if early is not None:
                    entries += self.handle(early)
        return entries

    def replay(self, event: OrderEvent) -> Entry:
        """Folds one event in; a restart does so with every event of the journal."""
        replaced = ""
        if event.fill is not None:
            known = self.book.orders[event.client_order_id].fill_of(event.fill.execution_id)
            replaced = "" if known is None else known.execution_id
        report = self.book.apply(event)
        if event.admission is not None:
            self.flattens.note_order(report.intent_id, report.client_order_id)
        return Entry(event, report, replaced)
