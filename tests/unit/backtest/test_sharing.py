"""Legs valued once for many parameter sets: the same results to the last bit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from hedgerow.backtest.columns import Result
from hedgerow.backtest.engine import Settings, run
from hedgerow.backtest.feed import Feed
from hedgerow.backtest.fills import FillModel
from hedgerow.backtest.sharing import decides_on_shared, prepare_greeks
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.tape.format import Tape
from hedgerow.tape.synth import synth_tape
from tests.backtest_world import straddle_feed


def same(one: Result, other: Result) -> None:
    """Both results to the last bit."""
    for part in ("decisions", "orders", "fills", "marks"):
        ours, theirs = getattr(one, part), getattr(other, part)
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert ours[name].tobytes() == theirs[name].tobytes(), f"{part}.{name}"
    assert (one.counts, one.reasons, one.pnl) == (other.counts, other.reasons, other.pnl)


@pytest.fixture(scope="module")
def feed() -> Feed:
    """An hour and a half of a synthetic day, with a straddle given up before the end."""
    tape = Tape.of(*synth_tape(7, date(2024, 3, 13), interval_ms=15_000))
    return straddle_feed(tape, tape.meta.session_open_ns + 5_000_000_000_000).between(0, 640)


@pytest.mark.parametrize("latency_ms", [0, 700, 40_000])
def test_shared_greeks_change_nothing(feed: Feed, latency_ms: int) -> None:
    settings = Settings(FillModel(latency_ns=latency_ms * 1_000_000))
    shared = prepare_greeks(feed, Params(), Settings(), "plain")
    for threshold in (12.0, 25.0):
        params = Params(hedge_threshold_shares=threshold, min_price_move_pct=0.05)
        alone = run(feed, params, settings, mode="plain")
        assert alone.counts.orders > 0
        same(run(feed, params, settings, mode="plain", shared=shared), alone)


def test_greeks_made_otherwise_are_refused(feed: Feed) -> None:
    shared = prepare_greeks(feed, Params(), Settings(), "plain")
    for params, settings in (
        (Params(risk_free_rate=0.03), Settings()),
        (Params(fixed_volatility=0.2), Settings()),
        (Params(), Settings(stale_limit_ms=60_000.0)),
    ):
        with pytest.raises(InvalidValue):
            run(feed, params, settings, mode="plain", shared=shared)
    with pytest.raises(InvalidValue):
        run(feed.between(0, 100), Params(), mode="plain", shared=shared)
    with pytest.raises(InvalidValue):
        run(feed, Params(), mode="plain", strategy="moving_average", shared=shared)
    assert decides_on_shared("gamma_scalper")
    assert not decides_on_shared("moving_average")


def test_only_the_slots_in_use_are_kept(feed: Feed) -> None:
    shared = prepare_greeks(feed, Params(), Settings(), "plain").shared
    assert shared.mid.shape == (len(shared.rows), 2)
    assert np.all(np.diff(shared.rows["now"]) >= 0)
