"""A combination's row is what the backtest of that combination says."""

import pytest

from hedgerow.backtest.run import run_spec
from hedgerow.backtest.sweep.lab import Lab, data_key, feed_key
from hedgerow.backtest.sweep.moments import shape_of, together
from hedgerow.backtest.sweep.rows import Row
from hedgerow.domain.errors import InvalidValue
from tests import sweep_world

TWO = ("strategies=[" + ",".join(
    f'{{"name": "{name}", "account": "SIM0000001", "underlying": {{"symbol": "SIMX"}}, "adopt": "matching", '
    f'"gates": {{"intent": {{"hedge": {{"min_price_move_pct": 0.01, "cooldown_seconds": {cooldown}}}}}}}}}'
    for name, cooldown in (("one", 0), ("two", 300))
) + "]",)  # fmt: skip


@pytest.mark.parametrize("sets", [(), TWO])
def test_a_row_says_what_the_backtest_of_that_combination_says(sets):
    plan = sweep_world.plan(spec=sweep_world.spec_of(*sets))
    combination = plan.combinations[2]
    row = Lab(plan).row(2, combination)
    report = run_spec(plan.spec(combination), "once", "plain").report
    assert (row.ticks, row.evaluations, row.hedges, row.fills) == (
        report.ticks, report.evaluations, report.hedges, report.fills)  # fmt: skip
    assert row.hedges > 0
    assert (row.blocks, row.block_reasons) == (report.blocks, report.block_reasons)
    assert row.blocks > 0
    assert row.pnl == pytest.approx(report.pnl.total, abs=1e-5)
    assert row.commissions == pytest.approx(-report.pnl.commissions, abs=1e-5)
    assert row.max_drawdown == pytest.approx(report.max_drawdown, abs=1e-5)
    assert (row.config_hash, row.tape_hash) == (report.config_hash, report.tape_hash)
    assert [(day.date, day.hedges) for day in row.days] == [(day.date, day.hedges) for day in report.days]
    assert [day.pnl for day in row.days] == pytest.approx([day.pnl.total for day in report.days], abs=1e-5)
    shape = shape_of(together(day.moments for day in row.days))
    assert shape is not None
    assert shape.annual_sharpe == pytest.approx(report.returns.sharpe, rel=1e-6)
    assert shape.number == report.returns.minutes


def test_a_row_travels_as_json():
    plan = sweep_world.plan()
    row = Lab(plan).row(0, plan.combinations[0])
    assert Row.from_json(row.to_json()) == row


def test_what_gates_vary_shares_tapes_and_feeds():
    first, second = sweep_world.spec_of(), sweep_world.spec_of("gates.state.delta.hedge_threshold=77")
    assert feed_key(first, first.strategies[0]) == feed_key(second, second.strategies[0])


@pytest.mark.parametrize("sets", ["seed=5", "scenario.name=quiet", "scenario.days=1"])
def test_what_makes_other_data_shares_nothing(sets):
    first, second = sweep_world.spec_of(), sweep_world.spec_of(sets)
    assert data_key(first) != data_key(second)
    assert feed_key(first, first.strategies[0]) != feed_key(second, second.strategies[0])


@pytest.mark.parametrize(
    "sets", ["position.contracts=3", "position.volatility=0.3", "gates.strategy.structure.max_dte=40", "adopt=none"]
)
def test_other_legs_are_another_feed_of_the_same_data(sets):
    first, second = sweep_world.spec_of(), sweep_world.spec_of(sets)
    assert data_key(first) == data_key(second)
    assert feed_key(first, first.strategies[0]) != feed_key(second, second.strategies[0])


def test_a_symbol_without_tapes():
    plan = sweep_world.plan(spec=sweep_world.spec_of("underlying.symbol=SPY"))
    with pytest.raises(InvalidValue, match=r"underlying\.symbol"):
        Lab(plan).header(plan.combinations[0])


def test_combinations_that_break_a_rule_are_left_out_and_named():
    plan = sweep_world.plan(("gates.state.delta.hedge_threshold=5,20,9",))
    assert plan.combinations == ((20,),)
    assert [values for values, _ in plan.left_out] == [(5,), (9,)]
    assert "epsilon_band" in plan.left_out[0][1]


def test_nothing_is_left_to_run():
    with pytest.raises(InvalidValue, match="hedge_threshold=5"):
        sweep_world.plan(("gates.state.delta.hedge_threshold=5,4",))
