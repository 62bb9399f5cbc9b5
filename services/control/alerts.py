"""Alerts that stand in the state root, as reasons of the lamp."""

from __future__ import annotations

import asyncio
from pathlib import Path

from hedgerow.store.alerts import standing_alerts


class StandingAlerts:
    """Reads them anew for every status."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def read(self) -> tuple[str, ...]:
        """The alerts as reasons, oldest first."""
        return tuple(alert.reason for alert in await asyncio.to_thread(standing_alerts, self._root))
