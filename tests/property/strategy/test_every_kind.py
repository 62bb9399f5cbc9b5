"""Every strategy shipped: compiled decides as plain does, and the daemon's host as the backtest does, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.backtest.binding import bind, bound
from hedgerow.backtest.engine import Settings, run_bound
from hedgerow.backtest.run import feed_for
from hedgerow.backtest.spec import make_spec
from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.hosting import load_kernel
from hedgerow.strategy.kinds import SHIPPED, load
from hedgerow.strategy.kit.config import effective_limits
from hedgerow.strategy.session_log import DECISION
from hedgerow.strategy.trial import plain_day, same_again
from tests.backtest_world import made_tape

RULES: dict[str, dict[str, Any]] = {
    "time_based": {"interval_seconds": 300},
    "band_optimal": {"risk_aversion": 0.05},
    "moving_average": {"fast_minutes": 2, "slow_minutes": 6},
}
HEDGING = [kind for kind in SHIPPED if kind != "bridge"]  # a backtest has no other process to answer


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", SHIPPED)
def test_compiled_decides_as_plain_over_a_rough_day(kind: str) -> None:
    keys = {"rule": RULES[kind]} if kind in RULES else {}
    day = plain_day(kind, seed=11, **keys)
    assert day.broken is None
    assert day.intents > 3
    assert same_again(kind, day, "plain", **keys) == (0, "plain")
    assert same_again(kind, day, "compiled", **keys) == (0, "compiled")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", HEDGING)
def test_the_daemons_host_decides_as_the_backtest(kind: str) -> None:
    entry = {"name": "one", "kind": kind, "account": "SIM0000001", "underlying": {"symbol": "SIMX"}}
    if kind in RULES:
        entry["rule"] = RULES[kind]
    spec = make_spec({"tapes": ["unused"], "strategies": [entry], "position": {"contracts": 20}})
    config = spec.strategies[0]
    feed = feed_for(spec, config, (made_tape(),))
    strategy = load(kind)
    params = strategy.params(config, effective_limits(config, feed.interval_ms))
    seen, decided = [], []

    def step(params: Any, state: Any, o: Any) -> Any:
        state, decision = strategy.step(params, state, o)
        seen.append(o)
        decided.append(DECISION.pack(decision))
        return state, decision

    settings = Settings(stale_limit_ms=120_000.0)
    told = run_bound(bind(step, strategy.initial_state, "plain"), feed, params, settings)
    assert told.counts.orders > 0
    live = Hosted(load_kernel("plain", kind), params)
    assert [DECISION.pack(live.decide(o)) for o in seen] == decided
    assert live.broken is None
    compiled = run_bound(bound(kind, "compiled"), feed, params, settings)
    for name, column in told.decisions.items():
        assert column.tobytes() == compiled.decisions[name].tobytes(), name
