"""Has portfolio fetch accounts from the broker now."""

from __future__ import annotations

import grpc

from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.command import Command
from hedgerow.rpc.errors import domain_error
from services.control.links import operator_of


class PortfolioAccounts:
    """RefreshAccounts with a deadline; the command's id is the request's, so that asking again is safe."""

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        self._stub = portfolio_pb2_grpc.PortfolioServiceStub(channel)
        self._timeout_s = timeout_s

    async def refresh(self, command: Command) -> int:
        """How many accounts there are now; raises the domain error of a call that failed."""
        try:
            answer = await self._stub.RefreshAccounts(
                portfolio_pb2.RefreshAccountsRequest(operator=operator_of(command)), timeout=self._timeout_s
            )
        except grpc.aio.AioRpcError as error:
            raise domain_error(error, "portfolio") from error
        return len(answer.accounts)
