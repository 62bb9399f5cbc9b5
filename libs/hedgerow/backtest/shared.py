"""Legs valued once per feed and shared by every parameter set that values them alike.

Implied volatilities and greeks are most of an evaluation's work and depend on quotes and `kit.chain.VALUE_PARAMS`
alone. `price` is a strategy that only values; its run over a feed leaves one row per instant (every time at which
something is quoted, a leg begins or ends, or a timer is due: none depends on orders). `judge_shared` decides on such a
row; between two instants, when an order arrives late, it values anew from what the row remembers of volatilities.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import IntentView, LegGreeks
from hedgerow.strategy.gamma_scalper.step import decide
from hedgerow.strategy.kit.bars import Moves
from hedgerow.strategy.kit.book import Book, total, value_legs
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.situation import Valued
from hedgerow.strategy.kit.state import LegMemory, Memory
from hedgerow.strategy.kit.value import Market, usable_spot, value
from hedgerow.strategy.observation import MAX_LEGS, LegView, Observation

PRICED = np.dtype(
    [
        ("now", np.int64),
        ("spot", np.float64),
        ("mark", np.float64),
        ("mark_time", np.int64),
        ("spread_pct", np.float64),
        ("volatility", np.float64),
        ("trend", np.float64),
        ("largest_pct", np.float64),
        ("option_delta", np.float64),
        ("gamma", np.float64),
        ("vega", np.float64),
        ("theta", np.float64),
        ("unrealized", np.float64),
        ("legs", np.int64),
        ("ready", np.int8),
        ("lost", np.int8),
        ("disagreed", np.int8),
        ("early", np.int8),
    ]
)
"""One instant's `Valued`, without the legs' own."""

LEGS_PRICED = np.dtype(
    [
        *PRICED.descr,
        ("leg_volatility", np.float64, (MAX_LEGS,)),
        ("leg_mid", np.float64, (MAX_LEGS,)),
        ("leg_implied", np.float64, (MAX_LEGS,)),
        ("leg_volatility_time", np.int64, (MAX_LEGS,)),
        ("leg_quote_time", np.int64, (MAX_LEGS,)),
    ]
)
"""The same with every leg slot's memory, as it is written; only the slots in use are kept."""


class Shared(NamedTuple):
    """What `judge_shared` reads: rows of PRICED; per instant and leg the volatility kept, the last mid and the implied
    volatility (n, legs) float64, and the event times of both quotes (n, legs) int64; and how it was made.
    """

    params: Params
    memory: Memory
    rows: Any
    volatility: Any
    mid: Any
    implied: Any
    volatility_time: Any
    quote_time: Any


class Priced(NamedTuple):
    """The decision of a strategy that only values."""

    intent: IntentView
    valued: Valued


@compiled
def price(params: Params, memory: Memory, o: Observation) -> tuple[Memory, Priced]:
    """One evaluation of a strategy that never trades and remembers only the market and the legs."""
    valued = value(params, memory, o)
    return valued.memory, Priced(IntentView(IntentAction.NONE + 0, 0, 0, 0, 0.0, math.nan, False), valued)


@compiled
def write_priced(line: Any, o: Observation, priced: Priced) -> None:
    """One instant as a row of LEGS_PRICED."""
    v = priced.valued
    line["now"] = o.now
    line["spot"] = v.spot
    line["mark"] = v.mark
    line["mark_time"] = v.memory.spot_time
    line["spread_pct"] = v.spread_pct
    line["volatility"] = v.moves.volatility
    line["trend"] = v.moves.trend
    line["largest_pct"] = v.moves.largest_pct
    line["option_delta"] = v.book.option_delta
    line["gamma"] = v.book.gamma
    line["vega"] = v.book.vega
    line["theta"] = v.book.theta
    line["unrealized"] = v.book.unrealized_options
    line["legs"] = v.book.legs
    line["ready"] = 1 if v.book.ready else 0
    line["lost"] = 1 if v.book.lost else 0
    line["disagreed"] = 1 if v.book.disagreed else 0
    line["early"] = 1 if v.book.early_exercise else 0
    volatilities = line["leg_volatility"]
    mids = line["leg_mid"]
    implied = line["leg_implied"]
    volatility_times = line["leg_volatility_time"]
    quote_times = line["leg_quote_time"]
    for k in range(MAX_LEGS):
        memory = v.memory.legs[k]
        volatilities[k] = memory.volatility
        mids[k] = memory.quote_mid
        implied[k] = v.greeks[k].implied_volatility
        volatility_times[k] = memory.volatility_time
        quote_times[k] = memory.quote_time


