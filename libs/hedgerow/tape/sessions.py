"""The exchange calendar (XNYS): sessions, half days, last trading days, days to expiry."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hedgerow.domain.errors import InvalidValue

TIME_ZONE = "America/New_York"
NEW_YORK = ZoneInfo(TIME_ZONE)

# No closure in the exchange's history lasted longer (1914 aside): a longer gap is a broken calendar.
_LONGEST_CLOSURE_DAYS = 14
# Outside these years the calendar itself is either unknown or speculation.
FIRST_YEAR, LAST_YEAR = 1990, 2075


@lru_cache(maxsize=32)
def _sessions_of(year: int) -> dict[date, tuple[int, int]]:
    """Each session of one year: its open and close, ns UTC."""
    # Imported here and built one year at a time: the calendar brings pandas, and its default span takes seconds.
    from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar  # noqa: PLC0415

    calendar = XNYSExchangeCalendar(start=f"{year}-01-01", end=f"{year}-12-31")
    schedule = calendar.schedule
    # A pandas Timestamp's `value` is ns UTC whatever unit the column is kept in.
    rows = zip(schedule.index, schedule["open"], schedule["close"], strict=True)
    return {day.date(): (opens.value, closes.value) for day, opens, closes in rows}


def session(day: date) -> tuple[int, int] | None:
    """Open and close of the regular session of `day` (New York), ns UTC; None where the exchange is closed.

    Half days close early. Raises InvalidValue outside the years the calendar covers.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidValue("date", day.isoformat(), f"the exchange calendar covers {FIRST_YEAR} to {LAST_YEAR}")
    return _sessions_of(day.year).get(day)


def hours_of(day: date, key: str = "date") -> tuple[int, int]:
    """As `session`; raises InvalidValue naming `key` for a day on which the exchange is closed."""
    hours = session(day)
    if hours is None:
        rule = f"a day on which the exchange is open; the next is {next_session(day)}"
        raise InvalidValue(key, day.isoformat(), rule)
    return hours


def midnight_ns(day: date) -> int:
    """Midnight in New York at the start of `day`, ns UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp()) * 1_000_000_000


def previous_session(day: date) -> date:
    """The last day on or before `day` on which the exchange is open."""
    for back in range(_LONGEST_CLOSURE_DAYS):
        candidate = day - timedelta(days=back)
        if session(candidate) is not None:
            return candidate
    raise InvalidValue("date", day.isoformat(), f"the exchange calendar has no session in {_LONGEST_CLOSURE_DAYS} days")


def next_session(day: date) -> date:
    """The first day on or after `day` on which the exchange is open."""
    for ahead in range(_LONGEST_CLOSURE_DAYS):
        candidate = day + timedelta(days=ahead)
        if session(candidate) is not None:
            return candidate
    raise InvalidValue("date", day.isoformat(), f"the exchange calendar has no session in {_LONGEST_CLOSURE_DAYS} days")


def last_trading_day(expiry: date) -> date:
    """The last session on or before a listed expiry: the Friday before an old contract's Saturday."""
    return previous_session(expiry)


def days_to_expiry(expiry: date, today: date) -> int:
    """DTE: calendar days from `today` to the last trading day; negative once that has passed."""
    return (last_trading_day(expiry) - today).days


def expiry_close_ns(expiry: date) -> int:
    """When an option of that listed expiry stops trading: 16:00 New York or the early close, ns UTC."""
    opened_and_closed = session(last_trading_day(expiry))
    assert opened_and_closed is not None, "the last trading day is a session"
    return opened_and_closed[1]
