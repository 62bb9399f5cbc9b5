"""A server's port: health, reflection through a foreign client, traces, metrics, drain, and a taken port."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.trace_context import parse
from hedgerow.rpc.channel import open_channel
from hedgerow.rpc.health import is_serving
from hedgerow.rpc.server import RpcServer
from hedgerow.rpc.streams import LosslessBroadcast
from hedgerow.telemetry.metrics import REGISTRY
from hedgerow.telemetry.traces import EndedSpan, add_sink, current_ids, flush, inject_traceparent, remove_sink, span

SERVICE = "hedgerow.api.risk.v1.RiskService"


class Risk(risk_pb2_grpc.RiskServiceServicer):
    """Answers with its trace, streams a broadcast, echoes checks."""

    def __init__(self) -> None:
        self.broadcast = LosslessBroadcast[Any]()
        self.seen: list[str] = []
        self.subscribed = asyncio.Event()

    async def GetRuleSet(self, request: Any, context: Any) -> Any:
        self.seen.append(inject_traceparent())
        return risk_pb2.GetRuleSetResponse(version=3)

    async def StreamBreaches(self, request: Any, context: Any) -> Any:
        with self.broadcast.subscribe() as reader:
            self.subscribed.set()
            async for batch in reader.batches(30.0):
                for item in batch.items:
                    yield item
                if batch.closing:
                    closing = risk_pb2.StreamBreachesResponse()
                    closing.closing.reason = batch.closing
                    yield closing

    async def CheckOrders(self, requests: Any, context: Any) -> Any:
        async for request in requests:
            yield risk_pb2.CheckOrdersResponse(verdict=risk_pb2.Verdict(intent_id=request.check.intent_id))


async def buf_curl(*arguments: str) -> str:
    """Output of `buf curl`, a client that knows only what reflection tells it."""
    command = shutil.which("buf", path=str(Path(sys.executable).parent)) or shutil.which("buf")
    assert command, "buf comes with the development extra"
    process = await asyncio.create_subprocess_exec(
        command, "curl", "--protocol", "grpc", "--http2-prior-knowledge", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_a_foreign_client_lists_services_and_calls_methods(serve: Any) -> None:
    server, _ = await serve(Risk())
    address = f"http://127.0.0.1:{server.port}"
    listed = (await buf_curl("--list-services", address)).split()
    assert set(listed) == {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    assert json.loads(await buf_curl("-d", "{}", f"{address}/{SERVICE}/GetRuleSet")) == {"version": 3}
    health = await buf_curl("-d", json.dumps({"service": SERVICE}), f"{address}/grpc.health.v1.Health/Check")
    assert json.loads(health) == {"status": "SERVING"}


async def test_health_is_per_service_and_can_change(serve: Any) -> None:
    server, channel = await serve(Risk())
    assert await is_serving(channel)
    assert await is_serving(channel, service=SERVICE)
    assert not await is_serving(channel, service="no.such.Service")
    await server.set_serving(False, SERVICE)
    assert not await is_serving(channel, service=SERVICE)
    assert await is_serving(channel)


async def test_nobody_there_is_not_serving() -> None:
    channel = open_channel("127.0.0.1", 9)
    assert not await is_serving(channel)
    await channel.close()


async def test_a_taken_port_is_named_with_its_key() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = RpcServer("risk", "127.0.0.1", port, asyncio.Event())
        with pytest.raises(InvalidValue) as caught:
            await server.start()
    assert (caught.value.key, caught.value.value) == ("endpoints.risk.port", port)
    assert caught.value.fix


async def test_two_servers_never_share_a_port(serve: Any) -> None:
    first, _ = await serve(Risk())
    with pytest.raises(InvalidValue):
        await RpcServer("risk", "127.0.0.1", first.port, asyncio.Event()).start()


async def test_a_unary_call_continues_the_callers_trace(serve: Any) -> None:
    servicer = Risk()
    _, channel = await serve(servicer)
    kept: list[EndedSpan] = []
    sink = kept.extend
    add_sink(sink)
    with span("caller"):
        ids = current_ids()
        await risk_pb2_grpc.RiskServiceStub(channel).GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5)
    assert ids is not None
    there = parse(servicer.seen[0])
    assert there is not None
    assert f"{there.trace_id:032x}" == ids[0]
    flush()
    remove_sink(sink)
    recorded = next(s for s in kept if s.name == "GetRuleSet" and s.context.trace_id == there.trace_id)
    assert f"{recorded.parent_id:016x}" == ids[1]


async def test_a_foreign_traceparent_is_honored_and_a_broken_one_ignored(serve: Any) -> None:
    servicer = Risk()
    _, channel = await serve(servicer)
    stub = risk_pb2_grpc.RiskServiceStub(channel)
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    for header in (f"00-{trace_id}-b7ad6b7169203331-01", "00-zz-1-1"):
        await stub.GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5, metadata=(("traceparent", header),))
    assert trace_id in servicer.seen[0]
    assert trace_id not in servicer.seen[1]
    assert parse(servicer.seen[1]) is not None


async def test_calls_are_counted_by_method_and_code(serve: Any) -> None:
    labels = {"service": SERVICE, "method": "GetRuleSet", "code": "OK"}
    before = REGISTRY.get_sample_value("hedgerow_rpc_requests_total", labels) or 0
    _, channel = await serve(Risk())
    await risk_pb2_grpc.RiskServiceStub(channel).GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5)
    assert REGISTRY.get_sample_value("hedgerow_rpc_requests_total", labels) == before + 1
    with pytest.raises(grpc.aio.AioRpcError):
        await risk_pb2_grpc.RiskServiceStub(channel).SetTradingState(risk_pb2.SetTradingStateRequest(), timeout=5)
    unimplemented = {"service": SERVICE, "method": "SetTradingState", "code": "UNIMPLEMENTED"}
    assert REGISTRY.get_sample_value("hedgerow_rpc_requests_total", unimplemented)


async def test_a_bidirectional_stream_answers_each_message(serve: Any) -> None:
    _, channel = await serve(Risk())
    call = risk_pb2_grpc.RiskServiceStub(channel).CheckOrders(timeout=5)
    for name in ("a", "b"):
        await call.write(risk_pb2.CheckOrdersRequest(check=risk_pb2.CheckOrderRequest(intent_id=name)))
        assert (await call.read()).verdict.intent_id == name
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF


async def test_encoded_bytes_and_messages_are_the_same_to_a_client(serve: Any) -> None:
    servicer = Risk()
    _, channel = await serve(servicer)
    call = risk_pb2_grpc.RiskServiceStub(channel).StreamBreaches(risk_pb2.StreamBreachesRequest(), timeout=5)
    first = asyncio.create_task(call.read())
    await servicer.subscribed.wait()
    message = risk_pb2.StreamBreachesResponse(trading_state=common_pb2.TRADING_STATE_REDUCING)
    servicer.broadcast.publish_all([message, message.SerializeToString()])
    assert [await first, await call.read()] == [message, message]


async def test_a_drain_turns_health_off_says_why_and_lets_streams_end(serve: Any) -> None:
    servicer = Risk()
    server, channel = await serve(servicer)
    server.on_closing(servicer.broadcast.close)
    call = risk_pb2_grpc.RiskServiceStub(channel).StreamBreaches(risk_pb2.StreamBreachesRequest(), timeout=10)
    first = asyncio.create_task(call.read())
    await servicer.subscribed.wait()
    started = asyncio.get_running_loop().time()
    await server.drain()
    assert (await first).closing.reason == "DRAINING"
    assert await call.read() is grpc.aio.EOF
    assert asyncio.get_running_loop().time() - started < 1.0, "nobody waits out the grace"
    assert not await is_serving(channel)


async def test_serve_returns_once_told_to_stop() -> None:
    stop = asyncio.Event()
    server = RpcServer("risk", "127.0.0.1", 0, stop)
    ports: list[int] = []
    server.on_serving(ports.append)
    server.on_serving(lambda _: stop.set())
    await asyncio.wait_for(server.serve(), 5)
    assert ports == [server.port]
    assert server.port > 0
