"""RiskService on the wire: no decisions here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.domain.order import OrderCheck, Verdict
from hedgerow.domain.trading_state import TradingState
from hedgerow.failpoints import failpoint
from hedgerow.rules.rule import parameters
from hedgerow.telemetry import metrics
from hedgerow.telemetry.traces import Span, span
from hedgerow.wire.common import (
    closing_to_wire,
    decimal_from_wire,
    heartbeat_to_wire,
    text_from_wire,
    timestamp_to_wire,
)
from hedgerow.wire.enums import side_from_wire, trading_state_from_wire, trading_state_to_wire
from hedgerow.wire.risk import check_from_wire, verdict_to_wire
from services.risk.domain.exposure import Reservation
from services.risk.ports import StateRequest
from services.risk.service import Breach, RiskService

SERVICE_NAME = "hedgerow.api.risk.v1.RiskService"
LONGEST_REASON = 500
_CHECK_S = metrics.histogram("hedgerow_risk_check_seconds", "One order checked by every rule.")


class RiskServer(risk_pb2_grpc.RiskServiceServicer):
    """Answers checks; each bidirectional stream belongs to one writer epoch of execution."""

    def __init__(self, service: RiskService, clock: Clock, heartbeat_s: float) -> None:
        self._service = service
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._streams: set[_CheckStream] = set()

    def close(self, reason: str) -> None:
        """Ends the open check streams with that reason."""
        for stream in list(self._streams):
            stream.end(reason)

    async def CheckOrder(self, request: risk_pb2.CheckOrderRequest, context: Any) -> risk_pb2.CheckOrderResponse:
        """One check by hand."""
        verdict = await self._service.check_by_hand(_check(request))
        return risk_pb2.CheckOrderResponse(verdict=verdict_to_wire(verdict))

    async def CheckOrders(self, request_iterator: AsyncIterator[risk_pb2.CheckOrdersRequest], context: Any) -> None:
        """Execution's stream: an ordinary check is answered before the next is read."""
        stream = _CheckStream(self._service, context)
        beating = asyncio.create_task(stream.beat(self._clock, self._heartbeat_s))
        self._streams.add(stream)
        try:
            async for request in request_iterator:
                if request.WhichOneof("request") == "resync":
                    stream.resync(request.resync)
                else:
                    await stream.check(request.check)
        except asyncio.CancelledError:
            if not await stream.said_closing():
                raise
        finally:
            self._streams.discard(stream)
            beating.cancel()
            stream.close()

    async def GetRuleSet(self, request: risk_pb2.GetRuleSetRequest, context: Any) -> risk_pb2.GetRuleSetResponse:
        """The rules in force."""
        desk = self._service.desk
        rules = [
            risk_pb2.Rule(rule=rule.name, description=rule.description, parameters=parameters(rule))
            for rule in desk.rules.rules
        ]
        return risk_pb2.GetRuleSetResponse(
            version=desk.rules.version,
            hash=desk.rules.hash,
            rules=rules,
            trading_state=trading_state_to_wire(desk.trading_state),
        )

    async def SetTradingState(
        self, request: risk_pb2.SetTradingStateRequest, context: Any
    ) -> risk_pb2.SetTradingStateResponse:
        """An operator's change."""
        if not request.trading_state:
            raise InvalidValue("trading_state", "TRADING_STATE_UNSPECIFIED", "ACTIVE, REDUCING or HALTED")
        state = await self._service.set_trading_state(
            StateRequest(
                text_from_wire("operator.request_id", request.operator.request_id),
                trading_state_from_wire("trading_state", request.trading_state),
                text_from_wire("operator.actor", request.operator.actor),
                text_from_wire("operator.reason", request.operator.reason, LONGEST_REASON),
                wall_now(),
            )
        )
        return risk_pb2.SetTradingStateResponse(trading_state=trading_state_to_wire(state))

    async def StreamBreaches(
        self, request: risk_pb2.StreamBreachesRequest, context: Any
    ) -> AsyncIterator[risk_pb2.StreamBreachesResponse]:
        """The trading state, then each change of it and each denial."""
        with self._service.breaches.subscribe(initial=(self._service.desk.trading_state,)) as reader:
            async for batch in reader.batches(self._heartbeat_s):
                for item in batch.items:
                    yield _breach(item)
                if batch.idle:
                    beat = heartbeat_to_wire(wall_now(), self._clock.market_now())
                    yield risk_pb2.StreamBreachesResponse(heartbeat=beat)
                if batch.closing:
                    yield risk_pb2.StreamBreachesResponse(closing=closing_to_wire(batch.closing))


