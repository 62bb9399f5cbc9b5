"""The calendar: half days, daylight saving, holidays, old Saturday expiries."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.sessions import (
    NEW_YORK,
    days_to_expiry,
    expiry_close_ns,
    last_trading_day,
    next_session,
    previous_session,
    session,
)


def utc(ns: int) -> datetime:
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2015, 12, 24), "09:30", "13:00"),  # Christmas Eve
        (date(2014, 6, 5), "09:30", "16:00"),
        (date(2013, 10, 7), "09:30", "16:00"),
        (date(2024, 11, 29), "09:30", "13:00"),  # the day after Thanksgiving
        (date(2026, 7, 6), "09:30", "16:00"),
    ],
)
def test_session_hours_in_new_york(day: date, opens: str, closes: str) -> None:
    found = session(day)
    assert found is not None
    local = [utc(ns).astimezone(NEW_YORK) for ns in found]
    assert [f"{each:%H:%M}" for each in local] == [opens, closes]
    assert {each.date() for each in local} == {day}


def test_daylight_saving_moves_the_open_in_utc() -> None:
    winter, summer = session(date(2015, 3, 6)), session(date(2015, 3, 9))
    assert winter is not None
    assert summer is not None
    assert utc(winter[0]).hour == 14
    assert utc(summer[0]).hour == 13


@pytest.mark.parametrize("day", [date(2015, 12, 25), date(2015, 12, 26), date(2014, 4, 18), date(2012, 10, 29)])
def test_closed_days_have_no_session(day: date) -> None:
    assert session(day) is None


def test_neighbouring_sessions() -> None:
    assert previous_session(date(2015, 12, 27)) == date(2015, 12, 24)
    assert next_session(date(2015, 12, 25)) == date(2015, 12, 28)
    assert next_session(date(2015, 12, 28)) == date(2015, 12, 28)
    assert previous_session(date(2001, 9, 16)) == date(2001, 9, 10)


def test_last_trading_day() -> None:
    assert last_trading_day(date(2014, 7, 19)) == date(2014, 7, 18)  # an old contract's Saturday
    assert last_trading_day(date(2014, 4, 19)) == date(2014, 4, 17)  # and Good Friday before it
    assert last_trading_day(date(2016, 1, 22)) == date(2016, 1, 22)
    assert last_trading_day(date(2017, 1, 1)) == date(2016, 12, 30)  # over the year's end


def test_days_to_expiry_count_to_the_last_trading_day() -> None:
    assert days_to_expiry(date(2014, 7, 19), date(2014, 6, 5)) == 43
    assert days_to_expiry(date(2016, 1, 15), date(2015, 12, 24)) == 22
    assert days_to_expiry(date(2015, 12, 24), date(2015, 12, 24)) == 0
    assert days_to_expiry(date(2015, 12, 24), date(2015, 12, 28)) == -4


def test_expiry_close_is_early_on_a_half_day() -> None:
    assert f"{utc(expiry_close_ns(date(2015, 12, 24))).astimezone(NEW_YORK):%Y-%m-%d %H:%M}" == "2015-12-24 13:00"
    assert f"{utc(expiry_close_ns(date(2014, 7, 19))).astimezone(NEW_YORK):%Y-%m-%d %H:%M}" == "2014-07-18 16:00"


@pytest.mark.parametrize("day", [date(1850, 1, 1), date(2100, 1, 4)])
def test_outside_the_calendar_is_refused(day: date) -> None:
    with pytest.raises(InvalidValue, match="1990 to 2075"):
        session(day)
