"""`hedgerow stop` and `hedgerow healthcheck`: tell a daemon to end; ask the processes how they are."""

from __future__ import annotations

import json
import sys
import time
import uuid
from typing import Annotated

import grpc
import typer

from hedgerow import state_dir
from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.cli.output import JsonFlag, SessionArgument, console, print_json, print_table
from hedgerow.cli.supervisor import is_serving
from hedgerow.clock import wall_now
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.commands import CommandKind, NewCommand, list_commands, write_command
from hedgerow.store.location import location_of

_STUB_TIMEOUT_S = 5.0
_WAIT_S = 10.0


def stop(
    session: SessionArgument = "latest",
    strategy: Annotated[str, typer.Option("--strategy", help="Strategy to stop; none = every one.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
    json_: JsonFlag = False,
) -> None:
    """Ends strategy daemons gracefully; the command is durable. Exit code 1 when one did not answer."""
    state = state_dir.resolve(session)
    settings = Settings.read(state.settings_file)
    names = [strategy] if strategy else [one.name for one in settings.strategies]
    rows = []
    for name in names:
        settings.strategy(name)
        command_id = f"cli-{uuid.uuid4().hex}"
        via = _send(
            state, settings, NewCommand(command_id, CommandKind.STOP, name, actor="command line", reason=reason)
        )
        rows.append(
            {"strategy": name, "command_id": command_id, "via": via, "outcome": _outcome(state, name, command_id)}
        )
    if json_:
        print_json(rows)
    else:
        print_table("stop", ["strategy", "sent by", "outcome"], [(r["strategy"], r["via"], r["outcome"]) for r in rows])
    sys.exit(0 if all(row["outcome"] for row in rows) else 1)


def _send(state: StateDir, settings: Settings, command: NewCommand) -> str:
    """Through control where it answers, else straight into the command store."""
    endpoint = settings.endpoints.get("control")
    if endpoint is not None:
        request = control_pb2.SendCommandRequest(
            command_id=command.command_id, kind=control_pb2.COMMAND_KIND_STOP, strategy=command.strategy,
            actor=command.actor, reason=command.reason,
        )  # fmt: skip
        with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
            try:
                control_pb2_grpc.ControlServiceStub(channel).SendCommand(request, timeout=_STUB_TIMEOUT_S)
            except grpc.RpcError as error:
                console.print(f"control does not answer ({error.code().name}); writing into the command store")
            else:
                return "control"
    write_command(location_of(state), command, wall_ns=wall_now(), market_ns=wall_now())
    return "command store"


def _outcome(state: StateDir, strategy: str, command_id: str) -> str:
    """What the daemon answered, empty when it did not in time."""
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        for command in list_commands(location_of(state), strategy=strategy):
            if command.command_id == command_id and command.acked_ns:
                return command.outcome
        time.sleep(0.1)
    return ""


def healthcheck(session: SessionArgument = "latest", json_: JsonFlag = False) -> None:
    """Asks every process of a session for its health; exit code 1 unless all serve."""
    state = state_dir.resolve(session)
    settings = Settings.read(state.settings_file)
    rows = [
        {
            "service": name,
            "address": f"{endpoint.host}:{endpoint.port}",
            "serving": is_serving(endpoint.host, endpoint.port),
        }
        for name, endpoint in settings.endpoints.items()
    ]
    if json_:
        print(json.dumps(rows, indent=1))
    else:
        print_table("health", ["process", "address", "serving"],
                    [(r["service"], r["address"], "yes" if r["serving"] else "NO") for r in rows])  # fmt: skip
    sys.exit(0 if rows and all(row["serving"] for row in rows) else 1)