class _CheckStream:
    """One open CheckOrders call; a check that must wait for the fold does not hold up those behind it."""

    def __init__(self, service: RiskService, context: Any) -> None:
        self._service = service
        self._context = context
        self._epoch: int | None = None
        self._writing = asyncio.Lock()  # the transport takes one message at a time
        self._quiet = True
        self._closing = ""
        self._reading = asyncio.current_task()
        self._waiting: set[asyncio.Task[None]] = set()

    def resync(self, message: risk_pb2.Resync) -> None:
        """Replaces all reservations; raises InvalidValue, or FailedPrecondition for a stale writer."""
        self._service.resync([_reservation(each) for each in message.reservations], message.epoch, message.sequence)
        self._epoch = message.epoch

    async def check(self, message: risk_pb2.CheckOrderRequest) -> None:
        """Answers one check, at once where the fold is far enough."""
        failpoint("risk.question")
        if self._epoch is None:
            raise FailedPrecondition("the first message of the stream is a resync", "RESYNC_FIRST")
        try:
            check = _check(message)
        except InvalidValue as error:
            intent_id = text_from_wire("intent_id", message.intent_id)
            denial = self._service.desk.denial(intent_id, error.reason, str(error), wall_now())
            await self._write(risk_pb2.CheckOrdersResponse(verdict=verdict_to_wire(denial)))
            return
        with span("check_order", parent=check.traceparent, intent_id=check.intent_id) as current:
            verdict = self._service.answer(check, self._epoch)
            _tell(current, verdict)
        if verdict is None:
            task = asyncio.create_task(self._check_later(check, self._epoch))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        else:
            await self._write(risk_pb2.CheckOrdersResponse(verdict=verdict_to_wire(verdict)))
            _CHECK_S.observe((current.ended - current.started) / 1e9)

    async def _check_later(self, check: OrderCheck, epoch: int) -> None:
        with span("check_after_fold", parent=check.traceparent, intent_id=check.intent_id) as current:
            verdict = await self._service.answer_in_time(check, epoch)
            _tell(current, verdict)
        await self._write(risk_pb2.CheckOrdersResponse(verdict=verdict_to_wire(verdict)))

    async def beat(self, clock: Clock, interval_s: float) -> None:
        """Sends a heartbeat whenever nothing was written for the interval; runs until cancelled."""
        while True:
            self._quiet = True
            await asyncio.sleep(interval_s)
            if self._quiet:
                beat = heartbeat_to_wire(wall_now(), clock.market_now())
                await self._write(risk_pb2.CheckOrdersResponse(heartbeat=beat))

    async def _write(self, message: risk_pb2.CheckOrdersResponse) -> None:
        self._quiet = False
        async with self._writing:
            failpoint("risk.verdict")
            await self._context.write(message)
            failpoint("risk.verdict_sent")

    def end(self, reason: str) -> None:
        """Stops reading: the server ends the stream."""
        self._closing = reason
        if self._reading is not None:
            self._reading.cancel()

    async def said_closing(self) -> bool:
        """Whether it is the server that ends the stream; then the reason has been sent."""
        if not self._closing or self._reading is None:
            return False
        self._reading.uncancel()
        await self._write(risk_pb2.CheckOrdersResponse(closing=closing_to_wire(self._closing)))
        return True

    def close(self) -> None:
        """Ends checks still waiting: nobody reads their answers."""
        for task in self._waiting:
            task.cancel()


def _tell(current: Span, verdict: Verdict | None) -> None:
    """Adds the verdict to its span; no verdict: the fold is behind."""
    if verdict is None:
        current.set(behind=True)
        return
    current.set(
        allowed=verdict.allowed, reason=verdict.reason or None, rule_set_version=verdict.rule_set_version,
        rule_set_hash=verdict.rule_set_hash,
        rules=lambda: {
            rule.rule: f"{'allowed' if rule.allowed else rule.reason} {rule.detail}".strip() for rule in verdict.rules
        },
    )  # fmt: skip


def _check(message: risk_pb2.CheckOrderRequest) -> OrderCheck:
    check = check_from_wire(message)
    if message.multiplier not in (0, check.instrument.multiplier):
        raise InvalidValue(
            "multiplier", message.multiplier, f"{check.instrument.multiplier} for {check.instrument.instrument_id}"
        )
    return check


def _reservation(message: risk_pb2.Reservation) -> Reservation:
    return Reservation(
        text_from_wire("reservations.intent_id", message.intent_id),
        text_from_wire("reservations.strategy", message.strategy),
        text_from_wire("reservations.account", message.account),
        text_from_wire("reservations.instrument_id", message.instrument_id),
        side_from_wire("reservations.side", message.side),
        decimal_from_wire("reservations.leaves_qty", message.leaves_qty),
    )


def _breach(item: Breach) -> risk_pb2.StreamBreachesResponse:
    if isinstance(item, TradingState):
        return risk_pb2.StreamBreachesResponse(trading_state=trading_state_to_wire(item))
    breach = risk_pb2.Breach(
        verdict=verdict_to_wire(item.verdict),
        strategy=item.check.strategy,
        instrument_id=item.check.instrument.instrument_id,
        event_time=timestamp_to_wire(item.check.created_at),
    )
    return risk_pb2.StreamBreachesResponse(breach=breach)
