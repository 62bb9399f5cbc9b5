"""What an order costs: Interactive Brokers' published schedules for US stock, fixed and tiered.

Both charge per share, at least a minimum and at most a percentage of the trade's value per order; where the maximum is
below the minimum, the maximum is charged. Tiered rates fall with the shares traded in the calendar month, each share
at the rate of the tier it falls in. Exchange, clearing and regulatory fees, which tiered passes on (fixed: the
regulatory ones), are one rate per share here (`third_party`), 0 unless given.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.strategy.compiled import compiled

TIERS = 5


class Schedule(NamedTuple):
    """Commission of one order: USD, shares, and `maximum` as a share of the trade value (inf: no maximum).

    `rates[k]` is USD per share for shares of the month up to `bounds[k]`, beyond `bounds[k - 1]`.
    """

    rates: tuple[float, float, float, float, float]
    bounds: tuple[float, float, float, float, float]
    minimum: float
    maximum: float
    third_party: float


def flat(per_share: float, minimum: float = 0.0, maximum: float = math.inf) -> Schedule:
    """One rate whatever the volume."""
    return Schedule((per_share,) * TIERS, (math.inf,) * TIERS, minimum, maximum, 0.0)  # type: ignore[arg-type]


NO_COMMISSION = flat(0.0)
IBKR_FIXED = flat(0.005, 1.00, 0.01)
IBKR_TIERED = Schedule(
    (0.0035, 0.0020, 0.0015, 0.0010, 0.0005), (300_000.0, 3_000_000.0, 20_000_000.0, 100_000_000.0, math.inf),
    0.35, 0.01, 0.0,
)  # fmt: skip


@compiled
def shares_cost(schedule: Schedule, before: float, quantity: float) -> float:
    """USD per-share charges of `quantity` shares after `before` shares this month, without minimum and maximum."""
    cost = 0.0
    low = 0.0
    for k in range(TIERS):
        high = schedule.bounds[k]
        first = before if before > low else low
        last = before + quantity
        last = last if last < high else high
        if last > first:
            cost += (last - first) * schedule.rates[k]
        low = high
    return cost


@compiled
def order_commission(schedule: Schedule, month_before: float, quantity: float, value: float) -> float:
    """USD for an order that has filled `quantity` shares worth `value` USD in all.

    `month_before` is how many shares were traded this month before the order. Nothing filled costs nothing.
    """
    if quantity <= 0.0:
        return 0.0
    charge = shares_cost(schedule, month_before, quantity)
    if charge < schedule.minimum:
        charge = schedule.minimum
    most = schedule.maximum * value
    if charge > most:
        charge = most
    return charge + schedule.third_party * quantity
