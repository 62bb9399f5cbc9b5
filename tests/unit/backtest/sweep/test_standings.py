"""The ranking, deflated and held to days not trained on."""

import math
from statistics import mean, stdev

import pytest

from hedgerow.backtest.metrics import MINUTES_PER_YEAR
from hedgerow.backtest.sweep.deflated import deflated_sharpe, expected_maximum
from hedgerow.backtest.sweep.run import Sweep
from hedgerow.backtest.sweep.standings import standings
from hedgerow.domain.errors import InvalidValue
from tests import sweep_world
from tests.sweep_world import HEADER, row

# Three combinations, four days of minutes. 0 is best in the first two days and bad after, 1 the other way round.
CHANGES = {
    0: [[5.0, 4.0, 6.0], [5.0, 4.0, 5.0], [-3.0, -2.0, -3.0], [-3.0, -2.0, 1.0]],
    1: [[-1.0, 1.0, -1.0], [2.0, 1.0, 1.0], [6.0, 5.0, 7.0], [6.0, 5.0, 6.0]],
    2: [[1.0, -1.0, 0.5], [1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, -1.0, 0.0]],
}


@pytest.fixture(scope="module")
def sweep():
    plan = sweep_world.plan(("gates.state.delta.hedge_threshold=20,40,60",))
    return Sweep(plan, HEADER, tuple(row(number, changes) for number, changes in CHANGES.items()))


def per_minute(changes):
    return mean(changes) / stdev(changes)


def annual(changes):
    return per_minute(changes) * math.sqrt(MINUTES_PER_YEAR)


def flat(number, days=range(4)):
    return [change for day in days for change in CHANGES[number][day]]


def test_ranked_by_sharpe(sweep):
    told = standings(sweep)
    assert [each.number for each in told.ranked] == [1, 0, 2]
    assert [each.rank for each in told.ranked] == [1, 2, 3]
    assert told.ranked[0].sharpe == pytest.approx(annual(flat(1)))
    assert told.ranked[0].values == (40,)
    assert told.ranked[0].out_of_sample_sharpe is None
    assert told.walk_forward is None


def test_deflated_by_what_was_tried(sweep):
    told = standings(sweep)
    sharpes = [per_minute(flat(number)) for number in range(3)]
    benchmark = expected_maximum(3, stdev(sharpes))
    assert told.trials == 3
    assert told.benchmark == pytest.approx(benchmark * math.sqrt(MINUTES_PER_YEAR), rel=1e-8)
    changes = flat(1)
    centre, spread = mean(changes), math.sqrt(mean((each - mean(changes)) ** 2 for each in changes))
    skewness, kurtosis = (mean(((each - centre) / spread) ** power for each in changes) for power in (3, 4))
    expected = deflated_sharpe(sharpes[1], 12, skewness, kurtosis, benchmark)
    assert told.ranked[0].deflated_sharpe == pytest.approx(expected, rel=1e-7)


def test_other_measures(sweep):
    assert [each.number for each in standings(sweep, by="pnl").ranked] == [1, 0, 2]
    assert [each.number for each in standings(sweep, by="max_drawdown").ranked] == [0, 1, 2]
    for wrong in ("beauty", "in_sample_sharpe", "out_of_sample_sharpe"):
        with pytest.raises(InvalidValue, match="--rank-by"):
            standings(sweep, by=wrong)


def test_walk_forward_chooses_on_training_days_and_is_held_to_the_days_after(sweep):
    told = standings(sweep, (2, 1))
    walked = told.walk_forward
    assert walked is not None
    assert [len(fold.train) for fold in walked.folds] == [2, 2]
    assert walked.choices == (0, 1)  # 0 over days 1 and 2, 1 over days 2 and 3
    held = CHANGES[0][2] + CHANGES[1][3]
    assert walked.pnl == pytest.approx(sum(held))
    assert walked.sharpe == pytest.approx(annual(held), rel=1e-8)
    by_number = {each.number: each for each in told.ranked}
    first = by_number[0]
    assert first.in_sample_sharpe == pytest.approx(mean([annual(flat(0, (0, 1))), annual(flat(0, (1, 2)))]), rel=1e-8)
    assert first.out_of_sample_sharpe == pytest.approx(annual(flat(0, (2, 3))), rel=1e-8)
    assert first.out_of_sample_pnl == pytest.approx(sum(flat(0, (2, 3))))
    assert [by_number[number].chosen for number in range(3)] == [1, 1, 0]
    assert told.by == "in_sample_sharpe"


def test_what_never_varies_is_last_and_is_no_trial():
    plan = sweep_world.plan(("gates.state.delta.hedge_threshold=20,40",))
    told = standings(Sweep(plan, HEADER, (row(0, [[0.0, 0.0]] * 4), row(1, [[-1.0, 0.5]] * 4))))
    assert [each.number for each in told.ranked] == [1, 0]
    assert told.trials == 1
    assert told.ranked[1].sharpe is None
    assert told.ranked[1].deflated_sharpe is None


def test_walk_forward_needs_the_same_days(sweep):
    short = sweep.rows[1]._replace(days=sweep.rows[1].days[:3])
    with pytest.raises(InvalidValue, match="same days"):
        standings(Sweep(sweep.plan, HEADER, (sweep.rows[0], short, sweep.rows[2])), (2, 1))
