"""Kills of a whole account, or of all, at the egress guard too: there they hold whatever execution does or is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc

from hedgerow.api.guard.v1 import guard_pb2, guard_pb2_grpc
from hedgerow.rpc.errors import rpc_reason
from hedgerow.telemetry.logs import get_logger
from services.execution.domain.latches import Latch, LatchKind
from services.execution.order_log import OrderLog

GUARD = "GUARD"
LOOK_S = 2.0
"""Wall seconds between two looks at what the guard has, when nothing changed here."""


class EgressLatches:
    """Keeps the guard's latches as execution's own: set there what stands here, lift what was lifted here by name.

    The guard knows accounts, not strategies: a kill of one strategy is execution's alone. Latches the guard was given
    by others are left alone, and one of execution's that was lifted there by name is not set there again.
    `on_kept(latch_id)` is told what is on the guard's disk.
    """

    def __init__(
        self, channel: grpc.aio.Channel, log: OrderLog, timeout_s: float, on_kept: Callable[[str], None]
    ) -> None:
        self._stub = guard_pb2_grpc.GuardServiceStub(channel)
        self._log = log
        self._timeout_s = timeout_s
        self._on_kept = on_kept
        self._changed = asyncio.Event()
        self._spent: set[str] = set()
        self._logger = get_logger(peer="guard")

    def changed(self) -> None:
        """Latches may have changed here: look now."""
        self._changed.set()

    async def run(self) -> None:
        """Until canceled; a guard that does not answer is asked again."""
        while True:
            self._changed.clear()
            try:
                await self.sync()
            except grpc.aio.AioRpcError as error:
                self._logger.warning("latches are not compared with the guard's", cause=rpc_reason(error))
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def sync(self) -> None:
        """One comparison; raises AioRpcError."""
        state = (await self._stub.GetState(guard_pb2.GetStateRequest(), timeout=self._timeout_s)).state
        there = {each.latch_id: each for each in state.latches}
        for latch in list(self._log.latches.standing.values()):
            if not _is_egress(latch) or latch.latch_id in self._spent:
                continue
            found = there.get(latch.latch_id)
            if found is None or not found.durable:
                found = await self._set(latch)
            if found is not None and found.durable:
                self._on_kept(latch.latch_id)
        for latch_id in there:
            known = self._log.latches.by_id.get(latch_id)
            if known is not None and latch_id not in self._log.latches.standing:
                ask = guard_pb2.LiftLatchRequest(latch_id=latch_id)
                ask.operator.request_id, ask.operator.actor, ask.operator.reason = latch_id, "execution", "lifted here"
                await self._stub.LiftLatch(ask, timeout=self._timeout_s)

    async def _set(self, latch: Latch) -> guard_pb2.GuardLatch | None:
        """The latch as the guard has it; None where it refuses that one, which must keep no other from it."""
        ask = guard_pb2.SetLatchRequest(latch_id=latch.latch_id, account=latch.account)
        ask.operator.request_id, ask.operator.actor, ask.operator.reason = latch.latch_id, latch.actor, latch.reason
        try:
            answer: guard_pb2.SetLatchResponse = await self._stub.SetLatch(ask, timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.INVALID_ARGUMENT:
                raise
            self._spent.add(latch.latch_id)
            self._logger.error("the guard refuses a latch", latch=latch.latch_id, cause=error.details())
            return None
        return answer.latch


def _is_egress(latch: Latch) -> bool:
    return latch.kind is LatchKind.KILL and not latch.strategy
