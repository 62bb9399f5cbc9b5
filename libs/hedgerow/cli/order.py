"""`hedgerow order list|show|resolve`: orders as execution has them, and an operator's word on an UNKNOWN one."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any, cast

import grpc
import typer
from google.protobuf.json_format import MessageToDict

from hedgerow import state_dir
from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.cli.output import JsonFlag, SessionArgument, print_json, print_pairs, print_table
from hedgerow.domain.errors import FailedPrecondition
from hedgerow.rpc.errors import domain_error
from hedgerow.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Orders as execution has them; an UNKNOWN one resolved by hand.")

_CALL_S = 10.0
_COLUMNS = ("client_order_id", "status", "strategy", "instrument", "side", "quantity", "filled", "reason")

OrderArgument = Annotated[str, typer.Argument(help="client_order_id.", metavar="ID")]


class Resolved(StrEnum):
    """What `--as` takes."""

    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    NOT_SENT = "NOT_SENT"


@app.command("list")
def list_orders(
    session: SessionArgument = "latest",
    strategy: Annotated[str, typer.Option("--strategy", help="Only this strategy's.")] = "",
    open_only: Annotated[bool, typer.Option("--open", help="Only orders that are not terminal.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most orders to show.")] = 50,
    json_: JsonFlag = False,
) -> None:
    """Lists orders, newest first."""
    request = execution_pb2.ListOrdersRequest(strategy=strategy, open_only=open_only, page_size=limit)
    with _execution(session) as stub:
        orders = stub.ListOrders(request, timeout=_CALL_S).orders
    if json_:
        print_json([_document(order) for order in orders])
    else:
        print_table("orders, newest first", _COLUMNS, [_row(order) for order in orders])


@app.command("show")
def show(order_id: OrderArgument, session: SessionArgument = "latest", json_: JsonFlag = False) -> None:
    """Shows one order with its verdict and executions."""
    with _execution(session) as stub:
        order = stub.GetOrder(execution_pb2.GetOrderRequest(client_order_id=order_id), timeout=_CALL_S).order
    _print(order, json_)


@app.command("resolve")
def resolve(
    order_id: OrderArgument,
    session: SessionArgument = "latest",
    *,
    becomes: Annotated[Resolved, typer.Option("--as", help="What became of it.")],
    reason: Annotated[str, typer.Option("--reason", help="How you know, for the record.")],
    actor: Annotated[str, typer.Option("--actor", help="Who says so; none = the user of this shell.")] = "",
    request_id: Annotated[
        str, typer.Option("--request-id", help="Idempotency key: the same again changes nothing. None = a new one.")
    ] = "",
    json_: JsonFlag = False,
) -> None:
    """Says what became of an UNKNOWN order that nobody can prove anything about, on the record under your name.

    It frees the order's strategy, symbol and exposure. Look at the broker's own platform first. The broker's later word
    still counts: an order that turns out to live is canceled, one that was executed counts in the position.
    """
    request = execution_pb2.ResolveOrderRequest(client_order_id=order_id, resolution=f"RESOLUTION_{becomes.value}")
    request.operator.request_id = request_id or f"cli-{uuid.uuid4().hex}"
    request.operator.actor, request.operator.reason = actor or getpass.getuser(), reason
    with _execution(session) as stub:
        order = stub.ResolveOrder(request, timeout=_CALL_S).order
    _print(order, json_)


@contextmanager
def _execution(session: str) -> Iterator[Any]:
    """A stub of the session's execution; errors of its calls become domain errors."""
    settings = Settings.read(state_dir.resolve(session).settings_file)
    endpoint = settings.endpoints.get("execution")
    if endpoint is None:
        raise FailedPrecondition(f"session {session} has no execution to ask")
    with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
        try:
            yield execution_pb2_grpc.ExecutionServiceStub(channel)
        except grpc.RpcError as error:
            raise domain_error(cast(grpc.aio.AioRpcError, error), "execution") from error


def _document(order: execution_pb2.Order) -> dict[str, Any]:
    return MessageToDict(order, preserving_proto_field_name=True)


def _row(order: execution_pb2.Order) -> tuple[object, ...]:
    intent = order.intent
    return (
        order.client_order_id, common_pb2.OrderStatus.Name(order.order_status).removeprefix("ORDER_STATUS_"),
        intent.strategy, intent.instrument_id, common_pb2.Side.Name(intent.side).removeprefix("SIDE_"),
        intent.quantity.value, order.cum_qty.value, order.reason,
    )  # fmt: skip


def _print(order: execution_pb2.Order, json_: bool) -> None:
    document = _document(order)
    if json_:
        print_json(document)
        return
    shown = dict(zip(_COLUMNS[1:], _row(order)[1:], strict=True)) | {
        "broker order id": order.broker_order_id, "permanent id": order.perm_id, "intent": order.intent.intent_id,
        "average price": order.average_price.value, "executions": len(order.fills),
        "created": document.get("create_time"), "changed": document.get("update_time"),
    }  # fmt: skip
    print_pairs(order.client_order_id, shown)
