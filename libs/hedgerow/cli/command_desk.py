"""Carries an operator's commands to control, or past it where it is gone, and waits for what comes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self, cast

import grpc

from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.clock import wall_now
from hedgerow.domain.command import Command, CommandKind, FlattenTarget, NewCommand
from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, HedgerowError, InvalidValue, NotFound
from hedgerow.rpc.errors import domain_error
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.answers import DONE
from hedgerow.store.commands import find_command, write_command
from hedgerow.store.location import location_of
from hedgerow.wire.control import command_from_wire, new_command_to_wire

PAST_CONTROL = frozenset({CommandKind.STOP, CommandKind.FLATTEN})
"""What may go straight into the command store: whatever ends exposure must reach whom it addresses."""

_CALL_S = 5.0
_POLL_S = 0.1
_UNREACHABLE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})


class Outcome(NamedTuple):
    """A command and what came of it: `via` says who recorded it, `outcome` is empty while nothing has."""

    strategy: str
    command_id: str
    kind: str
    via: str
    outcome: str
    done: bool


class CommandDesk:
    """One session's control; a context manager over the connection to it."""

    def __init__(self, state: StateDir, settings: Settings, tell: Callable[[str], None]) -> None:
        self._store = location_of(state, settings)
        self._tell = tell
        endpoint = settings.endpoints.get("control")
        self._channel = None if endpoint is None else grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel is not None:
            self._channel.close()

    def carry_out(self, commands: Sequence[NewCommand], timeout_s: float) -> list[Outcome]:
        """Sends them all, then waits for every outcome for at most `timeout_s` wall seconds.

        Raises InvalidValue or AlreadyExists for a command that can never be taken.
        """
        deadline = time.monotonic() + timeout_s
        sent = [(command, *self._send(command, timeout_s)) for command in commands]
        return [self._awaited(command, via, refusal, deadline) for command, via, refusal in sent]

    def _send(self, command: NewCommand, timeout_s: float) -> tuple[str, str]:
        """Who recorded it, and why it was refused: one of the two is empty."""
        reason = "no control is configured"
        if self._channel is not None:
            stub = control_pb2_grpc.ControlServiceStub(self._channel)
            try:
                # Control answers what it carries out itself only when it is done: so long may this take.
                wait_s = _CALL_S if command.kind in PAST_CONTROL else max(_CALL_S, timeout_s)
                stub.SendCommand(new_command_to_wire(command), timeout=wait_s)
            except grpc.RpcError as failure:
                error = _of_control(failure)
                if isinstance(error, InvalidValue | AlreadyExists):
                    raise error from failure
                if failure.code() not in _UNREACHABLE:
                    return "", f"refused: {error}"
                reason = str(error)
            else:
                return "control", ""
        if command.kind not in PAST_CONTROL:
            return "", f"not sent: control cannot be reached ({reason})"
        if command.arguments.get("target") == FlattenTarget.NEUTRAL:
            return "", f"not sent: control, which computes what is neutral, cannot be reached ({reason})"
        self._tell(f"control cannot be reached ({reason}); writing into the command store")
        try:
            write_command(self._store, command, wall_ns=wall_now(), market_ns=wall_now())
        except (InvalidValue, AlreadyExists):
            raise
        except HedgerowError as error:
            return "", f"not sent: neither control nor the command store takes it: {error}"
        return "command store", ""

    def _awaited(self, command: NewCommand, via: str, refusal: str, deadline: float) -> Outcome:
        def outcome(text: str, done: bool = False) -> Outcome:
            return Outcome(command.strategy, command.command_id, command.kind.value, via, text, done)

        if refusal:
            return outcome(refusal)
        while True:
            recorded = self._recorded(command.command_id)
            if recorded is not None and recorded.acked_ns:
                return outcome(recorded.outcome, recorded.outcome.startswith(DONE))
            if time.monotonic() > deadline:
                return outcome("" if recorded is None else recorded.outcome)
            time.sleep(_POLL_S)

    def _recorded(self, command_id: str) -> Command | None:
        """The command with its outcome so far, by control or from the stores; None when neither knows it."""
        if self._channel is not None:
            stub = control_pb2_grpc.ControlServiceStub(self._channel)
            request = control_pb2.GetCommandRequest(command_id=command_id)
            try:
                answer: Any = stub.GetCommand(request, timeout=_CALL_S)
            except grpc.RpcError as failure:
                if failure.code() not in {*_UNREACHABLE, grpc.StatusCode.NOT_FOUND}:
                    raise _of_control(failure) from failure
            else:
                return command_from_wire(answer.command)
        try:
            return find_command(self._store, command_id)
        except (NotFound, FailedPrecondition):
            return None


def _of_control(failure: grpc.RpcError) -> HedgerowError:
    return domain_error(cast(grpc.aio.AioRpcError, failure), "control")  # both kinds of call tell the same way
