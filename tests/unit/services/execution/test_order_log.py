"""Book, journal and rows as one: what is told is on disk, and the disk rebuilds the book."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from hedgerow import failpoints
from hedgerow.domain.errors import JournalUnavailable
from hedgerow.domain.execution_report import ExecutionReport, Fill
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Side
from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.journal import JournalWriter, verify_chain
from services.execution.domain import commands as c
from services.execution.domain.flatten import FlattenEvent, FlattenKind, Held
from services.execution.domain.intents import client_order_id_of
from services.execution.domain.ledger import Ledger
from services.execution.order_log import OrderLog, read_reports, rebuild
from tests.unit.services.execution.samples import allow, intent


class Bench:
    """A log on a real store, and what it told."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.writer = JournalWriter(store, acquire_epoch(store, "execution"))
        self.ledger = Ledger()
        self.told: list[ExecutionReport] = []
        self.came = asyncio.Event()
        self.failures = 0
        self.events: list[str] = []
        self.log = OrderLog(self.writer, self.ledger, self._publish, self._failed)

    def admit(self, number: int, quantity: int = 10) -> tuple[str, asyncio.Future[object]]:
        wanted = intent(number, quantity)
        future = self.log.record(c.Admit(wanted, allow(wanted), number, 1, 1, 1))
        assert future is not None
        return client_order_id_of(wanted), future

    def fill(self, name: str, quantity: int, execution: str) -> asyncio.Future[object] | None:
        made = Fill(execution, Decimal(quantity), Decimal(100), None, None, 5)
        return self.log.record(c.RecordFill(name, made, 7, 5, 5))

    def _publish(self, reports: Sequence[ExecutionReport]) -> None:
        self.events.append("told")
        self.told += reports
        self.came.set()

    def _failed(self) -> None:
        self.failures += 1


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = open_store(tmp_path, "execution")
    bench = Bench(store)
    yield bench
    await bench.writer.close()
    store.close()


async def told(bench: Bench, count: int) -> None:
    async with asyncio.timeout(5):
        while len(bench.told) < count:
            bench.came.clear()
            await bench.came.wait()


async def test_who_waits_for_a_commit_runs_before_its_reports_are_told(bench: Bench) -> None:
    _, future = bench.admit(1)
    assert bench.told == []
    await future
    bench.events.append("sent")
    await told(bench, 1)
    assert bench.events == ["sent", "told"]


async def test_a_sent_shares_the_next_commit_and_leaves_by_itself_otherwise(bench: Bench) -> None:
    name, future = bench.admit(1)
    await future
    bench.log.record_later(c.MarkSent(name, 2, 2))
    assert (bench.log.book.sequence, bench.log.checkable) == (2, 1)
    done = bench.fill(name, 4, "e.1.01")
    assert done is not None
    assert await done == (2, 3)
    other, future = bench.admit(2)
    await future
    bench.log.record_later(c.MarkSent(other, 2, 2))
    await told(bench, 5)
    assert [report.sequence for report in bench.told] == [1, 2, 3, 4, 5]


async def test_rows_and_rebuilt_book_say_what_the_live_one_says(bench: Bench) -> None:
    first, _ = bench.admit(1)
    second, _ = bench.admit(2)
    bench.log.record(c.Deny(intent(3), None, "REDUCE_ONLY", "no", 1, 1, 1))
    bench.log.record_later(c.MarkSent(first, 2, 2))
    bench.fill(first, 4, "e.1.01")
    bench.fill(first, 3, "e.1.02")
    bench.log.record(c.RecordCommission("e.1.02", Decimal("1.25"), Decimal(0), 6, 6))
    bench.fill(second, 10, "e.2.01")
    last = bench.log.record(c.RecordCancel(first, "", "", 7, 7))
    assert last is not None
    await last
    await told(bench, bench.log.book.sequence)
    again = Ledger()
    assert rebuild(bench.store, again) == len(bench.told)
    assert again.book.view() == bench.ledger.book.view()
    assert read_reports(bench.store, 2, 6) == bench.told[2:6]
    assert verify_chain(bench.store) is None
    orders, fills = bench.store.table("orders"), bench.store.table("fills")
    with bench.store.read() as connection:
        rows = {row.client_order_id: row for row in connection.execute(sa.select(orders))}
        paid = {row.execution_id: row.commission for row in connection.execute(sa.select(fills))}
        [position] = connection.execute(sa.select(bench.store.table("positions"))).all()
    for name, order in bench.log.book.orders.items():
        row = rows[name]
        assert (row.order_status, row.cum_qty, row.leaves_qty) == (order.status, order.cum_qty, order.leaves_qty)
        assert (row.average_price, row.sequence) == (order.average_price, order.sequence)
    assert paid == {"e.1.02": Decimal("1.25"), "e.2.01": None}
    assert (position.quantity, position.fills, position.commissions) == (13, 2, Decimal("1.25"))