@compiled
def write_no_greeks(line: Any, priced: Priced) -> None:
    """Marks of a run that only values are not kept."""


@compiled
def leg_memory(shared: Shared, instant: int, k: int, view: LegView) -> LegMemory:
    """What was remembered of one leg slot at that instant."""
    if k >= shared.mid.shape[1]:
        return LegMemory(math.nan, 0, False, math.nan, 0, 0, math.nan, 0)
    return LegMemory(
        view.strike, view.expiry_close, view.is_call, float(shared.volatility[instant, k]),
        int(shared.volatility_time[instant, k]), int(shared.quote_time[instant, k]), float(shared.mid[instant, k]), 0,
    )  # fmt: skip


@compiled
def leg_greeks(shared: Shared, instant: int, k: int) -> LegGreeks:
    """One leg slot's implied volatility at that instant; its greeks are in the totals only."""
    implied = float(shared.implied[instant, k]) if k < shared.implied.shape[1] else math.nan
    return LegGreeks(math.nan, math.nan, math.nan, math.nan, implied, 0)


@compiled
def valued_again(shared: Shared, instant: int, o: Observation) -> Valued:
    """The legs valued at `o.now`, after the instant's quotes: time has passed and nothing was quoted since."""
    line = shared.rows[instant]
    mark = float(line["mark"])
    mark_time = int(line["mark_time"])
    spot = usable_spot(Market(mark, mark_time, shared.memory.bars), o.underlying, o.now)
    memories = (
        leg_memory(shared, instant, 0, o.legs[0]), leg_memory(shared, instant, 1, o.legs[1]),
        leg_memory(shared, instant, 2, o.legs[2]), leg_memory(shared, instant, 3, o.legs[3]),
        leg_memory(shared, instant, 4, o.legs[4]), leg_memory(shared, instant, 5, o.legs[5]),
        leg_memory(shared, instant, 6, o.legs[6]), leg_memory(shared, instant, 7, o.legs[7]),
    )  # fmt: skip
    legs = value_legs(shared.params, o.now, spot, mark_time, o.legs, memories, False)
    return Valued(
        spot,
        mark,
        float(line["spread_pct"]),
        Moves(float(line["volatility"]), float(line["trend"]), float(line["largest_pct"])),
        total(shared.params, o.now, spot, o.legs, legs),
        (
            legs[0].greeks, legs[1].greeks, legs[2].greeks, legs[3].greeks,
            legs[4].greeks, legs[5].greeks, legs[6].greeks, legs[7].greeks,
        ),
        shared.memory,
    )  # fmt: skip


@compiled
def valued_then(shared: Shared, instant: int) -> Valued:
    """What was valued at that instant."""
    line = shared.rows[instant]
    return Valued(
        float(line["spot"]),
        float(line["mark"]),
        float(line["spread_pct"]),
        Moves(float(line["volatility"]), float(line["trend"]), float(line["largest_pct"])),
        Book(
            int(line["legs"]), float(line["option_delta"]), float(line["gamma"]), float(line["vega"]),
            float(line["theta"]), int(line["ready"]) != 0, int(line["lost"]) != 0, int(line["disagreed"]) != 0,
            int(line["early"]) != 0, float(line["unrealized"]),
        ),
        (
            leg_greeks(shared, instant, 0), leg_greeks(shared, instant, 1), leg_greeks(shared, instant, 2),
            leg_greeks(shared, instant, 3), leg_greeks(shared, instant, 4), leg_greeks(shared, instant, 5),
            leg_greeks(shared, instant, 6), leg_greeks(shared, instant, 7),
        ),
        shared.memory,
    )  # fmt: skip


@compiled
def judge_shared(params: Any, state: Any, o: Observation, shared: Shared, instant: int) -> Any:
    """The strategy's decision on legs valued for all; `instant` is the last one at or before `o.now`."""
    then = o.now == shared.rows[instant]["now"]
    valued = valued_then(shared, instant) if then else valued_again(shared, instant, o)
    return decide(params, state, o, valued)
