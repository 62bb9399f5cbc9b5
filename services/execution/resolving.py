"""An operator's word on an UNKNOWN order: journaled with who said so, and open to the broker's later one."""

from __future__ import annotations

import asyncio

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import OrderStatus
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.common import operator_from_wire, text_from_wire
from services.execution import messages
from services.execution.domain import commands as c
from services.execution.domain.events import Resolution
from services.execution.feed import Feed
from services.execution.order_log import OrderLog

_BECOMES = {
    execution_pb2.RESOLUTION_CANCELED: OrderStatus.CANCELED,
    execution_pb2.RESOLUTION_REJECTED: OrderStatus.REJECTED,
    execution_pb2.RESOLUTION_NOT_SENT: OrderStatus.DENIED,
}


class Resolver:
    """Serves ResolveOrder."""

    def __init__(self, clock: Clock, log: OrderLog, feed: Feed) -> None:
        self._clock = clock
        self._book = log.book
        self._log = log
        self._feed = feed
        self._logger = get_logger()

    async def resolve(self, request: execution_pb2.ResolveOrderRequest) -> execution_pb2.Order:
        """The order after it, durable; the same request id again changes nothing.

        Raises InvalidValue, NotFound, AlreadyExists for a request id used otherwise, FailedPrecondition unless the
        order is UNKNOWN (or was executed in part and is said to have been refused or never sent), JournalUnavailable.
        """
        name = text_from_wire("client_order_id", request.client_order_id)
        word = Resolution(*operator_from_wire("operator", request.operator))
        becomes = _BECOMES.get(request.resolution)
        if becomes is None:
            raise InvalidValue("resolution", request.resolution, "CANCELED, REJECTED or NOT_SENT")
        done = self._log.record(c.Resolve(name, becomes, word, self._clock.market_now(), wall_now()))
        if done is not None:
            await asyncio.shield(done)  # a caller that goes away must not cancel the commit
            self._logger.warning(
                "order resolved by hand", order=name, state=becomes.value, actor=word.actor, reason=word.reason,
                request_id=word.request_id,
            )  # fmt: skip
        order = self._book.orders[name]
        await self._feed.durable(order.sequence)
        return messages.order(order)
