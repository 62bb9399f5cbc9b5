"""The whole status as control shows it: every strategy, every process, one lamp over all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hedgerow.domain.self_check import SelfCheck, lamp, self_check
from hedgerow.domain.trading_state import StatusLamp


@dataclass(frozen=True, slots=True)
class StrategyStatus:
    """One strategy daemon: `reasons` stand now, in order of weight; `heartbeat_ns` wall ns UTC, 0 when never heard."""

    strategy: str
    run_id: str
    reasons: tuple[str, ...]
    heartbeat_ns: int = 0
    snapshot: Mapping[str, Any] = field(default_factory=dict)

    @property
    def self_check(self) -> SelfCheck:
        """What its reasons amount to."""
        return self_check(self.reasons)

    @property
    def lamp(self) -> StatusLamp:
        """Its lamp."""
        return lamp(self.self_check)


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One process: `detail` in words, empty when well; `last_seen_ns` wall ns UTC, 0 when it never answered."""

    service: str
    serving: bool
    detail: str = ""
    last_seen_ns: int = 0


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """Everything at once; `reasons` (codes, red ones first) are all that stand, each strategy's own included.

    `market_ns` is 0 where market time is not known.
    """

    reasons: tuple[str, ...]
    words: tuple[str, ...]
    strategies: tuple[StrategyStatus, ...]
    services: tuple[ServiceStatus, ...]
    broker_mode: str
    wall_ns: int
    market_ns: int = 0

    @property
    def self_check(self) -> SelfCheck:
        """What the reasons amount to."""
        return self_check(self.reasons)

    @property
    def lamp(self) -> StatusLamp:
        """The lamp over everything."""
        return lamp(self.self_check)
