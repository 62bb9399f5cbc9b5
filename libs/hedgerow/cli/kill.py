"""`hedgerow kill`, and the lifting of a latch by its name: whichever way still leads to execution."""

from __future__ import annotations

import sys
import time
import uuid
from typing import Annotated, Any, NamedTuple, cast

import grpc
import typer

from hedgerow import state_dir
from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2_grpc
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.cli.output import JsonFlag, SessionArgument, messages, print_json, print_pairs
from hedgerow.clock import wall_now
from hedgerow.domain.command import CommandKind, NewCommand, account_of
from hedgerow.domain.errors import AlreadyExists, HedgerowError, InvalidValue, NotFound, Unavailable
from hedgerow.rpc.errors import domain_error
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.commands import write_command
from hedgerow.store.location import Place, location_of
from hedgerow.wire.control import new_command_to_wire

ACTOR = "command line"
_TAKEN_S = 1.0
"""Wall seconds execution has to hear of a kill from control before it is told itself."""
_CALL_S = 2.0
_POLL_S = 0.2
_UNREACHABLE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})


class Killed(NamedTuple):
    """What came of a kill: `via` says who took it, `latched` whether execution said that nothing new leaves."""

    strategy: str
    account: str
    command_id: str
    via: str
    latched: bool
    durable_in: list[str]
    proven: bool
    orders: list[dict[str, str]]
    evidence: list[str]
    outcome: str


def kill(
    session: SessionArgument = "latest",
    strategy: Annotated[str, typer.Option("--strategy", help="Strategy to kill; none = every one.")] = "",
    account: Annotated[str, typer.Option("--account", help="Account to kill; none = every one.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "killed by hand",
    command_id: Annotated[
        str, typer.Option("--command-id", help="Idempotency key: the same again changes nothing. None = a new one.")
    ] = "",
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.0, help="Wall seconds to wait for the proof.")] = 15.0,
    json_: JsonFlag = False,
) -> None:
    """Lets no new or changed order leave and takes back what rests, until `hedgerow resume --latch ID` lifts it.

    Goes through control, else straight to execution, else into the command store. Exit code 1: not proven in time.
    """
    state = state_dir.resolve(session)
    settings = Settings.read(state.settings_file)
    if strategy:
        settings.strategy(strategy)
    arguments = {"account": account} if account else {}
    name = command_id or f"kill-{uuid.uuid4().hex}"
    command = NewCommand(name, CommandKind.KILL, strategy, "", ACTOR, reason, arguments)
    found = _Desk(state, settings).carry_out(command, timeout_s)
    if json_:
        print_json(found._asdict())
    else:
        print_pairs(
            "kill",
            {
                "scope": f"{strategy or 'every strategy'}, {account or 'every account'}", "sent by": found.via,
                "latch": f"{found.command_id} {'stands' if found.latched else 'is not confirmed'}",
                "remembered in": ", ".join(found.durable_in), "proven": "yes" if found.proven else "NO",
                "orders": ", ".join(f"{each['client_order_id']} {each['status']}" for each in found.orders),
                "evidence": "\n".join(found.evidence), "outcome": found.outcome,
            },
        )  # fmt: skip
    sys.exit(0 if found.proven else 1)


class _Desk:
    """One session's ways to execution."""

    def __init__(self, state: StateDir, settings: Settings) -> None:
        self._store: Place = location_of(state, settings)
        self._settings = settings

    def carry_out(self, command: NewCommand, timeout_s: float) -> Killed:
        """Has it taken by whoever can, then asks execution how far it has come until it is proven or time is over."""
        deadline = time.monotonic() + timeout_s
        via, outcome = self._by_control(command)
        with _channel(self._settings, "execution") as channel:
            execution: Any = execution_pb2_grpc.ExecutionServiceStub(channel)
            if via:
                _await_latch(execution, command)
            answer = _ask(execution, command)
            if answer is not None and not via:
                via, outcome = "execution", f"control cannot be reached ({outcome})"
            elif answer is None and not via:
                via, outcome = self._by_store(command, outcome)
            while via and not (answer is not None and answer.proven) and time.monotonic() < deadline:
                time.sleep(_POLL_S)
                answer = _ask(execution, command) or answer
        if answer is None:
            outcome = "; ".join(filter(None, (outcome, "execution cannot be reached: nothing is proven")))
        return _killed(command, via or "nobody", outcome, answer)

    def _by_control(self, command: NewCommand) -> tuple[str, str]:
        """Who took it, or why not: one of the two is empty. Raises what can never be taken."""
        try:
            with _channel(self._settings, "control") as channel:
                control: Any = control_pb2_grpc.ControlServiceStub(channel)
                control.SendCommand(new_command_to_wire(command), timeout=_CALL_S)
        except Unavailable as nobody:
            return "", str(nobody)
        except grpc.RpcError as failure:
            error = domain_error(cast(grpc.aio.AioRpcError, failure), "control")
            if isinstance(error, InvalidValue | AlreadyExists):
                raise error from failure
            return "", str(error)
        return "control", ""

    def _by_store(self, command: NewCommand, before: str) -> tuple[str, str]:
        messages.print(f"neither control ({before}) nor execution can be reached; writing into the command store")
        try:
            write_command(self._store, command, wall_ns=wall_now(), market_ns=wall_now())
        except (InvalidValue, AlreadyExists):
            raise
        except HedgerowError as error:
            return "", f"not sent: nobody takes it, nor does the command store: {error}"
        return "command store", "execution takes it as soon as it runs"


