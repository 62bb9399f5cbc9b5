"""What every strategy is configured with: every key with its unit, checked whole, hashed, turned into Params."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import date
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.kit.state import MAX_BARS

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND


class Section(BaseModel):
    """Frozen; an unknown key is an error, not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Underlying(Section):
    """The stock that is hedged with."""

    symbol: str = Field(pattern=r"^[A-Z0-9][A-Z0-9.\-]{0,15}$")
    sec_type: Literal["STK"] = "STK"
    exchange: str = "SMART"
    currency: str = "USD"


class Structure(Section):
    """Which option legs may be adopted."""

    min_dte: int = Field(default=21, ge=0, description="calendar days to the last trading day, at least")
    max_dte: int = Field(default=35, ge=0, description="calendar days to the last trading day, at most")
    atm_band_pct: float = Field(
        default=0.03, gt=0, le=1, description="|strike / spot - 1| at adoption, as a ratio: 0.03 is 3 %"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_dte > self.max_dte:
            raise ValueError(f"min_dte {self.min_dte} must not exceed max_dte {self.max_dte}")
        return self


class Earnings(Section):
    """Dates around which no new hedge leaves."""

    blackout_days_before: int = Field(default=3, ge=0, le=60, description="calendar days")
    blackout_days_after: int = Field(default=1, ge=0, le=60, description="calendar days")
    dates: tuple[date, ...] = Field(default=(), description="listed earnings dates, YYYY-MM-DD")


class StrategyGate(Section):
    """What is traded, and when."""

    structure: Structure = Structure()
    earnings: Earnings = Earnings()
    trading_hours_only: bool = Field(default=True, description="hedge only while the exchange calendar says open")


class Delta(Section):
    """Bands of abs(net delta), in shares."""

    epsilon_band: NotNegative = Field(default=10.0, description="shares; a hedge is done inside it")
    hedge_threshold: Positive = Field(default=25.0, description="shares; a hedge begins here")
    max_delta_limit: Positive = Field(default=500.0, description="shares; FORCE_HEDGE from here")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.epsilon_band <= self.hedge_threshold < self.max_delta_limit:
            raise ValueError(
                f"epsilon_band {self.epsilon_band:g} <= hedge_threshold {self.hedge_threshold:g}"
                f" < max_delta_limit {self.max_delta_limit:g} must hold"
            )
        return self


class Market(Section):
    """The underlying's regime."""

    vol_window_min: int = Field(default=5, ge=2, lt=MAX_BARS, description="one-minute bars")
    stale_ts_threshold_ms: Positive = Field(default=5000.0, description="ms; the underlying's freshness limit")
    quiet_vol: NotNegative = Field(default=0.08, description="annualised; below is QUIET")
    high_vol: Positive = Field(default=0.60, description="annualised; above is CHOPPY_HIGHVOL")
    trend_ratio: float = Field(default=0.7, gt=0, le=1, description="|net move| / sum of |moves|; above is TREND")
    gap_pct: Positive = Field(default=1.0, description="percent in one bar; above is GAP")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.quiet_vol >= self.high_vol:
            raise ValueError(f"quiet_vol {self.quiet_vol:g} must be below high_vol {self.high_vol:g}")
        return self


class Liquidity(Section):
    """The underlying's spread, percent of mid."""

    wide_spread_pct: Positive = Field(default=0.1, description="percent of mid; from here WIDE")
    extreme_spread_pct: Positive = Field(default=0.5, description="percent of mid; from here EXTREME_WIDE")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.wide_spread_pct >= self.extreme_spread_pct:
            raise ValueError(
                f"wide_spread_pct {self.wide_spread_pct:g} must be below extreme_spread_pct {self.extreme_spread_pct:g}"
            )
        return self


class System(Section):
    """Health of the data path; wall time."""

    data_lag_threshold_ms: Positive = Field(default=1000.0, description="ms of wall time")
    feed_silence_ms: Positive = Field(default=2000.0, description="ms of wall time without a message or heartbeat")


class StateGate(Section):
    """Thresholds of the composite state."""

    delta: Delta = Delta()
    market: Market = Market()
    liquidity: Liquidity = Liquidity()
    system: System = System()


class Hedge(Section):
    """The cost gate, and how a hedge is worked."""

    min_hedge_shares: Positive = Field(default=10.0, description="shares; a smaller hedge does not begin")
    cooldown_seconds: NotNegative = Field(default=60.0, description="seconds of market time since the last hedge")
    max_hedge_shares_per_order: float = Field(
        default=500.0, ge=1, allow_inf_nan=False, description="shares; larger is sliced"
    )
    min_price_move_pct: NotNegative = Field(default=0.2, description="percent since the last hedge price")
    reprice_seconds: Positive = Field(
        default=5.0, description="seconds of market time before a resting hedge is re-priced"
    )
    ack_timeout_ms: Positive = Field(
        default=3000.0, description="ms of wall time before a missing answer is asked about"
    )


class IntentGate(Section):
    """What may become an intent."""

    hedge: Hedge = Hedge()


class Risk(Section):
    """The strategy's own guard; the risk service has its rules besides."""

    max_daily_hedge_count: int = Field(default=50, ge=1, description="hedges per session")
    max_position_shares: Positive = Field(default=2000.0, description="shares, absolute, after the hedge")
    max_daily_loss_usd: Positive = Field(
        default=5000.0, description="USD since session open; latches the circuit breaker"
    )
    on_breach: Literal["halt", "reduce_only"] = Field(
        default="halt", description="what the latched breaker still lets pass"
    )
    max_net_delta: Positive | None = Field(
        default=None, description="shares; a larger net delta is not believed; none: off"
    )
    max_spread_pct: Positive | None = Field(default=None, description="percent of mid; none: off")


class GuardGate(Section):
    """May it be sent?"""

    risk: Risk = Risk()


class Gates(Section):
    """All gates."""

    strategy: StrategyGate = StrategyGate()
    state: StateGate = StateGate()
    intent: IntentGate = IntentGate()
    guard: GuardGate = GuardGate()


class GreeksModel(Section):
    """How greeks are computed."""

    risk_free_rate: float = Field(default=0.02, gt=-1, lt=1, description="continuous, per year, as a ratio")
    dividend_yield: float = Field(default=0.0, gt=-1, lt=1, description="continuous, per year, as a ratio")
    volatility: Literal["implied"] | Positive = Field(default="implied", description="implied, or a fixed annual ratio")
    option_stale_ms: Positive = Field(default=600_000.0, description="ms an option's last good volatility is kept")
    broker_delta_tolerance: Positive = Field(
        default=0.05, description="largest believable difference to the broker's delta"
    )
    broker_delta_observations: int = Field(default=3, ge=1, description="disagreements in a row before GREEKS_BAD")
    next_dividend_usd: NotNegative = Field(
        default=0.0, description="USD per share, for early_exercise_warning; 0: none"
    )
    deep_delta: float = Field(
        default=0.95, gt=0.5, le=1, description="|delta| from which a short leg is deep in the money"
    )
    near_expiry_days: NotNegative = Field(default=5.0, description="calendar days to expiry that count as near")


class Recovery(Section):
    """How the strategy comes back from SAFE."""

    automatic: bool = Field(default=True, description="leave SAFE when its causes are gone; else an operator resumes")
    max_hedge_retries: int = Field(default=2, ge=0, le=100, description="further tries after a failed hedge order")
    fault_hold_seconds: Positive = Field(default=60.0, description="seconds of market time in SAFE after the last try")


NO_COST_GATE: dict[str, Any] = {
    "gates": {"intent": {"hedge": {"min_hedge_shares": 1.0, "cooldown_seconds": 0.0, "min_price_move_pct": 0.0}}}
}
"""`DEFAULTS` of a kind whose cost gate holds nothing back."""


class StrategyConfig(Section):
    """One entry of `strategies:`; a strategy with keys of its own derives from it and holds them in `rule`.

    `DEFAULTS` are values a kind has instead of these where its entry names none, as a tree of keys.
    """

    DEFAULTS: ClassVar[dict[str, Any]] = {}

    name: Name
    kind: str = Field(min_length=1, description="a shipped kind, the path of a .py file, or a module's dotted name")
    account: str = Field(min_length=1, max_length=32)
    underlying: Underlying
    adopt: Literal["none", "matching"] = "matching"
    enabled: bool = True
    gates: Gates = Gates()
    greeks: GreeksModel = GreeksModel()
    recovery: Recovery = Recovery()

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, tree: Any) -> Any:
        return _over(cls.DEFAULTS, tree) if isinstance(tree, dict) else tree


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """The tree `above`, completed from the one `below`."""
    merged = {**below, **above}
    for key, value in below.items():
        if isinstance(value, dict) and isinstance(above.get(key, {}), dict):
            merged[key] = _over(value, above.get(key, {}))
    return merged


