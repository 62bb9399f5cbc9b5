"""What execution takes from the settings: limits in wall time, and how old a quote may be per strategy."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from hedgerow.settings import BrokerSettings, Settings

DEFAULT_QUOTE_LIMIT_MS = 5000.0
"""Freshness limit of an intent that belongs to no configured strategy."""


class ExecutionConfig(BaseModel):
    """Frozen; times are wall seconds unless their name says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: BrokerSettings
    risk_timeout_s: float = Field(gt=0)
    ack_timeout_s: float = Field(gt=0)
    heartbeat_s: float = Field(gt=0)
    retry_interval_s: float = Field(gt=0)
    quote_limits_ms: dict[str, float]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Execution's part of the settings."""
        return cls(
            broker=settings.broker,
            risk_timeout_s=settings.timing.risk_timeout_s,
            ack_timeout_s=settings.timing.ack_timeout_s,
            heartbeat_s=settings.timing.stream_heartbeat_s,
            retry_interval_s=settings.broker.retry_interval_s,
            quote_limits_ms={
                strategy.name: float(strategy.gates.state.market.stale_ts_threshold_ms)
                for strategy in settings.strategies
            },
        )

    def quote_limit_ms(self, strategy: str, interval_ns: int) -> float:
        """How old that strategy's quote may be: its own limit, or two intervals of a replayed tape."""
        configured = self.quote_limits_ms.get(strategy, DEFAULT_QUOTE_LIMIT_MS)
        return max(configured, 2 * interval_ns / 1_000_000)
