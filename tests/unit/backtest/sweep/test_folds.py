"""Walk-forward windows over days."""

from datetime import date, timedelta

import pytest

from hedgerow.backtest.sweep.folds import folds, parse_walk_forward
from hedgerow.domain.errors import InvalidValue

DAYS = [date(2024, 1, 1) + timedelta(days=index) for index in range(7)]


def test_windows_roll_by_the_test_length():
    found = folds(DAYS, 3, 2)
    assert [(fold.train, fold.test) for fold in found] == [
        (tuple(DAYS[0:3]), tuple(DAYS[3:5])),
        (tuple(DAYS[2:5]), tuple(DAYS[5:7])),
    ]


def test_no_test_day_is_ever_a_day_of_its_training_nor_tested_twice():
    found = folds(DAYS, 2, 1)
    tested = [day for fold in found for day in fold.test]
    assert len(tested) == len(set(tested)) == 5
    assert all(max(fold.train) < min(fold.test) for fold in found)


def test_windows_longer_than_the_data():
    with pytest.raises(InvalidValue, match="at most 7 trading days"):
        folds(DAYS, 6, 2)


@pytest.mark.parametrize("text", ["5", "5:", "0:1", "a:b", "5:1:1", "-1:2", "1.5:1"])
def test_text_refused(text):
    with pytest.raises(InvalidValue, match="--walk-forward"):
        parse_walk_forward(text)


def test_text():
    assert parse_walk_forward("10:2") == (10, 2)
