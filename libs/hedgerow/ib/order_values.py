"""The library's orders, executions and commissions as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from hedgerow.domain.execution_report import Fill
from hedgerow.domain.order import OrderType, Side
from hedgerow.ib.codes import order_status
from hedgerow.ib.contracts import decimal_of, from_contract
from hedgerow.ib.events import BrokerOrder, CommissionUpdate, ExecutionUpdate, OrderUpdate

_NS_PER_S = 1_000_000_000
_HUGE = 1e100  # the protocol writes "unset" as the largest double
_REQUEST_IDS_FROM = 1 << 30
_ORDER_TYPES = {"MKT": OrderType.MARKET, "LMT": OrderType.LIMIT}
_BOUGHT = frozenset({"BOT", "BUY", "BOUGHT"})


def is_order_id(number: int) -> bool:
    """Whether a number an error carries can be an order's: requests are numbered from far above."""
    return 0 < number < _REQUEST_IDS_FROM


def order_update(
    key: tuple[int, int], state: str, filled: float, remaining: float, average: float, perm_id: int, text: str,
    client_order_id: str, rejected: bool,
) -> OrderUpdate:  # fmt: skip
    """One order status; `key` is (client_id, broker_order_id)."""
    done, left = decimal_of(filled), decimal_of(remaining)
    return OrderUpdate(
        broker_order_id=key[1],
        perm_id=perm_id,
        client_id=key[0],
        client_order_id=client_order_id,
        status=order_status(state, done, left, rejected),
        filled=done,
        remaining=left,
        average_price=decimal_of(average),
        text=text or state,
    )


def broker_order(order_id: int, contract: Any, order: Any, state: Any) -> BrokerOrder:
    """An open order (`order_id` above 0) or a completed one."""
    limit, filled = _set(order.lmtPrice), _set(order.filledQuantity)
    order_type = _ORDER_TYPES.get(order.orderType)
    quantity = max(decimal_of(order.totalQuantity), filled or Decimal(0))
    # an open order's answer does not tell what is filled: its order status, which follows, does
    done = (filled or Decimal(0)) if order_id == 0 else Decimal(0)
    status = order_status(str(state.status), done, Decimal(0) if order_id == 0 else quantity, rejected=False)
    return BrokerOrder(
        broker_order_id=max(order_id, 0),
        perm_id=int(order.permId),
        client_id=int(order.clientId) if order_id else 0,
        client_order_id=order.orderRef or "",
        account=order.account,
        instrument=from_contract(contract),
        side=_side(order.action),
        order_type=order_type,
        quantity=quantity,
        limit_price=limit if order_type is OrderType.LIMIT else None,
        filled=filled if order_id == 0 else None,
        status=status,
        text=state.completedStatus or state.warningText or state.status,
    )


def execution_update(contract: Any, execution: Any, event_time: int | None) -> ExecutionUpdate:
    """One execution; `event_time` is market time for a live one, None for a replayed one."""
    fill = Fill(
        execution_id=execution.execId,
        quantity=decimal_of(execution.shares),
        price=decimal_of(execution.price),
        commission=None,
        realized_pnl=None,
        event_time=_time(execution.time) if event_time is None else event_time,
    )
    return ExecutionUpdate(
        fill=fill,
        broker_order_id=int(execution.orderId) if is_order_id(int(execution.orderId)) else 0,
        perm_id=int(execution.permId),
        client_id=int(execution.clientId),
        client_order_id=execution.orderRef or "",
        account=execution.acctNumber,
        instrument=from_contract(contract),
        side=_side(execution.side),
        cum_qty=decimal_of(execution.cumQty),
        average_price=decimal_of(execution.avgPrice),
        replayed=event_time is None,
    )


def commission_update(report: Any) -> CommissionUpdate:
    """One commission report."""
    return CommissionUpdate(
        report.execId, decimal_of(report.commission), report.currency or "USD", _set(report.realizedPNL)
    )


def _side(text: str) -> Side:
    return Side.BUY if text.upper() in _BOUGHT else Side.SELL


def _set(number: Any) -> Decimal | None:
    """The number, None where the protocol says it is unset."""
    value = float(number)
    return decimal_of(value) if isfinite(value) and abs(value) < _HUGE else None


def _time(moment: datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp()) * _NS_PER_S
