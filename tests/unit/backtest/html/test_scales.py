"""Places in a drawing, and the numbers beside it."""

from __future__ import annotations

import math

import pytest

from hedgerow.backtest.html.figures import MINUS, NOTHING, coordinate, flat, number, percent, signed, tone
from hedgerow.backtest.html.scales import TimeAxis, round_ticks, scale_of, thinned, tick_decimals

HOUR = 3_600_000_000_000
OPEN = 1_705_415_400_000_000_000  # 2024-01-16 09:30 in New York


@pytest.mark.parametrize(
    ("low", "high", "about", "expected"),
    [
        (0.0, 10.0, 5, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
        (-26.0, 26.0, 4, [-20.0, 0.0, 20.0]),
        (99.93, 100.07, 3, [99.95, 100.0, 100.05]),
        (-0.4, -0.1, 3, [-0.4, -0.3, -0.2, -0.1]),
    ],
)
def test_ticks_are_round_and_inside(low: float, high: float, about: int, expected: list[float]) -> None:
    assert round_ticks(low, high, about) == pytest.approx(expected)


def test_ticks_are_told_apart_by_their_decimals() -> None:
    assert tick_decimals([0.0, 20.0]) == 0
    assert tick_decimals([99.95, 100.0]) == 2
    assert tick_decimals([1.0, 1.5]) == 1
    assert tick_decimals([1.0, 1.25]) == 2


def test_a_scale_holds_its_values_and_is_never_flat() -> None:
    scale = scale_of([3.0, math.nan, 5.0], 100.0, 0.0)
    assert (scale.at(5.0), scale.at(3.0), scale.at(4.0)) == (0.0, 100.0, 50.0)
    flat_scale = scale_of([7.0, 7.0], 100.0)
    assert flat_scale.low < 7.0 < flat_scale.high
    assert scale_of([], 100.0).low < 0.0 < scale_of([], 100.0).high
    assert scale_of([2.0, 3.0], 10.0, 0.0, zero=True).low == 0.0


def test_nights_take_no_room() -> None:
    axis = TimeAxis([(OPEN, OPEN + 6 * HOUR), (OPEN + 24 * HOUR, OPEN + 26 * HOUR)])
    assert axis.share(OPEN) == 0.0
    assert axis.share(OPEN + 3 * HOUR) == 0.375
    assert axis.share(OPEN + 6 * HOUR) == axis.share(OPEN + 12 * HOUR) == axis.share(OPEN + 24 * HOUR) == 0.75
    assert axis.share(OPEN + 25 * HOUR) == 0.875
    assert axis.share(OPEN + 40 * HOUR) == 1.0
    assert axis.share(OPEN - HOUR) == 0.0
    assert axis.breaks() == [0.75]


def test_marks_of_time_are_clock_times_in_new_york_or_dates() -> None:
    day = TimeAxis([(OPEN, OPEN + 6 * HOUR + HOUR // 2)])
    marks = day.ticks()
    assert [mark.label for mark in marks[:3]] == ["09:30", "10:00", "10:30"]
    assert marks[0].share == 0.0
    assert marks[-1].label == "16:00"
    assert len(day.ticks(4)) <= 5
    week = TimeAxis([(OPEN + 24 * HOUR * day, OPEN + 24 * HOUR * day + 6 * HOUR) for day in range(5)])
    assert [mark.label for mark in week.ticks()] == ["16 Jan", "17 Jan", "18 Jan", "19 Jan", "20 Jan"]
    year = TimeAxis([(OPEN + 24 * HOUR * day, OPEN + 24 * HOUR * day + 6 * HOUR) for day in range(250)])
    assert len(year.ticks()) <= 14


def test_a_thinned_line_keeps_ends_and_peaks() -> None:
    values = [math.sin(index / 40.0) for index in range(10_000)]
    values[5_003], values[7_001], values[0] = 9.0, -9.0, math.nan
    kept = thinned([index / 10_000 for index in range(10_000)], values, 400)
    assert len(kept) <= 400
    assert kept == sorted(set(kept))
    assert {5_003, 7_001, 9_999} <= set(kept)
    assert thinned([0.0, 0.5, 1.0], [1.0, 2.0, 3.0], 400) == [0, 1, 2]


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234.5, 2, "1,234.50"), (-1234.5, 0, f"{MINUS}1,234"), (-0.001, 2, "0.00"), (0.0, 0, "0"),
        (None, 2, NOTHING), (math.nan, 2, NOTHING), (math.inf, 2, NOTHING),
    ],
)  # fmt: skip
def test_numbers(value: float | None, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


def test_signs_shares_and_tones() -> None:
    assert signed(12.0) == "+12.00"
    assert signed(-12.0) == f"{MINUS}12.00"
    assert signed(0.001) == "0.00"
    assert signed(None) == NOTHING
    assert percent(0.1234) == "12.3 %"
    assert percent(None) == NOTHING
    assert (tone(1.0), tone(-1.0), tone(0.0), tone(math.nan)) == ("gain", "loss", None, None)


def test_places_are_short_and_never_minus_nothing() -> None:
    assert [coordinate(value) for value in (1.0, 1.50, -0.001, 12.346, 100.0)] == ["1", "1.5", "0", "12.35", "100"]


def test_a_tree_is_told_leaf_by_leaf() -> None:
    tree = {"a": {"b": 1, "c": {"d": 2.5}}, "e": [], "f": True, "g": ["x", 1], "h": {}}
    assert flat(tree) == [("a.b", "1"), ("a.c.d", "2.5"), ("e", NOTHING), ("f", "yes"), ("g", "x, 1"), ("h", NOTHING)]
