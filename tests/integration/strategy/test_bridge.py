"""The bridge over a real socket: answers in time and late, broken chains, invalid answers, order events that follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.type import decimal_pb2

from hedgerow.api.strategy.v1 import bridge_pb2, bridge_pb2_grpc
from hedgerow.domain.link_chain import DAEMON, STRATEGY, LinkChain
from hedgerow.rpc.interceptor import CallInterceptor
from hedgerow.strategy.codes import BlockReason
from hedgerow.strategy.observation import NO_LEGS, ObservationCause, OrderPhase, OutsideFault
from hedgerow.wire.bridge import link_to_wire, take_link
from services.strategy.bridge import Bridge, BridgeServicer
from services.strategy.inputs import Inputs
from tests.unit.strategy.test_own_rules import Driven


class Daemon:
    """A bridged strategy in a small world, evaluated as the daemon does."""

    def __init__(self, answer_ms: float) -> None:
        self.world = Driven("bridge")
        self.world.extra = {"legs": NO_LEGS}
        self.inputs = Inputs("SIMX")
        self.bridge = Bridge("one", "run-1", answer_ms, self.inputs, self.evaluate)
        self.reasons: list[str] = []

    def evaluate(self, cause: ObservationCause) -> None:
        decision = self.world.see(cause, outside=self.inputs.outside)
        self.reasons.append(BlockReason(decision.block_reason).name)
        self.bridge.evaluated(*self.world.log[-1])

    def report(self, phase: OrderPhase, fill: float) -> None:
        decision = self.world.report(phase, fill, outside=self.inputs.outside)
        self.reasons.append(BlockReason(decision.block_reason).name)
        self.bridge.evaluated(*self.world.log[-1])


@asynccontextmanager
async def serving(answer_ms: float = 5000.0) -> AsyncIterator[tuple[Daemon, bridge_pb2_grpc.StrategyBridgeServiceStub]]:
    daemon = Daemon(answer_ms)
    server = grpc.aio.server(interceptors=(CallInterceptor(),))
    face = BridgeServicer(daemon.bridge, lambda: 1, lambda: 1, 0.05)
    bridge_pb2_grpc.add_StrategyBridgeServiceServicer_to_server(face, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    daemon.evaluate(ObservationCause.START)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield daemon, bridge_pb2_grpc.StrategyBridgeServiceStub(channel)
    finally:
        await server.stop(None)


class Client:
    """The other end, link by link."""

    def __init__(self, call: Any) -> None:
        self.call = call

    @classmethod
    async def connect(cls, stub: Any, strategy: str = "one") -> Client:
        client = cls(stub.Connect())
        hello = bridge_pb2.BridgeHello(strategy=strategy, client="test")
        await client.call.write(bridge_pb2.ConnectRequest(hello=hello))
        welcome = (await client.call.read()).welcome
        client.heard, client.told = (LinkChain.begin(welcome.seed, sender) for sender in (DAEMON, STRATEGY))
        return client

    heard: LinkChain
    told: LinkChain

    async def link(self) -> bridge_pb2.ChainLink:
        """The next link; heartbeats are skipped."""
        while True:
            message = await self.call.read()
            if message.WhichOneof("event") == "link":
                take_link(self.heard, message.link)
                return message.link

    async def state(self) -> tuple[bridge_pb2.BridgeState, bytes]:
        while True:
            link = await self.link()
            if link.kind == bridge_pb2.LINK_KIND_STATE:
                return bridge_pb2.BridgeState.FromString(link.payload), link.hash

    def answer(self, sequence: int, follows: bytes, quantity: str = "") -> bridge_pb2.ChainLink:
        action = bridge_pb2.BRIDGE_ACTION_TRADE if quantity else bridge_pb2.BRIDGE_ACTION_NONE
        intent = bridge_pb2.BridgeIntent(sequence=sequence, action=action)
        if quantity:
            intent.quantity.CopyFrom(decimal_pb2.Decimal(value=quantity))
        return link_to_wire(self.told, bridge_pb2.LINK_KIND_INTENT, follows, intent.SerializeToString())

    async def ended(self) -> None:
        """Reads until the stream is over."""
        while await self.call.read() is not grpc.aio.EOF:
            pass

    async def send(self, link: bridge_pb2.ChainLink) -> None:
        await self.call.write(bridge_pb2.ConnectRequest(link=link))


async def until(condition: Callable[[], object]) -> None:
    """A deadline of ten seconds for what other tasks bring about."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.005)


def fault(daemon: Daemon) -> OutsideFault:
    return OutsideFault(daemon.inputs.outside.fault)


