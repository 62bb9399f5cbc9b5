"""What a line's ticks add up to."""

from __future__ import annotations

import math

import pytest

from hedgerow.domain.instrument import stock
from hedgerow.ib.line import Line, broker_greeks

SECOND = 1_000_000_000


def a_line() -> Line:
    """A line with both sides told."""
    line = Line(stock("GOOG"))
    line.price(1, 749.0, 100.0)
    line.price(2, 749.2, 200.0)
    return line


def test_both_sides_and_their_sizes_make_a_quote() -> None:
    quote = a_line().take(5 * SECOND, 7, 9, stamped=False)
    assert quote == ("GOOG", 749.0, 749.2, 100.0, 200.0, 5 * SECOND, 7, 9, False, None)


@pytest.mark.parametrize("price", [-1.0, 0.0, math.nan, math.inf])
def test_a_price_that_is_none_is_an_absent_side(price: float) -> None:
    line = a_line()
    line.price(1, price, 100.0)
    quote = line.take(0, 0, 0, stamped=False)
    assert (quote.bid, quote.bid_size, quote.ask) == (None, 0.0, 749.2)


def test_a_size_alone_changes_the_quote_and_belongs_to_a_side() -> None:
    line = a_line()
    assert line.size(0, 300.0)
    assert line.size(3, 50.0)
    assert line.take(0, 0, 0, stamped=False)[3:5] == (300.0, 50.0)
    line.price(2, -1.0, 0.0)
    assert line.size(3, 50.0)
    assert line.take(0, 0, 0, stamped=False).ask_size == 0.0


@pytest.mark.parametrize("size", [-1.0, math.nan, math.inf])
def test_an_impossible_size_is_ignored(size: float) -> None:
    line = a_line()
    assert not line.size(0, size)
    assert line.bid_size == 100.0


def test_the_same_part_again_begins_the_next_update() -> None:
    line = a_line()
    assert line.begins_anew(1, price=True)
    assert line.begins_anew(2, price=True)
    assert not line.begins_anew(0, price=False)
    line.take(0, 0, 0, stamped=False)
    assert not line.begins_anew(1, price=True)


def test_a_stamp_or_a_last_price_makes_the_quote_young_again() -> None:
    line = a_line()
    line.take(SECOND, 1, 1, stamped=False)
    for refresh in (lambda: line.stamp(45, "12"), lambda: line.price(4, 749.1, 10.0), lambda: line.size(8, 1000.0)):
        refresh()
        quote = line.take(9 * SECOND, 2, 3, stamped=False)
        assert (quote.bid, quote.event_time, quote.receive_time, quote.monotonic_time) == (749.0, 9 * SECOND, 2, 3)


def test_greeks_alone_make_no_quote_younger() -> None:
    line = a_line()
    line.take(SECOND, 1, 1, stamped=False)
    assert line.model_greeks(13, (0.5, 0.01, 0.8, -0.3, 0.2))
    quote = line.take(9 * SECOND, 2, 3, stamped=False)
    assert (quote.event_time, quote.receive_time, quote.monotonic_time) == (SECOND, 1, 1)
    assert quote.broker_greeks is not None


def test_ticks_of_the_day_are_not_about_the_quote() -> None:
    line = a_line()
    line.take(SECOND, 1, 1, stamped=False)
    assert not line.price(9, 745.0, 0.0)
    assert not line.size(21, 1000.0)
    assert line.parts == 0


def test_in_a_replay_a_stamp_from_an_earlier_second_dates_the_quote() -> None:
    line = a_line()
    line.stamp(45, "100")
    assert line.take(100 * SECOND + 7, 1, 1, stamped=True).event_time == 100 * SECOND + 7
    line.price(1, 749.1, 1.0)
    line.stamp(45, "100")
    assert line.take(160 * SECOND, 1, 1, stamped=True).event_time == 100 * SECOND
    line.price(1, 749.1, 1.0)
    line.stamp(45, "100")
    assert line.take(160 * SECOND, 1, 1, stamped=False).event_time == 160 * SECOND


def test_delayed_ticks_mark_the_line() -> None:
    line = Line(stock("GOOG"))
    line.price(66, 749.0, 1.0)
    line.price(67, 749.2, 2.0)
    quote = line.take(0, 0, 0, stamped=False)
    assert (quote.bid, quote.ask, quote.delayed) == (749.0, 749.2, True)


def test_a_new_subscription_knows_nothing_of_the_old() -> None:
    line = a_line()
    line.trouble, line.delayed = "NOT_SUBSCRIBED", True
    line.reset()
    assert (line.bid, line.ask, line.seen, line.delayed, line.trouble, line.request_id) == (
        None, None, False, False, "", 0,
    )  # fmt: skip


def test_broker_greeks_are_in_our_units() -> None:
    greeks = broker_greeks((0.5, 0.01, 0.8, -0.3, 0.2))
    assert greeks is not None
    assert greeks == (0.5, 0.01, pytest.approx(80.0), pytest.approx(-109.5), 0.2, "BROKER")


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("value", [-2.0, math.nan, math.inf, 1.7976931348623157e308])
def test_one_greek_not_computed_makes_none_of_them_count(place: int, value: float) -> None:
    values = [0.5, 0.01, 0.8, -0.3, 0.2]
    values[place] = value
    assert broker_greeks(tuple(values)) is None  # type: ignore[arg-type]


def test_minus_one_is_no_volatility_and_a_delta_like_any_other() -> None:
    assert broker_greeks((0.5, 0.01, 0.8, -0.3, -1.0)) is None
    assert broker_greeks((-1.0, 0.0, 0.0, 0.0, 0.2)) is not None
