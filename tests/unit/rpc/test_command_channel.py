"""Commands heard by one way while the other is refused or away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.domain.command import Command, CommandKind
from hedgerow.domain.errors import Unavailable
from hedgerow.rpc.command_channel import CommandChannel
from tests.integration.service_process import until


def command(sequence: int) -> Command:
    return Command(sequence, f"c-{sequence}", CommandKind.STOP, "goog", "", "anna", "enough", {}, 1)


class Store:
    """Cannot be read at first, then holds one command."""

    def __init__(self) -> None:
        self.polls = 0
        self.closed = False

    def poll(self) -> list[Command]:
        self.polls += 1
        if self.polls == 1:
            raise Unavailable("away", "STORE_UNAVAILABLE")
        return [command(7)] if self.polls == 2 else []

    def close(self) -> None:
        self.closed = True


class Control(control_pb2_grpc.ControlServiceServicer):
    """Refuses the stream, or tells of one command and stays."""

    def __init__(self, refuses: bool) -> None:
        self.refuses = refuses
        self.calls: list[tuple[str, int]] = []

    async def WatchCommands(self, request: Any, context: Any) -> AsyncIterator[control_pb2.WatchCommandsResponse]:
        self.calls.append((request.strategy, request.start_sequence))
        if self.refuses:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such strategy")
        told = control_pb2.Command(sequence=3, command_id="c-3", kind=control_pb2.COMMAND_KIND_STOP, strategy="goog")
        told.create_time.seconds = 1
        yield control_pb2.WatchCommandsResponse(command=told)
        if len(self.calls) == 1:
            return  # once: it is opened again from where it was
        await asyncio.Event().wait()


async def heard_from(control: Control) -> tuple[list[tuple[str, bool]], bool]:
    """What was taken, and from where, until both ways had their say; whether listening goes on."""
    server = grpc.aio.server()
    control_pb2_grpc.add_ControlServiceServicer_to_server(control, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    taken: list[tuple[str, bool]] = []

    async def take(heard: Command, from_store: bool) -> None:
        taken.append((heard.command_id, from_store))

    store = Store()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        ears = CommandChannel(channel, store, "goog", take, 5.0)
        tasks = [asyncio.create_task(ears.listen()), asyncio.create_task(ears.follow_store(0.01))]
        wanted = 1 if control.refuses else 3
        await until(lambda: len(taken) >= wanted and control.calls, "both ways")
        goes_on = not tasks[0].done()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ears.close()
    await server.stop(None)
    assert store.closed
    return taken, goes_on


async def test_a_stream_that_is_refused_leaves_the_store_and_ends_nobody() -> None:
    taken, goes_on = await heard_from(Control(refuses=True))
    assert taken == [("c-7", True)]
    assert goes_on


async def test_both_are_heard_and_a_stream_resumes_after_its_last() -> None:
    control = Control(refuses=False)
    taken, _ = await heard_from(control)
    assert sorted(set(taken)) == [("c-3", False), ("c-7", True)]
    assert control.calls[:2] == [("goog", 0), ("goog", 3)]
