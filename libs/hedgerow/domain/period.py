"""Market days and the periods statistics are counted in: days, weeks and months of New York."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS_PER_HOUR = 3_600_000_000_000


class Period(StrEnum):
    """Length of a period; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def market_day(market_ns: int) -> date:
    """The New York calendar day of a market time, ns UTC; cheap enough for every observation."""
    return _day_of_hour(market_ns // _NS_PER_HOUR)


@lru_cache(maxsize=64)
def _day_of_hour(hour: int) -> date:
    """New York's offset is whole hours, so an hour of UTC lies in one day there."""
    return (_EPOCH + timedelta(hours=hour)).astimezone(NEW_YORK).date()


def day_start(day: date) -> int:
    """Midnight of New York at which that day begins, ns UTC; a day with a clock change has 23 or 25 hours."""
    return int(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp()) * 1_000_000_000


def period_start(period: Period, day: date) -> date:
    """The first day of the period that day lies in."""
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is Period.MONTH else day
