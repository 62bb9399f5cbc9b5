"""The lamp and its reasons as metrics: what an alert rule reads is what every other view shows."""

from __future__ import annotations

from hedgerow.domain.status import SystemStatus
from hedgerow.domain.trading_state import StatusLamp
from hedgerow.telemetry import metrics

_LAMP = metrics.gauge("hedgerow_control_status_lamp", "Lamp over everything: 0 green, 1 yellow, 2 red.")
_STRATEGY_LAMP = metrics.gauge(
    "hedgerow_control_strategy_lamp", "Lamp of one strategy: 0 green, 1 yellow, 2 red.", ("strategy",)
)
_REASON = metrics.gauge(
    "hedgerow_control_block_reason",
    "1 for each reason that stands now, by its code; without a strategy: the services'.",
    ("strategy", "reason"),
)
_VALUES = {StatusLamp.GREEN: 0, StatusLamp.YELLOW: 1, StatusLamp.RED: 2}


class LampMetrics:
    """Shows the newest status; a reason that no longer stands has no series."""

    def __init__(self) -> None:
        self._standing: set[tuple[str, str]] = set()

    def show(self, status: SystemStatus) -> None:
        """Sets every gauge from one status."""
        _LAMP.set(_VALUES[status.lamp])
        standing = set()
        own: set[str] = set()
        for each in status.strategies:
            _STRATEGY_LAMP.labels(each.strategy).set(_VALUES[each.lamp])
            standing |= {(each.strategy, _code(reason)) for reason in each.reasons}
            own.update(each.reasons)
        standing |= {("", _code(reason)) for reason in status.reasons if reason not in own}
        for labels in self._standing - standing:
            _REASON.remove(*labels)
        for labels in standing:
            _REASON.labels(*labels).set(1)
        self._standing = standing


def _code(reason: str) -> str:
    return reason.split(" ", 1)[0]