def _channel(settings: Settings, name: str) -> grpc.Channel:
    endpoint = settings.endpoints.get(name)
    if endpoint is None:
        raise Unavailable(f"no {name} is configured")
    return grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}")


def _await_latch(execution: Any, command: NewCommand) -> None:
    """Gives control's way a moment; past it execution is told itself, under the same id."""
    deadline = time.monotonic() + _TAKEN_S
    while time.monotonic() < deadline:
        try:
            standing = execution.ListLatches(execution_pb2.ListLatchesRequest(), timeout=_CALL_S).latches
        except grpc.RpcError:
            return
        if any(each.latch_id == command.command_id for each in standing):
            return
        time.sleep(_POLL_S / 4)


def _ask(execution: Any, command: NewCommand) -> execution_pb2.KillResponse | None:
    """The kill as far as it has come, begun where it was not; None when execution cannot be reached."""
    request = execution_pb2.KillRequest(strategy=command.strategy, account=account_of(command))
    request.operator.request_id, request.operator.actor = command.command_id, command.actor
    request.operator.reason = command.reason or "no reason given"
    try:
        found: execution_pb2.KillResponse = execution.Kill(request, timeout=2 * _CALL_S)
    except grpc.RpcError as failure:
        if failure.code() in _UNREACHABLE:
            return None
        raise domain_error(cast(grpc.aio.AioRpcError, failure), "execution") from failure
    return found


def _killed(command: NewCommand, via: str, outcome: str, answer: execution_pb2.KillResponse | None) -> Killed:
    answer_ = answer or execution_pb2.KillResponse()
    orders = [
        {
            "client_order_id": each.client_order_id,
            "status": common_pb2.OrderStatus.Name(each.order_status).removeprefix("ORDER_STATUS_"),
        }
        for each in answer_.orders
    ]
    evidence = list(answer_.evidence)
    return Killed(
        command.strategy, account_of(command), command.command_id, via, answer is not None,
        list(answer_.latch.durable_in), answer_.proven, orders, evidence, outcome or (evidence[-1] if evidence else ""),
    )  # fmt: skip


def lift(session: str, latch_id: str, reason: str) -> list[dict[str, str]]:
    """Lifts one latch by its id; those that still stand.

    Raises NotFound, FailedPrecondition while broker and journal do not agree, Unavailable without execution.
    """
    settings = Settings.read(state_dir.resolve(session).settings_file)
    request = execution_pb2.LiftLatchRequest(latch_id=latch_id)
    request.operator.request_id, request.operator.actor = f"cli-{uuid.uuid4().hex}", ACTOR
    request.operator.reason = reason or "lifted by hand"
    with _channel(settings, "execution") as channel:
        execution: Any = execution_pb2_grpc.ExecutionServiceStub(channel)
        try:
            standing = execution.LiftLatch(request, timeout=5 * _CALL_S).latches
        except grpc.RpcError as failure:
            error = domain_error(cast(grpc.aio.AioRpcError, failure), "execution")
            if isinstance(error, NotFound):
                known = execution.ListLatches(execution_pb2.ListLatchesRequest(), timeout=_CALL_S).latches
                names = ", ".join(each.latch_id for each in known) or "none"
                raise NotFound(f"{error}; there stand: {names}") from failure
            raise error from failure
    return [
        {
            "latch_id": each.latch_id,
            "kind": execution_pb2.LatchKind.Name(each.kind).removeprefix("LATCH_KIND_"),
            "strategy": each.strategy,
            "account": each.account,
            "reason": each.reason,
        }
        for each in standing
    ]
