"""What happens to orders: an intent becomes an order, reaches the market, trades, is canceled; all of it written."""

from __future__ import annotations

import math

from hedgerow.backtest.fills import (
    Order,
    Touch,
    displayed,
    is_alive,
    match,
    order_after,
    position_after,
    reduces,
    rests,
)
from hedgerow.backtest.tables import (
    ALLOWED,
    REASON_NO_SIZE,
    REASON_NOT_REDUCING,
    REASON_ORDER_OPEN,
    REASON_TOO_OFTEN,
    Desk,
    Rows,
    Setup,
    Tables,
)
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import IntentView
from hedgerow.strategy.observation import OrderPhase

NEVER = 2**62
MAX_TURNS = 64
"""So many evaluations may follow one another at one instant; then an order is denied."""


@compiled
def touch_of(rows: Rows, row: int, bid_taken: float, ask_taken: float) -> Touch:
    """The underlying's quote in that row (-1: none yet), less what was taken of it."""
    if row < 0:
        return Touch(math.nan, math.nan, 0, 0.0, 0.0)
    return Touch(
        rows.bid[row], rows.ask[row], rows.ts[row],
        displayed(rows.bid_size[row]) - bid_taken, displayed(rows.ask_size[row]) - ask_taken,
    )  # fmt: skip


@compiled
def mid_of(touch: Touch) -> float:
    """Half way between the sides; NaN unless both are there and do not cross."""
    if 0.0 < touch.bid <= touch.ask < math.inf:
        return (touch.bid + touch.ask) * 0.5
    return math.nan


@compiled
def order_due(order: Order, session_close: int) -> int:
    """When something happens to the order by itself: it or its cancel reaches the market, or the market closes."""
    due = NEVER
    if order.arrives > 0:
        due = order.arrives
    elif rests(order):
        due = session_close
    if 0 < order.cancel_arrives < due:
        due = order.cancel_arrives
    return due


@compiled
def with_order(desk: Desk, order: Order) -> Desk:
    """The desk with the order as it is now."""
    return Desk(
        order, desk.position, desk.bid_taken, desk.ask_taken, desk.orders, desk.fills, desk.cancels, desk.denied
    )


@compiled
def answered(order: Order, phase: int, now: int, arrives: int, cancel_arrives: int, reason: int) -> Order:
    """The order once the market or risk said what became of it."""
    return Order(
        order.row, order.number, order.side, order.quantity, order.limit_price, order.reduce_only, order.filled,
        order.value, order.commission, order.month_before, phase, now, arrives, cancel_arrives, 0, order.rested,
        reason,
    )  # fmt: skip


@compiled
def refusal(desk: Desk, intent: IntentView, verdict: int, turns: int) -> int:
    """Why the order may not leave, 0 when it may: risk's verdict, then what execution itself refuses."""
    if verdict > ALLOWED:
        return verdict
    if turns >= MAX_TURNS:
        return REASON_TOO_OFTEN
    if not 0.0 < intent.quantity < math.inf:
        return REASON_NO_SIZE
    if is_alive(desk.order):
        return REASON_ORDER_OPEN
    if intent.reduce_only and not reduces(desk.position, intent.side, intent.quantity):
        return REASON_NOT_REDUCING
    return 0


@compiled
def after_submit(
    setup: Setup, tables: Tables, desk: Desk, intent: IntentView, verdict: int, turns: int, now: int, mid: float
) -> Desk:
    """A new order on its way, or denied at once; the order before it is no longer followed."""
    reason = refusal(desk, intent, verdict, turns)
    row = desk.orders
    line = tables.orders[row]
    line["number"] = intent.number
    line["submit_ts"] = now
    line["arrive_ts"] = 0
    line["first_fill_ts"] = 0
    line["last_fill_ts"] = 0
    line["end_ts"] = now if reason != 0 else 0
    line["side"] = intent.side
    line["reduce_only"] = 1 if intent.reduce_only else 0
    line["status"] = OrderPhase.DENIED + 0 if reason != 0 else OrderPhase.SENT + 0
    line["reason"] = reason
    line["quantity"] = intent.quantity
    line["limit_price"] = intent.limit_price
    line["decision_mid"] = mid
    line["arrival_mid"] = math.nan
    line["filled_quantity"] = 0.0
    line["average_price"] = math.nan
    line["commission"] = 0.0
    order = desk.order
    if reason == 0:
        order = Order(
            row, intent.number, intent.side, intent.quantity, intent.limit_price, intent.reduce_only, 0.0, 0.0, 0.0,
            desk.position.month_volume, OrderPhase.SENT + 0, now, now + setup.fills.latency_ns, 0, now, False, 0,
        )  # fmt: skip
    elif reason != REASON_ORDER_OPEN:  # the open one stays the one that is followed
        order = Order(
            row, intent.number, intent.side, intent.quantity, intent.limit_price, intent.reduce_only, 0.0, 0.0, 0.0,
            0.0, OrderPhase.DENIED + 0, now, 0, 0, 0, False, reason,
        )  # fmt: skip
    return Desk(
        order, desk.position, desk.bid_taken, desk.ask_taken, desk.orders + 1, desk.fills, desk.cancels,
        desk.denied + 1 if reason != 0 else desk.denied,
    )  # fmt: skip


