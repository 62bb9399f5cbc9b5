"""What a run starts from: settings, feed and outputs in the loop's own form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hedgerow.backtest.columns import DECISIONS, FILLS, MARKS, ORDERS
from hedgerow.backtest.commissions import IBKR_FIXED, Schedule
from hedgerow.backtest.feed import Feed
from hedgerow.backtest.fills import NO_ORDER, NO_POSITION, TOUCH, FillModel
from hedgerow.backtest.tables import FREE, PENDING, Days, Desk, Legs, Rows, Setup, Tables, World
from hedgerow.backtest.view import NS_PER_MS
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.codes import BlockReason
from hedgerow.strategy.decision import NO_INTENT
from hedgerow.strategy.observation import MAX_LEGS, ObservationCause, RiskState

SPARE = 4096
"""Rows every output table has at first; it is doubled when nearly full."""


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


DEFAULT = Settings()


def setup_of(feed: Feed, settings: Settings, record: bool, ask_risk: bool) -> Setup:
    """The settings with the limits that the feed's interval widens."""
    floor_ms = 2.0 * feed.interval_ms
    return Setup(
        settings.fills, settings.commissions, float(max(settings.stale_limit_ms, floor_ms)),
        round(max(settings.timer_ms, floor_ms) * NS_PER_MS), settings.enabled, int(settings.trading_state),
        ask_risk, record,
    )  # fmt: skip


def inputs_of(feed: Feed, plain: bool) -> tuple[Rows, Days, Legs]:
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


def world_at_start(feed: Feed, setup: Setup) -> World:
    """Before the first row: the START evaluation comes first."""
    desk = Desk(NO_ORDER, NO_POSITION, 0.0, 0.0, 0, 0, 0, 0)
    first = int(feed.ts[0])
    return World(
        row=0, day=0, sequence=0, now=first, cause=ObservationCause.START.value, turns=0, instants=1, quote_row=-1,
        timer_due=first + setup.timer_ns, next_mark=0, decisions=0, marks=0, intent=NO_INTENT, verdict=FREE, desk=desk,
        option_cash=0.0, options_realized=0.0,
    )  # fmt: skip


def tables_for(rows: int, kind: np.dtype[Any] = DECISIONS) -> Tables:
    """Empty outputs with room for so many decisions of that kind."""
    return Tables(
        np.zeros(rows, kind), np.zeros(SPARE, ORDERS), np.zeros(SPARE, FILLS), np.zeros(SPARE, MARKS),
        np.zeros(max(BlockReason) + 1, np.int64),
    )  # fmt: skip


def roomier(tables: Tables, world: World) -> Tables:
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
