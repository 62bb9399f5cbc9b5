"""Market times as the wire spells them: New York, with the zone's name from version 163 on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from hedgerow.ibsim.versions import FRACTIONAL_SIZES
from hedgerow.tape.sessions import NEW_YORK

ZONE = "US/Eastern"
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Hours:
    """One day's regular session, ns UTC."""

    open_ns: int
    close_ns: int

    def contains(self, market_time: int) -> bool:
        """Whether the session is on at that time."""
        return self.open_ns <= market_time < self.close_ns


def eastern(market_time: int) -> datetime:
    """That time on a New York clock."""
    return datetime.fromtimestamp(market_time // SECOND_NS, NEW_YORK)


def with_zone(market_time: int) -> str:
    """`20151224 09:30:00 US/Eastern`."""
    return f"{eastern(market_time):%Y%m%d %H:%M:%S} {ZONE}"


@lru_cache(maxsize=4096)
def event_text(market_second: int, server_version: int) -> str:
    """An execution's time: with its zone, or before 163 as this machine's local time, two blanks between."""
    if server_version >= FRACTIONAL_SIZES:
        return with_zone(market_second * SECOND_NS)
    return f"{datetime.fromtimestamp(market_second, UTC).astimezone():%Y%m%d  %H:%M:%S}"
