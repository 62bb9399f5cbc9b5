"""What one evaluation concluded, whole: every order explains itself, and so does every non-order.

Codes are the integers of the IntEnums in `hedgerow.strategy.codes`; names come from `hedgerow.strategy.names`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

Verdicts = tuple[
    int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int
]  # one Verdict per Gate
LegGreeksSlots = tuple[
    "LegGreeks", "LegGreeks", "LegGreeks", "LegGreeks", "LegGreeks", "LegGreeks", "LegGreeks", "LegGreeks"
]


class IntentView(NamedTuple):
    """What the strategy asks of execution in this evaluation.

    `action` is an IntentAction: SUBMIT sends order `number` (side +1 buy / -1 sell, unsigned shares, LIMIT price in
    USD), CANCEL cancels order `number`, QUERY asks execution what it knows of order `number`. Numbers rise by one per
    SUBMIT and are never reused within a strategy; `parent` is the number of the hedge's first slice.
    """

    action: int
    number: int
    parent: int
    side: int
    quantity: float
    limit_price: float
    reduce_only: bool


class LegGreeks(NamedTuple):
    """Model greeks of one leg, per share: delta, gamma per USD, vega per 1.00, theta per year.

    `provenance` is a Provenance; values are NaN when it is NONE or BAD.
    """

    delta: float
    gamma: float
    vega: float
    theta: float
    implied_volatility: float
    provenance: int


class Decision(NamedTuple):
    """One evaluation's outcome.

    `option_delta`, `net_delta` (shares), `gamma` (shares per USD), `vega` (USD per 1.00 of volatility) and `theta`
    (USD per year) are position totals. `guard_verdicts` holds a Verdict per Gate, in gate order; `block_reason` is
    the first reason why a wanted hedge did not leave, or why none was wanted (`codes.is_blocked` tells them apart).
    `target_shares` is the signed hedge wanted now, before slicing; 0 when none. `quote_time` is the underlying's.
    """

    sequence: int
    now: int
    option_state: int  # O
    delta_state: int  # D
    market_state: int  # M
    liquidity_state: int  # L
    execution_state: int  # E
    system_state: int  # S
    trading_fsm: int
    hedge_fsm: int
    spot: float
    spread_pct: float
    net_delta: float
    option_delta: float
    gamma: float
    vega: float
    theta: float
    option_legs: int
    target_shares: float
    guard_verdicts: Verdicts
    block_reason: int
    safe_cause: int  # BlockReason that holds the strategy in SAFE, else NONE
    intent: IntentView
    legs: LegGreeksSlots
    daily_pnl: float
    daily_hedge_count: int
    circuit_breaker_latched: bool
    early_exercise_warning: bool
    in_session: bool
    quote_time: int


NO_INTENT = IntentView(0, 0, 0, 0, 0.0, math.nan, False)
NO_GREEKS = LegGreeks(math.nan, math.nan, math.nan, math.nan, math.nan, 0)
