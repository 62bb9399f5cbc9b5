"""`hedgerow position list|adopt|assign-break|transfers`: who owns what, and the operator's say in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

import grpc
import typer
from google.protobuf.json_format import MessageToDict
from google.type import decimal_pb2

from hedgerow import state_dir
from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.cli.output import JsonFlag, messages, print_json, print_table, wall_text
from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.domain.position import MANUAL
from hedgerow.rpc.errors import domain_error
from hedgerow.settings import Settings
from hedgerow.wire.common import decimal_to_wire

app = typer.Typer(no_args_is_help=True, help="Positions by owner, adoptions, breaks, transfers.")

_ACTOR = "command line"
_CALL_S = 10.0

SessionOption = Annotated[str, typer.Option("--session", help="latest, live, a session's name or path.")]
AccountOption = Annotated[str, typer.Option("--account", help="Account; none = the strategies' only one.")]
InstrumentArgument = Annotated[str, typer.Argument(help="GOOG, or 'GOOG 20160122 750 C'.", metavar="INSTRUMENT")]
QuantityArgument = Annotated[str, typer.Argument(help="Signed shares or contracts.", metavar="QUANTITY")]
PriceOption = Annotated[str, typer.Option("--price", help="Currency per share it counts at; none = the average price.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
ActorOption = Annotated[str, typer.Option("--actor", help="Who asks, for the record.")]
RequestIdOption = Annotated[
    str, typer.Option("--request-id", help="Idempotency key: the same request again changes nothing. None = a new one.")
]

T = TypeVar("T")

_NEGATIVE = {"ignore_unknown_options": True}
"""-127 is a quantity; an option nobody knows is one argument too many."""
_SHOWN = Decimal("0.000001")


@app.command("list")
def list_positions(
    session: SessionOption = "latest",
    account: Annotated[str, typer.Option("--account", help="Only this account.")] = "",
    owner: Annotated[str, typer.Option("--owner", help="Only this owner: a strategy, or MANUAL.")] = "",
    json_: JsonFlag = False,
) -> None:
    """Lists positions per owner, and the differences from the broker that stand. Exit code 1 with a difference."""
    with _portfolio(session) as (stub, _):
        answer = _call(stub.ListPositions, portfolio_pb2.ListPositionsRequest(account=account, owner=owner))
    if json_:
        print_json(_document(answer))
    else:
        print_table(
            "positions", ["instrument", "account", "owner", "quantity", "average price", "realized", "by transfers"],
            [(p.instrument.instrument_id, p.account, p.owner, p.quantity.value, _rounded(p.average_price),
              _rounded(p.realized_pnl), p.transferred.quantity.value) for p in answer.positions],
        )  # fmt: skip
        if answer.breaks:
            print_table(
                "differences", ["instrument", "account", "ledger", "broker", "broker less ledger", "since", ""],
                [(b.instrument_id, b.account, b.ledger_quantity.value, b.broker_quantity.value, _difference(b),
                  wall_text(b.since.ToNanoseconds()), "settling" if b.settling else "stands") for b in answer.breaks],
            )  # fmt: skip
    raise typer.Exit(1 if answer.breaks else 0)


@app.command("adopt", context_settings=_NEGATIVE)
def adopt(
    instrument: InstrumentArgument, quantity: QuantityArgument,
    strategy: Annotated[str, typer.Option("--strategy", help="Strategy that takes it over from MANUAL.")],
    reason: ReasonOption, account: AccountOption = "", price: PriceOption = "", actor: ActorOption = _ACTOR,
    request_id: RequestIdOption = "", session: SessionOption = "latest", json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Moves what MANUAL holds to a strategy, on the record."""
    with _portfolio(session) as (stub, settings):
        settings.strategy(strategy)
        request = portfolio_pb2.AdoptPositionRequest(
            account=_account(settings, account), instrument_id=instrument, strategy=strategy,
            quantity=_decimal("QUANTITY", quantity), price=_decimal("--price", price) if price else None,
            operator=_operator(request_id, actor, reason),
        )  # fmt: skip
        answer = _call(stub.AdoptPosition, request)
    _show(answer.position, request.operator.request_id, json_)


