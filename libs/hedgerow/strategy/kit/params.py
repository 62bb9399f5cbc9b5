"""The chain's parameters as one flat record of numbers; a strategy's own record holds one as `common`."""

from __future__ import annotations

import math
from typing import NamedTuple


class Params(NamedTuple):
    """Configuration as the kernel reads it; limits that replay widens are already the effective ones.

    Shares, USD, seconds, milliseconds and percent are in the names; `atm_band` and `fixed_volatility` (NaN =
    implied) are plain ratios; an absent optional cap is infinite. `without_legs` lets a strategy trade the stock alone.
    """

    # legs that may be adopted
    min_dte: int = 21
    max_dte: int = 35
    atm_band: float = 0.03
    trading_hours_only: bool = True
    # classifier
    epsilon_band_shares: float = 10.0
    hedge_threshold_shares: float = 25.0
    max_delta_limit_shares: float = 500.0
    vol_window_min: int = 5
    quiet_vol: float = 0.08
    high_vol: float = 0.60
    trend_ratio: float = 0.7
    gap_pct: float = 1.0
    wide_spread_pct: float = 0.1
    extreme_spread_pct: float = 0.5
    data_lag_threshold_ms: float = 1000.0
    feed_silence_ms: float = 2000.0
    # how a hedge is worked
    min_hedge_shares: float = 10.0
    cooldown_ns: int = 60_000_000_000
    max_hedge_shares_per_order: float = 500.0
    min_price_move_pct: float = 0.2
    reprice_ns: int = 5_000_000_000
    ack_timeout_ms: float = 3000.0
    # guard
    max_daily_hedge_count: int = 50
    max_position_shares: float = 2000.0
    max_daily_loss_usd: float = 5000.0
    breach_reduce_only: bool = False
    max_net_delta_shares: float = math.inf
    max_spread_pct: float = math.inf
    # greeks
    risk_free_rate: float = 0.02
    dividend_yield: float = 0.0
    fixed_volatility: float = math.nan
    option_stale_ms: float = 600_000.0
    broker_delta_tolerance: float = 0.05
    broker_delta_observations: int = 3
    next_dividend_usd: float = 0.0
    deep_delta: float = 0.95
    near_expiry_ns: int = 5 * 86_400_000_000_000
    # recovery
    automatic_recovery: bool = True
    max_hedge_retries: int = 2
    fault_hold_ns: int = 60_000_000_000
    # a strategy that needs no option position
    without_legs: bool = False

    @property
    def common(self) -> Params:
        """Itself, so that a host reads `params.common` of any strategy's parameters."""
        return self