def earnings_blackout(earnings: Earnings, day: date) -> bool:
    """Whether `day` (exchange date) lies within the blackout around a listed date."""
    return any(
        -earnings.blackout_days_before <= (day - listed).days <= earnings.blackout_days_after
        for listed in earnings.dates
    )


def effective_limits(config: StrategyConfig, interval_ms: float) -> dict[str, float]:
    """Limits in force with data of `interval_ms` per bar (0 live): a limit below two bars would always be broken."""
    floor_ms = 2.0 * interval_ms
    reprice_ms = config.gates.intent.hedge.reprice_seconds * 1000.0
    return {
        "stale_ts_threshold_ms": max(config.gates.state.market.stale_ts_threshold_ms, floor_ms),
        "option_stale_ms": max(config.greeks.option_stale_ms, floor_ms),
        "reprice_ms": max(reprice_ms, float(interval_ms)),
    }


def params(config: StrategyConfig, effective: dict[str, float]) -> Params:
    """The kernel's parameters under those effective limits (from `effective_limits`)."""
    structure, state = config.gates.strategy.structure, config.gates.state
    hedge, risk, greeks = config.gates.intent.hedge, config.gates.guard.risk, config.greeks
    return Params(
        min_dte=structure.min_dte,
        max_dte=structure.max_dte,
        atm_band=structure.atm_band_pct,
        trading_hours_only=config.gates.strategy.trading_hours_only,
        epsilon_band_shares=state.delta.epsilon_band,
        hedge_threshold_shares=state.delta.hedge_threshold,
        max_delta_limit_shares=state.delta.max_delta_limit,
        vol_window_min=state.market.vol_window_min,
        quiet_vol=state.market.quiet_vol,
        high_vol=state.market.high_vol,
        trend_ratio=state.market.trend_ratio,
        gap_pct=state.market.gap_pct,
        wide_spread_pct=state.liquidity.wide_spread_pct,
        extreme_spread_pct=state.liquidity.extreme_spread_pct,
        data_lag_threshold_ms=state.system.data_lag_threshold_ms,
        feed_silence_ms=state.system.feed_silence_ms,
        min_hedge_shares=hedge.min_hedge_shares,
        cooldown_ns=round(hedge.cooldown_seconds * NS_PER_SECOND),
        max_hedge_shares_per_order=float(math.floor(hedge.max_hedge_shares_per_order)),
        min_price_move_pct=hedge.min_price_move_pct,
        reprice_ns=round(effective["reprice_ms"] * 1_000_000),
        ack_timeout_ms=hedge.ack_timeout_ms,
        max_daily_hedge_count=risk.max_daily_hedge_count,
        max_position_shares=risk.max_position_shares,
        max_daily_loss_usd=risk.max_daily_loss_usd,
        breach_reduce_only=risk.on_breach == "reduce_only",
        max_net_delta_shares=math.inf if risk.max_net_delta is None else risk.max_net_delta,
        max_spread_pct=math.inf if risk.max_spread_pct is None else risk.max_spread_pct,
        risk_free_rate=greeks.risk_free_rate,
        dividend_yield=greeks.dividend_yield,
        fixed_volatility=math.nan if greeks.volatility == "implied" else greeks.volatility,
        option_stale_ms=effective["option_stale_ms"],
        broker_delta_tolerance=greeks.broker_delta_tolerance,
        broker_delta_observations=greeks.broker_delta_observations,
        next_dividend_usd=greeks.next_dividend_usd,
        deep_delta=greeks.deep_delta,
        near_expiry_ns=round(greeks.near_expiry_days * NS_PER_DAY),
        automatic_recovery=config.recovery.automatic,
        max_hedge_retries=config.recovery.max_hedge_retries,
        fault_hold_ns=round(config.recovery.fault_hold_seconds * NS_PER_SECOND),
    )


def kind_name(kind: str) -> str:
    """A kind without the folder of its file: what the file holds is `code_version`'s to tell."""
    return PurePath(kind).name if kind.endswith(".py") else kind


def config_hash(config: StrategyConfig, effective: dict[str, float]) -> str:
    """sha256 (hex) of the canonical JSON of the configuration and its effective limits."""
    told = config.model_dump(mode="json") | {"kind": kind_name(config.kind)}
    content = {"config": told, "effective": effective}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
