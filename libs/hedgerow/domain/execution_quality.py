"""Execution quality: what fills cost against the mids of decision and arrival, how long they took, what never filled.

The figures are those of docs/metric-definitions.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from hedgerow.domain.order import OrderStatus, Side
from hedgerow.domain.position import ZERO
from hedgerow.domain.slippage import slippage

_NS_PER_MS = 1e6


class DecidedOrder(NamedTuple):
    """An order as it was decided and what became of it.

    The quote decided on and `arrival_mid`, currency per share; `intent_ns` is when its intent was journaled, wall ns.
    """

    client_order_id: str
    side: Side
    bid: float | None
    ask: float | None
    intent_ns: int
    arrival_mid: float | None = None
    status: OrderStatus = OrderStatus.FILLED
    quantity: Decimal = ZERO


class WorkedFill(NamedTuple):
    """One fill: shares or contracts, currency per share, and when it was received, wall ns."""

    client_order_id: str
    quantity: Decimal
    price: Decimal
    multiplier: int
    receive_ns: int


@dataclass(frozen=True, slots=True)
class Slippage:
    """Over `fills` compared with a mid: per share and in all, currency, above zero a cost; None without any."""

    fills: int = 0
    mean: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True)
class FillTimes:
    """Wall ms from an order's journaled intent to its last fill, nearest rank; None without a filled order."""

    median: float | None = None
    p90: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class ExecutionQuality:
    """`orders` reached the broker; `canceled` of them ended canceled, `filled` have a fill, `partial` not all of it."""

    decision: Slippage = Slippage()
    arrival: Slippage = Slippage()
    fill_ms: FillTimes = FillTimes()
    orders: int = 0
    denied: int = 0
    canceled: int = 0
    filled: int = 0
    partial: int = 0

    @property
    def cancel_rate(self) -> float | None:
        """Canceled orders per order that reached the broker."""
        return self.canceled / self.orders if self.orders else None

    @property
    def partial_share(self) -> float | None:
        """Orders filled in part per order with a fill."""
        return self.partial / self.filled if self.filled else None


class _Cost:
    """Adds up slippage against one mid."""

    def __init__(self) -> None:
        self.fills, self.total, self.shares = 0, ZERO, ZERO

    def add(self, cost: Decimal | None, size: Decimal) -> None:
        if cost is not None:
            self.fills += 1
            self.total += cost * size
            self.shares += size

    def told(self) -> Slippage:
        if not self.shares:
            return Slippage(self.fills)
        return Slippage(self.fills, float(self.total / self.shares), float(self.total))


def execution_quality(orders: Iterable[DecidedOrder], fills: Iterable[WorkedFill]) -> ExecutionQuality:
    """Compares each fill with the mids of its order; without a two-sided quote there is no mid.

    Means are weighted by shares. Fills of orders that are not given are left out.
    """
    decided = {order.client_order_id: order for order in orders}
    decision, arrival = _Cost(), _Cost()
    last: dict[str, int] = {}
    quantity: dict[str, Decimal] = {}
    for fill in fills:
        order = decided.get(fill.client_order_id)
        if order is None:
            continue
        last[fill.client_order_id] = max(last.get(fill.client_order_id, 0), fill.receive_ns)
        quantity[fill.client_order_id] = quantity.get(fill.client_order_id, ZERO) + fill.quantity
        size = fill.quantity * max(1, fill.multiplier)
        decision.add(slippage(order.side, fill.price, order.bid, order.ask), size)
        arrival.add(slippage(order.side, fill.price, order.arrival_mid, order.arrival_mid), size)
    denied = sum(order.status is OrderStatus.DENIED for order in decided.values())
    return ExecutionQuality(
        decision.told(),
        arrival.told(),
        fill_times([(received - decided[key].intent_ns) / _NS_PER_MS for key, received in last.items()]),
        len(decided) - denied,
        denied,
        sum(order.status is OrderStatus.CANCELED for order in decided.values()),
        len(last),
        sum(quantity[key] < decided[key].quantity for key in last),
    )


def fill_times(milliseconds: Sequence[float]) -> FillTimes:
    """Their median, 90th and 99th percentile: of n values the one at rank ceil(share x n)."""
    ordered = sorted(milliseconds)
    if not ordered:
        return FillTimes()
    return FillTimes(*(ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.9, 0.99)))
