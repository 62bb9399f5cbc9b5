"""Commands as a process hears them: by control's stream and by the command store, each without the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import grpc

from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.domain.command import Command
from hedgerow.domain.errors import HedgerowError
from hedgerow.failpoints import failpoint
from hedgerow.rpc.retry import reconnecting
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.control import command_from_wire

REFUSED_S = 5.0
"""Wall seconds before control is asked again after it refused the stream, or garbled a command."""

Take = Callable[[Command, bool], Awaitable[None]]
"""Gets each command, and whether it came from the store: as often as it comes, so it tells repeats by command_id."""


class CommandPoll(Protocol):
    """The command store, read again and again."""

    def poll(self) -> list[Command]:
        """Commands that came since the last poll, oldest first; raises HedgerowError when it cannot be read."""

    def close(self) -> None:
        """Lets go of the store."""


class CommandChannel:
    """Hands on commands of one strategy, of every one with an empty name; neither way waits for the other."""

    def __init__(
        self, channel: grpc.aio.Channel, reader: CommandPoll, strategy: str, take: Take, silence_s: float
    ) -> None:
        self._stub = control_pb2_grpc.ControlServiceStub(channel)
        self._reader = reader
        self._strategy = strategy
        self._take = take
        self._silence_s = silence_s
        self._sequence = 0
        self._trouble = ""
        self._log = get_logger(stream="commands")

    async def listen(self) -> None:
        """Follows control's stream until canceled; what control refuses ends nobody, for the store has it too."""

        def open_call() -> object:
            return self._stub.WatchCommands(
                control_pb2.WatchCommandsRequest(strategy=self._strategy, start_sequence=self._sequence)
            )

        while True:
            try:
                async for message in reconnecting(open_call, name="control", silence_s=self._silence_s):
                    if message.WhichOneof("event") == "command":
                        command = command_from_wire(message.command)
                        failpoint("channel.command")
                        await self._take(command, False)
                        failpoint("channel.taken")
                        self._sequence = max(self._sequence, command.sequence)
            except HedgerowError as error:
                self._log.error("control's commands cannot be followed", cause=str(error))
                await asyncio.sleep(REFUSED_S)

    async def follow_store(self, interval_s: float) -> None:
        """Looks into the command store until canceled, beside the loop: its server may be slow to answer, or away."""
        while True:
            try:
                commands = await asyncio.to_thread(self._reader.poll)
            except HedgerowError as error:  # the stream goes on without it
                self._note(str(error))
            else:
                self._note("")
                for command in commands:
                    failpoint("channel.stored")
                    await self._take(command, True)
            await asyncio.sleep(interval_s)

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._log.warning("command store cannot be read" if trouble else "command store can be read", cause=trouble)

    def close(self) -> None:
        """Closes the command store."""
        self._reader.close()
