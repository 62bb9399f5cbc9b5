"""The hedge workload: a straddle's delta is bought back to zero whenever it drifts by 25 shares, over 1,000,000 quotes.

`python -m tests.bench.hedge_workload` prints {"ticks", "cpu_s", "orders", "pnl"}: the engine's CPU seconds alone, the
orders it placed and what they earned, so that others who do the same work can be held against it. The option position
is a formula of spot and time, and a fill costs a cent per share more than the touch.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.backtest.binding import bind
from hedgerow.backtest.columns import Result
from hedgerow.backtest.commissions import flat
from hedgerow.backtest.engine import Settings, run_bound
from hedgerow.backtest.feed import Day, Feed
from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import IntentView
from hedgerow.strategy.hosting import Mode
from hedgerow.strategy.observation import Observation

QUOTES = 1_000_000
START = 1_700_000_000_000_000_000
SPACING_NS = 100_000_000
YEAR_S = 252 * 23_400.0
STRIKE, VOLATILITY, SHARES, THRESHOLD, YEARS = 600.0, 0.18, 1_000.0, 25.0, 5 / 252
CENT = 0.01
RUNS = 7


class Params(NamedTuple):
    """The straddle, what it is hedged at, and when the quotes begin (ns UTC)."""

    strike: float = STRIKE
    volatility: float = VOLATILITY
    shares: float = SHARES
    threshold: float = THRESHOLD
    years: float = YEARS
    start: int = START


class State(NamedTuple):
    """The number of the last order."""

    number: int


class Decision(NamedTuple):
    """The order wanted."""

    intent: IntentView


def initial_state(params: Params) -> State:
    """No order yet."""
    del params
    return State(0)


@compiled
def step(params: Params, state: State, o: Observation) -> tuple[State, Decision]:
    """A marketable order for all of the net delta once that reaches the threshold."""
    bid = o.underlying.bid
    ask = o.underlying.ask
    tick = float(o.now - params.start) / float(SPACING_NS)
    deviation = params.volatility * math.sqrt(params.years - tick * (0.1 / YEAR_S))
    drift = math.log((bid + ask) * 0.5 / params.strike) / deviation + 0.5 * deviation
    net = params.shares * math.erf(drift * 0.7071067811865476) + o.stock_quantity
    if net >= params.threshold or net <= -params.threshold:
        wanted = -float(np.rint(net))
        number = state.number + 1
        side = 1 if wanted > 0.0 else -1
        limit = ask if side > 0 else bid
        intent = IntentView(IntentAction.SUBMIT + 0, number, number, side, abs(wanted), limit, False)
        return State(number), Decision(intent)
    return state, Decision(IntentView(IntentAction.NONE + 0, 0, 0, 0, 0.0, math.nan, False))


@compiled
def write_decision(line: Any, o: Observation, decision: Decision) -> None:
    """Nothing is recorded."""


@compiled
def count_decision(reasons: Any, decision: Decision) -> None:
    """No decision has a reason."""


@compiled
def write_greeks(line: Any, decision: Decision) -> None:
    """Nothing is known of greeks."""


WRITERS: dict[str, Callable[..., Any]] = {
    "count_decision": count_decision,
    "write_decision": write_decision,
    "write_greeks": write_greeks,
}


def quotes(count: int = QUOTES) -> dict[str, NDArray[Any]]:
    """The workload's quotes: seeded, on the cent, ten a second; prices in cents as bid and ask."""
    generator = np.random.default_rng(7)
    cents_per_step = STRIKE * VOLATILITY * np.sqrt(0.1 / YEAR_S) * 100
    half_cents = np.round(120_000 + np.cumsum(generator.normal(0, 2 * cents_per_step, QUOTES))).astype(np.int64)
    spread = generator.choice([1, 2, 3], QUOTES, p=[0.8, 0.15, 0.05])
    bid = (half_cents - spread) // 2
    bid_size = generator.integers(1, 20, QUOTES) * 100
    ask_size = generator.integers(1, 20, QUOTES) * 100
    ts = START + np.arange(QUOTES, dtype=np.int64) * SPACING_NS
    columns = {"ts": ts, "bid": bid, "ask": bid + spread, "bid_size": bid_size, "ask_size": ask_size}
    return {name: values[:count] for name, values in columns.items()}


def feed(count: int = QUOTES) -> Feed:
    """The quotes as a feed without legs; sizes are unlimited, as every order is to fill whole."""
    made = quotes(count)
    nothing = np.zeros(count)
    first, last = int(made["ts"][0]), int(made["ts"][-1])
    return Feed(
        "SPY", made["ts"], np.zeros(count, np.int8), made["bid"] / 100, made["ask"] / 100, nothing, nothing, (),
        (Day(date(2023, 11, 14), first, last, 0),),
    )  # fmt: skip


def hedge(over: Feed, mode: Mode = "compiled") -> Result:
    """The workload run by the engine."""
    runner = bind(step, initial_state, mode, WRITERS)
    return run_bound(runner, over, Params(), Settings(commissions=flat(CENT)), record=False)


def measured(count: int = QUOTES, mode: Mode = "compiled") -> dict[str, float]:
    """Ticks, CPU seconds of one run (the median of some; what compiles goes before), orders and profit in USD."""
    over = feed(count)
    runner = bind(step, initial_state, mode, WRITERS)
    settings = Settings(commissions=flat(CENT))
    if mode == "compiled":
        run_bound(runner, over.between(0, 1_000), Params(), settings, record=False)
    spent = []
    for _ in range(RUNS if mode == "compiled" else 1):
        began = time.process_time()
        result = run_bound(runner, over, Params(), settings, record=False)
        spent.append(time.process_time() - began)
    return {"ticks": count, "cpu_s": statistics.median(spent), "orders": result.counts.orders, "pnl": result.pnl}


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]) if len(sys.argv) > 1 else QUOTES)))
