"""The Intents and report streams: where they start, that nothing is missing or twice, who hears what."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.order import Intent, Side
from hedgerow.wire.execution import intent_to_wire
from tests.integration.execution.world import World, code, kinds, process_of, status_name


class Strategy:
    """One open Intents stream and everything it said."""

    def __init__(self, world: World, name: str, start_sequence: int = 0) -> None:
        self._call: Any = world.stub.Intents()
        self._hello = execution_pb2.IntentsHello(strategy=name, start_sequence=start_sequence)
        self._came = asyncio.Event()
        self.first: list[str] = []
        self.snapshot: execution_pb2.ExecutionSnapshot | None = None
        self.reports: list[execution_pb2.ExecutionReport] = []
        self.answers: dict[str, execution_pb2.IntentAcknowledgement] = {}
        self.heartbeats = 0
        self.closing = ""

    async def open(self) -> Strategy:
        """Says hello and listens."""
        await self._call.write(execution_pb2.IntentsRequest(hello=self._hello))
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda: self.first)
        return self

    async def send(self, *intents: Intent, cancels: tuple[str, ...] = ()) -> None:
        """One message."""
        await self._call.write(
            execution_pb2.IntentsRequest(
                intents=[intent_to_wire(intent) for intent in intents], cancel_client_order_ids=cancels
            )
        )

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits until what came makes `condition` hold."""
        async with asyncio.timeout(10):
            while not condition():
                self._came.clear()
                await self._came.wait()

    def heard(self, kind: str) -> int:
        """How many reports of that kind came."""
        return kinds(self.reports).count(kind)

    async def close(self) -> None:
        """Goes away without a word."""
        self._call.cancel()
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            async for message in self._call:
                kind = message.WhichOneof("event")
                self.first.append(kind)
                if kind == "snapshot":
                    self.snapshot = message.snapshot
                elif kind == "reports":
                    self.reports += message.reports.reports
                elif kind == "acknowledgements":
                    for answer in message.acknowledgements.acknowledgements:
                        self.answers[answer.intent_id] = answer
                elif kind == "closing":
                    self.closing = message.closing.reason
                self.heartbeats += kind == "heartbeat"
                self._came.set()
        except (grpc.aio.AioRpcError, asyncio.CancelledError):
            return


async def test_a_strategy_hears_its_own_orders_and_no_others(world: World) -> None:
    mine = await Strategy(world, world.strategy).open()
    other = await Strategy(world, "someone-else").open()
    assert mine.first[0] == "snapshot"
    assert mine.snapshot is not None
    assert mine.snapshot.state.reconciled
    intents = [world.intent(3), world.intent(4)]
    await mine.send(*intents)
    await mine.until(lambda: mine.heard("FILL") == 2 and len(mine.answers) == 2)
    assert {mine.answers[intent.intent_id].reason for intent in intents} == {""}
    numbers = [report.sequence for report in mine.reports]
    assert numbers == sorted(set(numbers))
    await other.until(lambda: other.heartbeats)
    assert other.reports == []
    assert other.answers == {}
    await mine.close()
    await other.close()


async def test_a_stream_resumes_without_gap_or_repeat(world: World) -> None:
    first = await Strategy(world, world.strategy).open()
    await first.send(world.intent(3))
    await first.until(lambda: first.heard("FILL") == 1)
    await first.close()
    resting = await world.submit(world.intent(5, limit="740"))
    await world.in_status(resting.client_order_id, "WORKING")
    await world.cancel(resting.client_order_id)
    await world.in_status(resting.client_order_id, "CANCELED")
    resumed = await Strategy(world, world.strategy, first.reports[-1].sequence).open()
    await resumed.until(lambda: resumed.heard("CANCELED") == 1)
    await resumed.send(world.intent(2))
    await resumed.until(lambda: resumed.heard("FILL") == 1)
    whole = await Strategy(world, world.strategy, world.seen_sequence).open()
    together = [report.sequence for report in first.reports + resumed.reports]
    await whole.until(lambda: whole.reports and whole.reports[-1].sequence >= together[-1])
    assert [report.sequence for report in whole.reports][: len(together)] == together
    for stream in (resumed, whole):
        await stream.close()


