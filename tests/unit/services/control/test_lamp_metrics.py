"""Metrics show the reasons of every other view, and forget them when they no longer stand."""

from __future__ import annotations

from hedgerow.domain.status import StrategyStatus, SystemStatus
from hedgerow.telemetry.metrics import REGISTRY
from services.control.lamp_metrics import LampMetrics


def status(system: tuple[str, ...], **strategies: tuple[str, ...]) -> SystemStatus:
    each = tuple(StrategyStatus(name, "r", reasons) for name, reasons in strategies.items())
    own = tuple(reason for one in each for reason in one.reasons)
    return SystemStatus((*own, *system), (), each, (), "sim", 1)


def standing() -> set[tuple[str, str]]:
    found = set()
    for metric in REGISTRY.collect():
        if metric.name == "hedgerow_control_block_reason":
            assert all(sample.value == 1 for sample in metric.samples)
            found = {(sample.labels["strategy"], sample.labels["reason"]) for sample in metric.samples}
    return found


def lamp(strategy: str = "") -> float | None:
    if strategy:
        return REGISTRY.get_sample_value("hedgerow_control_strategy_lamp", {"strategy": strategy})
    return REGISTRY.get_sample_value("hedgerow_control_status_lamp")


def test_one_series_per_reason_that_stands() -> None:
    shown = LampMetrics()
    shown.show(status(("SERVICE_DOWN stats", "SERVICE_DOWN portfolio"), goog=("PAUSED", "DATA_STALE"), twx=()))
    assert standing() == {("goog", "PAUSED"), ("goog", "DATA_STALE"), ("", "SERVICE_DOWN")}
    assert (lamp(), lamp("goog"), lamp("twx")) == (2, 2, 0)
    shown.show(status((), goog=("PAUSED",), twx=()))
    assert standing() == {("goog", "PAUSED")}
    assert (lamp(), lamp("goog")) == (1, 1)
    shown.show(status((), goog=(), twx=()))
    assert standing() == set()
    assert lamp() == 0
