"""The configuration: unknown keys, contradictions and units are refused; the hash covers effective limits."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from hedgerow.strategy.gamma_scalper.config import (
    Earnings,
    GammaScalperConfig,
    config_hash,
    earnings_blackout,
    effective_limits,
    params,
)
from hedgerow.strategy.gamma_scalper.params import Params

SPECIFIED: dict[str, Any] = {
    "name": "goog-scalper",
    "kind": "gamma_scalper",
    "account": "SIM0000001",
    "underlying": {"symbol": "GOOG", "sec_type": "STK", "exchange": "SMART", "currency": "USD"},
    "adopt": "matching",
    "gates": {
        "strategy": {
            "structure": {"min_dte": 21, "max_dte": 35, "atm_band_pct": 0.03},
            "earnings": {"blackout_days_before": 3, "blackout_days_after": 1, "dates": []},
            "trading_hours_only": True,
        },
        "state": {
            "delta": {"epsilon_band": 10, "hedge_threshold": 25, "max_delta_limit": 500},
            "market": {"vol_window_min": 5, "stale_ts_threshold_ms": 5000},
            "liquidity": {"wide_spread_pct": 0.1, "extreme_spread_pct": 0.5},
            "system": {"data_lag_threshold_ms": 1000},
        },
        "intent": {
            "hedge": {
                "min_hedge_shares": 10,
                "cooldown_seconds": 60,
                "max_hedge_shares_per_order": 500,
                "min_price_move_pct": 0.2,
            }
        },
        "guard": {"risk": {"max_daily_hedge_count": 50, "max_position_shares": 2000, "max_daily_loss_usd": 5000}},
    },
    "greeks": {"risk_free_rate": 0.02, "dividend_yield": 0.0, "volatility": "implied", "option_stale_ms": 600000},
    "recovery": {"automatic": True, "max_hedge_retries": 2},
}


def config(**changes: Any) -> GammaScalperConfig:
    return GammaScalperConfig.model_validate(SPECIFIED | changes)


def test_the_specified_shape_is_the_default() -> None:
    spelled_out = config()
    assert spelled_out == GammaScalperConfig(
        name="goog-scalper", account="SIM0000001", underlying={"symbol": "GOOG"}  # type: ignore[arg-type]
    )  # fmt: skip
    assert repr(params(spelled_out, effective_limits(spelled_out, 0))) == repr(Params())


def with_key(path: str, value: object) -> dict[str, Any]:
    parts = path.split(".")
    out: dict[str, Any] = {parts[-1]: value}
    for part in reversed(parts[:-1]):
        out = {part: out}
    return out


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("surprise", 1),
        ("gates.intent.hedge.cooldown", 60),
        ("gates.strategy.structure.min_dte", 36),
        ("gates.strategy.structure.min_dte", -1),
        ("gates.state.delta.hedge_threshold", 9),
        ("gates.state.delta.hedge_threshold", 500),
        ("gates.state.delta.epsilon_band", float("nan")),
        ("gates.state.market.vol_window_min", 32),
        ("gates.state.market.quiet_vol", 0.7),
        ("gates.state.liquidity.wide_spread_pct", 0.5),
        ("gates.intent.hedge.max_hedge_shares_per_order", 0),
        ("gates.guard.risk.max_daily_loss_usd", -5000),
        ("gates.guard.risk.on_breach", "shrug"),
        ("greeks.volatility", "historic"),
        ("greeks.volatility", -0.2),
        ("recovery.max_hedge_retries", -1),
        ("adopt", "everything"),
        ("kind", "other"),
    ],
)
def test_wrong_values_are_refused_by_key(path: str, value: object) -> None:
    with pytest.raises(ValidationError) as raised:
        config(**with_key(path, value))
    assert str(path.split(".", maxsplit=1)[0]) in str(raised.value)


def test_effective_limits_widen_with_the_tape_and_enter_the_hash() -> None:
    live, minute = effective_limits(config(), 0), effective_limits(config(), 60_000)
    assert live == {"stale_ts_threshold_ms": 5000.0, "option_stale_ms": 600_000.0, "reprice_ms": 5000.0}
    assert minute == {"stale_ts_threshold_ms": 120_000.0, "option_stale_ms": 600_000.0, "reprice_ms": 60_000.0}
    assert params(config(), minute).reprice_ns == 60_000_000_000
    assert config_hash(config(), live) != config_hash(config(), minute)
    assert config_hash(config(), live) == config_hash(config(), effective_limits(config(), 1000))
    assert config_hash(config(adopt="none"), live) != config_hash(config(), live)


def test_earnings_blackout_days() -> None:
    earnings = Earnings(dates=(date(2026, 2, 4),))
    days = [day for day in range(1, 10) if earnings_blackout(earnings, date(2026, 2, day))]
    assert days == [1, 2, 3, 4, 5]
