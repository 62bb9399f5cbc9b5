"""The deflated Sharpe ratio against the paper's figures and by hand."""

import math

import pytest

from hedgerow.backtest.sweep.deflated import deflated_sharpe, deviation_of, expected_maximum

DAYS = 1250
PER_DAY = math.sqrt(250.0)


def in_the_paper(trials: int, skewness: float, kurtosis: float) -> float | None:
    """Bailey and Lopez de Prado's example: Sharpe 2.5 a year over five years, variance 1/2 over the trials."""
    benchmark = expected_maximum(trials, math.sqrt(0.5) / PER_DAY)
    return deflated_sharpe(2.5 / PER_DAY, DAYS, skewness, kurtosis, benchmark)


def test_the_example_of_the_paper():
    assert expected_maximum(100, math.sqrt(1.0 / 500.0)) == pytest.approx(0.1132, abs=5e-5)
    assert in_the_paper(100, -3.0, 10.0) == pytest.approx(0.9004, abs=5e-5)


def test_fewer_trials_deflate_less():
    assert in_the_paper(46, -3.0, 10.0) == pytest.approx(0.9505, abs=5e-5)


def test_normal_returns_of_the_paper_pass_with_more_trials():
    assert in_the_paper(88, 0.0, 3.0) == pytest.approx(0.9505, abs=5e-5)


def test_by_hand():
    # 5 trials, deviation 0.1: the quantiles of 0.8 and 1 - 1 / (5 e) are 0.84162 and 1.44966 (a table of the normal)
    benchmark = 0.1 * (0.4227843351 * 0.84162 + 0.5772156649 * 1.44966)
    assert expected_maximum(5, 0.1) == pytest.approx(benchmark, abs=1e-6)
    # 101 observations of Sharpe 0.3, skewness 0.5, kurtosis 4: root of 1 - 0.15 + 0.0675 is 0.957862
    z = (0.3 - 0.1192) * 10.0 / math.sqrt(0.9175)
    assert z == pytest.approx(1.88754, abs=1e-5)
    assert deflated_sharpe(0.3, 101, 0.5, 4.0, 0.1192) == pytest.approx(0.97046, abs=5e-5)


def test_one_trial_has_nothing_to_be_deflated_by():
    assert expected_maximum(1, 0.4) == 0.0
    assert deflated_sharpe(0.0, 100, 0.0, 3.0, 0.0) == 0.5


def test_too_little_to_say():
    assert deflated_sharpe(0.1, 1, 0.0, 3.0, 0.0) is None
    assert deflated_sharpe(2.0, 100, 5.0, 1.0, 0.0) is None


def test_deviation_of_the_trials():
    assert deviation_of([0.1, 0.3]) == pytest.approx(math.sqrt(0.02))
    assert deviation_of([0.1]) == 0.0