async def test_an_answer_becomes_an_order_and_its_events_follow_the_answer() -> None:
    async with serving() as (daemon, stub):
        assert fault(daemon) is OutsideFault.NOT_CONNECTED
        client = await Client.connect(stub)
        daemon.evaluate(ObservationCause.QUOTE)
        state, head = await client.state()
        assert state.block_reason == "BRIDGE_DOWN"
        asked = client.answer(state.sequence, head, "40")
        await client.send(asked)
        await until(lambda: daemon.world.is_open)
        assert fault(daemon) is OutsideFault.NONE
        daemon.report(OrderPhase.FILLED, 40.0)
        link = await client.link()
        event = bridge_pb2.BridgeOrderEvent.FromString(link.payload)
        assert link.kind == bridge_pb2.LINK_KIND_ORDER_EVENT
        assert link.follows == asked.hash
        assert (event.phase, event.cum_qty.value, event.stock_quantity) == ("FILLED", "40.0", 40.0)
        shown = daemon.bridge.snapshot
        assert shown["head_sent"] == client.heard.head.hex() or shown["links_sent"] > client.heard.index
        assert shown["head_taken"] == client.told.head.hex()
        assert (shown["intact"], shown["answers"], shown["late"], shown["breaks"]) == (True, 1, 0, 0)


async def test_a_late_answer_is_no_answer() -> None:
    async with serving(answer_ms=30.0) as (daemon, stub):
        client = await Client.connect(stub)
        daemon.evaluate(ObservationCause.QUOTE)
        state, head = await client.state()
        await until(lambda: fault(daemon) is OutsideFault.LATE)
        assert daemon.reasons[-1] == "BRIDGE_LATE"
        await client.send(client.answer(state.sequence, head, "40"))
        await until(lambda: daemon.bridge.snapshot["links_taken"] == 1)
        assert not daemon.world.is_open
        assert daemon.bridge.snapshot["late"] == 1
        daemon.bridge.answer_ms = 5000.0
        daemon.evaluate(ObservationCause.QUOTE)
        state, head = await client.state()
        await client.send(client.answer(state.sequence, head))
        await until(lambda: fault(daemon) is OutsideFault.NONE)


@pytest.mark.parametrize("how", ["lost", "doubled", "altered", "follows", "reordered"])
async def test_a_broken_chain_ends_the_connection_and_nothing_leaves(how: str) -> None:
    async with serving() as (daemon, stub):
        client = await Client.connect(stub)
        daemon.evaluate(ObservationCause.QUOTE)
        state, head = await client.state()
        good = client.answer(state.sequence, head)
        if how == "doubled":
            await client.send(good)
            await client.send(good)
        elif how == "altered":
            intent = bridge_pb2.BridgeIntent.FromString(good.payload)
            intent.action = bridge_pb2.BRIDGE_ACTION_CANCEL
            good.payload = intent.SerializeToString()
            await client.send(good)
        elif how == "follows":
            client.told = LinkChain.begin(b"", STRATEGY)
            await client.send(client.answer(state.sequence, bytes(32), "40"))
        elif how == "lost":
            await client.send(client.answer(state.sequence, head, "40"))
        else:
            second = client.answer(state.sequence, head, "40")
            await client.send(second)
            await client.send(good)
        await until(lambda: fault(daemon) is OutsideFault.BROKEN_CHAIN)
        with pytest.raises(grpc.aio.AioRpcError, match=r"link \d"):
            await client.ended()
        await until(lambda: not daemon.bridge.snapshot["connected"])
        shown = daemon.bridge.snapshot
        assert (shown["intact"], shown["breaks"], shown["fault"]) == (False, 1, "BROKEN_CHAIN")
        assert shown["last_break"]
        assert daemon.reasons[-1] == "BRIDGE_CHAIN"
        assert not daemon.world.is_open
        again = await Client.connect(stub)
        assert not daemon.bridge.snapshot["intact"]
        daemon.evaluate(ObservationCause.QUOTE)
        state, head = await again.state()
        await again.send(again.answer(state.sequence, head))
        await until(lambda: daemon.bridge.snapshot["intact"])


@pytest.mark.parametrize("quantity", ["3.5", "0", "nan", "1e12", "ten"])
async def test_an_answer_against_the_contract_is_refused_and_named(quantity: str) -> None:
    async with serving() as (daemon, stub):
        client = await Client.connect(stub)
        daemon.evaluate(ObservationCause.QUOTE)
        state, head = await client.state()
        await client.send(client.answer(state.sequence, head, quantity))
        await until(lambda: fault(daemon) is OutsideFault.INVALID)
        assert daemon.reasons[-1] == "BRIDGE_ANSWER"
        assert daemon.bridge.snapshot["invalid"] == 1
        assert not daemon.world.is_open


async def test_one_at_a_time_by_its_name_and_gone_means_down() -> None:
    async with serving() as (daemon, stub):
        client = await Client.connect(stub)
        for strategy, code in (
            ("one", grpc.StatusCode.FAILED_PRECONDITION),
            ("other", grpc.StatusCode.INVALID_ARGUMENT),
        ):
            second = stub.Connect()
            await second.write(
                bridge_pb2.ConnectRequest(hello=bridge_pb2.BridgeHello(strategy=strategy, client="second"))
            )
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await second.read()
            assert refused.value.code() is code
        daemon.evaluate(ObservationCause.QUOTE)
        state, head = await client.state()
        await client.send(client.answer(state.sequence, head))
        await until(lambda: fault(daemon) is OutsideFault.NONE)
        client.call.cancel()
        await until(lambda: fault(daemon) is OutsideFault.NOT_CONNECTED)
        assert daemon.reasons[-1] == "BRIDGE_DOWN"
