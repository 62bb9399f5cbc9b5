"""Portfolio as its callers see it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import grpc

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.wire.common import decimal_to_wire
from tests.integration.service_process import ServiceProcess, until

ACCOUNT, STRATEGY = "SIM0000001", "goog-scalper"
CALL = "GOOG 20160122 750 C"


def stub_of(portfolio: ServiceProcess) -> Any:
    """The unary methods."""
    return portfolio_pb2_grpc.PortfolioServiceStub(portfolio.channel)


async def shown(portfolio: ServiceProcess) -> portfolio_pb2.GetPortfolioResponse:
    """Everything portfolio shows."""
    response: portfolio_pb2.GetPortfolioResponse = await stub_of(portfolio).GetPortfolio(
        portfolio_pb2.GetPortfolioRequest(), timeout=5
    )
    return response


async def held(portfolio: ServiceProcess) -> dict[tuple[str, str], Decimal]:
    """Quantities other than zero by (owner, instrument)."""
    rows = (await shown(portfolio)).positions
    found = {(row.owner, row.instrument.instrument_id): Decimal(row.quantity.value) for row in rows}
    return {key: quantity for key, quantity in found.items() if quantity}


async def link_state(portfolio: ServiceProcess) -> int:
    """State of portfolio's broker connection."""
    return (await shown(portfolio)).link.state


async def wait_ready(portfolio: ServiceProcess) -> None:
    """Waits until the broker connection is READY."""

    async def ready() -> bool:
        return await link_state(portfolio) == common_pb2.LINK_STATE_READY

    await until(ready, "portfolio's broker connection is READY")


async def wait_held(portfolio: ServiceProcess, wanted: dict[tuple[str, str], int]) -> None:
    """Waits until exactly these quantities are held."""
    expected = {key: Decimal(quantity) for key, quantity in wanted.items()}
    seen: dict[tuple[str, str], Decimal] = {}

    async def same() -> bool:
        nonlocal seen
        seen = await held(portfolio)
        return seen == expected

    await until(same, f"positions {expected}, they are {seen}")


def operator(request_id: str) -> common_pb2.Operator:
    """Who asks."""
    return common_pb2.Operator(request_id=request_id, actor="tester", reason="to see")


async def adopt(
    portfolio: ServiceProcess, quantity: int = 20, request_id: str = "r-1", price: str = "15", instrument: str = CALL
) -> portfolio_pb2.Position:
    """Adopts calls for the strategy."""
    request = portfolio_pb2.AdoptPositionRequest(
        account=ACCOUNT,
        instrument_id=instrument,
        strategy=STRATEGY,
        quantity=decimal_to_wire(Decimal(quantity)),
        price=decimal_to_wire(Decimal(price)),
        operator=operator(request_id),
    )
    response = await stub_of(portfolio).AdoptPosition(request, timeout=5)
    position: portfolio_pb2.Position = response.position
    return position


async def adopted(
    portfolio: ServiceProcess, quantity: int = 20, request_id: str = "r-1", instrument: str = CALL
) -> portfolio_pb2.Position:
    """Adopts as soon as portfolio has compared with the broker."""

    async def granted() -> portfolio_pb2.Position | None:
        try:
            return await adopt(portfolio, quantity, request_id, instrument=instrument)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                raise
            return None

    position: portfolio_pb2.Position = await until(granted, "the adoption is granted")
    return position


class PositionStream:
    """One open position stream; `state` is what a reader knows from it."""

    def __init__(self, portfolio: ServiceProcess, owner: str = "") -> None:
        request = portfolio_pb2.StreamPositionsRequest(owner=owner)
        self._call: Any = stub_of(portfolio).StreamPositions(request)
        self.positions: dict[tuple[str, str], Decimal] = {}
        self.complete = False
        self.breaks: list[portfolio_pb2.PositionBreak] = []
        self.link = common_pb2.BrokerLink()
        self.kinds: list[str] = []
        self.closing = ""
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Ends it."""
        self._call.cancel()
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            async for message in self._call:
                self._take(message)
        except (grpc.aio.AioRpcError, asyncio.CancelledError):
            return

    def _take(self, message: portfolio_pb2.StreamPositionsResponse) -> None:
        kind = message.WhichOneof("event") or ""
        self.kinds.append(kind)
        if kind == "snapshot":
            self.complete = message.snapshot.complete
            self.breaks = list(message.snapshot.breaks)
            self.positions = {}
            for position in message.snapshot.positions:
                self._put(position)
        elif kind == "position":
            self._put(message.position)
        elif kind == "link":
            self.link = message.link
        elif kind == "closing":
            self.closing = message.closing.reason

    def _put(self, position: portfolio_pb2.Position) -> None:
        self.positions[position.owner, position.instrument.instrument_id] = Decimal(position.quantity.value)
