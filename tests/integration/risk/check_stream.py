"""Execution's side of CheckOrders, as a test drives it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import grpc

from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.domain.order import OrderCheck, Side
from hedgerow.wire.common import decimal_to_wire
from hedgerow.wire.enums import side_to_wire
from hedgerow.wire.risk import check_to_wire
from tests.integration.service_process import ServiceProcess
from tests.unit.services.risk.samples import ACCOUNT, STRATEGY


def stub_of(risk: ServiceProcess) -> Any:
    """The unary methods."""
    return risk_pb2_grpc.RiskServiceStub(risk.channel)


def reservation(intent_id: str, leaves: int, side: Side = Side.BUY) -> risk_pb2.Reservation:
    """An open order as a resync carries it."""
    return risk_pb2.Reservation(
        intent_id=intent_id,
        strategy=STRATEGY,
        account=ACCOUNT,
        instrument_id="GOOG",
        side=side_to_wire(side),
        leaves_qty=decimal_to_wire(Decimal(leaves)),
    )


class CheckStream:
    """One open stream; answers are awaited by intent id."""

    def __init__(self, risk: ServiceProcess) -> None:
        self._call: Any = stub_of(risk).CheckOrders()
        self._answers: dict[str, risk_pb2.Verdict] = {}
        self._came = asyncio.Event()
        self._writing = asyncio.Lock()  # a call takes one message at a time
        self._reading = asyncio.create_task(self._read())
        self.heartbeats = 0
        self.closing = ""

    async def resync(self, *reservations: risk_pb2.Reservation, epoch: int = 1, sequence: int = 0) -> CheckStream:
        """Sends the full set of open orders, as execution's journal was at that sequence."""
        message = risk_pb2.Resync(reservations=reservations, epoch=epoch, sequence=sequence)
        await self._write(risk_pb2.CheckOrdersRequest(resync=message))
        return self

    async def send(self, request: risk_pb2.CheckOrderRequest) -> None:
        """Sends a check as it stands."""
        await self._write(risk_pb2.CheckOrdersRequest(check=request))

    async def check(self, check: OrderCheck) -> risk_pb2.Verdict:
        """Sends one check and waits for its verdict."""
        self._answers.pop(check.intent_id, None)
        await self.send(check_to_wire(check))
        return await self.verdict(check.intent_id)

    async def reason(self, check: OrderCheck) -> str:
        """The verdict in one word: ALLOWED or the reason."""
        verdict = await self.check(check)
        assert verdict.allowed == (verdict.reason == "")
        return verdict.reason or "ALLOWED"

    async def verdict(self, intent_id: str) -> risk_pb2.Verdict:
        """Waits for the verdict on that intent."""
        async with asyncio.timeout(10):
            while intent_id not in self._answers:
                self._came.clear()
                await self._came.wait()
        return self._answers[intent_id]

    async def failure(self) -> grpc.StatusCode:
        """Waits until risk ends the stream."""
        code: grpc.StatusCode = await asyncio.wait_for(self._call.code(), 10)
        return code

    async def close(self) -> None:
        """Ends the stream."""
        self._call.cancel()
        await asyncio.wait([self._reading])

    async def _write(self, message: risk_pb2.CheckOrdersRequest) -> None:
        async with self._writing:
            await self._call.write(message)

    async def _read(self) -> None:
        try:
            async for message in self._call:
                event = message.WhichOneof("event")
                if event == "verdict":
                    self._answers[message.verdict.intent_id] = message.verdict
                    self._came.set()
                elif event == "closing":
                    self.closing = message.closing.reason
                else:
                    self.heartbeats += 1
        except (grpc.aio.AioRpcError, asyncio.CancelledError):
            return
