"""Domain enums to and from protobuf enums, by name; an unset value is refused or has its documented reading."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.execution_report import ReportKind
from hedgerow.domain.instrument import Right, SecType
from hedgerow.domain.order import OrderStatus, OrderType, Side, TimeInForce
from hedgerow.domain.trading_state import LinkState, StatusLamp, TradingState

E = TypeVar("E", bound=Enum)


class EnumWire(Generic[E]):
    """Both directions of one enum: member NAME of the domain is `PREFIX_NAME` on the wire.

    `unset` is what UNSPECIFIED is read as; None = refused.
    """

    __slots__ = ("_from", "_names", "_to", "_unset")

    def __init__(self, members: type[E], wire: Any, prefix: str, unset: E | None = None) -> None:
        self._to: dict[E, Any] = {member: wire.Value(f"{prefix}_{member.name}") for member in members}
        self._from: Mapping[int, E] = {number: member for member, number in self._to.items()}
        self._unset = unset
        self._names = ", ".join(f"{prefix}_{member.name}" for member in members)

    def to_wire(self, member: E) -> Any:
        """The wire number of a member."""
        return self._to[member]

    def from_wire(self, field: str, number: int) -> E:
        """The member of a wire number; raises InvalidValue naming `field` when unset or unknown."""
        member = self._from.get(number)
        if member is None:
            if number == 0 and self._unset is not None:
                return self._unset
            raise InvalidValue(field, number, f"one of {self._names}")
        return member


_SEC_TYPE = EnumWire(SecType, common_pb2.SecType, "SEC_TYPE")
_RIGHT = EnumWire(Right, common_pb2.Right, "RIGHT")
_SIDE = EnumWire(Side, common_pb2.Side, "SIDE")
_ORDER_TYPE = EnumWire(OrderType, common_pb2.OrderType, "ORDER_TYPE")
_TIME_IN_FORCE = EnumWire(TimeInForce, common_pb2.TimeInForce, "TIME_IN_FORCE", TimeInForce.DAY)
_ORDER_STATUS = EnumWire(OrderStatus, common_pb2.OrderStatus, "ORDER_STATUS")
_TRADING_STATE = EnumWire(TradingState, common_pb2.TradingState, "TRADING_STATE", TradingState.HALTED)
_LINK_STATE = EnumWire(LinkState, common_pb2.LinkState, "LINK_STATE", LinkState.DISCONNECTED)
_STATUS_LAMP = EnumWire(StatusLamp, common_pb2.StatusLamp, "STATUS_LAMP", StatusLamp.RED)
_REPORT_KIND = EnumWire(ReportKind, execution_pb2.ReportKind, "REPORT_KIND")

sec_type_to_wire, sec_type_from_wire = _SEC_TYPE.to_wire, _SEC_TYPE.from_wire
right_to_wire, right_from_wire = _RIGHT.to_wire, _RIGHT.from_wire
side_to_wire, side_from_wire = _SIDE.to_wire, _SIDE.from_wire
order_type_to_wire, order_type_from_wire = _ORDER_TYPE.to_wire, _ORDER_TYPE.from_wire
time_in_force_to_wire, time_in_force_from_wire = _TIME_IN_FORCE.to_wire, _TIME_IN_FORCE.from_wire
order_status_to_wire, order_status_from_wire = _ORDER_STATUS.to_wire, _ORDER_STATUS.from_wire
trading_state_to_wire, trading_state_from_wire = _TRADING_STATE.to_wire, _TRADING_STATE.from_wire
link_state_to_wire, link_state_from_wire = _LINK_STATE.to_wire, _LINK_STATE.from_wire
status_lamp_to_wire, status_lamp_from_wire = _STATUS_LAMP.to_wire, _STATUS_LAMP.from_wire
report_kind_to_wire, report_kind_from_wire = _REPORT_KIND.to_wire, _REPORT_KIND.from_wire
