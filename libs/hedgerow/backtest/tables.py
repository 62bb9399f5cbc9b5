"""What the loop reads and writes: columns in, rows out, settings; arrays when compiled, lists when plain."""

from __future__ import annotations

from typing import Any, NamedTuple

from hedgerow.backtest.commissions import IBKR_FIXED, Schedule
from hedgerow.backtest.fills import TOUCH, FillModel, Order, Position
from hedgerow.strategy.decision import IntentView

PENDING, ACTIVE, OVER = 0, 1, 2
"""A leg's status: not held yet, held, given up or expired."""
FREE, ALLOWED = -1, 0
"""Verdicts on a pending intent: not asked for yet, allowed; above zero: denied for that reason."""
DONE, FULL, ASKED, BROKEN = 0, 1, 2, 10
"""Why the loop came back: all rows done, an output table is full, an intent awaits risk's verdict."""
REASON_NOT_REDUCING, REASON_ORDER_OPEN, REASON_TOO_OFTEN, REASON_NO_SIZE = 901, 902, 903, 904
"""Why the engine itself denies an order: it would not reduce, another is open, too many at one instant, no size."""


class Setup(NamedTuple):
    """What the loop is told besides the data.

    `stale_ms` is the underlying's effective freshness limit, `timer_ns` how long without an evaluation in session
    until one is made anyway, `trading_state` a RiskState; `ask_risk`: come back with every order's intent.
    """

    fills: FillModel = TOUCH
    commissions: Schedule = IBKR_FIXED
    stale_ms: float = 5000.0
    timer_ns: int = 5_000_000_000
    enabled: bool = True
    trading_state: int = 0
    ask_risk: bool = False
    record: bool = True


class Rows(NamedTuple):
    """The feed's columns."""

    ts: Any
    slot: Any
    bid: Any
    ask: Any
    bid_size: Any
    ask_size: Any


class Days(NamedTuple):
    """Per day: first row (and, behind the last, the number of rows), session, month, earnings blackout."""

    first_row: Any
    session_open: Any
    session_close: Any
    month: Any
    blackout: Any


class Legs(NamedTuple):
    """Per leg slot, MAX_LEGS of each: what the contract is, and (written by the loop) its status, quote and mark."""

    is_call: Any
    strike: Any
    contracts: Any
    multiplier: Any
    expiry_close: Any
    average_price: Any
    active_from: Any
    active_to: Any
    status: Any
    bid: Any
    ask: Any
    time: Any
    mark: Any


class Tables(NamedTuple):
    """Where rows are written, structured arrays as in `columns`; `reasons` counts evaluations by BlockReason."""

    decisions: Any
    orders: Any
    fills: Any
    marks: Any
    reasons: Any


class Desk(NamedTuple):
    """The newest order, the position, what of the present quote is taken, and how many rows were written."""

    order: Order
    position: Position
    bid_taken: float
    ask_taken: float
    orders: int
    fills: int
    cancels: int
    denied: int


class World(NamedTuple):
    """All that the loop carries besides the strategy's state, so that it can come back and go on.

    `cause` is an ObservationCause to evaluate next, -1 none; `quote_row` the row of the underlying's quote, -1 none;
    `intent` what the last decision asked for and was not acted on yet; `timer_due` when the next timer is;
    `turns` evaluations at this time, `instants` how many times something was quoted, began, ended or was due by the
    clock; `option_cash` and `options_realized` USD.
    """

    row: int
    day: int
    sequence: int
    now: int
    cause: int
    turns: int
    instants: int
    quote_row: int
    timer_due: int
    next_mark: int
    decisions: int
    marks: int
    intent: IntentView
    verdict: int
    desk: Desk
    option_cash: float
    options_realized: float