async def test_facts_about_flattens_are_journaled_between_orders_and_are_no_reports(bench: Bench) -> None:
    first, _ = bench.admit(1)
    begun = FlattenEvent(
        FlattenKind.BEGUN, "f-1", 2, 2, "s", Decimal(-3), asked_time=1, actor="anna", reason="enough",
        positions=(Held("SIM1", stock("GOOG"), Decimal(-10)),),
    )  # fmt: skip
    bench.log.record_flatten(begun)
    bench.log.record_later(c.MarkSent(first, 2, 2))
    bench.log.record_flatten(FlattenEvent(FlattenKind.BLOCKED, "f-1", 3, 3, reason="UNKNOWN_ORDER hr-1"))
    bench.fill(first, 4, "e.1.01")
    bench.log.record_flatten(FlattenEvent(FlattenKind.CLOSING, "f-1", 4, 4))
    closing = intent(7, 4, Side.SELL, intent_id=bench.log.flattens.by_id["f-1"].next_intent_id)
    bench.log.record(c.Admit(closing, allow(closing), 2, 1, 5, 5))
    done = bench.log.record_flatten(FlattenEvent(FlattenKind.DONE, "f-1", 6, 6))
    await done
    await told(bench, 4)
    assert [report.sequence for report in bench.told] == [1, 2, 3, 4]
    assert not bench.log.failed
    again = Ledger()
    assert rebuild(bench.store, again) == 8
    assert again.book.view() == bench.ledger.book.view()
    assert again.flattens.by_id == bench.ledger.flattens.by_id
    assert again.flattens.by_id["f-1"].orders == (client_order_id_of(closing),)
    assert read_reports(bench.store, 1, 3) == bench.told[1:3]
    assert verify_chain(bench.store) is None
    # And a log that begins on this journal goes on with both numbers.
    await bench.writer.close()
    writer = JournalWriter(bench.store, acquire_epoch(bench.store, "execution"))
    following = OrderLog(writer, again, bench._publish, bench._failed)
    wanted = intent(9)
    future = following.record(c.Admit(wanted, allow(wanted), 3, 2, 9, 9))
    assert future is not None
    assert await future == (9,)
    await told(bench, 5)
    assert bench.told[-1].sequence == 5
    await writer.close()


async def test_after_a_failure_nothing_is_told_or_written(bench: Bench) -> None:
    name, future = bench.admit(1)
    await future
    await told(bench, 1)
    # A row of that key already: the commit breaks, and the book is ahead of the disk.
    with bench.store.begin() as connection:
        connection.execute(bench.store.table("fills").insert().values(execution_id="e.1.01"))
    broken = bench.fill(name, 4, "e.1.01")
    assert broken is not None
    await asyncio.wait([broken])
    assert bench.log.failed
    _, refused = bench.admit(2)
    with pytest.raises(JournalUnavailable):
        await refused
    assert (bench.failures, len(bench.told)) == (1, 1)
    assert rebuild(bench.store, Ledger()) == 1


async def first_fails_in_the_loop(bench: Bench) -> None:
    """Records an intent; it is durable, and what follows its commit breaks."""
    seen = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(lambda *_: seen.set())
    try:
        _, first = bench.admit(1)
        await first
        async with asyncio.timeout(5):
            await seen.wait()
    finally:
        asyncio.get_running_loop().set_exception_handler(None)


async def nothing_is_told_any_more(bench: Bench) -> None:
    """The log is closed by one failure: what comes after it is refused, and no report left."""
    assert bench.failures == 1
    _, second = bench.admit(2)
    with pytest.raises(JournalUnavailable):
        await second
    assert bench.told == []
    assert bench.log.published == 0


async def test_reports_that_could_not_be_told_leave_no_hole_behind_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later ones are not told either: whoever follows resumes after a restart, from the journal."""

    def breaks(reports: Sequence[ExecutionReport]) -> None:
        raise OSError("broken")

    monkeypatch.setattr(bench.log, "_publish_reports", breaks)
    await first_fails_in_the_loop(bench)
    monkeypatch.undo()
    await nothing_is_told_any_more(bench)


async def test_a_commit_that_could_not_be_taken_note_of_leaves_no_hole_behind_it(bench: Bench) -> None:
    failpoints.arm("log.committed=raise")
    try:
        await first_fails_in_the_loop(bench)
    finally:
        failpoints.arm("")
    await nothing_is_told_any_more(bench)


@pytest.mark.parametrize("point", ["log.append", "log.appended"])
async def test_a_fault_beside_the_append_leaves_no_hole_behind_it(bench: Bench, point: str) -> None:
    failpoints.arm(f"{point}=raise")
    try:
        _, first = bench.admit(1)
        with pytest.raises(JournalUnavailable):
            await first
    finally:
        failpoints.arm("")
    await nothing_is_told_any_more(bench)
