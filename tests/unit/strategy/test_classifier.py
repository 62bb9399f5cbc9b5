"""The composite state, row by row at its edges; bars; whole shares."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from hedgerow.strategy.codes import (
    DeltaState,
    ExecutionState,
    HedgeFSM,
    LiquidityState,
    MarketState,
    OptionState,
    SystemState,
)
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.kit.bars import Moves, add_price, moves
from hedgerow.strategy.kit.classifier import (
    classify_delta,
    classify_execution,
    classify_liquidity,
    classify_market,
    classify_option,
    classify_system,
)
from hedgerow.strategy.kit.intent import hedge_target, reduce_only_target, rest_of_parent, round_shares
from hedgerow.strategy.kit.quotes import mid_price, spread_percent
from hedgerow.strategy.kit.state import NO_BARS
from hedgerow.strategy.observation import QuoteView

P = Params()
MINUTE = 60_000_000_000
CALM = Moves(0.3, 0.2, 0.1)


@pytest.mark.parametrize(
    ("legs", "gamma", "expected"),
    [(0, 0.0, OptionState.NONE), (2, 3.0, OptionState.LONG_GAMMA), (2, -3.0, OptionState.SHORT_GAMMA)],
)
def test_option(legs: int, gamma: float, expected: OptionState) -> None:
    assert classify_option(legs, gamma) == expected


@pytest.mark.parametrize(
    ("net_delta", "expected"),
    [
        (10.0, DeltaState.IN_BAND),
        (-10.1, DeltaState.MINOR),
        (24.9, DeltaState.MINOR),
        (-25.0, DeltaState.HEDGE_NEEDED),
        (499.9, DeltaState.HEDGE_NEEDED),
        (-500.0, DeltaState.FORCE_HEDGE),
        (math.nan, DeltaState.INVALID),
        (math.inf, DeltaState.INVALID),
    ],
)
def test_delta(net_delta: float, expected: DeltaState) -> None:
    assert classify_delta(P, net_delta) == expected


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        (CALM, MarketState.NORMAL),
        (Moves(0.079, 0.2, 0.1), MarketState.QUIET),
        (Moves(0.61, 0.2, 0.1), MarketState.CHOPPY_HIGHVOL),
        (Moves(0.3, 0.71, 0.1), MarketState.TREND),
        (Moves(0.3, 0.2, 1.01), MarketState.GAP),
        (Moves(math.nan, math.nan, math.nan), MarketState.NORMAL),
    ],
)
def test_market(recent: Moves, expected: MarketState) -> None:
    assert classify_market(P, QuoteView(1.0, 1.1, 5, 10.0, 5000.0), True, recent) == expected


def test_market_is_stale_beyond_the_limit_without_feed_or_without_a_quote() -> None:
    quote = QuoteView(1.0, 1.1, 5, 5000.0, 5000.0)
    assert classify_market(P, quote, True, CALM) == MarketState.NORMAL
    assert classify_market(P, quote._replace(age_ms=5000.1), True, CALM) == MarketState.STALE
    assert classify_market(P, quote._replace(age_ms=math.nan), True, CALM) == MarketState.STALE
    assert classify_market(P, quote._replace(event_time=0), True, CALM) == MarketState.STALE
    assert classify_market(P, quote, False, CALM) == MarketState.STALE


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (999.6, 1000.4, LiquidityState.NORMAL),
        (999.5, 1000.5, LiquidityState.WIDE),
        (997.5, 1002.5, LiquidityState.EXTREME_WIDE),
        (math.nan, 1000.0, LiquidityState.NO_QUOTE),
        (1000.0, math.nan, LiquidityState.NO_QUOTE),
        (0.0, 1000.0, LiquidityState.NO_QUOTE),
        (1000.1, 1000.0, LiquidityState.NO_QUOTE),
    ],
)
def test_liquidity(bid: float, ask: float, expected: LiquidityState) -> None:
    assert classify_liquidity(P, spread_percent(bid, ask)) == expected
    assert math.isnan(mid_price(bid, ask)) == (expected == LiquidityState.NO_QUOTE)


def test_execution() -> None:
    idle = {HedgeFSM.EXEC_IDLE, HedgeFSM.FILLED}
    for state in HedgeFSM:
        expected = ExecutionState.IDLE if state in idle else ExecutionState.ORDER_WORKING
        if state == HedgeFSM.PARTIAL:
            expected = ExecutionState.PARTIAL_FILL
        if state == HedgeFSM.FAIL:
            expected = ExecutionState.BROKER_ERROR
        assert classify_execution(state, True) == expected
        assert classify_execution(state, False) == ExecutionState.DISCONNECTED


def test_system() -> None:
    assert classify_system(P, 0, 2000.0, 1000.0, True) == SystemState.OK
    assert classify_system(P, 1, 2000.0, 1000.0, False) == SystemState.GREEKS_BAD
    assert classify_system(P, 0, 2000.1, 0.0, False) == SystemState.DATA_LAG
    assert classify_system(P, 0, 0.0, math.nan, True) == SystemState.DATA_LAG
    assert classify_system(P, 2, 0.0, 0.0, True) == SystemState.RISK_HALT
    assert classify_system(P, 3, 0.0, 0.0, True) == SystemState.RISK_HALT


def test_bars_and_moves() -> None:
    bars = NO_BARS
    prices = [100.0, 101.0, 100.0, 101.0, 100.0, 102.5]
    for minute, price in enumerate(prices, start=1000):
        bars = add_price(bars, minute * MINUTE, price - 0.5)
        bars = add_price(bars, minute * MINUTE + 30, price)
    recent = moves(bars, 5)
    logs = [math.log(b / a) for a, b in pairwise(prices)]
    assert recent.volatility == pytest.approx(math.sqrt(sum(x * x for x in logs) / 5 * 252 * 390))
    assert recent.trend == pytest.approx(abs(sum(logs)) / sum(map(abs, logs)))
    assert recent.largest_pct == pytest.approx(2.5)
    assert math.isnan(moves(bars, 6).volatility)
    assert moves(add_price(bars, 1012 * MINUTE, 102.5), 5) == (0.0, 0.0, 0.0)  # silent minutes repeat the close
    assert add_price(bars, 1006 * MINUTE, math.nan) == bars


@pytest.mark.parametrize("x", [0.5, 1.5, -0.5, -1.5, 2.5, 0.49999999999999994, -25.3, 1e9 + 0.5, 7.0, -0.2])
def test_shares_round_as_python_does(x: float) -> None:
    assert round_shares(x) == round(x)
    assert hedge_target(x) == -round(x)


def test_reduce_only_never_crosses_zero() -> None:
    assert reduce_only_target(-50.0, 30.0) == -30.0
    assert reduce_only_target(-20.0, 30.0) == -20.0
    assert reduce_only_target(20.0, 30.0) == 0.0
    assert reduce_only_target(50.0, -30.7) == 30.0
    assert reduce_only_target(50.0, 0.0) == 0.0


def test_rest_of_parent() -> None:
    assert rest_of_parent(-60.0, -20.0, -50.0) == -40.0
    assert rest_of_parent(-60.0, -20.0, -15.0) == -15.0
    assert rest_of_parent(-60.0, -20.0, 15.0) == 0.0
    assert rest_of_parent(-60.0, -60.0, -15.0) == 0.0
