"""Values a feed's legs once, for every parameter set that values them alike."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hedgerow.backtest.binding import Bound, bind
from hedgerow.backtest.feed import Feed
from hedgerow.backtest.loading import DEFAULT, Settings, inputs_of, roomier, setup_of, tables_for, world_at_start
from hedgerow.backtest.recording import count_nothing
from hedgerow.backtest.shared import LEGS_PRICED, PRICED, Shared, price, write_no_greeks, write_priced
from hedgerow.backtest.tables import DONE, Setup
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.hosting import Mode
from hedgerow.strategy.kinds import load, sources_of
from hedgerow.strategy.kit.state import initial_state
from hedgerow.strategy.kit.value import VALUE_PARAMS

_CHUNK = 65_536


@dataclass(frozen=True, eq=False)
class SharedGreeks:
    """Legs valued over one feed under one set of VALUE_PARAMS and limits; some 100 bytes per instant and 40 per leg."""

    feed: Feed
    setup: Setup
    shared: Shared

    def check(self, feed: Feed, params: Any, setup: Setup) -> None:
        """Raises InvalidValue naming what differs from what it was made with."""
        if feed is not self.feed:
            raise InvalidValue("shared", feed.symbol, "greeks of the very feed that is run")
        own = params.common
        for name in VALUE_PARAMS:
            made, wanted = getattr(self.shared.params, name), getattr(own, name)
            if made != wanted and not (made != made and wanted != wanted):
                raise InvalidValue(name, wanted, f"{made}, as the shared greeks were made with", "prepare them anew")
        for name in ("stale_ms", "timer_ns"):
            if getattr(setup, name) != getattr(self.setup, name):
                raise InvalidValue(name, getattr(setup, name), f"{getattr(self.setup, name)}, as for the shared greeks")


def decides_on_shared(strategy: str) -> bool:
    """Whether a strategy of that kind can take legs valued for all: its module has `decide` beside `step`."""
    return _decide(load(strategy).step) is not None


def _decide(step: Callable[..., Any]) -> Callable[..., Any] | None:
    return getattr(sys.modules[step.__module__], "decide", None)


@lru_cache(maxsize=32)
def bound_to_shared(strategy: str, mode: Mode) -> Bound:
    """The loop bound to the strategy's `decide`; InvalidValue when it has none."""
    made = load(strategy)
    decide = _decide(made.step)
    if decide is None:
        raise InvalidValue("shared", strategy, "a strategy whose module has `decide` beside `step`", "run it without")
    return bind(made.step, made.initial_state, mode, sources=sources_of(strategy), decide=decide)


@lru_cache(maxsize=2)
def _pricer(mode: Mode) -> Bound:
    writers: dict[str, Callable[..., Any]] = {
        "count_decision": count_nothing,
        "write_decision": write_priced,
        "write_greeks": write_no_greeks,
    }
    return bind(price, lambda params: initial_state(params).memory, mode, writers)


def prepare_greeks(feed: Feed, params: Any, settings: Settings = DEFAULT, mode: Mode = "compiled") -> SharedGreeks:
    """The feed's legs valued with these parameters, at every instant a run over it decides at.

    Give it to `engine.run` for any parameters that agree in `kit.chain.VALUE_PARAMS`, any fill model and any
    commissions: the results are the same as without. It is only read, so threads may share it.
    """
    if len(feed) == 0:
        raise InvalidValue("feed", feed.symbol, "at least one quote")
    runner = _pricer(mode)
    own = params.common
    setup = setup_of(feed, settings, True, False)
    rows, days, legs = inputs_of(feed, mode == "plain")
    tables = tables_for(_CHUNK, LEGS_PRICED)
    world = world_at_start(feed, setup)
    memory = runner.initial_state(own)
    count = len(feed.legs)
    parts: list[tuple[NDArray[Any], ...]] = []
    why = -1
    while why != DONE:
        memory, world, why = runner.run_rows(own, memory, setup, rows, days, legs, tables, None, world)
        parts.append(_compact(tables.decisions[: world.decisions], count))
        world = world._replace(decisions=0)
        tables = roomier(tables, world)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return SharedGreeks(feed, setup, Shared(own, memory, *columns))


def _compact(rows: NDArray[Any], legs: int) -> tuple[NDArray[Any], ...]:
    """One chunk's rows without the legs, and the legs' own columns for the slots in use."""
    narrow = np.empty(len(rows), PRICED)
    for name in PRICED.names or ():
        narrow[name] = rows[name]
    names = ("leg_volatility", "leg_mid", "leg_implied", "leg_volatility_time", "leg_quote_time")
    return narrow, *(np.ascontiguousarray(rows[name][:, :legs]) for name in names)
