"""Every process Hedgerow runs: its name, module, port and what it needs; names map only here."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One process: `name` for people, DNS and units, `module` for Python, ports on its host."""

    name: str
    module: str
    port: int
    metrics_port: int
    needs: tuple[str, ...] = ()


_ENTRIES = (
    Entry("ibsim", "hedgerow.ibsim.main", 14002, 14004),
    Entry("guard", "hedgerow.guard.main", 50057, 51057, ("ibsim",)),
    Entry("market-data", "services.market_data.main", 50051, 51051, ("ibsim",)),
    Entry("risk", "services.risk.main", 50053, 51053, ("execution", "portfolio")),
    Entry("execution", "services.execution.main", 50052, 51052, ("ibsim", "risk")),
    Entry("portfolio", "services.portfolio.main", 50054, 51054, ("ibsim", "execution", "market-data")),
    Entry("control", "services.control.main", 50055, 51055),
    Entry("stats", "services.stats.main", 50056, 51056),
    Entry("strategy", "services.strategy.main", 50060, 51060, ("market-data", "execution", "portfolio", "control")),
    Entry("gateway", "gateway.main", 8080, 0, ("control",)),
)

ENTRIES: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}
"""In the order they are started."""

SERVICES: tuple[str, ...] = tuple(entry.name for entry in _ENTRIES if entry.module.startswith("services."))
"""Processes that speak gRPC."""

GUARD = "guard"
"""The egress guard; runs where settings say `guard.enabled`."""

GATEWAY = "gateway"
"""The process that speaks HTTP; its metrics are on its own port."""
