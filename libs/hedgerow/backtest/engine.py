"""Runs one strategy over a feed: the live `step`, plain or compiled, and what it did as columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.backtest.binding import Bound, bound
from hedgerow.backtest.columns import DECISIONS, FILLS, MARKS, ORDERS, Counts, Result, as_columns
from hedgerow.backtest.commissions import IBKR_FIXED, Schedule
from hedgerow.backtest.feed import Feed
from hedgerow.backtest.fills import NO_ORDER, NO_POSITION, NO_TOUCH, TOUCH, FillModel, Order, Position, Touch
from hedgerow.backtest.tables import ASKED, DONE, FREE, PENDING, Days, Desk, Legs, Rows, Setup, Tables, World
from hedgerow.backtest.view import NS_PER_MS
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.codes import BlockReason
from hedgerow.strategy.decision import NO_INTENT, IntentView
from hedgerow.strategy.hosting import Mode
from hedgerow.strategy.observation import MAX_LEGS, ObservationCause, RiskState

_SPARE = 4096


class Asked(NamedTuple):
    """What risk is asked about: the order wanted, and all that was known at that moment.

    `touch` is the underlying's quote, sizes as displayed; `stale_ms` its effective freshness limit; `open_order` the
    newest order before this one.
    """

    now: int
    intent: IntentView
    touch: Touch
    position: Position
    open_order: Order
    stale_ms: float


Risk = Callable[[Asked], int]
"""A rule set's verdict on one order: 0 allows it, any other number is the reason the strategy sees with DENIED."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is made; times in ms of market time.

    `stale_limit_ms` is the underlying's freshness limit (widened to two of the feed's intervals), `timer_ms` how long
    without a quote in session until the strategy is asked anyway (likewise widened).
    """

    fills: FillModel = TOUCH
    commissions: Schedule = IBKR_FIXED
    stale_limit_ms: float = 5_000.0
    timer_ms: float = 1_000.0
    enabled: bool = True
    trading_state: RiskState = RiskState.ACTIVE

    def __post_init__(self) -> None:
        if self.fills.latency_ns < 0:
            raise InvalidValue("fills.latency_ms", self.fills.latency_ns / NS_PER_MS, "zero or above")
        if not self.fills.half_spread >= 0.0:
            raise InvalidValue("fills.half_spread", self.fills.half_spread, "zero or above, USD per share")
        if not (self.stale_limit_ms > 0.0 and self.timer_ms > 0.0):
            raise InvalidValue("timer_ms", self.timer_ms, "above zero, as the freshness limit is")


def run(
    feed: Feed,
    params: Any,
    settings: Settings = Settings(),
    *,
    strategy: str = "gamma_scalper",
    mode: Mode = "compiled",
    record: bool = True,
    risk: Risk | None = None,
) -> Result:
    """The strategy of that kind with these parameters over the whole feed; the same arguments give the same result.

    `record` False leaves the decisions out, all else stays. `risk` is asked about every order before it leaves.
    Raises InvalidValue for a strategy that does not exist or an empty feed.
    """
    return run_bound(bound(strategy, mode), feed, params, settings, record=record, risk=risk)


def run_bound(
    runner: Bound, feed: Feed, params: Any, settings: Settings = Settings(), *, record: bool = True,
    risk: Risk | None = None,
) -> Result:  # fmt: skip
    """`run` with a loop that is already bound to its strategy."""
    if len(feed) == 0:
        raise InvalidValue("feed", feed.symbol, "at least one quote")
    setup = _setup(feed, settings, record, risk is not None)
    plain = runner.mode == "plain"
    rows, days, legs = _inputs(feed, plain)
    tables = Tables(
        np.zeros(len(feed) + _SPARE if record else 2, DECISIONS), np.zeros(_SPARE, ORDERS), np.zeros(_SPARE, FILLS),
        np.zeros(_SPARE, MARKS), np.zeros(max(BlockReason) + 1, np.int64),
    )  # fmt: skip
    desk = Desk(NO_ORDER, NO_POSITION, 0.0, 0.0, 0, 0, 0, 0)
    world = World(
        0, 0, 0, int(feed.ts[0]), ObservationCause.START.value, 0, -1, 2**62, 0, 0, 0, NO_INTENT, FREE, desk,
        0.0, 0.0,
    )  # fmt: skip
    state = runner.initial_state(params)
    why = -1
    while why != DONE:
        state, world, why = runner.run_rows(params, state, setup, rows, days, legs, tables, world)
        if why == ASKED:
            assert risk is not None
            world = world._replace(verdict=int(risk(_asked(feed, setup, world))))
        elif why != DONE:
            tables = _roomier(tables, world)
    marks = tables.marks[: world.marks]
    position = world.desk.position
    return Result(
        counts=Counts(
            len(feed), world.sequence, world.desk.orders, world.desk.fills, world.desk.cancels, world.desk.denied
        ),
        decisions=as_columns(tables.decisions[: world.decisions]),
        orders=as_columns(tables.orders[: world.desk.orders]),
        fills=as_columns(tables.fills[: world.desk.fills]),
        marks=as_columns(marks),
        reasons={reason.name: int(tables.reasons[reason]) for reason in BlockReason if tables.reasons[reason]},
        pnl=float(marks["pnl"][-1]) if len(marks) else 0.0,
        commissions=float(position.commissions),
        stock_quantity=float(position.quantity),
        code_version=runner.code_version,
        engine_version=runner.engine_version,
        state=state,
    )


def _setup(feed: Feed, settings: Settings, record: bool, ask_risk: bool) -> Setup:
    floor_ms = 2.0 * feed.interval_ms
    return Setup(
        settings.fills, settings.commissions, float(max(settings.stale_limit_ms, floor_ms)),
        round(max(settings.timer_ms, floor_ms) * NS_PER_MS), settings.enabled, int(settings.trading_state),
        ask_risk, record,
    )  # fmt: skip


def _inputs(feed: Feed, plain: bool) -> tuple[Rows, Days, Legs]:
    """The loop's inputs as arrays, or as lists: plain Python over numpy scalars is slow and not quite Python's own."""

    def column(values: Any, kind: Any) -> Any:
        array = np.ascontiguousarray(values, dtype=kind)
        return array.tolist() if plain else array

    legs = [*feed.legs]
    empty = MAX_LEGS - len(legs)

    def of_legs(values: list[Any], kind: Any, rest: Any) -> Any:
        return column([*values, *[rest] * empty], kind)

    rows = Rows(
        column(feed.ts, np.int64), column(feed.slot, np.int8), column(feed.bid, np.float64),
        column(feed.ask, np.float64), column(feed.bid_size, np.float64), column(feed.ask_size, np.float64),
    )  # fmt: skip
    days = Days(
        column([*[day.first_row for day in feed.days], len(feed)], np.int64),
        column([day.session_open for day in feed.days], np.int64),
        column([day.session_close for day in feed.days], np.int64),
        column([day.date.year * 12 + day.date.month for day in feed.days], np.int64),
        column([day.earnings_blackout for day in feed.days], np.bool_),
    )
    nan = math.nan
    table = Legs(
        of_legs([leg.is_call for leg in legs], np.bool_, False),
        of_legs([leg.strike for leg in legs], np.float64, nan),
        of_legs([leg.contracts for leg in legs], np.float64, 0.0),
        of_legs([leg.multiplier for leg in legs], np.float64, 0.0),
        of_legs([leg.expiry_close for leg in legs], np.int64, 0),
        of_legs([leg.average_price for leg in legs], np.float64, nan),
        of_legs([leg.active_from for leg in legs], np.int64, 0),
        of_legs([leg.active_to for leg in legs], np.int64, 0),
        of_legs([PENDING for _ in legs], np.int64, PENDING + 2),
        of_legs([nan for _ in legs], np.float64, nan),
        of_legs([nan for _ in legs], np.float64, nan),
        of_legs([0 for _ in legs], np.int64, 0),
        of_legs([nan for _ in legs], np.float64, nan),
    )
    return rows, days, table


def _roomier(tables: Tables, world: World) -> Tables:
    """The tables with twice the room where one is nearly full."""
    used = (world.decisions, world.desk.orders, world.desk.fills, world.marks)
    decisions, orders, fills, marks = (_grown(each, taken) for each, taken in zip(tables[:-1], used, strict=True))
    return Tables(decisions, orders, fills, marks, tables.reasons)


def _grown(table: NDArray[Any], taken: int) -> NDArray[Any]:
    if taken < len(table) - 2:
        return table
    larger = np.zeros(2 * len(table) + 2, table.dtype)
    larger[: len(table)] = table
    return larger


def _asked(feed: Feed, setup: Setup, world: World) -> Asked:
    row = world.quote_row
    touch = Touch(
        float(feed.bid[row]), float(feed.ask[row]), int(feed.ts[row]), float(feed.bid_size[row]),
        float(feed.ask_size[row]),
    ) if row >= 0 else NO_TOUCH  # fmt: skip
    return Asked(world.now, world.intent, touch, world.desk.position, world.desk.order, setup.stale_ms)
