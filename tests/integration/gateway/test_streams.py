"""Server streams over HTTP and WebSocket: to their end, to an error, to a reader that leaves or does not read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from hedgerow.domain.errors import FailedPrecondition
from tests.integration.gateway.things_world import World, things_world
from tests.integration.service_process import until
from tests.unit.gateway.things import thing

BIG = "x" * 100_000


async def endless(request: Any) -> AsyncIterator[Any]:
    """As much as the reader takes."""
    while True:
        yield thing(name=BIG)


async def slow_drip(request: Any) -> AsyncIterator[Any]:
    """One thing every moment, for ever."""
    while True:
        yield thing(name="drip")
        await asyncio.sleep(0.02)


async def failing(request: Any) -> AsyncIterator[Any]:
    """Fails after `small` things."""
    for number in range(request.small):
        yield thing(small=number)
    raise FailedPrecondition("the shop is closed", "CLOSED")


async def silent(request: Any) -> AsyncIterator[Any]:
    """Says nothing."""
    await asyncio.Event().wait()
    yield thing()


@pytest.fixture(autouse=True)
async def fresh(world: World) -> AsyncIterator[None]:
    world.things.stream = world.things.three
    world.things.sent = 0
    yield
    await until(lambda: world.things.streams == 0, "no stream is left open")


def open_socket(world: World, path: str, **options: Any) -> connect:
    return connect(world.websocket_url + path, proxy=None, **options)


async def test_a_stream_is_lines_of_results(world: World) -> None:
    answer = await world.client.get("/v1/things:watch?name=a&tags=b")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["transfer-encoding"] == "chunked"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == [
        {"result": {"name": "a", "tags": ["b"]}},
        {"result": {"name": "a", "tags": ["b"], "small": 1}},
        {"result": {"name": "a", "tags": ["b"], "small": 2}},
    ]


async def test_lines_arrive_as_they_are_made(world: World) -> None:
    world.things.stream = slow_drip
    async with world.client.stream("GET", "/v1/things:watch") as answer:
        lines = answer.aiter_lines()
        for _ in range(3):
            assert json.loads(await anext(lines)) == {"result": {"name": "drip"}}
        assert world.things.streams == 1


async def test_an_error_before_the_first_line_is_an_answer_of_its_own(world: World) -> None:
    world.things.stream = failing
    answer = await world.client.get("/v1/things:watch")
    assert answer.status_code == 400
    assert answer.json()["message"] == "the shop is closed"
    assert answer.json()["details"][0]["reason"] == "CLOSED"


async def test_an_error_after_the_start_is_the_last_line(world: World) -> None:
    world.things.stream = failing
    answer = await world.client.get("/v1/things:watch?small=2")
    assert answer.status_code == 200
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [next(iter(line)) for line in lines] == ["result", "result", "error"]
    assert lines[-1]["error"]["code"] == 9
    assert lines[-1]["error"]["details"][0]["reason"] == "CLOSED"


async def test_a_silent_stream_answers_all_the_same(world: World) -> None:
    world.things.stream = silent
    async with world.client.stream("GET", "/v1/things:watch") as answer:
        assert answer.status_code == 200


async def test_a_wrong_request_opens_nothing(world: World) -> None:
    assert (await world.client.get("/v1/things:watch?nope=1")).status_code == 400
    with pytest.raises(InvalidStatus) as caught:
        async with open_socket(world, "/v1/things:watch?small=x"):
            pass
    assert caught.value.response.status_code == 400
    assert json.loads(caught.value.response.body)["details"][1]["fieldViolations"][0]["field"] == "small"
    assert world.things.sent == 0


async def test_a_method_that_does_not_stream_is_no_websocket(world: World) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with open_socket(world, "/v1/things/1"):
            pass
    assert caught.value.response.status_code == 400


async def test_an_unknown_path_is_no_websocket(world: World) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with open_socket(world, "/v1/nothing"):
            pass
    assert caught.value.response.status_code == 404


async def test_a_websocket_gets_the_same_results(world: World) -> None:
    async with open_socket(world, "/v1/things:watch?name=a", subprotocols=["hedgerow"]) as socket:
        assert socket.subprotocol == "hedgerow"
        found = [json.loads(message) async for message in socket]
    assert found == [{"result": {"name": "a", **({"small": number} if number else {})}} for number in range(3)]
    assert socket.close_code == 1000


async def test_a_websocket_is_told_the_error_and_closed(world: World) -> None:
    world.things.stream = failing
    async with open_socket(world, "/v1/things:watch?small=1") as socket:
        assert json.loads(await socket.recv()) == {"result": {}}
        assert json.loads(await socket.recv())["error"]["message"] == "the shop is closed"
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert socket.close_code == 1011
    assert socket.close_reason == "the shop is closed"


async def test_what_a_websocket_sends_is_dropped(world: World) -> None:
    world.things.stream = slow_drip
    async with open_socket(world, "/v1/things:watch") as socket:
        for _ in range(100):
            await socket.send("hello")
        assert json.loads(await socket.recv()) == {"result": {"name": "drip"}}


async def test_a_reader_that_leaves_ends_the_call_upstream(world: World) -> None:
    world.things.stream = silent
    reading = asyncio.create_task(world.client.get("/v1/things:watch"))
    socket = await open_socket(world, "/v1/things:watch")
    await until(lambda: world.things.streams == 2, "both streams are open")
    reading.cancel()
    await until(lambda: world.things.streams == 1, "the one over HTTP is canceled")
    socket.transport.abort()
    await until(lambda: world.things.streams == 0, "the one over WebSocket is canceled")


async def stall(socket: ClientConnection, world: World) -> int:
    """Reads nothing until the stream upstream has ended; how much it had sent by then."""
    await until(lambda: world.things.streams == 1, "the stream is open")
    await until(lambda: world.things.streams == 0, "it is given up")
    return world.things.sent


async def read_all(socket: ClientConnection) -> None:
    """Everything that was on its way."""
    async for message in socket:
        assert json.loads(message)["result"]["name"] == BIG


async def test_a_websocket_that_does_not_drain_is_closed_and_its_call_canceled() -> None:
    async with things_world(drain_limit_s=0.3) as world:
        world.things.stream = endless
        async with open_socket(world, "/v1/things:watch", max_queue=1, ping_interval=None) as socket:
            sent = await stall(socket, world)
            # the kernel buffers of three sockets grow with the load of the machine; unbounded it would go on for ever
            assert sent * len(BIG) < 60_000_000, "what waits for a reader that does not read is bounded"
            with pytest.raises(ConnectionClosedError):
                await read_all(socket)
        assert (socket.close_code, socket.close_reason) == (1013, "SLOW_READER")


async def test_an_http_reader_that_does_not_drain_is_cut_off() -> None:
    async with things_world(drain_limit_s=0.3) as world:
        world.things.stream = endless
        async with world.client.stream("GET", "/v1/things:watch") as answer:
            await until(lambda: world.things.sent > 0, "the stream is open")
            await until(lambda: world.things.streams == 0, "it is given up")
            with pytest.raises(httpx.RemoteProtocolError):
                async for _ in answer.aiter_bytes():
                    pass


async def test_streams_have_a_limit() -> None:
    async with things_world(max_streams=2) as world:
        world.things.stream = slow_drip
        async with open_socket(world, "/v1/things:watch"), open_socket(world, "/v1/things:watch"):
            await until(lambda: world.things.streams == 2, "two streams are open")
            answer = await world.client.get("/v1/things:watch")
            assert answer.status_code == 503
            assert answer.json()["details"][0]["reason"] == "TOO_MANY_STREAMS"
            with pytest.raises(InvalidStatus):
                await open_socket(world, "/v1/things:watch")


async def test_when_the_gateway_ends_its_readers_are_told() -> None:
    async with things_world() as world:
        world.things.stream = slow_drip
        socket = await open_socket(world, "/v1/things:watch")
        async with world.client.stream("GET", "/v1/things:watch") as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            await socket.recv()
            ending = asyncio.create_task(world.end())
            rest = [json.loads(line) async for line in lines]
            assert rest[-1]["error"]["details"][0]["reason"] == "DRAINING"
            messages = [json.loads(message) async for message in socket]
            assert messages[-1]["error"]["code"] == 14
            assert socket.close_code == 1001
            await ending


async def test_a_trace_goes_on_in_a_stream(world: World) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await world.client.get("/v1/things:watch", headers={"traceparent": parent})
    assert world.things.traceparents[-1].split("-")[1] == parent.split("-")[1]
