"""What portfolio is configured with, checked whole before it serves."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hedgerow.settings import BrokerSettings, Settings


class PortfolioConfig(BaseModel):
    """Everything portfolio is told; durations are wall time.

    `refresh_interval_s`: how often accounts are fetched unasked; `break_settle_s`: how long fills
    may take to explain a difference; `marks_interval_s`: how often changed marks are written;
    `heartbeat_s`: the streams' sign of life; `rpc_timeout_s`: how long one call may take.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: BrokerSettings
    refresh_interval_s: float = Field(gt=0)
    break_settle_s: float = Field(gt=0)
    heartbeat_s: float = Field(gt=0)
    rpc_timeout_s: float = Field(gt=0)
    marks_interval_s: float = Field(default=0.5, gt=0)
    compare_interval_s: float = Field(default=0.25, gt=0)
    answers_kept: int = Field(default=1000, ge=1)

    @classmethod
    def of(cls, settings: Settings) -> PortfolioConfig:
        """Portfolio's part of the settings."""
        return cls(
            broker=settings.broker,
            refresh_interval_s=settings.portfolio.refresh_interval_s,
            break_settle_s=settings.portfolio.break_settle_s,
            heartbeat_s=settings.timing.stream_heartbeat_s,
            rpc_timeout_s=settings.timing.rpc_timeout_s,
        )