@app.command("assign-break", context_settings=_NEGATIVE)
def assign_break(
    instrument: InstrumentArgument, quantity: QuantityArgument,
    owner: Annotated[str, typer.Option("--owner", help="MANUAL, or the strategy whose it is.")],
    reason: ReasonOption, account: AccountOption = "", price: PriceOption = "", actor: ActorOption = _ACTOR,
    request_id: RequestIdOption = "", session: SessionOption = "latest", json_: JsonFlag = False,
) -> None:  # fmt: skip
    """Gives a difference that stands to an owner: QUANTITY is the broker's less the ledger's, as `list` shows it."""
    with _portfolio(session) as (stub, settings):
        if owner != MANUAL:
            settings.strategy(owner)
        request = portfolio_pb2.AssignBreakRequest(
            account=_account(settings, account), instrument_id=instrument, owner=owner,
            quantity=_decimal("QUANTITY", quantity), price=_decimal("--price", price) if price else None,
            operator=_operator(request_id, actor, reason),
        )  # fmt: skip
        answer = _call(stub.AssignBreak, request)
    _show(answer.position, request.operator.request_id, json_)


@app.command("transfers")
def transfers(
    session: SessionOption = "latest",
    account: Annotated[str, typer.Option("--account", help="Only this account.")] = "",
    instrument: Annotated[str, typer.Option("--instrument", help="Only this instrument.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most rows to show.")] = 50,
    page_token: Annotated[
        str, typer.Option("--page-token", help="Go on where a page ended: the token it told on stderr.")
    ] = "",
    json_: JsonFlag = False,
) -> None:
    """Lists quantity that moved without an execution, newest first."""
    with _portfolio(session) as (stub, _):
        request = portfolio_pb2.ListTransfersRequest(
            account=account, instrument_id=instrument, page_size=limit, page_token=page_token
        )
        answer = _call(stub.ListTransfers, request)
    if json_:
        print_json(_document(answer))
    else:
        print_table(
            "transfers", ["kind", "market time", "instrument", "quantity", "price", "from, to", "who and why"],
            [(portfolio_pb2.TransferKind.Name(t.kind)[14:], wall_text(t.event_time.ToNanoseconds()), t.instrument_id,
              t.quantity.value, t.price.value, f"{t.from_owner}, {t.to_owner}", f"{t.actor}: {t.reason}")
             for t in answer.transfers],
        )  # fmt: skip
    if answer.next_page_token:
        messages.print(f"more: --page-token {answer.next_page_token}", markup=False)


@contextmanager
def _portfolio(session: str) -> Iterator[tuple[portfolio_pb2_grpc.PortfolioServiceStub, Settings]]:
    settings = Settings.read(state_dir.resolve(session).settings_file)
    endpoint = settings.endpoints.get("portfolio")
    if endpoint is None:
        raise Unavailable("no portfolio is configured in this session")
    with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
        yield portfolio_pb2_grpc.PortfolioServiceStub(channel), settings


def _call(method: Callable[..., T], request: object) -> T:
    try:
        return method(request, timeout=_CALL_S)
    except grpc.RpcError as error:
        raise domain_error(error, "portfolio") from error  # type: ignore[arg-type]  # both kinds tell the same way


def _account(settings: Settings, given: str) -> str:
    accounts = sorted({one.account for one in settings.strategies})
    if given:
        return given
    if len(accounts) != 1:
        raise InvalidValue("--account", "", f"named when the strategies have {len(accounts)} accounts", "--account ID")
    return accounts[0]


def _decimal(key: str, text: str) -> decimal_pb2.Decimal:
    try:
        return decimal_to_wire(Decimal(text))
    except InvalidOperation as error:
        raise InvalidValue(key, text, "a decimal number such as -20 or 12.5") from error


def _operator(request_id: str, actor: str, reason: str) -> common_pb2.Operator:
    return common_pb2.Operator(request_id=request_id or f"cli-{uuid.uuid4().hex}", actor=actor, reason=reason)


def _difference(each: portfolio_pb2.PositionBreak) -> str:
    return f"{Decimal(each.broker_quantity.value) - Decimal(each.ledger_quantity.value):+}"


def _rounded(each: decimal_pb2.Decimal) -> str:
    """For a table: an average is a quotient and may have 28 digits."""
    return f"{Decimal(each.value or 0).quantize(_SHOWN).normalize():f}"


def _document(answer: Any) -> dict[str, Any]:
    return MessageToDict(answer, preserving_proto_field_name=True)


def _show(position: portfolio_pb2.Position, request_id: str, json_: bool) -> None:
    if json_:
        print_json({"position": _document(position), "request_id": request_id})
        return
    print_table(
        f"done, request {request_id}", ["instrument", "account", "owner", "quantity", "average price"],
        [(position.instrument.instrument_id, position.account, position.owner, position.quantity.value,
          position.average_price.value)],
    )  # fmt: skip
