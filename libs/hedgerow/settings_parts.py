"""Sections of the settings that no other one looks into."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of these sections: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class RecordSettings(Part):
    """Recording of a research tape by market-data."""

    enabled: bool = False


class KernelSettings(Part):
    """How the decision kernel runs."""

    mode: str = Field(default="plain", pattern="^(compiled|plain)$")


class StatsSettings(Part):
    """Backtests asked of the stats service."""

    backtest_folders: tuple[Path, ...] = Field(
        default=(), description="folders whose specs and tapes may be run, besides specs/ in the state root"
    )
    backtest_seconds: float = Field(default=3600, gt=0, description="wall seconds after which a run is ended")
    backtest_memory_mb: int = Field(default=4096, ge=256, description="data a run may hold")
    backtest_mode: str = Field(
        default="compiled", pattern="^(compiled|plain)$", description="plain starts at once and suits short runs"
    )
