"""Control's values on the wire: what is not known stays unset, what is wrong is refused by field."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2
from hedgerow.domain.command import Command, CommandKind, FlattenOptions, FlattenTarget, NewCommand
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.status import ServiceStatus, StrategyStatus, SystemStatus
from hedgerow.wire.control import (
    command_from_wire,
    command_to_wire,
    history_point_to_wire,
    new_command_from_wire,
    new_command_to_wire,
    operation_to_wire,
    status_to_wire,
)


@pytest.mark.parametrize("kind", list(CommandKind))
@pytest.mark.parametrize("acked_ns", [0, 7])
def test_a_command_comes_back_as_it_went(kind: CommandKind, acked_ns: int) -> None:
    arguments = FlattenOptions(FlattenTarget.NEUTRAL).arguments() if kind is CommandKind.FLATTEN else {}
    command = Command(3, "c", kind, "goog", "r", "anna", "why", arguments, 5, acked_ns, "done" if acked_ns else "")
    message = command_to_wire(command)
    assert message.HasField("acknowledge_time") is bool(acked_ns)
    assert command_from_wire(message) == command


def test_a_request_becomes_a_command_or_names_the_field() -> None:
    request = control_pb2.SendCommandRequest(command_id="c", kind=control_pb2.COMMAND_KIND_PAUSE, strategy="goog")
    assert new_command_from_wire(request) == NewCommand("c", CommandKind.PAUSE, "goog")
    for field, value in (("command_id", ""), ("kind", 0), ("strategy", "x" * 65), ("run_id", "x" * 129)):
        bad = control_pb2.SendCommandRequest()
        bad.CopyFrom(request)
        setattr(bad, field, value)
        with pytest.raises(InvalidValue) as refused:
            new_command_from_wire(bad)
        assert refused.value.key == field


@pytest.mark.parametrize("kind", list(CommandKind))
def test_what_is_asked_arrives_as_asked(kind: CommandKind) -> None:
    arguments = FlattenOptions(include_options=True).arguments() if kind is CommandKind.FLATTEN else {}
    command = NewCommand("c", kind, "goog", "r", "anna", "why", arguments)
    assert new_command_from_wire(new_command_to_wire(command)) == command


def test_a_flatten_says_how_and_no_other_kind_does() -> None:
    request = control_pb2.SendCommandRequest(command_id="c", kind=control_pb2.COMMAND_KIND_FLATTEN, strategy="goog")
    assert new_command_from_wire(request).arguments == {"target": "ZERO", "include_options": False}
    request.flatten.include_options = True
    assert new_command_from_wire(request).arguments == {"target": "ZERO", "include_options": True}
    request.flatten.target = control_pb2.FLATTEN_TARGET_NEUTRAL
    with pytest.raises(InvalidValue, match=r"flatten\.include_options"):
        new_command_from_wire(request)
    request.kind = control_pb2.COMMAND_KIND_STOP
    with pytest.raises(InvalidValue, match="flatten"):
        new_command_from_wire(request)


def test_a_history_point_leaves_unset_what_was_not_known() -> None:
    row = {"ts": 5, "market_ns": 0, "status_lamp": "?", "spot": None, "net_delta": 1.5, "snapshot": {"daily_pnl": True}}
    point = history_point_to_wire(row)
    assert [point.HasField(name) for name in ("spot", "net_delta", "stock_position", "daily_pnl", "market_time")] == [
        False, True, False, False, False,
    ]  # fmt: skip
    assert point.status_lamp == common_pb2.STATUS_LAMP_RED


def test_the_status_carries_every_part_and_no_time_it_does_not_know() -> None:
    strategy = StrategyStatus("goog", "r1", ("PAUSED",), 0, {"ts": 2**60, "spot": float("nan"), "legs": {"a": 1}})
    status = SystemStatus(
        ("PAUSED",), ("PAUSED: words",), (strategy,), (ServiceStatus("risk", False, "gone"),), "sim", 9
    )
    message = status_to_wire(status)
    assert (message.status_lamp, message.self_check) == (
        common_pb2.STATUS_LAMP_YELLOW, control_pb2.CHECK_RESULT_DEGRADED,
    )  # fmt: skip
    assert list(message.reasons) == ["PAUSED: words"]
    assert message.strategies[0].snapshot["ts"] == str(2**60)
    assert message.strategies[0].snapshot["spot"] is None
    assert not message.HasField("market_time")
    assert not message.strategies[0].HasField("heartbeat_time")
    assert not message.services[0].HasField("last_seen_time")


def test_an_operation_without_instrument_leaves_its_parts_unset() -> None:
    row = dict.fromkeys(("strategy", "instrument", "side", "state", "reason", "client_order_id", "text"), "")
    bare = row | {"operation_id": "control:1", "type": "COMMAND", "wall_ns": 1, "market_ns": 0}
    message = operation_to_wire(bare | {"quantity": None, "price": None})
    assert not any(message.HasField(name) for name in ("event_time", "quantity", "price"))
    whole = operation_to_wire(bare | {"quantity": Decimal("1.50"), "price": Decimal(0), "side": "BUY"})
    assert (whole.quantity.value, whole.price.value, whole.side) == ("1.50", "0", common_pb2.SIDE_BUY)
