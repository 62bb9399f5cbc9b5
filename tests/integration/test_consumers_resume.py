"""Execution's consumers and a publisher that dies after every report: no gap, no repeat, each effect once."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.execution_report import ExecutionReport, ReportKind
from hedgerow.domain.order import Side
from hedgerow.settings import PortfolioSettings, RiskSettings, Settings, TimingSettings
from hedgerow.state_dir import StateDir
from hedgerow.wire.common import heartbeat_to_wire
from hedgerow.wire.execution import report_to_wire
from services.execution.domain import commands as c
from services.execution.domain.ledger import Ledger
from services.strategy.domain.own_position import OwnPosition
from tests.integration.portfolio.client import shown
from tests.integration.report_feed import HEARTBEAT_S, ReportFeed
from tests.integration.risk.check_stream import CheckStream
from tests.integration.service_process import ServiceProcess, state_with, until
from tests.unit.rules.orders import order
from tests.unit.services.execution.samples import admit, fill, intent

STRATEGY, ACCOUNT = "goog-scalper", "SIM0000001"
LIMIT = 1000


class Dying(ReportFeed):
    """Dies after each new report it told, before anything else leaves; its next life tells some of them again.

    Once it leaves a report out, as no publisher of ours does.
    """

    def __init__(self, port: int, hole: int) -> None:
        super().__init__(port)
        self.hole = hole
        self.deaths = 0

    async def StreamExecutionReports(
        self, request: execution_pb2.StreamExecutionReportsRequest, context: Any
    ) -> AsyncIterator[execution_pb2.StreamExecutionReportsResponse]:
        start = request.start_sequence
        if request.snapshot:
            async for message in super().StreamExecutionReports(request, context):
                yield message
            return
        while start >= len(self.reports):
            yield execution_pb2.StreamExecutionReportsResponse(heartbeat=heartbeat_to_wire(0, 0))
            await asyncio.sleep(HEARTBEAT_S)
        told = self.reports[max(0, start - start % 3) : start + 1]
        if start == self.hole and len(self.reports) > start + 1:
            self.hole = -1
            told = [self.reports[start + 1]]
        for each in told:
            batch = execution_pb2.ExecutionReportBatch(reports=[report_to_wire(each, 1)])
            yield execution_pb2.StreamExecutionReportsResponse(reports=batch)
        self.deaths += 1
        await context.abort(grpc.StatusCode.UNAVAILABLE, "the publisher was killed")


def history() -> tuple[list[ExecutionReport], Ledger]:
    """What execution tells of four orders: parts, corrections, commissions, late fills; and its own book of it."""
    ledger, reports = Ledger(), []
    names = []
    for number, side in enumerate((Side.BUY, Side.SELL, Side.BUY, Side.BUY), start=1):
        wanted = intent(number, 100, side, strategy=STRATEGY, account=ACCOUNT)
        names.append(admit(ledger, wanted, number))
    reports += [entry.report for entry in _again(ledger)]
    first, second, third, fourth = names
    for entries in (
        ledger.handle(c.MarkSent(first, 2, 2)),
        fill(ledger, first, 40, "100.10", "e.1.01"),
        fill(ledger, second, 30, "101", "e.2.01"),
        ledger.handle(c.RecordCommission("e.1.01", Decimal("1.25"), None, 6, 6)),
        fill(ledger, first, 60, "100.20", "e.3.01"),
        ledger.handle(c.RequestCancel(second, "WANTED", 7, 7)),
        ledger.handle(c.RecordCancel(second, "", "", 7, 7)),
        fill(ledger, second, 10, "101.5", "e.4.01"),  # filled while the cancel was under way
        ledger.handle(c.MarkUnknown(third, "NOT_FOUND_AT_BROKER", "", 8, 8)),
        fill(ledger, third, 25, "99", "e.5.01"),
        ledger.handle(c.RecordReject(fourth, "BROKER_REJECTED", "", 9, 9)),
        ledger.handle(c.RecordCommission("e.5.01", Decimal("0.75"), None, 9, 9)),
    ):
        reports += [entry.report for entry in entries]
    assert [each.sequence for each in reports] == list(range(1, len(reports) + 1))
    return reports, ledger


def _again(ledger: Ledger) -> list[Any]:
    """The entries of the admissions, from a ledger that repeats them."""
    other, entries = Ledger(), []
    for held in ledger.book.orders.values():
        assert held.verdict is not None
        entries += other.handle(c.Admit(held.intent, held.verdict, held.broker_order_id, 1, 1, 1))
    return entries


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return state_with(
        tmp_path, "risk", "portfolio", "execution", portfolio=PortfolioSettings(refresh_interval_s=3600),
        risk=RiskSettings(max_position_shares=LIMIT, max_orders_per_minute=10_000),
        timing=TimingSettings(stream_heartbeat_s=0.1),
    )  # fmt: skip


async def test_risk_and_portfolio_resume_after_every_report(state: StateDir) -> None:
    reports, ledger = history()
    [held] = ledger.book.positions.values()
    open_buys = sum((each.leaves_qty for each in ledger.book.open_orders() if each.intent.side is Side.BUY), Decimal(0))
    feed = Dying(Settings.read(state.settings_file).endpoints["execution"].port, hole=len(reports) - 4)
    risk, portfolio = ServiceProcess("risk", state), ServiceProcess("portfolio", state)
    await risk.start()
    await portfolio.start()
    stream, numbers = CheckStream(risk), itertools.count()
    feed.reports = reports[:9]
    await feed.start()
    try:
        await stream.resync(sequence=0)
        await until(lambda: _paid(portfolio, Decimal("1.25")), "portfolio has folded some")
        await portfolio.stop(signal.SIGKILL)
        await portfolio.start()
        feed.report(reports[9:])

        async def folded() -> bool:
            probe = order(intent_id=f"p-{next(numbers)}", journal_sequence=len(reports), quantity=Decimal(9999))
            return (await stream.reason(probe)) != "RISK_BEHIND"

        await until(folded, "risk has folded all")
        room = LIMIT - held.position.quantity - open_buys
        answers = [
            await stream.reason(order(intent_id=name, journal_sequence=len(reports), quantity=quantity))
            for name, quantity in (("over", room + 1), ("fits", room))
        ]
        assert answers == ["MAX_POSITION", "ALLOWED"]
        await until(lambda: _paid(portfolio, held.commissions), "portfolio has folded all")
        [row] = (await shown(portfolio)).positions
        found = [Decimal(value.value) for value in (row.quantity, row.average_price, row.realized_pnl)]
        assert found == [held.position.quantity, held.position.average_price, held.position.realized_pnl]
        assert feed.hole == -1
        assert feed.deaths >= 2 * len(reports)
    finally:
        await stream.close()
        for process in (risk, portfolio):
            await process.close()
        await feed.stop()


async def _paid(portfolio: ServiceProcess, commissions: Decimal) -> bool:
    rows = (await shown(portfolio)).positions
    return bool(rows) and Decimal(rows[0].commissions.value) == commissions


def test_the_strategys_position_is_the_same_wherever_its_stream_broke() -> None:
    """It takes execution's own fold anew and goes on from there; what is told again changes nothing."""
    reports, ledger = history()
    [whole] = ledger.book.positions.values()
    for broke in range(len(reports) + 1):
        own = OwnPosition()
        for each in reports[:broke]:
            own = own.after(each)
        for start in range(max(0, broke - 3), broke + 1):
            again = own
            for each in reports[start:]:
                again = again.after(each)
            assert (again.position, again.commissions, again.sequence) == (
                whole.position, whole.commissions, len(reports),
            ), (broke, start)  # fmt: skip
            assert again.fills == whole.fills
    assert {each.kind for each in reports} >= {ReportKind.FILL, ReportKind.COMMISSION, ReportKind.UNKNOWN}
