"""The broker's daily restart: whether a moment is so near to it that nothing that adds risk may leave."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import NamedTuple

NS_PER_S = 1_000_000_000


class RestartWindow(NamedTuple):
    """A local time of day with what lies around it; `zone` follows its own summer time."""

    at: time
    zone: tzinfo
    before: timedelta
    after: timedelta

    def restart_near(self, wall_ns: int) -> datetime | None:
        """The restart whose window holds that wall time, ns UTC; None outside every window.

        A local time that a change of clocks brings twice counts both times, one that it skips as if it had not.
        """
        now = datetime.fromtimestamp(wall_ns / NS_PER_S, UTC)
        today = now.astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
            for fold in (0, 1):
                restart = datetime.combine(day, self.at.replace(fold=fold), self.zone)
                moment = restart.astimezone(UTC)  # beyond a change of clocks only UTC can be counted with
                if moment - self.before <= now < moment + self.after:
                    return restart
        return None
