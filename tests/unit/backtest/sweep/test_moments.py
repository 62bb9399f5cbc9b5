"""Mean, deviation, skewness and kurtosis add up from parts."""

import numpy as np
import pytest

from hedgerow.backtest.metrics import returns_of
from hedgerow.backtest.sweep.moments import Moments, moments_of, shape_of, together

CHANGES = np.random.default_rng(5).normal(0.3, 12.0, 900) ** 3 / 100.0


def test_they_say_what_the_report_says():
    told, shape = returns_of(CHANGES), shape_of(moments_of(CHANGES))
    assert shape is not None
    assert told.skewness is not None
    assert shape.annual_sharpe == pytest.approx(told.sharpe, rel=1e-8)
    assert (shape.number, shape.skewness, shape.kurtosis) == (
        told.minutes, pytest.approx(told.skewness, rel=1e-8), pytest.approx(told.kurtosis, rel=1e-8))  # fmt: skip


def test_parts_add_up_to_the_whole():
    parts = [moments_of(part) for part in np.array_split(CHANGES, 7)]
    assert together(parts) == pytest.approx(moments_of(CHANGES))


@pytest.mark.parametrize("changes", [[], [1.0], [2.5, 2.5, 2.5], [0.1] * 7, [0.0, 0.0]])
def test_nothing_varies(changes):
    assert shape_of(moments_of(np.array(changes))) is None


def test_no_parts():
    assert together([]) == Moments()
