"""What execution takes from the settings: limits in wall time, and how old a quote may be per strategy."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from hedgerow.settings import BrokerSettings, Settings

DEFAULT_QUOTE_LIMIT_MS = 5000.0
"""Freshness limit of an intent that belongs to no configured strategy."""


class ExecutionConfig(BaseModel):
    """Frozen; times are wall seconds unless their name says otherwise.

    `max_*` and `price_collar_pct` are risk's limits: a flatten slices and prices its orders to fit them. `flatten_*`:
    how long a quote may take, how long none is waited for before each failure counts as a refusal, how long an order
    rests before it is priced anew, and the first and the longest pause after a refusal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: BrokerSettings
    risk_timeout_s: float = Field(gt=0)
    ack_timeout_s: float = Field(gt=0)
    heartbeat_s: float = Field(gt=0)
    retry_interval_s: float = Field(gt=0)
    quote_limits_ms: dict[str, float]
    rpc_timeout_s: float = Field(gt=0)
    replay: bool
    max_order_quantity: int = Field(ge=1)
    max_order_notional_usd: float = Field(gt=0)
    price_collar_pct: float = Field(gt=0)
    flatten_quote_s: float = Field(default=2.0, gt=0)
    flatten_patience_s: float = Field(default=8.0, gt=0)
    flatten_reprice_s: float = Field(default=3.0, gt=0)
    flatten_retry_s: float = Field(default=0.5, gt=0)
    flatten_longest_retry_s: float = Field(default=15.0, gt=0)
    break_settle_s: float = Field(gt=0)
    kill_global_cancel: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Execution's part of the settings."""
        return cls(
            broker=broker_of(settings),
            risk_timeout_s=settings.timing.risk_timeout_s,
            ack_timeout_s=settings.timing.ack_timeout_s,
            heartbeat_s=settings.timing.stream_heartbeat_s,
            retry_interval_s=settings.broker.retry_interval_s,
            rpc_timeout_s=settings.timing.rpc_timeout_s,
            replay=settings.replay.clock_file is not None,
            max_order_quantity=settings.risk.max_order_quantity,
            max_order_notional_usd=settings.risk.max_order_notional_usd,
            price_collar_pct=settings.risk.price_collar_pct,
            break_settle_s=settings.portfolio.break_settle_s,
            kill_global_cancel=settings.kill.global_cancel,
            quote_limits_ms={
                strategy.name: float(strategy.gates.state.market.stale_ts_threshold_ms)
                for strategy in settings.strategies
            },
        )

    def quote_limit_ms(self, strategy: str, interval_ns: int) -> float:
        """How old that strategy's quote may be: its own limit, or two intervals of a replayed tape."""
        configured = self.quote_limits_ms.get(strategy, DEFAULT_QUOTE_LIMIT_MS)
        return max(configured, 2 * interval_ns / 1_000_000)


def broker_of(settings: Settings) -> BrokerSettings:
    """Where execution connects: to the guard, where there is one before the gateway."""
    guard = settings.guard
    return settings.broker.model_copy(update={"host": guard.host, "port": guard.port} if guard.enabled else {})
