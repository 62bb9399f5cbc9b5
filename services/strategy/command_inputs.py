"""An operator's commands, heard three ways: control's stream, the command store, and a control file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import grpc

from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.clock import wall_now
from hedgerow.rpc.retry import reconnecting
from hedgerow.store.commands import Command, CommandKind, CommandReader, acknowledgement
from hedgerow.store.location import Place
from hedgerow.store.writer import AsyncWriter
from hedgerow.strategy.observation import ObservationCause
from hedgerow.telemetry.logs import get_logger
from services.strategy.inputs import Inputs

Evaluate = Callable[[ObservationCause], None]
CONTROL_FILE_STOP = "stop"


class CommandInputs:
    """Applies each command once, whichever way it came first, and acknowledges it in the strategy's store."""

    def __init__(
        self, channel: grpc.aio.Channel, strategy: str, run_id: str, place: Place, control_file: Path,
        inputs: Inputs, evaluate: Evaluate, writer: AsyncWriter, silence_s: float, stop: asyncio.Event,
    ) -> None:  # fmt: skip
        self._stub = control_pb2_grpc.ControlServiceStub(channel)
        self._strategy = strategy
        self._run_id = run_id
        self._reader = CommandReader(place, strategy)
        self._control_file = control_file
        self._inputs = inputs
        self._evaluate = evaluate
        self._writer = writer
        self._silence_s = silence_s
        self._stop = stop
        self._seen: set[str] = set()
        self._sequence = 0
        self._log = get_logger(stream="commands")

    async def run(self) -> None:
        """Listens to control's stream until canceled; every message only says: look at the store."""

        def open_call() -> object:
            return self._stub.WatchCommands(
                control_pb2.WatchCommandsRequest(strategy=self._strategy, start_sequence=self._sequence)
            )

        async for message in reconnecting(open_call, name="control", silence_s=self._silence_s):
            if message.WhichOneof("event") == "command":
                self._sequence = max(self._sequence, message.command.sequence)
                self.poll()

    def poll(self) -> None:
        """Looks into the command store and the control file; cheap, once a heartbeat."""
        for command in self._reader.poll():
            if not command.acked_ns and command.addresses(self._strategy, self._run_id):
                self.apply(command)
        self._poll_control_file()

    def _poll_control_file(self) -> None:
        try:
            text = self._control_file.read_text()
        except FileNotFoundError:
            return
        if text.strip() == CONTROL_FILE_STOP:
            self._log.info("stop by control file", path=str(self._control_file))
            # Taken: a daemon started later must not end by it again.
            self._control_file.unlink(missing_ok=True)
            self._stop.set()

    def apply(self, command: Command) -> None:
        """Applies one command unless it was applied before."""
        if command.command_id in self._seen:
            return
        self._seen.add(command.command_id)
        view = self._inputs.commands
        outcome = "done"
        if command.kind is CommandKind.STOP:
            self._stop.set()
        elif command.kind is CommandKind.PAUSE:
            self._inputs.commands = view._replace(paused=True)
        elif command.kind is CommandKind.RESUME:
            self._inputs.commands = view._replace(paused=False, resume_number=view.resume_number + 1)
        elif command.kind is CommandKind.RESET_LATCH:
            self._inputs.commands = view._replace(reset_number=view.reset_number + 1)
        else:
            outcome = f"not for a strategy: {command.kind.value}"
        self._log.info("command", kind=command.kind.value, command_id=command.command_id, actor=command.actor)
        self._writer.write(
            [acknowledgement(command, self._strategy, self._run_id, wall_ns=wall_now(), outcome=outcome)]
        )
        self._evaluate(ObservationCause.COMMAND)

    def close(self) -> None:
        """Closes the command store."""
        self._reader.close()
