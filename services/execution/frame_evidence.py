"""What the egress guard's frame log proves about orders the broker shows nowhere."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from hedgerow.api.guard.v1 import guard_pb2, guard_pb2_grpc
from hedgerow.rpc.errors import rpc_reason
from hedgerow.telemetry.logs import get_logger
from services.execution.domain.orders import Order

ROLE = "execution"


class GuardEvidence:
    """Implements ports.FrameEvidence by GuardService.

    The log is written before a frame is forwarded, and says itself whether it can miss any of an epoch. What it does
    not hold can still come in two ways only: from an earlier epoch's writer, which the guard refuses once it has seen a
    newer one, or out of an earlier connection of this process that the guard has not read to its end.
    """

    def __init__(self, channel: grpc.aio.Channel, client_id: int, timeout_s: float) -> None:
        self._stub = guard_pb2_grpc.GuardServiceStub(channel)
        self._client_id = client_id
        self._timeout_s = timeout_s
        self._log = get_logger(peer="guard")

    async def never_forwarded(self, orders: Sequence[Order]) -> dict[str, str]:
        """As ports.FrameEvidence."""
        proven: dict[str, str] = {}
        try:
            # First the connections, then the frames: those of a connection that had ended are in the log by then.
            state = (await self._stub.GetState(guard_pb2.GetStateRequest(), timeout=self._timeout_s)).state
            alone = [each.client_id for each in state.connections].count(self._client_id) == 1
            for order in orders:
                asked = guard_pb2.ListFramesRequest(client_order_id=order.client_order_id, role=ROLE, epoch=order.epoch)
                answer = await self._stub.ListFrames(asked, timeout=self._timeout_s)
                fenced = answer.highest_epoch > order.epoch or (answer.highest_epoch == order.epoch and alone)
                if answer.complete and not answer.frames and fenced:
                    proven[order.client_order_id] = (
                        f"guard log {answer.log_id} is whole for epoch {order.epoch} and has no frame of it; "
                        f"newest epoch {answer.highest_epoch}"
                    )
        except grpc.aio.AioRpcError as error:
            self._log.warning("no evidence from the guard", cause=rpc_reason(error))
        return proven
