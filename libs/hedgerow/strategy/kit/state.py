"""What the chain remembers between evaluations; times are ns UTC of market time, 0 when never."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.strategy.codes import BlockReason, HedgeFSM, TradingFSM
from hedgerow.strategy.kit.params import Params

MAX_BARS = 32  # closes of one-minute bars kept; vol_window_min stays below


Closes = tuple[
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
    float,
]  # MAX_BARS of them


class LegMemory(NamedTuple):
    """The last good volatility of one leg slot, its last mid (the mark), and the cross-check's count.

    `strike`, `expiry_close` and `is_call` say which contract the memory is of; another contract starts afresh.
    `volatility_time` is the event time of the quote it was solved from, `quote_time` that of the last quote used.
    """

    strike: float
    expiry_close: int
    is_call: bool
    volatility: float
    volatility_time: int
    quote_time: int
    quote_mid: float
    disagreements: int


class Bars(NamedTuple):
    """Closes of completed one-minute bars, oldest first (NaN where none yet), and the running minute."""

    closes: Closes
    minute: int
    last: float


class Working(NamedTuple):
    """The hedge being worked: a parent and its newest order.

    `parent_target` is the parent's signed size in shares (0 when none), `parent_filled` the signed shares filled of
    it, `counted` whether it is in the daily count. `order_number` is the newest intent number (0 none yet),
    `order_cum` what of it has been folded in, `sent_time` when it was submitted; `retries` counts failed orders.
    """

    parent_number: int
    parent_target: float
    parent_filled: float
    counted: bool
    order_number: int
    order_side: int
    order_cum: float
    limit_price: float
    sent_time: int
    reduce_only: bool
    retries: int


class Hedges(NamedTuple):
    """The hedges of the past: what the cost gate and the daily count look at."""

    last_time: int
    last_price: float
    daily_count: int


class Session(NamedTuple):
    """The running session's profit and loss and the circuit breaker's latch.

    `pnl_baseline` is the total P&L when the session began (NaN until known), `breaker_base` the daily P&L at the last
    operator's reset: a new loss is counted from there.
    """

    session_open: int
    pnl_baseline: float
    breaker_base: float
    latched: bool


class Memory(NamedTuple):
    """What is remembered of the market and the legs; it depends on quotes alone, never on what was decided.

    `spot` is the underlying's last mid, `spot_time` the event time of its quote.
    """

    spot: float
    spot_time: int
    bars: Bars
    legs: tuple[LegMemory, LegMemory, LegMemory, LegMemory, LegMemory, LegMemory, LegMemory, LegMemory]


class Progress(NamedTuple):
    """How far hedging has got: both machines, the hedge worked, the hedges before, the session, faults and edges.

    `hedge_open` is the hysteresis: a hedge began and has not reached its aim since. `fault_time` is when a hedge last
    failed for good (0 when none stands), `safe_cause` the BlockReason that led to SAFE. `resume_number` and
    `reset_number` are the last operator edges seen.
    """

    trading_fsm: int
    hedge_fsm: int
    hedge_open: bool
    working: Working
    hedges: Hedges
    session: Session
    safe_cause: int
    fault_time: int
    resume_number: int
    reset_number: int


class State(NamedTuple):
    """Everything the chain carries from one evaluation to the next; a strategy's own state holds one as `common`."""

    progress: Progress
    memory: Memory

    @property
    def common(self) -> State:
        """Itself, so that a host reads `state.common` of any strategy's state."""
        return self


NO_MEMORY = LegMemory(math.nan, 0, False, math.nan, 0, 0, math.nan, 0)
_NAN = math.nan
NO_BARS = Bars(
    (
        _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN,
        _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN,
    ),
    0,
    math.nan,
)  # fmt: skip
NO_WORKING = Working(0, 0.0, 0.0, False, 0, 0, 0.0, math.nan, 0, False, 0)


def initial_state(params: Params) -> State:
    """The state of a strategy that has seen nothing; `params` is part of every strategy's shape, unused here."""
    del params
    return State(
        Progress(
            trading_fsm=TradingFSM.BOOT.value,
            hedge_fsm=HedgeFSM.EXEC_IDLE.value,
            hedge_open=False,
            working=NO_WORKING,
            hedges=Hedges(0, math.nan, 0),
            session=Session(0, math.nan, 0.0, False),
            safe_cause=BlockReason.NONE.value,
            fault_time=0,
            resume_number=0,
            reset_number=0,
        ),
        Memory(
            math.nan, 0, NO_BARS,
            (NO_MEMORY, NO_MEMORY, NO_MEMORY, NO_MEMORY, NO_MEMORY, NO_MEMORY, NO_MEMORY, NO_MEMORY),
        ),
    )  # fmt: skip