async def test_a_snapshot_holds_positions_and_open_orders(world: World) -> None:
    bought = await world.submit(world.intent(9))
    await world.paid(bought.client_order_id)
    resting = await world.submit(world.intent(2, Side.SELL, "760"))
    await world.in_status(resting.client_order_id, "WORKING")
    stream = await Strategy(world, world.strategy).open()
    assert stream.snapshot is not None
    [position] = stream.snapshot.positions
    assert (Decimal(position.quantity.value), position.fills) == (9, 1)
    assert Decimal(position.commissions.value) > 0
    [order] = stream.snapshot.open_orders
    assert order.client_order_id == resting.client_order_id
    await stream.send(cancels=(resting.client_order_id,))
    await stream.until(lambda: stream.heard("CANCELED") == 1)
    assert all(report.sequence > stream.snapshot.sequence for report in stream.reports)
    await stream.close()


async def test_bad_intents_are_answered_one_by_one(world: World) -> None:
    stream = await Strategy(world, world.strategy).open()
    good, foreign = world.intent(1), world.intent(1, strategy="someone-else")
    await stream.send(good, foreign)
    await stream.until(lambda: len(stream.answers) == 2)
    refused = stream.answers[foreign.intent_id]
    assert (status_name(refused.order_status), refused.reason, refused.sequence) == ("DENIED", "INVALID_VALUE", 0)
    assert stream.answers[good.intent_id].sequence > 0
    await stream.send(good)
    await stream.until(lambda: stream.answers[good.intent_id].duplicate)
    assert len(world.frames()) == 1
    await stream.close()


async def test_a_stream_that_goes_on_as_no_request_is_ended(world: World) -> None:
    method = "/hedgerow.api.execution.v1.ExecutionService/Intents"
    call: Any = world.execution.channel.stream_stream(method)()
    hello = execution_pb2.IntentsRequest(hello=execution_pb2.IntentsHello(strategy=world.strategy))
    await call.write(hello.SerializeToString())
    assert await call.read()
    await call.write(b"\xff\xff\xff no request")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(read_on(call), 10)
    assert code(caught.value) == "INVALID_ARGUMENT"


async def read_on(call: Any) -> None:
    """Reads until the stream ends."""
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_a_stream_from_the_future_is_closed_by_name(world: World) -> None:
    stream = await Strategy(world, world.strategy, 10**6).open()
    await stream.until(lambda: stream.closing)
    assert stream.closing == "OUT_OF_RANGE"
    await stream.close()


async def test_orders_are_listed_page_by_page(world: World) -> None:
    made = [(await world.submit(world.intent(1))).client_order_id for _ in range(5)]
    seen: list[str] = []
    token = ""
    while True:
        request = execution_pb2.ListOrdersRequest(strategy=world.strategy, page_size=2, page_token=token)
        answer = await world.stub.ListOrders(request, timeout=5)
        seen += [order.client_order_id for order in answer.orders]
        token = answer.next_page_token
        if not token:
            break
    assert seen == made[::-1]
    for bad in ({"page_size": -1}, {"page_size": 1001}, {"page_token": "none"}):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await world.stub.ListOrders(execution_pb2.ListOrdersRequest(**bad), timeout=5)
        assert code(refused.value) == "INVALID_ARGUMENT"


async def test_an_intent_under_way_is_listed_once_its_fate_is_known(tmp_path: Path) -> None:
    world = World(tmp_path, {"risk_timeout_s": 10.0})
    try:
        await world.start()
        process_of(world.risk).send_signal(signal.SIGSTOP)
        stream = await Strategy(world, world.strategy).open()
        wanted = world.intent()
        await stream.send(wanted, replace(wanted, intent_id="bad", quantity=Decimal("0.5")))
        await stream.until(lambda: "bad" in stream.answers)  # by then the one before it is claimed
        await stream.close()
        listing = asyncio.create_task(listed(world))
        await asyncio.wait((listing,), timeout=0.3)
        process_of(world.risk).send_signal(signal.SIGCONT)
        # An answer without it would prove that it was never claimed, and its strategy would hedge once more.
        assert await listing == [wanted.intent_id]
    finally:
        process_of(world.risk).send_signal(signal.SIGCONT)
        await world.close()


async def listed(world: World) -> list[str]:
    """Intents of the strategy's orders, as ListOrders tells them."""
    answer = await world.stub.ListOrders(execution_pb2.ListOrdersRequest(strategy=world.strategy), timeout=10)
    return [order.intent.intent_id for order in answer.orders]
