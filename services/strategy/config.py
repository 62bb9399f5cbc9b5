"""What one strategy process is told: its strategy and the limits in force on its data."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings, StatusSettings, TimingSettings
from hedgerow.strategy.kinds import load
from hedgerow.strategy.kit.config import StrategyConfig, config_hash, effective_limits

PROCESS_PREFIX = "strategy-"


class StrategyProcessConfig(BaseModel):
    """Frozen; `limits` are the effective freshness limits, `hash` covers strategy and limits, `needs_legs` says
    whether it decides on option legs."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    strategy: StrategyConfig
    status: StatusSettings
    timing: TimingSettings
    kernel_mode: str
    replay: bool
    limits: dict[str, float]
    hash: str
    needs_legs: bool

    @classmethod
    def of(cls, settings: Settings, process: str, interval_ms: float) -> StrategyProcessConfig:
        """The strategy a process name means: `strategy-<name>`, or the only one for `strategy`; raises InvalidValue."""
        if process.startswith(PROCESS_PREFIX):
            strategy = settings.strategy(process.removeprefix(PROCESS_PREFIX))
        elif len(settings.strategies) == 1:
            strategy = settings.strategies[0]
        else:
            names = [s.name for s in settings.strategies]
            raise InvalidValue("--name", process, f"strategy-NAME with NAME one of {names}")
        limits = effective_limits(strategy, interval_ms)
        return cls(
            strategy=strategy,
            status=settings.status,
            timing=settings.timing,
            kernel_mode=settings.kernel.mode,
            replay=settings.replay.clock_file is not None,
            limits=limits,
            hash=config_hash(strategy, limits),
            needs_legs=any(name.split(".")[0] == "legs" for name in load(strategy.kind).NEEDS),
        )
