"""Every scenario, by what it is about."""

from __future__ import annotations

from hedgerow.conformance.scenario import Scenario
from hedgerow.conformance.scenarios import basics, orders

SCENARIOS: list[Scenario] = [*basics.SCENARIOS, *orders.SCENARIOS]
