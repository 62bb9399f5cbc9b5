"""Enums on the wire: complete, reversible, and unset never taken for a value."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.execution_report import ReportKind
from hedgerow.domain.instrument import Right, SecType
from hedgerow.domain.order import OrderStatus, OrderType, Side, TimeInForce
from hedgerow.domain.trading_state import LinkState, StatusLamp, TradingState
from hedgerow.wire import enums

ALL: list[tuple[type[Enum], str, Any]] = [
    (SecType, "sec_type", common_pb2.SecType),
    (Right, "right", common_pb2.Right),
    (Side, "side", common_pb2.Side),
    (OrderType, "order_type", common_pb2.OrderType),
    (TimeInForce, "time_in_force", common_pb2.TimeInForce),
    (OrderStatus, "order_status", common_pb2.OrderStatus),
    (TradingState, "trading_state", common_pb2.TradingState),
    (LinkState, "link_state", common_pb2.LinkState),
    (StatusLamp, "status_lamp", common_pb2.StatusLamp),
    (ReportKind, "report_kind", execution_pb2.ReportKind),
]
READINGS = {
    "time_in_force": TimeInForce.DAY,
    "trading_state": TradingState.HALTED,
    "link_state": LinkState.DISCONNECTED,
    "status_lamp": StatusLamp.RED,
}


@pytest.mark.parametrize(("members", "name", "wire"), ALL, ids=[name for _, name, _ in ALL])
def test_every_member_goes_there_and_back(members: type[Enum], name: str, wire: Any) -> None:
    to_wire, from_wire = getattr(enums, f"{name}_to_wire"), getattr(enums, f"{name}_from_wire")
    numbers = {to_wire(member) for member in members}
    assert numbers == set(wire.values()) - {0}, "both sides have the same members"
    assert [from_wire("field", to_wire(member)) for member in members] == list(members)


@pytest.mark.parametrize(("members", "name", "wire"), ALL, ids=[name for _, name, _ in ALL])
def test_unset_has_its_documented_reading_or_is_refused(members: type[Enum], name: str, wire: Any) -> None:
    from_wire = getattr(enums, f"{name}_from_wire")
    if name in READINGS:
        assert from_wire("field", 0) is READINGS[name]
    else:
        with pytest.raises(InvalidValue, match=r"^field: 0"):
            from_wire("field", 0)
    with pytest.raises(InvalidValue, match=r"^field: 99"):
        from_wire("field", 99)
