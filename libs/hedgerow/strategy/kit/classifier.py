"""The composite state O, D, M, L, E, S: one function per dimension, as the specification's table."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.strategy.codes import (
    DeltaState,
    ExecutionState,
    HedgeFSM,
    LiquidityState,
    MarketState,
    OptionState,
    SystemState,
    code,
)
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.bars import Moves
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.observation import QuoteView, RiskState


class Composite(NamedTuple):
    """The six codes a decision is based on; E as it was before this evaluation acted."""

    option: int
    delta: int
    market: int
    liquidity: int
    execution: int
    system: int


@compiled
def classify_option(legs: int, gamma: float) -> int:
    """O: sign of the total gamma; NONE without legs."""
    if legs > 0 and gamma > 0.0:
        return code(OptionState.LONG_GAMMA)
    if legs > 0 and gamma < 0.0:
        return code(OptionState.SHORT_GAMMA)
    return code(OptionState.NONE)


@compiled
def classify_delta(params: Params, net_delta: float) -> int:
    """D: abs(net delta) in shares against the three bands."""
    distance = abs(net_delta)
    if not math.isfinite(net_delta):
        return code(DeltaState.INVALID)
    if distance >= params.max_delta_limit_shares:
        return code(DeltaState.FORCE_HEDGE)
    if distance >= params.hedge_threshold_shares:
        return code(DeltaState.HEDGE_NEEDED)
    if distance > params.epsilon_band_shares:
        return code(DeltaState.MINOR)
    return code(DeltaState.IN_BAND)


@compiled
def classify_market(params: Params, quote: QuoteView, feed_up: bool, recent: Moves) -> int:
    """M: staleness first, then the largest move, then volatility and trend of the window."""
    if not (feed_up and quote.event_time > 0 and quote.age_ms <= quote.limit_ms):
        return code(MarketState.STALE)
    if recent.largest_pct > params.gap_pct:
        return code(MarketState.GAP)
    if recent.volatility > params.high_vol:
        return code(MarketState.CHOPPY_HIGHVOL)
    if recent.trend > params.trend_ratio:
        return code(MarketState.TREND)
    if recent.volatility < params.quiet_vol:
        return code(MarketState.QUIET)
    return code(MarketState.NORMAL)


@compiled
def classify_liquidity(params: Params, spread_pct: float) -> int:
    """L: the underlying's spread in percent of mid; NaN is no two-sided quote."""
    if not math.isfinite(spread_pct):
        return code(LiquidityState.NO_QUOTE)
    if spread_pct >= params.extreme_spread_pct:
        return code(LiquidityState.EXTREME_WIDE)
    if spread_pct >= params.wide_spread_pct:
        return code(LiquidityState.WIDE)
    return code(LiquidityState.NORMAL)


@compiled
def classify_execution(hedge_fsm: int, broker_up: bool) -> int:
    """E: the broker link, then the HedgeFSM's state."""
    if not broker_up:
        return code(ExecutionState.DISCONNECTED)
    if hedge_fsm == HedgeFSM.FAIL:
        return code(ExecutionState.BROKER_ERROR)
    if hedge_fsm == HedgeFSM.PARTIAL:
        return code(ExecutionState.PARTIAL_FILL)
    if hedge_fsm == HedgeFSM.EXEC_IDLE or hedge_fsm == HedgeFSM.FILLED:
        return code(ExecutionState.IDLE)
    return code(ExecutionState.ORDER_WORKING)


@compiled
def classify_system(
    params: Params, trading_state: int, feed_silence_ms: float, data_lag_ms: float, greeks_ok: bool
) -> int:
    """S: the worst that stands: risk halted, then the data path, then the greeks."""
    if trading_state == RiskState.HALTED or trading_state == RiskState.UNKNOWN:
        return code(SystemState.RISK_HALT)
    if not (feed_silence_ms <= params.feed_silence_ms and data_lag_ms <= params.data_lag_threshold_ms):
        return code(SystemState.DATA_LAG)
    if not greeks_ok:
        return code(SystemState.GREEKS_BAD)
    return code(SystemState.OK)
