"""Historical bars made from what the market did."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from hedgerow.domain.instrument import stock
from hedgerow.ibsim.bars import BarRequest, make_bars, parse_duration, parse_end
from hedgerow.ibsim.codes import RequestRefused
from hedgerow.ibsim.days import MarketDay
from hedgerow.ibsim.times import MINUTE_NS, SECOND_NS
from hedgerow.tape.format import VERSION, TapeColumns, TapeMeta

OPEN = 1_450_967_400 * SECOND_NS  # 2015-12-24 09:30 New York
CLOSE = OPEN + 210 * MINUTE_NS


@pytest.fixture
def day() -> MarketDay:
    """Minute rows from 9:29 to 9:37; minute n closes at bid 100 + n, ask 101 + n; 9:33's bid is absent."""
    ends = np.arange(-1, 8, dtype=np.int64)
    bid = 100.0 + ends
    bid[4] = np.nan
    rows = TapeColumns(
        ts=OPEN + (ends + 1) * MINUTE_NS,
        instrument=np.zeros(len(ends), np.int32),
        bid=bid,
        ask=101.0 + ends,
        bid_size=np.ones(len(ends)),
        ask_size=np.ones(len(ends)),
        extended=ends < 0,
    )
    meta = TapeMeta(
        VERSION, "GOOG", dt.date(2015, 12, 24), "America/New_York", 60_000, "test", None, OPEN, CLOSE, (stock("GOOG"),)
    )
    return MarketDay(0, meta, rows, OPEN - MINUTE_NS, CLOSE)


def request(shown: str = "MIDPOINT", minutes: int = 5, regular: bool = True, end: int = 8) -> BarRequest:
    return BarRequest(0, 0, OPEN + end * MINUTE_NS, minutes * MINUTE_NS, regular, shown)


def test_a_row_belongs_to_the_bar_in_which_its_interval_began(day: MarketDay) -> None:
    first, second = make_bars(day, request("ASK"))
    assert (first.time, second.time) == (OPEN, OPEN + 5 * MINUTE_NS)
    assert (first.open, first.high, first.low, first.close) == (101, 105, 101, 105)
    assert (second.open, second.close) == (106, 108)


def test_a_one_sided_row_has_no_midpoint(day: MarketDay) -> None:
    bars = make_bars(day, request(minutes=1))
    assert [(bar.time - OPEN) // MINUTE_NS for bar in bars] == [0, 1, 2, 4, 5, 6, 7]
    assert bars[0].close == 100.5


def test_nothing_after_the_end_is_seen(day: MarketDay) -> None:
    assert make_bars(day, request("ASK", end=2))[-1].close == 102


def test_extended_hours_only_when_asked(day: MarketDay) -> None:
    assert make_bars(day, request("ASK", 1, regular=False))[0].time == OPEN - MINUTE_NS
    assert make_bars(day, request("ASK", 1))[0].time == OPEN


def test_bid_ask_bars_span_the_spread(day: MarketDay) -> None:
    bar = make_bars(day, request("BID_ASK", 60))[0]
    assert (bar.open, bar.high, bar.low, bar.close) == (100, 108, 100, 108)
    assert bar.time == OPEN


def test_a_session_opening_inside_a_bar_begins_it(day: MarketDay) -> None:
    [early, first] = make_bars(day, request("ASK", 60, regular=False))
    assert early.time == OPEN - 30 * MINUTE_NS
    assert (first.time, first.open) == (OPEN, 101)
    [whole_day] = make_bars(day, request("ASK", 24 * 60, regular=False))
    assert (whole_day.time, whole_day.open, whole_day.close) == (OPEN, 100, 108)


def test_another_instrument_has_none(day: MarketDay) -> None:
    assert make_bars(day, request()._replace(instrument=3)) == []


@pytest.mark.parametrize(("text", "seconds"), [("1800 S", 1800), ("1 D", 86_400), ("2 W", 1_209_600)])
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds * SECOND_NS


@pytest.mark.parametrize("text", ["", "D", "1D", "-1 D", "0 S", "1 H", "9999999 Y", "² D"])
def test_refuses_a_duration_it_cannot_read(text: str) -> None:
    with pytest.raises(RequestRefused, match="321"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["20151224 09:30:00 US/Eastern", "20151224-14:30:00", "20151224 09:30:00", "20151224  09:30:00"]
)
def test_end_times(text: str) -> None:
    assert parse_end(text, 5) == OPEN
    assert parse_end("", 5) == 5


@pytest.mark.parametrize("text", ["yesterday", "20151224 09:30:00 Mars/Base", "20151224 09:30:00 ../etc", "20151399-1"])
def test_refuses_an_end_it_cannot_read(text: str) -> None:
    with pytest.raises(RequestRefused, match="321"):
        parse_end(text, 5)
