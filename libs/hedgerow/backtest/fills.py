"""How an order trades against quotes: pure functions over records, the same plain and compiled.

An order that arrives takes the quote it meets; one that rested gets its own limit, as at the simulated gateway. Nothing
trades at an absent, crossed or stale quote. Only the displayed size of one quote trades against it, unless sizes are
said to be unlimited; a displayed size of zero carries no information and limits nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.backtest.commissions import Schedule, order_commission
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.observation import OrderPhase


class FillModel(NamedTuple):
    """How orders trade.

    `mid` False: at the opposite touch; True: at mid plus (a buy) or minus `half_spread` USD per share. An order or a
    cancel reaches the market `latency_ns` after it was sent. `partials`: at most the quoted size trades per quote.
    """

    mid: bool = False
    half_spread: float = 0.0
    latency_ns: int = 0
    partials: bool = True


class Touch(NamedTuple):
    """The underlying's quote; sizes are what is left of the displayed ones (inf: no limit), shares."""

    bid: float
    ask: float
    time: int
    bid_left: float
    ask_left: float


class Position(NamedTuple):
    """Signed shares, their average price, realized P&L at average price, cash of trading, commissions paid; USD.

    `month_volume` is how many shares were traded this calendar month.
    """

    quantity: float
    average_price: float
    realized: float
    cash: float
    commissions: float
    month_volume: float


class Order(NamedTuple):
    """The newest order: what was asked, and how far it is. `phase` is an OrderPhase.

    `arrives` and `cancel_arrives` are when it, or its cancel, reaches the market (0: not on the way); `waiting_since`
    when the unanswered request was sent, 0 none; `rested` whether it stood in the book before. `row` counts the
    orders of the run. Times are ns UTC.
    """

    row: int
    number: int
    side: int
    quantity: float
    limit_price: float
    reduce_only: bool
    filled: float
    value: float
    commission: float
    month_before: float
    phase: int
    event_time: int
    arrives: int
    cancel_arrives: int
    waiting_since: int
    rested: bool
    reason: int


class Fill(NamedTuple):
    """One execution to book; `quantity` 0.0 is none."""

    quantity: float
    price: float


TOUCH = FillModel()
NO_TOUCH = Touch(math.nan, math.nan, 0, 0.0, 0.0)
NO_POSITION = Position(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
NO_ORDER = Order(-1, 0, 0, 0.0, math.nan, False, 0.0, 0.0, 0.0, 0.0, OrderPhase.NONE.value, 0, 0, 0, 0, False, 0)


@compiled
def is_alive(order: Order) -> bool:
    """Whether anything may still happen to it."""
    phase = order.phase
    return phase == OrderPhase.SENT or phase == OrderPhase.WORKING or phase == OrderPhase.PARTIAL


@compiled
def rests(order: Order) -> bool:
    """Whether it is in the market."""
    return is_alive(order) and order.arrives == 0


@compiled
def tradable(touch: Touch, now: int, stale_ns: int) -> bool:
    """Whether the quote is two-sided, not crossed, and no older than `stale_ns`."""
    return 0.0 < touch.bid <= touch.ask < math.inf and now - touch.time <= stale_ns


@compiled
def taker_price(model: FillModel, side: int, touch: Touch) -> float:
    """What an order of that side trades at now, USD per share."""
    if model.mid:
        return (touch.bid + touch.ask) * 0.5 + float(side) * model.half_spread
    return touch.ask if side > 0 else touch.bid


@compiled
def match(model: FillModel, order: Order, touch: Touch, now: int, stale_ns: int) -> Fill:
    """What the order in the market trades against this quote now."""
    if not tradable(touch, now, stale_ns):
        return Fill(0.0, math.nan)
    price = taker_price(model, order.side, touch)
    if (order.side > 0 and price > order.limit_price) or (order.side < 0 and price < order.limit_price):
        return Fill(0.0, math.nan)
    quantity = order.quantity - order.filled
    left = touch.ask_left if order.side > 0 else touch.bid_left
    if model.partials and left < quantity:
        quantity = left
    if not quantity > 0.0:
        return Fill(0.0, math.nan)
    return Fill(quantity, order.limit_price if order.rested else price)


@compiled
def displayed(size: float) -> float:
    """What a displayed size lets trade: whole shares, anything when no size is known."""
    return float(math.floor(size)) if size > 0.0 else math.inf


@compiled
def order_after(schedule: Schedule, order: Order, fill: Fill, now: int) -> Order:
    """The order with one more fill; its commission is that of all it has filled."""
    filled = order.filled + fill.quantity
    value = order.value + fill.quantity * fill.price
    phase = OrderPhase.FILLED + 0 if filled >= order.quantity else OrderPhase.PARTIAL + 0
    return Order(
        order.row, order.number, order.side, order.quantity, order.limit_price, order.reduce_only, filled, value,
        order_commission(schedule, order.month_before, filled, value), order.month_before, phase, now, order.arrives,
        order.cancel_arrives if phase == OrderPhase.PARTIAL else 0, 0, True, order.reason,
    )  # fmt: skip


@compiled
def position_after(position: Position, signed: float, price: float, commission: float) -> Position:
    """The position after one execution of `signed` shares: realized P&L at average price."""
    total = position.quantity + signed
    average = position.average_price
    realized = position.realized
    if position.quantity * signed >= 0.0:
        average = (average * position.quantity + price * signed) / total
    else:
        closed = abs(signed) if abs(signed) < abs(position.quantity) else abs(position.quantity)
        gain = price - average
        realized += gain * closed if position.quantity > 0.0 else -gain * closed
        if total == 0.0:
            average = 0.0
        elif total * position.quantity < 0.0:
            average = price
    return Position(
        total, average, realized, position.cash - signed * price, position.commissions + commission,
        position.month_volume + abs(signed),
    )  # fmt: skip


@compiled
def reduces(position: Position, side: int, quantity: float) -> bool:
    """Whether an order of `quantity` shares makes the position smaller without crossing zero."""
    return float(side) * position.quantity < 0.0 and quantity <= abs(position.quantity)
