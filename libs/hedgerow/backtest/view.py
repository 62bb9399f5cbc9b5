"""The observation of one evaluation, out of what the loop knows: the same meaning field by field as live."""

from __future__ import annotations

import math

from hedgerow.backtest.fills import Order, Position
from hedgerow.backtest.tables import ACTIVE, Legs, Rows, Setup
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.observation import (
    CommandView,
    LegView,
    LinkView,
    Observation,
    OrderPhase,
    OrderView,
    OutsideView,
    QuoteView,
    RestoredView,
)

NS_PER_MS = 1_000_000


@compiled
def leg_view(legs: Legs, k: int, now: int) -> LegView:
    """One leg slot as the strategy sees it; a leg not held is an empty slot, ages are NaN before the first quote."""
    if legs.status[k] != ACTIVE:
        return LegView(
            False, False, math.nan, 0.0, 0.0, 0, math.nan, math.nan, 0, math.nan, math.nan, math.nan
        )  # fmt: skip
    time = legs.time[k]
    age = (now - time) / NS_PER_MS if time > 0 else math.nan
    return LegView(
        True, legs.is_call[k], legs.strike[k], legs.contracts[k], legs.multiplier[k], legs.expiry_close[k],
        legs.bid[k], legs.ask[k], time, age, math.nan, legs.average_price[k],
    )  # fmt: skip


@compiled
def quote_view(rows: Rows, row: int, now: int, limit_ms: float) -> QuoteView:
    """The underlying's quote in that row; -1: none yet."""
    if row < 0:
        return QuoteView(math.nan, math.nan, 0, math.nan, limit_ms)
    time = rows.ts[row]
    return QuoteView(rows.bid[row], rows.ask[row], time, (now - time) / NS_PER_MS, limit_ms)


@compiled
def order_view(order: Order) -> OrderView:
    """The newest order as its reports tell it."""
    leaves = 0.0
    phase = order.phase
    if phase == OrderPhase.SENT or phase == OrderPhase.WORKING or phase == OrderPhase.PARTIAL:
        leaves = order.quantity - order.filled
    average = order.value / order.filled if order.filled > 0.0 else 0.0
    if phase == OrderPhase.NONE:
        average = math.nan
    return OrderView(phase, order.number, order.filled, leaves, average, order.event_time, order.reason)


@compiled
def observe(
    setup: Setup, rows: Rows, legs: Legs, sequence: int, cause: int, now: int, quote_row: int, session_open: int,
    session_close: int, position: Position, options_realized: float, order: Order, blackout: bool,
) -> Observation:  # fmt: skip
    """One evaluation's whole input."""
    waiting = order.waiting_since
    return Observation(
        sequence,
        cause,
        now,
        quote_view(rows, quote_row, now, setup.stale_ms),
        session_open,
        session_close,
        (
            leg_view(legs, 0, now), leg_view(legs, 1, now), leg_view(legs, 2, now), leg_view(legs, 3, now),
            leg_view(legs, 4, now), leg_view(legs, 5, now), leg_view(legs, 6, now), leg_view(legs, 7, now),
        ),
        position.quantity,
        position.average_price,
        position.realized,
        options_realized,
        position.commissions,
        order_view(order),
        (now - waiting) / NS_PER_MS if waiting > 0 else 0.0,
        setup.trading_state,
        CommandView(False, False, 0, 0),
        LinkView(True, True, True, True, True),
        0.0,
        0.0,
        setup.enabled,
        blackout,
        RestoredView(False, 0, math.nan, 0, 0, math.nan, False, 0),
        OutsideView(0, 0, 0.0, math.nan, 0),
    )  # fmt: skip
