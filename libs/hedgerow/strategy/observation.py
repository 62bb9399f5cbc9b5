"""What one decision may depend on, whole: a strategy sees nothing but its Observation.

Every field is an int, float, bool or a fixed tuple of such records, so that numba compiles code over it and the
session log stores it bit for bit. Codes are the integers of the IntEnums named beside them. Absent prices are NaN.
Times are ns UTC of market time, ages and waits are in milliseconds. Fill floats with floats and ints with ints:
a compiled `step` is specialised on the field types.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

MAX_LEGS = 8


class ObservationCause(IntEnum):
    """Why this evaluation happens."""

    QUOTE = 0
    ORDER_EVENT = 1
    POSITION = 2
    COMMAND = 3
    LINK = 4
    TIMER = 5
    START = 6
    OUTSIDE = 7  # an answer of a strategy in another process


class OutsideFault(IntEnum):
    """Why nothing may be done for a strategy in another process."""

    NONE = 0
    NOT_CONNECTED = 1
    LATE = 2  # no answer within its wall-clock limit
    BROKEN_CHAIN = 3  # a link was lost, doubled, reordered or altered
    INVALID = 4  # an answer against the contract


class OrderPhase(IntEnum):
    """What is known of the newest order; DENIED is our risk, REJECTED the broker, UNKNOWN unproven."""

    NONE = 0
    SENT = 1
    WORKING = 2
    PARTIAL = 3
    FILLED = 4
    CANCELED = 5
    REJECTED = 6
    DENIED = 7
    UNKNOWN = 8


class RiskState(IntEnum):
    """Risk's trading_state as a code; UNKNOWN (risk not heard) counts as HALTED."""

    ACTIVE = 0
    REDUCING = 1
    HALTED = 2
    UNKNOWN = 3


class QuoteView(NamedTuple):
    """The underlying's quote; `event_time` 0 before the first one; `limit_ms` is the effective freshness limit."""

    bid: float
    ask: float
    event_time: int
    age_ms: float
    limit_ms: float


class LegView(NamedTuple):
    """One adopted option leg of this strategy, or an empty slot (`active` False).

    `contracts` is signed; `multiplier` is shares per contract; `expiry_close` is the close of the last trading day;
    `broker_delta` is NaN when the broker gave none since the last observation; `average_price` is the adoption mark
    or average cost per share.
    """

    active: bool
    is_call: bool
    strike: float
    contracts: float
    multiplier: float
    expiry_close: int
    bid: float
    ask: float
    event_time: int
    age_ms: float
    broker_delta: float
    average_price: float


class OrderView(NamedTuple):
    """The newest order of this strategy; its fills are already in `Observation.stock_quantity`.

    `intent_number` is `IntentView.number` of the decision that asked for it; quantities are unsigned shares;
    `event_time` is market time of the newest report; `reason` is a code of the host's choice for DENIED / REJECTED.
    An intent that execution provably never claimed is shown as DENIED.
    """

    phase: int
    intent_number: int
    cum_qty: float
    leaves_qty: float
    average_price: float
    event_time: int
    reason: int


class CommandView(NamedTuple):
    """Standing commands; `resume_number` and `reset_number` count operator resumes and latch resets: edges."""

    paused: bool
    stop: bool
    resume_number: int
    reset_number: int


class LinkView(NamedTuple):
    """What this process knows of its surroundings."""

    broker_up: bool
    reconciled: bool
    journal_ok: bool
    lease_ok: bool
    feed_up: bool


class RestoredView(NamedTuple):
    """What a restart rebuilt from the journal; read once, from the observation with cause START.

    `valid` False means nothing was found. Times 0 and prices NaN mean "never". `session_open` says which session
    `daily_hedge_count` and `pnl_baseline` (total P&L at that session's open, NaN unknown) belong to.
    """

    valid: bool
    last_hedge_time: int
    last_hedge_price: float
    daily_hedge_count: int
    session_open: int
    pnl_baseline: float
    circuit_breaker_latched: bool
    last_intent_number: int


class OutsideView(NamedTuple):
    """What a strategy in another process asks for; only kind `bridge` reads it.

    `sequence` is that of the observation it answers (0 none yet). `action` is an IntentAction: NONE changes nothing,
    SUBMIT trades `quantity` signed whole shares at `limit_price` USD or better (NaN: whatever the touch is), CANCEL
    takes back what is being worked. `fault` is an OutsideFault.
    """

    sequence: int
    action: int
    quantity: float
    limit_price: float
    fault: int


NOT_OUTSIDE = OutsideView(0, 0, 0.0, math.nan, 0)


class Observation(NamedTuple):
    """One evaluation's whole input.

    `sequence` rises by one; `now` never decreases. `session_open` / `session_close` are today's regular session,
    0, 0 when there is none. P&L fields are this strategy's, in USD; `commissions` is a positive cost.
    `feed_silence_ms`, `data_lag_ms` and `order_wait_ms` (since the unanswered submit or cancel was sent, 0 when none
    waits) are wall time.
    """

    sequence: int
    cause: int  # ObservationCause
    now: int
    underlying: QuoteView
    session_open: int
    session_close: int
    legs: tuple[LegView, LegView, LegView, LegView, LegView, LegView, LegView, LegView]
    stock_quantity: float
    stock_average_price: float
    stock_realized_pnl: float
    options_realized_pnl: float
    commissions: float
    order: OrderView
    order_wait_ms: float
    trading_state: int  # RiskState
    commands: CommandView
    links: LinkView
    feed_silence_ms: float
    data_lag_ms: float
    enabled: bool
    earnings_blackout: bool
    restored: RestoredView
    outside: OutsideView = NOT_OUTSIDE


NAN = math.nan
NO_LEG = LegView(False, False, NAN, 0.0, 0.0, 0, NAN, NAN, 0, NAN, NAN, NAN)
NO_LEGS = (NO_LEG, NO_LEG, NO_LEG, NO_LEG, NO_LEG, NO_LEG, NO_LEG, NO_LEG)
NO_QUOTE = QuoteView(NAN, NAN, 0, NAN, NAN)
NO_ORDER = OrderView(0, 0, 0.0, 0.0, NAN, 0, 0)
NOT_RESTORED = RestoredView(False, 0, NAN, 0, 0, NAN, False, 0)
NO_COMMANDS = CommandView(False, False, 0, 0)
