"""A simulated gateway, risk and execution as real processes on free ports, and a person with intents."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc

from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.clock import ReplayClock
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderType, Side, TimeInForce
from hedgerow.ibsim.wirelog import OrderFrame, orders
from hedgerow.settings import (
    Endpoint,
    GuardSettings,
    LeaseSettings,
    ReplaySettings,
    RiskSettings,
    Settings,
    StoreSettings,
    TimingSettings,
)
from hedgerow.wire.execution import intent_to_wire
from tests.integration.ib.gateway import Gateway
from tests.integration.service_process import ServiceProcess, free_ports, state_with, until

ACCOUNT = "SIM0000001"
NAMES = ("execution", "risk", "market-data", "portfolio", "control", "guard")
"""Every process execution may ask; those a test does not start cannot be reached."""


class World:
    """Parts by name; `start` brings all up and waits until an order could leave."""

    def __init__(
        self, root: Path, timing: dict[str, float] | None = None, store: StoreSettings | None = None,
        lease_s: float = 3.0, guarded: bool = False, **gateway: Any,
    ) -> None:  # fmt: skip
        self.gateway = Gateway(root, **gateway)
        self._root, self._timing, self._store = root, timing or {}, store or StoreSettings()
        self._lease_s, self._guarded = lease_s, guarded
        self._numbers = itertools.count(1)
        self._clock: ReplayClock | None = None
        self._seen_frames = 0
        self.seen_sequence = 0
        self.strategy = "scalper"
        self.processes: list[ServiceProcess] = []
        self.risk: ServiceProcess
        self.market_data: ServiceProcess
        self.execution: ServiceProcess
        self.guard: ServiceProcess
        self.stub: Any

    async def start(self, *, risk: bool = True, ready: bool = True, quotes: bool = False) -> World:
        """Starts gateway, risk (unless told not to), market-data (where quotes are wanted) and execution."""
        await self.gateway.start()
        self.prepare()
        if self._guarded:
            await self.guard.start()
        await self.execution.start()
        if risk:
            await self.risk.start()
        if quotes:
            await self.market_data.start()
        if ready:
            await self.ready()
        return self

    def prepare(self) -> None:
        """Makes the state folder and the processes, not started."""
        [guard_port] = free_ports(1)
        state = state_with(
            self._root / "state", *NAMES, broker=self.gateway.broker(),
            timing=TimingSettings(**({"ack_timeout_s": 1.0} | self._timing)), risk=RiskSettings(max_order_quantity=500),
            replay=ReplaySettings(clock_file=self.gateway.clock_file), store=self._store,
            guard=GuardSettings(enabled=self._guarded, port=guard_port, log_timeout_s=5.0),
            lease=LeaseSettings(seconds=self._lease_s),
        )  # fmt: skip
        self.state = state
        self.guard = ServiceProcess("guard", state)
        self.execution, self.risk = ServiceProcess("execution", state), ServiceProcess("risk", state)
        self.market_data = ServiceProcess("market-data", state)
        self.processes = [self.execution, self.risk, self.market_data, self.guard]
        self.stub = execution_pb2_grpc.ExecutionServiceStub(self.execution.channel)

    def mark(self) -> None:
        """From here on the world is as if new: another strategy, and only newer frames, operations and reports."""
        self.strategy = f"scalper-{next(self._numbers)}"
        self._seen_frames += len(self.frames())
        no_report = "kind LIKE 'FLATTEN%' OR kind LIKE 'LATCH%'"
        [(self.seen_sequence,)] = self.rows(f"SELECT count(*) FROM journal WHERE NOT ({no_report})")

    async def ready(self) -> None:
        """Waits until execution says that nothing blocks."""

        async def free() -> bool:
            return not (await self.exec_state()).block_reasons

        await until(free, "nothing blocks execution")

    async def exec_state(self) -> execution_pb2.ExecutionState:
        """Execution's readiness, asked on a fresh report stream."""
        call = self.stub.StreamExecutionReports(execution_pb2.StreamExecutionReportsRequest(snapshot=True))
        try:
            async for message in call:
                return message.snapshot.state
        finally:
            call.cancel()
        raise AssertionError("the stream ended without a snapshot")

    def intent(self, quantity: int = 10, side: Side = Side.BUY, limit: str | None = None, **changes: Any) -> Intent:
        """A fresh intent on GOOG, decided on the gateway's present quote."""
        if self._clock is None:
            self._clock = self.gateway.clock
        now = self._clock.market_now()
        fields: dict[str, Any] = {
            "intent_id": f"i-{next(self._numbers)}", "strategy": self.strategy, "account": ACCOUNT,
            "instrument": stock("GOOG"), "side": side, "quantity": Decimal(quantity),
            "order_type": OrderType.MARKET if limit is None else OrderType.LIMIT,
            "limit_price": None if limit is None else Decimal(limit), "time_in_force": TimeInForce.DAY,
            "reduce_only": False, "decision_sequence": 1, "reason": "HEDGE_NEEDED", "bid": 749.0, "ask": 749.2,
            "quote_time": now, "quote_age_ms": 0.0, "created_at": now,
        }  # fmt: skip
        return Intent(**(fields | changes))

    async def submit(self, intent: Intent, timeout_s: float = 10) -> execution_pb2.IntentAcknowledgement:
        """One intent by the unary call."""
        request = execution_pb2.SubmitIntentRequest(intent=intent_to_wire(intent))
        return (await self.stub.SubmitIntent(request, timeout=timeout_s)).acknowledgement

    async def reconcile(self, request_id: str) -> execution_pb2.ReconcileResponse:
        """An operator's comparison."""
        request = execution_pb2.ReconcileRequest()
        request.operator.request_id, request.operator.actor, request.operator.reason = request_id, "test", "test"
        return await self.stub.Reconcile(request, timeout=10)

    def another_execution(self, **sections: Any) -> ServiceProcess:
        """A second one on the same state folder, on a port of its own; with other sections of the settings."""
        settings = Settings.read(self.state.settings_file)
        [port] = free_ports(1)
        endpoints = settings.endpoints | {"execution": Endpoint(port=port)}
        settings.model_copy(update={"endpoints": endpoints} | sections).dump(self.state.settings_file)
        second = ServiceProcess("execution", self.state)
        self.processes.append(second)
        return second

    async def order(self, client_order_id: str) -> execution_pb2.Order:
        """One order as execution has it."""
        request = execution_pb2.GetOrderRequest(client_order_id=client_order_id)
        return (await self.stub.GetOrder(request, timeout=5)).order

    async def in_status(self, client_order_id: str, status: str) -> execution_pb2.Order:
        """Waits until the order is in that status."""

        async def there() -> execution_pb2.Order | None:
            order = await self.order(client_order_id)
            return order if status_name(order.order_status) == status else None

        return await until(there, f"{client_order_id} is {status}")

    async def paid(self, client_order_id: str) -> execution_pb2.Order:
        """Waits until the order is filled and its commissions are known."""

        async def there() -> execution_pb2.Order | None:
            order = await self.order(client_order_id)
            filled = status_name(order.order_status) == "FILLED"
            return order if filled and all(fill.HasField("commission") for fill in order.fills) else None

        return await until(there, f"{client_order_id} is filled and paid")

    async def cancel(self, client_order_id: str) -> execution_pb2.Order:
        """An operator's cancel."""
        request = execution_pb2.CancelOrderRequest(client_order_id=client_order_id)
        request.operator.request_id, request.operator.actor, request.operator.reason = "c-1", "test", "test"
        return (await self.stub.CancelOrder(request, timeout=5)).order

    async def reports(self, count: int) -> list[execution_pb2.ExecutionReport]:
        """The first `count` reports since the mark."""
        request = execution_pb2.StreamExecutionReportsRequest(start_sequence=self.seen_sequence)
        call = self.stub.StreamExecutionReports(request)
        found: list[execution_pb2.ExecutionReport] = []
        try:
            async with asyncio.timeout(10):
                async for message in call:
                    found += message.reports.reports
                    if len(found) >= count:
                        return found
        finally:
            call.cancel()
        raise AssertionError(f"the stream ended after {len(found)} reports")

    def frames(self) -> list[OrderFrame]:
        """Every order frame that reached the gateway since the mark."""
        return orders(self._root / "wire.log")[self._seen_frames :]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of execution's database, read from outside."""
        database = sqlite3.connect(f"file:{self.state.store_dir / 'execution.db'}?mode=ro", uri=True)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def operations(self) -> list[str]:
        """Types of this strategy's operation records, in order; another test's may still be on their way."""
        return [
            row[0] for row in self.rows(f"SELECT type FROM operations WHERE strategy = '{self.strategy}' ORDER BY id")
        ]

    async def close(self) -> None:
        """Ends everything."""
        for process in self.processes:
            await process.close()
        await self.gateway.stop()


def process_of(service: ServiceProcess) -> asyncio.subprocess.Process:
    """The running process itself, for signals."""
    process = service._process
    assert process is not None
    return process


def status_name(number: int) -> str:
    """`FILLED` for the wire's number of it."""
    from hedgerow.api.common.v1 import common_pb2

    return common_pb2.OrderStatus.Name(number).removeprefix("ORDER_STATUS_")


def kinds(reports: list[execution_pb2.ExecutionReport]) -> list[str]:
    """What happened, report by report."""
    return [execution_pb2.ReportKind.Name(report.kind).removeprefix("REPORT_KIND_") for report in reports]


def code(error: grpc.aio.AioRpcError) -> str:
    """The status code's name."""
    return error.code().name
