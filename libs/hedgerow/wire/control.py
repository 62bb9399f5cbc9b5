"""Status, commands and operations to and from protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from hedgerow.api.control.v1 import control_pb2
from hedgerow.domain.command import Command, CommandKind, FlattenOptions, FlattenTarget, NewCommand, account_of
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import Side
from hedgerow.domain.self_check import SelfCheck
from hedgerow.domain.status import ServiceStatus, StrategyStatus, SystemStatus
from hedgerow.domain.trading_state import StatusLamp
from hedgerow.wire.common import decimal_to_wire, text_from_wire, timestamp_from_wire, timestamp_to_wire
from hedgerow.wire.enums import EnumWire, side_to_wire, status_lamp_to_wire
from hedgerow.wire.strategy import snapshot_to_wire

LONGEST_NAME, LONGEST_REASON = 64, 500

_KIND = EnumWire(CommandKind, control_pb2.CommandKind, "COMMAND_KIND")
_TARGET = EnumWire(FlattenTarget, control_pb2.FlattenTarget, "FLATTEN_TARGET", FlattenTarget.ZERO)
_CHECK = EnumWire(SelfCheck, control_pb2.CheckResult, "CHECK_RESULT", SelfCheck.BLOCKED)
command_kind_to_wire, command_kind_from_wire = _KIND.to_wire, _KIND.from_wire
check_result_to_wire, check_result_from_wire = _CHECK.to_wire, _CHECK.from_wire


def status_to_wire(status: SystemStatus) -> control_pb2.Status:
    """The whole status; market time stays unset where it is not known."""
    message = control_pb2.Status(
        status_lamp=status_lamp_to_wire(status.lamp),
        self_check=check_result_to_wire(status.self_check),
        reasons=status.words,
        strategies=[_strategy_to_wire(each) for each in status.strategies],
        services=[_service_to_wire(each) for each in status.services],
        create_time=timestamp_to_wire(status.wall_ns),
        broker_mode=status.broker_mode,
    )
    if status.market_ns:
        message.market_time.CopyFrom(timestamp_to_wire(status.market_ns))
    return message


def _strategy_to_wire(status: StrategyStatus) -> control_pb2.StrategyStatus:
    message = control_pb2.StrategyStatus(
        strategy=status.strategy,
        run_id=status.run_id,
        status_lamp=status_lamp_to_wire(status.lamp),
        self_check=check_result_to_wire(status.self_check),
        block_reasons=status.reasons,
        snapshot=snapshot_to_wire(status.snapshot),
    )
    if status.heartbeat_ns:
        message.heartbeat_time.CopyFrom(timestamp_to_wire(status.heartbeat_ns))
    return message


def _service_to_wire(status: ServiceStatus) -> control_pb2.ServiceStatus:
    message = control_pb2.ServiceStatus(service=status.service, serving=status.serving, detail=status.detail)
    if status.last_seen_ns:
        message.last_seen_time.CopyFrom(timestamp_to_wire(status.last_seen_ns))
    return message


def new_command_from_wire(request: control_pb2.SendCommandRequest) -> NewCommand:
    """The command asked for; raises InvalidValue naming the field that breaks its rule."""
    kind = command_kind_from_wire("kind", request.kind)
    if request.HasField("flatten") and kind is not CommandKind.FLATTEN:
        raise InvalidValue("flatten", "set", "only for FLATTEN")
    if request.account and kind is not CommandKind.KILL:
        raise InvalidValue("account", request.account, "only for KILL")
    return NewCommand(
        text_from_wire("command_id", request.command_id),
        kind,
        _at_most("strategy", request.strategy, LONGEST_NAME),
        _at_most("run_id", request.run_id, 2 * LONGEST_NAME),
        _at_most("actor", request.actor, LONGEST_NAME),
        _at_most("reason", request.reason, LONGEST_REASON),
        _flatten_from_wire(request.flatten)
        if kind is CommandKind.FLATTEN
        else _kill_arguments(_at_most("account", request.account, LONGEST_NAME)),
    )


def _kill_arguments(account: str) -> dict[str, Any]:
    return {"account": account} if account else {}


def new_command_to_wire(command: NewCommand) -> control_pb2.SendCommandRequest:
    """The request that asks for it; a computed target stays behind."""
    message = control_pb2.SendCommandRequest(
        command_id=command.command_id,
        kind=command_kind_to_wire(command.kind),
        strategy=command.strategy,
        run_id=command.run_id,
        actor=command.actor,
        reason=command.reason,
        account=account_of(command),
    )
    if command.kind is CommandKind.FLATTEN:
        message.flatten.CopyFrom(_flatten_to_wire(FlattenOptions.of(command.arguments)))
    return message


def _flatten_to_wire(options: FlattenOptions) -> control_pb2.FlattenOptions:
    return control_pb2.FlattenOptions(target=_TARGET.to_wire(options.target), include_options=options.include_options)


def _flatten_from_wire(message: control_pb2.FlattenOptions) -> dict[str, Any]:
    target = _TARGET.from_wire("flatten.target", message.target)
    return FlattenOptions(target, message.include_options).arguments()


def _at_most(field: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise InvalidValue(field, f"{text[:longest]}...", f"at most {longest} characters")
    return text


def command_to_wire(command: Command) -> control_pb2.Command:
    """A command as recorded; its acknowledgement stays unset while it is pending."""
    message = control_pb2.Command(
        sequence=command.sequence,
        command_id=command.command_id,
        kind=command_kind_to_wire(command.kind),
        strategy=command.strategy,
        run_id=command.run_id,
        actor=command.actor,
        reason=command.reason,
        create_time=timestamp_to_wire(command.created_ns),
        outcome=command.outcome,
        account=account_of(command),
    )
    if command.acked_ns:
        message.acknowledge_time.CopyFrom(timestamp_to_wire(command.acked_ns))
    if command.kind is CommandKind.FLATTEN:
        message.flatten.CopyFrom(_flatten_to_wire(command.flatten))
    return message


def command_from_wire(message: control_pb2.Command) -> Command:
    """A recorded command as control sends it, without a computed target; raises InvalidValue."""
    kind = command_kind_from_wire("command.kind", message.kind)
    return Command(
        message.sequence,
        text_from_wire("command.command_id", message.command_id),
        kind,
        message.strategy,
        message.run_id,
        message.actor,
        message.reason,
        _flatten_from_wire(message.flatten) if kind is CommandKind.FLATTEN else _kill_arguments(message.account),
        timestamp_from_wire("command.create_time", message.create_time),
        timestamp_from_wire("command.acknowledge_time", message.acknowledge_time),
        message.outcome,
    )


def history_point_to_wire(row: Mapping[str, Any]) -> control_pb2.HistoryPoint:
    """A row of the history with its snapshot; what was not known then stays unset."""
    snapshot = row["snapshot"]
    message = control_pb2.HistoryPoint(
        create_time=timestamp_to_wire(row["ts"]),
        spot=finite(row["spot"]),
        net_delta=finite(row["net_delta"]),
        stock_position=finite(snapshot.get("stock_position")),
        daily_pnl=finite(snapshot.get("daily_pnl")),
        status_lamp=_lamp(row["status_lamp"]),
    )
    if row["market_ns"]:
        message.market_time.CopyFrom(timestamp_to_wire(row["market_ns"]))
    return message


def finite(value: object) -> float | None:
    """A finite number, None for anything else."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]


def _lamp(text: str) -> Any:
    try:
        return status_lamp_to_wire(StatusLamp(text))
    except ValueError:
        return status_lamp_to_wire(StatusLamp.RED)


def operation_to_wire(row: Mapping[str, Any]) -> control_pb2.Operation:
    """An operation record as the stores hold it; what it does not have stays unset."""
    message = control_pb2.Operation(
        operation_id=row["operation_id"],
        create_time=timestamp_to_wire(row["wall_ns"]),
        type=row["type"],
        strategy=row["strategy"],
        instrument_id=row["instrument"],
        reason=row["reason"],
        state=row["state"],
        client_order_id=row["client_order_id"],
        text=row["text"],
    )
    if row["market_ns"]:
        message.event_time.CopyFrom(timestamp_to_wire(row["market_ns"]))
    if row["side"]:
        message.side = side_to_wire(Side(row["side"]))
    if row["quantity"] is not None:
        message.quantity.CopyFrom(decimal_to_wire(row["quantity"]))
    if row["price"] is not None:
        message.price.CopyFrom(decimal_to_wire(row["price"]))
    return message
