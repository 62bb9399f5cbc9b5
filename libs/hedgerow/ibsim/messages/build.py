"""Frames built from the simulator's own values: orders, executions, positions."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.domain.order import Side
from hedgerow.ibsim.accounts import Holding
from hedgerow.ibsim.codec import Value
from hedgerow.ibsim.contracts import Listing
from hedgerow.ibsim.messages import order_out, replies
from hedgerow.ibsim.orders import Execution, SimOrder, Status
from hedgerow.ibsim.times import SECOND_NS, event_text, with_zone

# Fields of placeOrder that come back in openOrder and completedOrder as they were sent.
_ECHOED = (
    "action", "totalQuantity", "orderType", "ocaGroup", "openClose", "orderRef", "goodAfterTime", "goodTillDate",
    "modelCode", "rule80A", "settlingFirm", "designatedLocation",
)  # fmt: skip
_ECHOED_UNLESS_EMPTY = (
    "lmtPrice", "auxPrice", "tif", "origin", "outsideRth", "hidden", "parentId", "allOrNone", "displaySize",
    "triggerMethod", "ocaType",
)  # fmt: skip


def price(value: Decimal) -> Decimal:
    """A computed price, rounded to what a double can carry without noise."""
    return round(value, 8)


def _order_values(listing: Listing, order: SimOrder, account: str) -> dict[str, Value]:
    values: dict[str, Value] = dict(listing.fields)
    fields = order.fields
    for name in _ECHOED:
        values[name] = fields.get(name, "")
    for name in _ECHOED_UNLESS_EMPTY:
        if fields.get(name):
            values[name] = fields[name]
    values.update(account=account, permId=order.perm_id, status=order.status.value)
    return values


def open_order(
    version: int, listing: Listing, order: SimOrder, account: str, extra: dict[str, Value] | None = None
) -> bytes:
    """openOrder; `extra` carries the what-if fields."""
    values = _order_values(listing, order, account)
    values.update(orderId=order.order_id, clientId=order.client_id)
    if order.filled:
        values["commission"] = order.commission
    if extra:
        values.update(extra)
    return order_out.OPEN_ORDER.encode(version, values)


def order_status(version: int, order: SimOrder, status: str = "") -> bytes:
    """orderStatus; `status` names another one than the order's own."""
    return order_out.ORDER_STATUS.encode(
        version,
        {
            "orderId": order.order_id, "status": status or order.status.value, "filled": order.filled,
            "remaining": order.remaining, "avgFillPrice": price(order.average_price), "permId": order.perm_id,
            "parentId": order.fields["parentId"] or "0", "lastFillPrice": order.last_price,
            "clientId": order.client_id,
        },
    )  # fmt: skip


def completed_order(version: int, listing: Listing, order: SimOrder, account: str) -> bytes:
    """completedOrder: without orderId and clientId, as a real gateway sends it."""
    values = _order_values(listing, order, account)
    values.update(
        filledQuantity=order.filled,
        completedTime=with_zone(order.completed_at),
        completedStatus=f"Filled Size: {order.filled:f}" if order.status is Status.FILLED else order.completed_text,
    )
    return order_out.COMPLETED_ORDER.encode(version, values)


def execution(version: int, listing: Listing, done: Execution, account: str, req_id: str = "-1") -> bytes:
    """execDetails; reqId -1 marks a live one."""
    exchange = "CBOE" if listing.instrument.is_option else "ISLAND"
    return order_out.EXECUTION.encode(
        version,
        {
            **listing.fields, "reqId": req_id, "orderId": done.order_id, "exchange": exchange,
            "execId": done.execution_id, "time": event_text(done.time // SECOND_NS, version), "account": account,
            "execExchange": exchange, "side": "BOT" if done.side is Side.BUY else "SLD", "shares": done.quantity,
            "price": done.price, "permId": done.perm_id, "clientId": done.client_id, "cumQty": done.cum_qty,
            "avgPrice": price(done.average_price), "orderRef": done.order_ref,
        },
    )  # fmt: skip


def commission(version: int, done: Execution) -> bytes:
    """commissionReport; an opening execution's realized P&L is unset."""
    values: dict[str, Value] = {"execId": done.execution_id, "commission": done.commission}
    if done.realized_pnl is not None:
        values["realizedPnl"] = price(done.realized_pnl)
    return order_out.COMMISSION.encode(version, values)


def position(version: int, holding: Holding, account: str) -> bytes:
    """position; the exchange is the primary one, none for an option, as a real gateway says."""
    fields = holding.listing.fields
    return replies.POSITION.encode(
        version,
        {
            **fields, "exchange": fields["primaryExchange"], "account": account,
            "position": holding.position.quantity, "averageCost": price(holding.average_cost),
        },
    )  # fmt: skip


def portfolio_value(version: int, holding: Holding, account: str) -> bytes:
    """updatePortfolio."""
    return replies.PORTFOLIO_VALUE.encode(
        version,
        {
            **holding.listing.fields, "position": holding.position.quantity, "marketPrice": holding.market_price,
            "marketValue": price(holding.market_value), "averageCost": price(holding.average_cost),
            "unrealizedPnl": price(holding.unrealized_pnl), "realizedPnl": price(holding.position.realized_pnl),
            "account": account,
        },
    )  # fmt: skip
