"""`hedgerow guard state|latch|lift|frames`: what the egress guard holds, and the operator's say in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import grpc
import typer
from google.protobuf.json_format import MessageToDict

from hedgerow import state_dir
from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.guard.v1 import guard_pb2, guard_pb2_grpc
from hedgerow.catalog import GUARD
from hedgerow.cli.output import JsonFlag, SessionArgument, messages, print_json, print_pairs, print_table, wall_text
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.rpc.errors import domain_error
from hedgerow.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The egress guard: epochs, latches, the frames of an order.")

_ACTOR = "command line"
_CALL_S = 5.0

LatchArgument = Annotated[str, typer.Argument(help="The latch's id.", metavar="LATCH")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
SessionOption = Annotated[str, typer.Option("--session", help="latest, live, a session's name or path.")]

T = TypeVar("T")


@app.command("state")
def state(session: SessionArgument = "latest", json_: JsonFlag = False) -> None:
    """Shows epochs, latches, connections and the frame log. Exit code 1 when no order could pass."""
    with _guard(session) as stub:
        found = _call(stub.GetState, guard_pb2.GetStateRequest()).state
    if json_:
        print_json(MessageToDict(found, preserving_proto_field_name=True, always_print_fields_with_no_presence=True))
    else:
        connections = (f"client {each.client_id} {each.role} {each.epoch}" for each in found.connections)
        print_pairs(
            "guard",
            {
                "frame log": f"{found.log_id}, {found.log_sequence} records",
                "takes writes": "yes" if found.log_ok else f"no: {found.log_error}",
                "newest epochs": ", ".join(f"{each.role} {each.epoch}" for each in found.epochs) or "none",
                "connections": ", ".join(connections) or "none",
                "orders forwarded / refused": f"{found.orders_forwarded} / {found.orders_refused}",
            },
        )
        _print_latches(found.latches)
    raise typer.Exit(0 if found.log_ok and not found.latches else 1)


@app.command("latch")
def latch(
    reason: ReasonOption,
    account: Annotated[str, typer.Option("--account", help="Account to hold; none = every one.")] = "",
    latch_id: Annotated[str, typer.Option("--id", help="What it is lifted by; none = a new id.")] = "",
    session: SessionOption = "latest", json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Lets no new or changed order pass from now on; cancels pass. Execution's own `kill` does this and cancels too."""
    name = latch_id or str(uuid.uuid4())
    request = guard_pb2.SetLatchRequest(latch_id=name, account=account, operator=_operator(name, reason))
    with _guard(session) as stub:
        found = _call(stub.SetLatch, request).latch
    if json_:
        print_json(MessageToDict(found, preserving_proto_field_name=True, always_print_fields_with_no_presence=True))
    else:
        messages.print(
            f"latched: {found.latch_id}{'' if found.durable else ' (in memory only: the log takes no writes)'}"
        )


@app.command("lift")
def lift(
    latch_id: LatchArgument, reason: ReasonOption, session: SessionOption = "latest", json_: JsonFlag = False
) -> None:
    """Lifts one latch by its id; a kill that still stands in execution is set again."""
    request = guard_pb2.LiftLatchRequest(latch_id=latch_id, operator=_operator(str(uuid.uuid4()), reason))
    with _guard(session) as stub:
        left = _call(stub.LiftLatch, request).latches
    if json_:
        print_json([each.latch_id for each in left])
    else:
        messages.print(f"lifted: {latch_id}")
        _print_latches(left)


@app.command("frames")
def frames(
    order: Annotated[str, typer.Argument(help="Our id of the order.", metavar="ORDER")],
    epoch: Annotated[int, typer.Option("--epoch", min=0, help="Writer epoch its intent was journaled under.")] = 0,
    session: SessionOption = "latest", json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Lists the frames of one order that were let through, from the log on disk."""
    with _guard(session) as stub:
        found = _call(stub.ListFrames, guard_pb2.ListFramesRequest(client_order_id=order, epoch=epoch))
    if json_:
        print_json(MessageToDict(found, preserving_proto_field_name=True, always_print_fields_with_no_presence=True))
        return
    print_table(
        f"frames of {order}", ["record", "kind", "epoch", "client", "broker id", "logged", "SHA-256"],
        [(f.sequence, guard_pb2.FrameKind.Name(f.kind).removeprefix("FRAME_KIND_"), f.epoch, f.client_id,
          f.broker_order_id, wall_text(f.log_time.ToNanoseconds()), f.payload_hash[:12]) for f in found.frames],
    )  # fmt: skip
    if epoch:
        messages.print(f"none can be missing of epoch {epoch}" if found.complete else f"not whole: {found.detail}")


def _print_latches(latches: Any) -> None:
    if latches:
        print_table(
            "latches", ["latch", "account", "actor", "reason", "since", "on disk"],
            [(each.latch_id, each.account or "every one", each.actor, each.reason,
              wall_text(each.create_time.ToNanoseconds()), "yes" if each.durable else "no") for each in latches],
        )  # fmt: skip


def _operator(request_id: str, reason: str) -> common_pb2.Operator:
    return common_pb2.Operator(request_id=request_id, actor=_ACTOR, reason=reason)


@contextmanager
def _guard(session: str) -> Iterator[guard_pb2_grpc.GuardServiceStub]:
    """The guard of a session; raises FailedPrecondition where none is configured."""
    state = state_dir.resolve(session)
    if not state.settings_file.is_file():
        raise InvalidValue("session", session, "a session that has been started")
    settings = Settings.read(state.settings_file)
    if not settings.guard.enabled:
        raise FailedPrecondition("this session runs without the egress guard; set guard.enabled=true", "NOT_CONFIGURED")
    endpoint = settings.endpoints[GUARD]
    with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
        yield guard_pb2_grpc.GuardServiceStub(channel)


def _call(method: Callable[..., T], request: Any) -> T:
    try:
        return method(request, timeout=_CALL_S)
    except grpc.RpcError as error:
        raise domain_error(error, GUARD) from error  # type: ignore[arg-type]
