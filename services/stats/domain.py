"""Execution quality: what fills cost against the quotes their hedges were decided on, and how long they took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from hedgerow.domain.order import Side
from hedgerow.domain.position import ZERO
from hedgerow.domain.slippage import slippage

_NS_PER_MS = 1e6


class DecidedOrder(NamedTuple):
    """An order as it was decided: the quote then, currency per share, and when its intent was journaled, wall ns."""

    client_order_id: str
    side: Side
    bid: float | None
    ask: float | None
    intent_ns: int


class WorkedFill(NamedTuple):
    """One fill: shares or contracts, currency per share, and when it was received, wall ns."""

    client_order_id: str
    quantity: Decimal
    price: Decimal
    multiplier: int
    receive_ns: int


@dataclass(frozen=True, slots=True)
class ExecutionQuality:
    """Over `fills` compared: slippage per share and in all, currency, above zero a cost; median wall ms to last fill.

    None where there is nothing to measure.
    """

    fills: int = 0
    mean_slippage: float | None = None
    total_slippage: float | None = None
    median_fill_ms: float | None = None


def execution_quality(orders: Iterable[DecidedOrder], fills: Iterable[WorkedFill]) -> ExecutionQuality:
    """Compares each fill with the mid its order was decided on; without a two-sided quote there is no mid.

    The mean is weighted by shares. Fills of orders that are not given are left out.
    """
    decided = {order.client_order_id: order for order in orders}
    compared = 0
    total = shares = ZERO
    last: dict[str, int] = {}
    for fill in fills:
        order = decided.get(fill.client_order_id)
        if order is None:
            continue
        last[fill.client_order_id] = max(last.get(fill.client_order_id, 0), fill.receive_ns)
        cost = slippage(order.side, fill.price, order.bid, order.ask)
        if cost is None:
            continue
        size = fill.quantity * max(1, fill.multiplier)
        total += cost * size
        shares += size
        compared += 1
    times = [(received - decided[key].intent_ns) / _NS_PER_MS for key, received in last.items()]
    return ExecutionQuality(
        compared,
        float(total / shares) if shares else None,
        float(total) if shares else None,
        median(times) if times else None,
    )