@compiled
def after_cancel(setup: Setup, desk: Desk, now: int) -> Desk:
    """A cancel on its way to the open order; none is sent for one that is over, or twice."""
    order = desk.order
    if not is_alive(order) or order.cancel_arrives > 0:
        return desk
    return with_order(
        desk,
        Order(
            order.row, order.number, order.side, order.quantity, order.limit_price, order.reduce_only, order.filled,
            order.value, order.commission, order.month_before, order.phase, order.event_time, order.arrives,
            now + setup.fills.latency_ns, now, order.rested, order.reason,
        ),
    )  # fmt: skip


@compiled
def after_query(desk: Desk) -> Desk:
    """Execution's answer to a question: what is known of the order, and that nothing is unanswered."""
    order = desk.order
    return with_order(
        desk, answered(order, order.phase, order.event_time, order.arrives, order.cancel_arrives, order.reason)
    )


@compiled
def after_trading(setup: Setup, tables: Tables, desk: Desk, touch: Touch, now: int) -> Desk:
    """The desk after the order in the market met this quote; the same desk when nothing traded."""
    order = desk.order
    if not rests(order):
        return desk
    fill = match(setup.fills, order, touch, now, int(setup.stale_ms * 1e6))
    if fill.quantity <= 0.0:
        return desk
    signed = float(order.side) * fill.quantity
    after = order_after(setup.commissions, order, fill, now)
    commission = after.commission - order.commission
    position = position_after(desk.position, signed, fill.price, commission)
    line = tables.fills[desk.fills]
    line["ts"] = now
    line["order"] = order.number
    line["side"] = order.side
    line["quantity"] = fill.quantity
    line["price"] = fill.price
    line["mid"] = mid_of(touch)
    line["commission"] = commission
    row = tables.orders[order.row]
    if order.filled == 0.0:
        row["first_fill_ts"] = now
    row["last_fill_ts"] = now
    row["filled_quantity"] = after.filled
    row["average_price"] = after.value / after.filled
    row["commission"] = after.commission
    row["status"] = after.phase
    if after.phase == OrderPhase.FILLED:
        row["end_ts"] = now
    bought = order.side > 0
    return Desk(
        after, position, desk.bid_taken if bought else desk.bid_taken + fill.quantity,
        desk.ask_taken + fill.quantity if bought else desk.ask_taken, desk.orders, desk.fills + 1, desk.cancels,
        desk.denied,
    )  # fmt: skip


@compiled
def after_arrival(setup: Setup, tables: Tables, desk: Desk, touch: Touch, now: int, is_open: bool) -> Desk:
    """The desk once the order, or its cancel, reached the market at `now`: it trades, rests, or is canceled.

    Orders are for the day and regular hours: one that is there when the market closes, or comes when it is not open,
    is canceled.
    """
    order = desk.order
    line = tables.orders[order.row]
    if 0 < order.arrives <= now:
        line["arrive_ts"] = now
        line["arrival_mid"] = mid_of(touch)
    if 0 < order.arrives <= now and is_open:
        line["status"] = OrderPhase.WORKING + 0
        here = answered(order, OrderPhase.WORKING + 0, now, 0, order.cancel_arrives, 0)
        traded = after_trading(setup, tables, with_order(desk, here), touch, now)
        last = traded.order
        rested = Order(
            last.row, last.number, last.side, last.quantity, last.limit_price, last.reduce_only, last.filled,
            last.value, last.commission, last.month_before, last.phase, last.event_time, 0, last.cancel_arrives,
            last.waiting_since, True, last.reason,
        )  # fmt: skip
        return with_order(traded, rested)
    line["status"] = OrderPhase.CANCELED + 0
    line["end_ts"] = now
    gone = answered(order, OrderPhase.CANCELED + 0, now, 0, 0, order.reason)
    return Desk(
        gone, desk.position, desk.bid_taken, desk.ask_taken, desk.orders, desk.fills, desk.cancels + 1, desk.denied
    )
