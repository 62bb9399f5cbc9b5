"""GuardService: wire in, gate, wire out."""

from __future__ import annotations

import time
from typing import Any

from hedgerow.api.guard.v1 import guard_pb2, guard_pb2_grpc
from hedgerow.domain.errors import InvalidValue
from hedgerow.guard.gate import Gate
from hedgerow.guard.ledger import Latch, LoggedFrame

SERVICE_NAME = "hedgerow.api.guard.v1.GuardService"
DEFAULT_ROLE = "execution"


class GuardServer(guard_pb2_grpc.GuardServiceServicer):
    """Answers execution and the command line."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def GetState(self, request: guard_pb2.GetStateRequest, context: Any) -> guard_pb2.GetStateResponse:
        """The guard as it stands."""
        return guard_pb2.GetStateResponse(state=self._state())

    async def SetLatch(self, request: guard_pb2.SetLatchRequest, context: Any) -> guard_pb2.SetLatchResponse:
        """A latch, in force when this returns."""
        by = request.operator
        latch = await self._gate.set_latch(request.latch_id, request.account, by.actor, by.reason)
        return guard_pb2.SetLatchResponse(latch=_latch(latch))

    async def LiftLatch(self, request: guard_pb2.LiftLatchRequest, context: Any) -> guard_pb2.LiftLatchResponse:
        """Lifts one; those that still stand."""
        await self._gate.lift_latch(request.latch_id, request.operator.actor, request.operator.reason)
        return guard_pb2.LiftLatchResponse(latches=self._latches())

    async def ListFrames(self, request: guard_pb2.ListFramesRequest, context: Any) -> guard_pb2.ListFramesResponse:
        """Frames of one order, and whether the log can miss any."""
        if not request.client_order_id:
            raise InvalidValue("client_order_id", "", "our id of an order")
        ledger, role = self._gate.log.ledger, request.role or DEFAULT_ROLE
        complete = ledger.has_begun(role, request.epoch)
        detail = "" if complete else f"this log did not see the first session of epoch {request.epoch} of {role}"
        return guard_pb2.ListFramesResponse(
            frames=[_frame(each) for each in ledger.frames(request.client_order_id)], complete=complete,
            detail=detail, log_id=ledger.log_id, highest_epoch=ledger.highest.get(role, 0),
        )  # fmt: skip

    def _state(self) -> guard_pb2.GuardState:
        gate, ledger, now = self._gate, self._gate.log.ledger, time.monotonic()
        return guard_pb2.GuardState(
            log_id=ledger.log_id, log_ok=not gate.log.failed, log_error=gate.log.failed, log_sequence=ledger.sequence,
            epochs=[guard_pb2.RoleEpoch(role=role, epoch=epoch) for role, epoch in sorted(ledger.highest.items())],
            latches=self._latches(),
            connections=[
                guard_pb2.GuardedConnection(client_id=each.client_id, role=each.mark.role, epoch=each.mark.epoch)
                if each.mark is not None
                else guard_pb2.GuardedConnection(client_id=each.client_id)
                for each in gate.connections
            ],
            order_budget=gate.budget.left(now, cancel=False), cancel_budget=gate.budget.left(now, cancel=True),
            orders_forwarded=gate.forwarded, orders_refused=gate.refused,
        )  # fmt: skip

    def _latches(self) -> list[guard_pb2.GuardLatch]:
        return [_latch(each) for each in self._gate.log.ledger.latches.values()]


def _latch(latch: Latch) -> guard_pb2.GuardLatch:
    wire = guard_pb2.GuardLatch(
        latch_id=latch.latch_id, account=latch.account, actor=latch.actor, reason=latch.reason, durable=latch.durable
    )
    wire.create_time.FromNanoseconds(latch.wall_ns)
    return wire


def _frame(frame: LoggedFrame) -> guard_pb2.Frame:
    wire = guard_pb2.Frame(
        sequence=frame.sequence, kind=f"FRAME_KIND_{frame.kind.value}", role=frame.role,
        epoch=frame.epoch, client_id=frame.client_id, broker_order_id=frame.order_id,
        client_order_id=frame.client_order_id, payload_hash=frame.payload_hash,
    )  # fmt: skip
    wire.log_time.FromNanoseconds(frame.wall_ns)
    return wire
