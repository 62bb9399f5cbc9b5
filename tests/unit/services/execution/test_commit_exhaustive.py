"""State and outgoing event commit together: whichever statement fails, and however, nothing told is not on disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from hedgerow.domain.errors import JournalUnavailable
from hedgerow.domain.execution_report import ExecutionReport, Fill
from hedgerow.domain.order import Side
from hedgerow.store.backend import Session
from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.journal import JournalWriter, journal_head, verify_chain
from hedgerow.store.location import StoreLocation
from hedgerow.store.tables import METADATA
from services.execution.domain import commands as c
from services.execution.domain.flatten import FlattenEvent, FlattenKind
from services.execution.domain.intents import client_order_id_of
from services.execution.domain.ledger import Ledger
from services.execution.feed import Feed
from services.execution.order_log import OrderLog, rebuild
from services.execution.replay import replay
from tests.store_places import fresh_location, location, store_database
from tests.unit.services.execution.samples import allow, intent

__all__ = ["fresh_location", "location", "store_database"]

LOST, BROKEN = "the statement is not run", "it is run and its answer is lost"


class Failing:
    """A session whose n-th statement fails, BEGIN and COMMIT counted; from then on the database is away."""

    def __init__(self, session: Session, nth: int, way: str, error: type[Exception]) -> None:
        self._session, self._left, self._way, self._error = session, nth, way, error
        self.happened = False

    @property
    def cursor(self) -> Failing:
        return self

    @property
    def rowcount(self) -> int:
        return self._session.cursor.rowcount

    def begin(self) -> None:
        self._statement(self._session.begin)

    def commit(self) -> None:
        self._statement(self._session.commit)

    def execute(self, *arguments: Any) -> Any:
        return self._statement(lambda: self._session.cursor.execute(*arguments))

    def rollback(self) -> None:
        self._session.rollback()

    def settle(self) -> None:
        self._session.settle()

    def close(self) -> None:
        self._session.close()

    def _statement(self, run: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left > 0:
            return run()
        if self._left == 0:
            self.happened = True
            if self._way == BROKEN:
                run()
        raise self._error("the disk is gone")


async def life(log: OrderLog) -> AsyncIterator[None]:
    """One commit per step: every kind of event there is, in rows of every table."""
    names = []
    for number, side in enumerate((Side.BUY, Side.SELL, Side.BUY), start=1):
        wanted = intent(number, 10, side)
        names.append(client_order_id_of(wanted))
        await log.record(c.Admit(wanted, allow(wanted), number, 1, number, number))  # type: ignore[misc]
        yield
    first, second, third = names
    steps: list[list[c.Command]] = [
        [c.Deny(intent(4), None, "REDUCE_ONLY", "no", 1, 1, 1)],
        [c.MarkSent(first, 2, 2), c.Acknowledge(first, 77, 2, 2)],
        [fill(first, "e.1.01", 4, "100.10")],
        [fill(first, "e.2.01", 3, "100.20"), fill(second, "e.3.01", 3, "101")],
        [fill(first, "e.1.02", 5, "100.15")],
        [c.RecordCommission("e.1.02", Decimal("1.25"), Decimal("0.5"), 7, 7)],
        [c.RequestCancel(second, "WANTED", 8, 8), c.RecordCancel(second, "", "gone", 9, 9)],
        [c.MarkUnknown(third, "NOT_FOUND_AT_BROKER", "nowhere", 9, 9)],
        [c.RecordReject(third, "BROKER_REJECTED", "no", 9, 9)],
    ]
    for step in steps:
        await log.record(*step)  # type: ignore[misc]
        yield
    await log.record_flatten(FlattenEvent(FlattenKind.BEGUN, "r-1", 8, 8, strategy="s"))
    yield


def fill(name: str, execution: str, quantity: int, price: str) -> c.RecordFill:
    return c.RecordFill(name, Fill(execution, Decimal(quantity), Decimal(price), None, None, 5), 7, 5, 6)


async def run_until_it_fails(store: Store, nth: int, way: str) -> tuple[bool, list[ExecutionReport], int]:
    """Whether the n-th statement came; the reports told; the sequence of the last step that was answered."""
    errors = psycopg.OperationalError if store.location.url else sqlite3.OperationalError
    with store.begin() as connection:
        for table in METADATA["execution"].tables:
            connection.execute(store.table(table).delete())
    writer = JournalWriter(store, acquire_epoch(store, "execution"))
    failing = Failing(writer._session, nth, way, errors)
    writer._session = failing
    told: list[ExecutionReport] = []
    log = OrderLog(writer, Ledger(), told.extend, lambda: None)
    answered = 0
    try:
        async for _ in life(log):
            answered = writer.head.sequence
    except JournalUnavailable:
        assert failing.happened
    await asyncio.sleep(0)  # what is committed is told after whoever waited for it
    await writer.close()
    return failing.happened, told, answered


@pytest.mark.parametrize(
    ("fresh_location", "way"),
    [("sqlite", LOST), ("sqlite", BROKEN), ("postgresql", BROKEN)],
    indirect=["fresh_location"],
)
async def test_whatever_statement_fails(location: StoreLocation, way: str) -> None:
    nth, failed, told = 0, True, []
    with open_store(location, "execution") as store:
        while failed:
            nth += 1
            failed, told, answered = await run_until_it_fails(store, nth, way)
            await holds(store, told, answered, nth)
    assert (nth, len(told)) > (60, 16)


async def holds(store: Store, told: Sequence[ExecutionReport], answered: int, nth: int) -> None:
    """The next process: journal whole, rows as the journal says, every report told is there, and none twice."""
    assert verify_chain(store) is None, nth
    assert journal_head(store).sequence >= answered, nth
    assert replay(store).differences == (), nth
    ledger = Ledger()
    rebuild(store, ledger)
    newest = ledger.book.sequence
    feed = Feed(store, ledger.book, lambda: newest)
    everything = await feed.backlog(0, newest)
    assert [item.sequence for item in everything] == list(range(1, newest + 1)), nth
    again = Feed(store, ledger.book, lambda: newest)
    if told:
        again.publish(told)
    known = {item.sequence: item.report for item in again._ring}
    assert list(known) == list(range(1, len(told) + 1)), nth
    for item in everything[: len(told)]:
        assert item.report == known[item.sequence], nth  # told then, and told again to who resumes: the same
    for after in (0, len(told), newest // 2):
        assert [item.sequence for item in await feed.backlog(after, newest)] == list(range(after + 1, newest + 1))
