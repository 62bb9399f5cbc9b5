"""What portfolio's ledger says of a strategy's legs and of what people hold: asked only while a flatten closes."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import grpc

from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.errors import Unavailable
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.position import MANUAL, ZERO
from hedgerow.rpc.errors import rpc_reason
from hedgerow.wire.common import decimal_from_wire, instrument_from_wire

Place = tuple[str, str]
"""(account, instrument id)."""


class Holding(NamedTuple):
    """One owner's position."""

    account: str
    instrument: Instrument
    quantity: Decimal


class Holdings(NamedTuple):
    """Positions by owner, and the places where ledger and broker differ without an explanation."""

    of: dict[str, list[Holding]]
    breaks: frozenset[Place]

    def manual(self, place: Place) -> Decimal:
        """What people hold there, signed."""
        found = (each for each in self.of.get(MANUAL, ()) if (each.account, each.instrument.instrument_id) == place)
        return sum((each.quantity for each in found), ZERO)


class PortfolioHoldings:
    """PortfolioService.ListPositions with a deadline."""

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        self._stub = portfolio_pb2_grpc.PortfolioServiceStub(channel)
        self._timeout_s = timeout_s

    async def ask(self) -> Holdings:
        """Every owner's positions now; raises Unavailable, reason PORTFOLIO_UNAVAILABLE."""
        try:
            answer = await self._stub.ListPositions(portfolio_pb2.ListPositionsRequest(), timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            why = f"portfolio does not answer ({rpc_reason(error)})"
            raise Unavailable(why, "PORTFOLIO_UNAVAILABLE") from error
        of: dict[str, list[Holding]] = {}
        for position in answer.positions:
            held = Holding(
                position.account,
                instrument_from_wire("position.instrument", position.instrument),
                decimal_from_wire("position.quantity", position.quantity),
            )
            of.setdefault(position.owner, []).append(held)
        return Holdings(of, frozenset((each.account, each.instrument_id) for each in answer.breaks))
