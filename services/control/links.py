"""Has every service that talks to the broker try its connection now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import grpc

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.command import Command
from hedgerow.domain.trading_state import BrokerLink
from hedgerow.rpc.errors import rpc_reason
from hedgerow.wire.common import broker_link_from_wire

NS_PER_S = 1_000_000_000


class BrokerLinks:
    """RetryBrokerLink of market-data, execution and portfolio; the command's id is the request's."""

    def __init__(self, channel: Callable[[str], grpc.aio.Channel], timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._calls: dict[str, tuple[Any, Any]] = {
            "market-data": (
                market_data_pb2_grpc.MarketDataServiceStub(channel("market-data")).RetryBrokerLink,
                market_data_pb2.RetryBrokerLinkRequest,
            ),
            "execution": (
                execution_pb2_grpc.ExecutionServiceStub(channel("execution")).RetryBrokerLink,
                execution_pb2.RetryBrokerLinkRequest,
            ),
            "portfolio": (
                portfolio_pb2_grpc.PortfolioServiceStub(channel("portfolio")).RetryBrokerLink,
                portfolio_pb2.RetryBrokerLinkRequest,
            ),
        }

    async def retry(self, command: Command) -> dict[str, str]:
        """What each service says of its connection, in words; one that does not answer is said to."""
        operator = operator_of(command)
        words = await asyncio.gather(*(self._ask(name, operator) for name in self._calls))
        return dict(zip(self._calls, words, strict=True))

    async def _ask(self, name: str, operator: common_pb2.Operator) -> str:
        call, request = self._calls[name]
        try:
            answer = await call(request(operator=operator), timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            return f"does not answer ({rpc_reason(error)})"
        return in_words(broker_link_from_wire("link", answer.link))


def operator_of(command: Command) -> common_pb2.Operator:
    """Who asks, for a call made on behalf of a command."""
    return common_pb2.Operator(
        request_id=command.command_id, actor=command.actor or "control", reason=command.reason or command.kind.value
    )


def in_words(link: BrokerLink) -> str:
    """`READY`, or `DISCONNECTED CONNECTION_REFUSED, next try 14:03:05 UTC`."""
    text = f"{link.state.value} {link.reason}".strip()
    if not link.next_retry_time:
        return text
    return f"{text}, next try {datetime.fromtimestamp(link.next_retry_time // NS_PER_S, UTC):%H:%M:%S} UTC"
