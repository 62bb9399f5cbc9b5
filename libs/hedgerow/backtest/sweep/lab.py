"""Runs combinations one after another, and makes what they have in common only once: tapes, feeds, greeks."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from hedgerow.backtest.columns import Result
from hedgerow.backtest.engine import run
from hedgerow.backtest.feed import Feed
from hedgerow.backtest.inputs import hash_of, tape_hash, tapes_of
from hedgerow.backtest.judge import Judge
from hedgerow.backtest.loading import Settings
from hedgerow.backtest.rule_sets import rule_set
from hedgerow.backtest.run import feed_for, settings_of
from hedgerow.backtest.sharing import SharedGreeks, decides_on_shared, prepare_greeks
from hedgerow.backtest.spec import Spec
from hedgerow.backtest.sweep.outcome import row_of, version_of
from hedgerow.backtest.sweep.parameters import Combination
from hedgerow.backtest.sweep.plan import Plan
from hedgerow.backtest.sweep.rows import Header, Row
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.kinds import load
from hedgerow.strategy.kit.config import StrategyConfig, effective_limits
from hedgerow.strategy.kit.value import VALUE_PARAMS
from hedgerow.tape.format import Tape

MOST_FEEDS = 4
"""Feeds kept at a time: one per strategy and set of market data, a million quotes are about 45 MB."""
MOST_GREEKS = 1
"""Sets of greeks kept per feed: a straddle's over a million quotes is about 180 MB."""

T = TypeVar("T")


class _Kept:
    """The last few of something that is dear to make, by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: OrderedDict[str, Any] = OrderedDict()

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The one of that key, made when it is not here."""
        if key not in self._items:
            self._items[key] = make()
            while len(self._items) > self._most:
                self._items.popitem(last=False)
        self._items.move_to_end(key)
        found: T = self._items[key]
        return found


class _Data(NamedTuple):
    tapes: dict[str, tuple[Tape, ...]]
    tape_hash: str


class _Valued:
    """A feed, and its legs valued for those who ask the same."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.greeks = _Kept(MOST_GREEKS)


def _key(*parts: Any) -> str:
    return json.dumps(parts, sort_keys=True, default=str)


def data_key(spec: Spec) -> str:
    """What decides the market data: combinations with the same key share tapes and feeds."""
    return _key(*(spec.model_dump(mode="json")[name] for name in ("tapes", "history", "scenario", "seed")))


def feed_key(spec: Spec, config: StrategyConfig) -> str:
    """What decides a strategy's feed beyond the market data: its legs and how they are priced, its earnings days."""
    told = config.model_dump(mode="json")
    return _key(
        data_key(spec), spec.position.model_dump(mode="json"), config.name, told["underlying"], told["adopt"],
        told["gates"]["strategy"], told["greeks"],
    )  # fmt: skip


class Lab:
    """Evaluates combinations; several threads may ask at once and share what is made."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._data = _Kept(1)
        self._feeds = _Kept(MOST_FEEDS)
        self._making = RLock()

    def header(self, combination: Combination) -> Header:
        """What a sweep runs over, by its first combination; whoever forks afterwards shares it, machine code included.

        Raises InvalidValue where the data do not fit the spec.
        """
        spec = self._plan.spec(combination)
        data = self._data_of(spec)
        days = sorted({tape.meta.date.isoformat() for tapes in data.tapes.values() for tape in tapes})
        found = [self._feed(spec, config) for config in spec.strategies]
        for config, valued in zip(spec.strategies, found, strict=True):
            self._greeks(spec, config, valued)
        firsts = [
            self._evaluate(spec, config, _Valued(valued.feed.between(0, 1)))
            for config, valued in zip(spec.strategies, found, strict=True)
        ]
        ticks = sum(len(valued.feed) for valued in found)
        return Header(data.tape_hash, version_of(firsts[0]), tuple(days), ticks)

    def row(self, index: int, combination: Combination) -> Row:
        """One combination's outcome; raises InvalidValue where the data do not fit the spec."""
        spec = self._plan.spec(combination)
        data = self._data_of(spec)
        found = [self._feed(spec, config) for config in spec.strategies]
        results = [self._evaluate(spec, config, valued) for config, valued in zip(spec.strategies, found, strict=True)]
        return row_of(index, spec, data.tape_hash, [valued.feed for valued in found], results)

    def group(self, combination: Combination) -> str:
        """Combinations of one group share their feeds; run one after another, these are made once."""
        spec = self._plan.spec(combination)
        return _key([feed_key(spec, config) for config in spec.strategies])

    def _data_of(self, spec: Spec) -> _Data:
        def make() -> _Data:
            tapes = tapes_of(spec)
            hashes = [hash_of([tape_hash(tape) for tape in days]) for days in tapes.values()]
            return _Data(tapes, hash_of(hashes))

        with self._making:
            return self._data.get(data_key(spec), make)

    def _feed(self, spec: Spec, config: StrategyConfig) -> _Valued:
        def make() -> _Valued:
            tapes = self._data_of(spec).tapes
            symbol = config.underlying.symbol
            if symbol not in tapes:
                rule = f"a symbol the tapes are of: {', '.join(tapes)}"
                raise InvalidValue("underlying.symbol", symbol, rule, f"--set underlying.symbol={next(iter(tapes))}")
            return _Valued(feed_for(spec, config, tapes[symbol]))

        with self._making:
            return self._feeds.get(feed_key(spec, config), make)

    def _evaluate(self, spec: Spec, config: StrategyConfig, valued: _Valued) -> Result:
        params, settings = _told(spec, config, valued.feed)
        rules = rule_set(spec.rules)
        return run(
            valued.feed, params, settings, strategy=config.kind, mode=self._plan.mode, record=False,
            risk=Judge(rules, config) if rules is not None else None, shared=self._greeks(spec, config, valued),
        )  # fmt: skip

    def _greeks(self, spec: Spec, config: StrategyConfig, valued: _Valued) -> SharedGreeks | None:
        """The feed's legs valued as this combination asks, for all that ask the same; None where nothing is shared."""
        feed = valued.feed
        if not feed.legs or not decides_on_shared(config.kind):
            return None
        params, settings = _told(spec, config, feed)
        asked = {name: getattr(params.common, name) for name in VALUE_PARAMS}
        with self._making:
            return valued.greeks.get(
                _key(asked, settings.stale_limit_ms, settings.timer_ms),
                lambda: prepare_greeks(feed, params, settings, self._plan.mode),
            )


def _told(spec: Spec, config: StrategyConfig, feed: Feed) -> tuple[Any, Settings]:
    """The strategy's parameters and the engine's settings."""
    effective = effective_limits(config, feed.interval_ms)
    return load(config.kind).params(config, effective), settings_of(spec, config, effective)
