"""What stats is configured with."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from hedgerow.settings_parts import StatsSettings


class StatsConfig(BaseModel):
    """`concurrent_reads`: how many answers may be folded at a time; each may hold a whole history in memory.

    `root` is the state root: reports are in `root/backtests`. Specs of backtests asked for here, and all they name, lie
    in `folders`, relative ones are looked for in the first. A run ends after `backtest_seconds` of wall time and holds
    at most `backtest_memory_mb` of data; every `progress_s` its progress is told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: Path
    folders: tuple[Path, ...] = Field(min_length=1)
    concurrent_reads: int = Field(default=1, ge=1)
    backtest_seconds: float = Field(gt=0)
    backtest_memory_mb: int = Field(gt=0)
    backtest_mode: str
    progress_s: float = Field(default=2.0, gt=0)

    @classmethod
    def of(cls, settings: StatsSettings, root: Path) -> StatsConfig:
        """From the settings' section; `specs` in the state root is always allowed, and first."""
        return cls(
            root=root,
            folders=((root / "specs").resolve(), *(folder.resolve() for folder in settings.backtest_folders)),
            backtest_seconds=settings.backtest_seconds,
            backtest_memory_mb=settings.backtest_memory_mb,
            backtest_mode=settings.backtest_mode,
        )
