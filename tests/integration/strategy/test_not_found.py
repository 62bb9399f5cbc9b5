"""An intent that execution does not list is not one it never got: it may be on its way on the stream."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import grpc

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderType, Side, TimeInForce
from hedgerow.strategy.observation import OrderPhase
from services.strategy.domain.own_order import submitted
from tests.integration.service_process import until
from tests.integration.strategy.intents_feed import IntentsFeed
from tests.integration.strategy.test_execution_stream import Daemon


class Forgetful(IntentsFeed):
    """Lists no orders at all, however often it is asked."""

    asked = 0

    async def ListOrders(self, request: execution_pb2.ListOrdersRequest, context: Any) -> Any:
        self.asked += 1
        return execution_pb2.ListOrdersResponse()


async def test_not_found_on_the_stream_it_left_on_proves_nothing_and_on_the_next_one_it_does() -> None:
    feed = Forgetful()
    await feed.start()
    feed.snapshot.state.reconciled = feed.snapshot.state.journal_ok = feed.snapshot.state.lease_ok = True
    async with grpc.aio.insecure_channel(f"127.0.0.1:{feed.port}") as channel:
        daemon = Daemon(channel)
        running = asyncio.create_task(daemon.stream.run())
        try:
            await until(lambda: daemon.reconciled, "the stream is open")
            daemon.inputs.order = submitted("new-1", 1, 100.0, 1, 1)
            daemon.stream.submit(
                Intent(
                    "new-1", "s", "SIM1", stock("SIMX"), Side.BUY, Decimal(100), OrderType.LIMIT, Decimal(5),
                    TimeInForce.DAY, False, 1, "HEDGE_NEEDED", 4.9, 5.0, 1, 0.0, 1,
                )
            )  # fmt: skip
            for times in range(1, 4):
                evaluated = len(daemon.seen)
                daemon.stream.query("new-1")
                await until(lambda evaluated=evaluated: len(daemon.seen) > evaluated, "the answer was looked at")
                assert feed.asked == times
                assert (daemon.inputs.order.view.phase, daemon.inputs.order.is_open) == (OrderPhase.SENT, True)
            feed.say_broken()
            await until(lambda: feed.hellos == 2, "the stream was lost and opened again")
            await until(lambda: not daemon.inputs.order.is_open, "nothing of the lost stream is under way any more")
            assert daemon.inputs.order.view.phase == OrderPhase.DENIED
        finally:
            running.cancel()
            await asyncio.wait([running])
            await feed.stop()
