"""Market days are New York's; periods start on their first day."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from hedgerow.domain.period import NEW_YORK, Period, market_day, period_start


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
