"""The admin socket: one JSON object per line in, one per line out, on loopback only."""

from __future__ import annotations

import asyncio
import json
import socket
from decimal import InvalidOperation
from typing import Any

from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.ibsim.admin_commands import Arguments, Commands
from hedgerow.ibsim.replay import Replay
from hedgerow.ibsim.simulation import Simulation

_MAX_LINE = 1 << 16


class AdminServer:
    """Runs commands from the admin socket; a bad one is answered with its reason."""

    def __init__(self, simulation: Simulation, replay: Replay, stopping: asyncio.Event) -> None:
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._commands = Commands(simulation, replay, stopping).table

    async def start(self, host: str, port: int) -> int:
        """Listen; the port taken. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_MAX_LINE)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end the open connections."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._run(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the caller left, or sent a line without end
        finally:
            self._writers.discard(writer)
            writer.close()

    def _run(self, line: bytes) -> Arguments:
        try:
            request = json.loads(line)
            name = request.pop("command")
            command = self._commands[name]
        except (ValueError, AttributeError, TypeError):
            return _failure("a line must be one JSON object")
        except KeyError as error:
            return _failure(f"command: {error} is not known; one of {', '.join(self._commands)}")
        try:
            return {"ok": True, **command(request)}
        except InvalidValue as error:
            return _failure(str(error))
        except KeyError as error:
            return _failure(f"{name}: the argument {error} is missing")
        except (TypeError, ValueError, InvalidOperation) as error:
            return _failure(f"{name}: an argument has the wrong type: {error}")


def _failure(reason: str) -> Arguments:
    return {"ok": False, "error": reason}


def _answer(command: str, line: bytes) -> Arguments:
    if not line.endswith(b"\n"):
        raise Unavailable("the simulated gateway's admin socket closed before it answered", "IBSIM_UNREACHABLE")
    answer: Arguments = json.loads(line)
    if not answer.pop("ok"):
        raise InvalidValue("ibsim command", command, answer["error"])
    return answer


def admin_call(port: int, command: str, *, timeout_s: float = 5.0, **arguments: Any) -> dict[str, Any]:
    """Run one admin command on the loopback port and return its answer.

    Raises InvalidValue when it is refused, Unavailable when nobody answers in time.
    """
    line = json.dumps({"command": command, **arguments}).encode() + b"\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
            connection.sendall(line)
            with connection.makefile("rb") as answers:
                return _answer(command, answers.readline())
    except OSError as error:
        raise Unavailable(f"the simulated gateway's admin port {port}: {error}", "IBSIM_UNREACHABLE") from error


async def admin_call_async(port: int, command: str, *, timeout_s: float = 5.0, **arguments: Any) -> dict[str, Any]:
    """`admin_call` for a running event loop."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
            try:
                writer.write(json.dumps({"command": command, **arguments}).encode() + b"\n")
                return _answer(command, await reader.readline())
            finally:
                writer.close()
    except OSError as error:  # TimeoutError is one
        raise Unavailable(f"the simulated gateway's admin port {port}: {error}", "IBSIM_UNREACHABLE") from error
