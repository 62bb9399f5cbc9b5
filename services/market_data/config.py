"""What market-data is configured with, checked whole before it serves."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from hedgerow.settings import BrokerSettings, Settings
from hedgerow.state_dir import StateDir


class MarketDataConfig(BaseModel):
    """Everything market-data is told.

    Freshness limits are configured ones (a replay widens them to twice its tape's interval), silence and linger are
    wall time. `linger_s`: how long a line stays open after its last reader left, for readers come back.
    `recording` is the folder of the research tape, None = none is recorded; a chunk of it is written every
    `chunk_s` or `chunk_rows`, which is the most that a crash loses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: BrokerSettings
    heartbeat_s: float = Field(default=0.5, gt=0)
    silence_limit_ms: float = Field(default=2000.0, gt=0)
    stock_limit_ms: float = Field(default=5000.0, gt=0)
    option_limit_ms: float = Field(default=600_000.0, gt=0)
    linger_s: float = Field(default=5.0, ge=0)
    most_instruments: int = Field(default=1000, ge=1, description="per stream request")
    history: int = Field(default=65_536, ge=1, description="quotes a resumed reader's gap can be counted over")
    recording: Path | None = None
    chunk_s: float = Field(default=2.0, gt=0)
    chunk_rows: int = Field(default=20_000, ge=1)

    @classmethod
    def of(cls, settings: Settings, state: StateDir) -> MarketDataConfig:
        """Market-data's part of the settings: the strictest limit any strategy sets."""
        strategies = settings.strategies
        stock_limits = [strategy.gates.state.market.stale_ts_threshold_ms for strategy in strategies]
        option_limits = [strategy.greeks.option_stale_ms for strategy in strategies]
        return cls(
            broker=settings.broker,
            heartbeat_s=settings.timing.stream_heartbeat_s,
            stock_limit_ms=min(stock_limits, default=5000.0),
            option_limit_ms=min(option_limits, default=600_000.0),
            recording=state.root / "recording" if settings.record.enabled else None,
        )
