"""Every scenario, by what it is about."""

from __future__ import annotations

from hedgerow.conformance.scenario import Scenario
from hedgerow.conformance.scenarios import (
    basics,
    evidence,
    groups,
    layouts,
    orders,
    outages,
    reports,
    restarts,
    sessions,
)

SCENARIOS: list[Scenario] = [
    *basics.SCENARIOS,
    *orders.SCENARIOS,
    *layouts.SCENARIOS,
    *sessions.SCENARIOS,
    *evidence.SCENARIOS,
    *outages.SCENARIOS,
    *reports.SCENARIOS,
    *restarts.SCENARIOS,
    *groups.SCENARIOS,
]
