"""A reconnecting stream survives its server, resumes where asked, and gives up only on a refusal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.rpc.channel import open_channel
from hedgerow.rpc.retry import ENDED, SILENT, reconnecting
from hedgerow.rpc.server import RpcServer


class Stream(risk_pb2_grpc.RiskServiceServicer):
    """Runs one script per call: numbers are sent, errors raised, None = hang."""

    def __init__(self, *scripts: list[Any]) -> None:
        self.scripts = list(scripts)

    async def StreamBreaches(self, request: Any, context: Any) -> Any:
        for step in self.scripts.pop(0):
            if isinstance(step, Exception):
                raise step
            if step is None:
                await asyncio.Event().wait()
            yield risk_pb2.StreamBreachesResponse(trading_state=step)


async def read(channel: Any, count: int, **options: Any) -> tuple[list[int], list[str]]:
    stub = risk_pb2_grpc.RiskServiceStub(channel)
    got: list[int] = []
    downs: list[str] = []

    def opened() -> Any:
        return stub.StreamBreaches(risk_pb2.StreamBreachesRequest())

    async with asyncio.timeout(20):
        async for message in reconnecting(opened, name="risk", on_down=downs.append, longest_wait_s=0.1, **options):
            got.append(message.trading_state)
            if len(got) == count:
                break
    return got, downs


async def test_a_stream_that_ends_or_fails_is_opened_again(serve: Any) -> None:
    _, channel = await serve(Stream([1, 2], [], [3, RuntimeError("crash")], [1]))
    assert await read(channel, 4) == ([1, 2, 3, 1], [ENDED, ENDED, "INTERNAL"])


async def test_silence_is_a_broken_stream(serve: Any) -> None:
    _, channel = await serve(Stream([1, None], [2]))
    assert await read(channel, 2, silence_s=0.1) == ([1, 2], [SILENT])


async def test_a_call_that_another_task_cancels_is_opened_again(serve: Any) -> None:
    _, channel = await serve(Stream([1, None], [2]))
    stub, calls = risk_pb2_grpc.RiskServiceStub(channel), []

    def opened() -> Any:
        calls.append(stub.StreamBreaches(risk_pb2.StreamBreachesRequest()))
        return calls[-1]

    got: list[int] = []
    async with asyncio.timeout(20):
        async for message in reconnecting(opened, name="risk", longest_wait_s=0.1):
            got.append(message.trading_state)
            if len(got) == 2:
                break
            asyncio.get_running_loop().call_soon(calls[-1].cancel)
    assert got == [1, 2]


@pytest.mark.parametrize(
    "error", [InvalidValue("instrument_ids", "?", "known"), FailedPrecondition("no", "OUT_OF_RANGE")]
)
async def test_a_refusal_is_raised_not_repeated(serve: Any, error: Exception) -> None:
    servicer = Stream([1, error], [2])
    _, channel = await serve(servicer)
    with pytest.raises(type(error)):
        await read(channel, 2)
    assert len(servicer.scripts) == 1


async def test_a_server_that_is_not_there_yet_is_waited_for(serve: Any) -> None:
    server, first = await serve(Stream([1]))
    port = server.port
    assert await read(first, 1) == ([1], [])
    await server.grpc.stop(None)
    channel = open_channel("127.0.0.1", port)
    downs: list[str] = []
    tried = asyncio.Event()

    def down(reason: str) -> None:
        downs.append(reason)
        tried.set()

    stub = risk_pb2_grpc.RiskServiceStub(channel)
    messages = reconnecting(
        lambda: stub.StreamBreaches(risk_pb2.StreamBreachesRequest()), name="risk", on_down=down, longest_wait_s=0.1
    )
    reading = asyncio.ensure_future(anext(messages))
    await asyncio.wait_for(tried.wait(), 10)
    again = RpcServer("risk", "127.0.0.1", port, asyncio.Event())
    again.add_service("hedgerow.api.risk.v1.RiskService", risk_pb2_grpc.add_RiskServiceServicer_to_server, Stream([2]))
    await again.start()
    assert (await asyncio.wait_for(reading, 10)).trading_state == 2
    assert set(downs) == {"UNAVAILABLE"}
    await messages.aclose()
    await channel.close()
    await again.grpc.stop(None)
