"""The way to execution: intents and cancels out, acknowledgements and own reports in, on one stream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import grpc

from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.domain.command import FLATTEN_INTENT_PREFIX
from hedgerow.domain.execution_report import ExecutionReport, ReportKind
from hedgerow.domain.order import Intent, OrderStatus
from hedgerow.domain.position import Position
from hedgerow.failpoints import failpoint
from hedgerow.rpc.retry import reconnecting
from hedgerow.strategy.observation import ObservationCause, OrderPhase, OrderView
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.common import broker_link_from_wire, decimal_from_wire, timestamp_from_wire
from hedgerow.wire.enums import order_status_from_wire
from hedgerow.wire.execution import intent_to_wire, report_from_wire
from services.strategy.domain.own_order import PHASES, OwnOrder, after_report, never_claimed
from services.strategy.domain.own_position import OwnPosition
from services.strategy.hedge_trace import tell_fill
from services.strategy.inputs import LINK_UNKNOWN, Inputs

Evaluate = Callable[[ObservationCause], None]
ASK_AGAIN_S = 0.5
"""Wall seconds between two questions about an intent that execution could not answer."""


class ExecutionStream:
    """Implements ports.Orders over ExecutionService.Intents."""

    def __init__(
        self, channel: grpc.aio.Channel, strategy: str, inputs: Inputs, evaluate: Evaluate,
        market_now: Callable[[], int], rpc_timeout_s: float, silence_s: float, run_id: str = "",
    ) -> None:  # fmt: skip
        self._stub = execution_pb2_grpc.ExecutionServiceStub(channel)
        self._strategy = strategy
        self._inputs = inputs
        self._evaluate = evaluate
        self._market_now = market_now
        self._rpc_timeout_s = rpc_timeout_s
        self._silence_s = silence_s
        self._run_id = run_id
        self._sender: asyncio.Task[None] | None = None
        self._out: deque[execution_pb2.IntentsRequest] = deque()
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._cancel_when_known = ""
        self._generation = 0
        self._submitted_in = 0
        self._queries: set[asyncio.Task[None]] = set()
        self._log = get_logger(stream="intents")

    def submit(self, intent: Intent) -> None:
        """Queues an intent; it is written once, on the stream that is open, and never again."""
        failpoint("strategy.submit")
        self._submitted_in = self._generation
        self._put(execution_pb2.IntentsRequest(intents=[intent_to_wire(intent)]))

    def cancel(self, client_order_id: str) -> None:
        """Queues a cancel; with an empty id it leaves as soon as execution has named the order."""
        failpoint("strategy.cancel")
        if client_order_id:
            self._put(execution_pb2.IntentsRequest(cancel_client_order_ids=[client_order_id]))
        else:
            self._cancel_when_known = self._inputs.order.intent_id

    def query(self, intent_id: str) -> None:
        """Asks execution what it knows of an intent."""
        failpoint("strategy.query")
        task = asyncio.create_task(self._ask(intent_id))
        self._queries.add(task)
        task.add_done_callback(self._queries.discard)

    async def run(self) -> None:
        """Until canceled."""
        try:
            while True:
                messages = reconnecting(self._open, name="execution", silence_s=self._silence_s, on_down=self._on_down)
                async with contextlib.aclosing(messages):
                    async for message in messages:
                        self._on_message(message)
                        if self._inputs.position.corrected:
                            break
                self._on_down("EXECUTION_CORRECTED")
        finally:
            if self._sender is not None:
                self._sender.cancel()

    async def flushed(self, timeout_s: float) -> None:
        """Waits until everything queued is written and execution has named the newest intent, at most `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._out or self._inputs.order.in_flight:
                    self._drained.clear()
                    await self._drained.wait()

    def _put(self, request: execution_pb2.IntentsRequest) -> None:
        self._out.append(request)
        self._wake.set()

    def _open(self) -> object:
        # What was queued for a lost stream is dropped: whether it was written is asked, never assumed.
        failpoint("strategy.open")
        self._out.clear()
        self._generation += 1
        if self._sender is not None:
            self._sender.cancel()
        call = self._stub.Intents()
        # The snapshot holds the whole fold and the open orders, so every stream starts from it.
        hello = execution_pb2.IntentsHello(strategy=self._strategy, run_id=self._run_id)
        self._put(execution_pb2.IntentsRequest(hello=hello))
        self._sender = asyncio.create_task(self._send(call))
        return call

    async def _send(self, call: grpc.aio.StreamStreamCall[object, object]) -> None:
        """Writes what is queued, in order; a lost stream ends it, and its reader notices."""
        try:
            while True:
                while self._out:
                    failpoint("strategy.write")
                    await call.write(self._out[0])
                    failpoint("strategy.written")
                    self._out.popleft()
                self._drained.set()
                self._wake.clear()
                await self._wake.wait()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            self._log.info("write failed", error=type(error).__name__)

    def _on_down(self, reason: str) -> None:
        inputs = self._inputs
        if not inputs.execution_open:
            return
        self._log.info("stream lost", reason=reason)
        inputs.execution_open = inputs.reports_known = inputs.reconciled = False
        inputs.journal_ok = inputs.lease_ok = False
        inputs.execution_link = LINK_UNKNOWN
        self._evaluate(ObservationCause.LINK)

    def _on_message(self, message: execution_pb2.IntentsResponse) -> None:
        kind = message.WhichOneof("event")
        if kind == "reports":
            for wire in message.reports.reports:
                self._on_report(report_from_wire("report", wire))
            self._evaluate(ObservationCause.ORDER_EVENT)
        elif kind == "acknowledgements":
            for acknowledgement in message.acknowledgements.acknowledgements:
                self._on_acknowledgement(acknowledgement)
            self._evaluate(ObservationCause.ORDER_EVENT)
        elif kind == "state":
            self._on_state(message.state)
            self._evaluate(ObservationCause.LINK)
        elif kind == "snapshot":
            self._on_snapshot(message.snapshot)
            self._evaluate(ObservationCause.LINK)

    def _on_snapshot(self, snapshot: execution_pb2.ExecutionSnapshot) -> None:
        failpoint("strategy.snapshot")
        inputs = self._inputs
        own = OwnPosition(sequence=snapshot.sequence)
        for position in snapshot.positions:
            if position.strategy == self._strategy and position.instrument_id == inputs.symbol:
                own = _own_position(position, snapshot.sequence)
        inputs.position = own
        inputs.strangers.clear()
        inputs.closing.clear()
        self._on_state(snapshot.state)
        found = False
        for order in snapshot.open_orders:
            if order.intent.strategy != self._strategy or order.intent.instrument_id != inputs.symbol:
                continue
            if order.intent.intent_id == inputs.order.intent_id:
                inputs.order = _own_order(order, inputs.order)
                found = True
            else:
                self._take_back(order.client_order_id, order.intent.intent_id)
        if inputs.order.is_open and not found:
            self.query(inputs.order.intent_id)
        inputs.reports_known = True
        self._release_cancel()

    def _on_state(self, state: execution_pb2.ExecutionState) -> None:
        inputs = self._inputs
        inputs.execution_open = inputs.execution_known = True
        held = {each.latch_id: each.kind for each in state.latches if each.strategy in ("", self._strategy)}
        inputs.held = frozenset(each.latch_id for each in state.latches if each.durable_in)
        inputs.killed = next((name for name, kind in held.items() if kind == execution_pb2.LATCH_KIND_KILL), "")
        inputs.held_paused = execution_pb2.LATCH_KIND_PAUSE in held.values()
        inputs.execution_link = broker_link_from_wire("state.link", state.link)
        inputs.reconciled = state.reconciled
        inputs.journal_ok = state.journal_ok
        inputs.lease_ok = state.lease_ok
        inputs.execution_reasons = tuple(state.block_reasons)
        latched = bool(inputs.flattening or inputs.flattened)
        told = [_flatten_of(reason, self._strategy) for reason in state.block_reasons]
        inputs.flattening = next((words for code, words in told if code == "FLATTENING"), "")
        inputs.flattened = any(code == "FLATTENED" for code, _ in told)
        blocked = [words for code, words in told if code == "FLATTENED" and words.startswith("BLOCKED ")]
        inputs.flatten_blocked = blocked[0].removeprefix("BLOCKED ") if blocked else ""
        if latched and not (inputs.flattening or inputs.flattened):
            inputs.strangers |= inputs.closing  # the flatten is over: what it left resting is nobody's
            inputs.closing.clear()
            for name in inputs.strangers:
                self.cancel(name)

    def _on_report(self, report: ExecutionReport) -> None:
        failpoint("strategy.report")
        inputs = self._inputs
        if report.instrument_id != inputs.symbol or report.sequence <= inputs.position.sequence:
            return
        started = time.time_ns()
        inputs.position = inputs.position.after(report)
        if report.kind is ReportKind.FILL:
            tell_fill(report, float(inputs.position.position.quantity), started)
        inputs.reports_known = inputs.reports_known and not inputs.position.corrected
        inputs.order = after_report(inputs.order, report)
        if report.order_status.is_terminal:
            inputs.strangers.discard(report.client_order_id)
            inputs.closing.discard(report.client_order_id)
        elif (
            report.intent_id != inputs.order.intent_id
            and report.client_order_id not in inputs.strangers | inputs.closing
        ):
            self._take_back(report.client_order_id, report.intent_id)
        if report.kind is not ReportKind.INTENT:
            inputs.last_ack_time = time.time_ns()
        self._release_cancel()

    def _on_acknowledgement(self, acknowledgement: execution_pb2.IntentAcknowledgement) -> None:
        failpoint("strategy.acknowledged")
        inputs = self._inputs
        if acknowledgement.intent_id != inputs.order.intent_id:
            return
        inputs.last_ack_time = time.time_ns()
        status = order_status_from_wire("order_status", acknowledgement.order_status)
        order = replace(inputs.order, client_order_id=acknowledgement.client_order_id)
        if status is OrderStatus.DENIED and acknowledgement.sequence == 0:
            order = never_claimed(order, self._market_now())
        if status is not OrderStatus.PENDING:
            order = replace(order, waiting_since=0)
        inputs.order = order
        self._release_cancel()

    def _take_back(self, client_order_id: str, intent_id: str) -> None:
        """Cancels an order in this strategy's name that is not this run's: until it is over, nothing new leaves.

        A run before this one left it resting, or its intent was still on the way when that run ended. What a
        flatten works is execution's own to take back.
        """
        if intent_id.startswith(FLATTEN_INTENT_PREFIX) and (self._inputs.flattening or self._inputs.flattened):
            self._inputs.closing.add(client_order_id)
            return
        self._log.warning("an order of another run is taken back", order=client_order_id)
        self._inputs.strangers.add(client_order_id)
        self.cancel(client_order_id)

    def _release_cancel(self) -> None:
        order = self._inputs.order
        if self._cancel_when_known and order.client_order_id and order.intent_id == self._cancel_when_known:
            self._cancel_when_known = ""
            self.cancel(order.client_order_id)
        self._drained.set()

    async def _ask(self, intent_id: str) -> None:
        inputs = self._inputs
        while True:
            asked_in = self._generation
            try:
                answer = await self._stub.ListOrders(
                    execution_pb2.ListOrdersRequest(strategy=self._strategy, page_size=200), timeout=self._rpc_timeout_s
                )
                break
            except grpc.aio.AioRpcError as error:
                self._log.warning("query failed", intent_id=intent_id, code=error.code().name)
            if inputs.order.intent_id != intent_id or not inputs.order.is_open:
                return
            await asyncio.sleep(ASK_AGAIN_S)  # nobody else asks: the hedge would wait for ever
        if inputs.order.intent_id != intent_id:
            return
        for order in answer.orders:
            if order.intent.intent_id == intent_id:
                inputs.order = _own_order(order, inputs.order)
                break
        else:
            # Only a stream that was lost and replaced proves that nothing of it is still under way.
            if self._submitted_in < asked_in == self._generation and inputs.reports_known:
                inputs.order = never_claimed(inputs.order, self._market_now())
        self._evaluate(ObservationCause.ORDER_EVENT)


def _flatten_of(reason: str, strategy: str) -> tuple[str, str]:
    """(code, words) of a reason `FLATTENING: <strategy>, <words>` or `FLATTENED: <strategy>, <words>`; else empty."""
    code, _, rest = reason.partition(": ")
    name, _, words = rest.partition(", ")
    return (code, words) if code in ("FLATTENING", "FLATTENED") and name == strategy else ("", "")


def _own_position(position: execution_pb2.AttributedPosition, sequence: int) -> OwnPosition:
    return OwnPosition(
        Position(
            decimal_from_wire("quantity", position.quantity),
            decimal_from_wire("average_price", position.average_price),
            decimal_from_wire("realized_pnl", position.realized_pnl),
        ),
        decimal_from_wire("commissions", position.commissions),
        decimal_from_wire("last_fill_price", position.last_fill_price) if position.fills else Decimal(0),
        timestamp_from_wire("last_fill_time", position.last_fill_time),
        position.fills,
        sequence,
    )


def _own_order(order: execution_pb2.Order, known: OwnOrder) -> OwnOrder:
    """The order as execution lists it, as of its last fill; its number is ours when we asked for it, else 0."""
    status = order_status_from_wire("order_status", order.order_status)
    cum = decimal_from_wire("cum_qty", order.cum_qty)
    phase = PHASES.get(status, OrderPhase.PARTIAL if cum else OrderPhase.WORKING)
    quantity = decimal_from_wire("quantity", order.intent.quantity)
    same = known.intent_id == order.intent.intent_id
    leaves = Decimal(0) if status.is_terminal else quantity - cum
    view = OrderView(
        phase.value, known.view.intent_number if same else 0, float(cum), float(leaves),
        float(decimal_from_wire("average_price", order.average_price)) if cum else 0.0,
        max((timestamp_from_wire("fills.event_time", fill.event_time) for fill in order.fills), default=0), 0,
    )  # fmt: skip
    return OwnOrder(order.intent.intent_id, order.client_order_id, view, 0)
