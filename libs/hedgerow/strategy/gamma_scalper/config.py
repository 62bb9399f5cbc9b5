"""The gamma scalper's configuration: what every strategy is configured with, and no key of its own."""

from __future__ import annotations

from typing import Literal

from hedgerow.strategy.kit.config import (
    Delta,
    Earnings,
    Gates,
    GreeksModel,
    Name,
    NotNegative,
    Positive,
    Recovery,
    Section,
    StrategyConfig,
    Structure,
    Underlying,
    config_hash,
    earnings_blackout,
    effective_limits,
    params,
)

__all__ = [
    "Delta",
    "Earnings",
    "GammaScalperConfig",
    "Gates",
    "GreeksModel",
    "Name",
    "NotNegative",
    "Positive",
    "Recovery",
    "Section",
    "StrategyConfig",
    "Structure",
    "Underlying",
    "config_hash",
    "earnings_blackout",
    "effective_limits",
    "params",
]


class GammaScalperConfig(StrategyConfig):
    """One gamma scalper, the entry of `strategies:` with kind gamma_scalper."""

    kind: Literal["gamma_scalper"] = "gamma_scalper"
