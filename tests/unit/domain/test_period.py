"""Market days are New York's; periods start on their first day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hedgerow.domain.period import NEW_YORK, Period, day_start, market_day, period_start


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2015-12-24T23:59:59", date(2015, 12, 24)),
        ("2015-12-25T00:00:00", date(2015, 12, 25)),
        ("2016-03-13T03:30:00", date(2016, 3, 13)),  # the day clocks go forward
    ],
)
def test_the_day_is_new_yorks(text: str, day: date) -> None:
    moment = datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)
    assert market_day(int(moment.timestamp()) * 1_000_000_000) == day


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    thursday = date(2015, 12, 31)
    assert period_start(Period.DAY, thursday) == thursday
    assert period_start(Period.WEEK, thursday) == date(2015, 12, 28)
    assert period_start(Period.WEEK, date(2015, 12, 28)) == date(2015, 12, 28)
    assert period_start(Period.WEEK, date(2016, 1, 3)) == date(2015, 12, 28)
    assert period_start(Period.MONTH, thursday) == date(2015, 12, 1)


HOUR = 3_600_000_000_000


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2016, 3, 13), 23), (date(2016, 11, 6), 25), (date(2016, 3, 14), 24), (date(2015, 12, 31), 24)],
)
def test_a_day_begins_at_new_yorks_midnight_and_ends_at_the_next(day: date, hours: int) -> None:
    begin, end = day_start(day), day_start(day + timedelta(days=1))
    assert end - begin == hours * HOUR
    assert market_day(begin - 1) == day - timedelta(days=1)
    assert market_day(begin) == market_day(end - 1) == day
    assert market_day(end) == day + timedelta(days=1)


def test_weeks_are_iso_weeks_across_every_year_boundary_and_leap_day() -> None:
    day = date(2008, 12, 1)
    while day < date(2025, 3, 1):
        year, week, _ = day.isocalendar()
        assert period_start(Period.WEEK, day) == date.fromisocalendar(year, week, 1)
        assert period_start(Period.MONTH, day) == date(day.year, day.month, 1)
        day += timedelta(days=1)
