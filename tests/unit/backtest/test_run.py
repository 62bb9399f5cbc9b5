"""A spec's run and its report: sums, days, strategies, underlyings, rules, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hedgerow.backtest.report import Pnl, document, to_bytes
from hedgerow.backtest.run import BacktestRun, run_spec
from hedgerow.backtest.spec import make_spec
from hedgerow.domain.errors import InvalidValue
from tests.backtest_world import FIRST, SECOND, made_days, made_tape, scalper, threshold, written

PARTS = ("gamma", "theta", "vega", "hedging_cost", "slippage", "commissions")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of SIMX and one of SIMY."""
    place = tmp_path_factory.mktemp("tapes")
    for tape in (*made_days(7, 2), *made_days(9, 1, "SIMY")):
        written(tape, place)
    return place


def run(folder: Path, tapes: tuple[str, ...] = (f"SIMX-{FIRST}",), run_id: str = "r", **tree: Any) -> BacktestRun:
    files = [str(folder / f"{name}.parquet") for name in tapes]
    given = {"tapes": files, "strategies": [scalper()], "position": {"contracts": 20}, **tree}
    return run_spec(make_spec(given), run_id, "plain")


@pytest.fixture(scope="module")
def two_days(folder: Path) -> BacktestRun:
    """Two strategies over two days, and one over a day of another symbol."""
    return run(
        folder, (f"SIMX-{SECOND}", f"SIMY-{FIRST}", f"SIMX-{FIRST}"), fills={"latency_ms": 40},
        strategies=[scalper(), scalper("wide", state=threshold(300)), scalper("other", "SIMY")],
        rules={"order_size": {"max_quantity": 1000}, "order_rate": {"max_orders_per_minute": 5}},
    )  # fmt: skip


def exact(amount: float) -> Decimal:
    return Decimal(repr(amount))


def assert_sums(pnl: Pnl) -> None:
    assert sum(exact(getattr(pnl, name)) for name in PARTS) == exact(pnl.total)


def test_every_pnl_is_the_sum_of_its_parts_its_days_and_its_strategies(two_days: BacktestRun) -> None:
    report = two_days.report
    pnls = [report.pnl, *(one.pnl for one in report.strategies), *(day.pnl for day in report.days)]
    for pnl in [*pnls, *(day.pnl for one in report.strategies for day in one.days)]:
        assert_sums(pnl)
    for name in ("total", *PARTS):
        assert sum(exact(getattr(one.pnl, name)) for one in report.strategies) == exact(getattr(report.pnl, name))
        for one in report.strategies:
            assert sum(exact(getattr(day.pnl, name)) for day in one.days) == exact(getattr(one.pnl, name))
    assert report.pnl.total != 0.0


def test_the_total_is_what_the_money_says(two_days: BacktestRun) -> None:
    """Independent of marks: cash of every fill, the options' change, the shares left at the last mid."""
    for one in two_days.strategies:
        fills, feed = one.result.fills, one.feed
        signed = fills["side"] * fills["quantity"]
        stock = feed.slot == 0
        last = (feed.bid[stock][-1] + feed.ask[stock][-1]) / 2
        expected = float(signed.sum() * last - (signed * fills["price"]).sum() - fills["commission"].sum())
        for slot, leg in enumerate(feed.legs, start=1):
            rows = (feed.slot == slot) & ~np.isnan(feed.bid) & ~np.isnan(feed.ask)
            final = (feed.bid[rows][-1] + feed.ask[rows][-1]) / 2
            expected += (final - leg.average_price) * leg.contracts * leg.multiplier
        told = next(each for each in two_days.report.strategies if each.name == one.config.name)
        assert told.pnl.total == pytest.approx(expected, abs=1e-6)


def test_costs_are_those_of_the_fills(two_days: BacktestRun) -> None:
    for one, told in zip(two_days.strategies, two_days.report.strategies, strict=True):
        fills, orders = one.result.fills, one.result.orders
        decided = dict(zip(orders["number"].tolist(), orders["decision_mid"].tolist(), strict=True))
        paid = sum(
            side * quantity * (price - decided[number])
            for side, quantity, price, number in zip(
                *(fills[name].tolist() for name in ("side", "quantity", "price", "order")), strict=True
            )
        )
        assert told.pnl.hedging_cost + told.pnl.slippage == pytest.approx(-paid, abs=1e-5)
        assert told.execution.decision_slippage_usd == pytest.approx(paid, abs=1e-5)
        assert told.pnl.commissions == pytest.approx(-fills["commission"].sum(), abs=1e-6)


def test_days_come_in_order_and_the_state_goes_on(two_days: BacktestRun) -> None:
    one = two_days.report.strategies[0]
    assert [day.date for day in one.days] == [FIRST.isoformat(), SECOND.isoformat()]
    decisions = two_days.strategies[0].result.decisions
    assert np.all(np.diff(decisions["now"]) >= 0)
    first = int(np.searchsorted(decisions["now"], two_days.strategies[0].feed.days[1].session_open - 3_600 * 10**9))
    assert decisions["stock_quantity"][first] == decisions["stock_quantity"][first - 1] != 0.0
    for name in ("ticks", "hedges", "fills", "blocks"):
        assert sum(getattr(day, name) for day in one.days) == getattr(one, name)


def test_counts_are_those_of_the_columns(two_days: BacktestRun) -> None:
    for one, told in zip(two_days.strategies, two_days.report.strategies, strict=True):
        decisions = one.result.decisions
        assert told.evaluations == len(decisions["now"])
        assert sum(told.block_reasons.values()) + sum(told.idle_reasons.values()) == told.evaluations
        assert told.blocks == sum(told.block_reasons.values()) > 0
        assert told.hedges == np.count_nonzero(one.result.orders["filled_quantity"] > 0) > 0
        for verdicts in told.guards.values():
            assert verdicts.passed + verdicts.failed + verdicts.not_evaluated == told.evaluations
        assert told.rules["order_size"].allowed == told.execution.orders
        assert told.execution.fill_ms.median is not None
        assert told.execution.fill_ms.median >= 40


def test_parameter_sets_differ_in_hash_and_outcome(two_days: BacktestRun) -> None:
    one, wide, _ = two_days.report.strategies
    assert one.config_hash != wide.config_hash
    assert one.hedges > wide.hedges
    assert two_days.report.gates["wide"]["state"]["delta"]["hedge_threshold"] == 300


def test_the_curve_of_all_ends_at_the_total(two_days: BacktestRun) -> None:
    report = two_days.report
    assert report.equity.equity[-1] == pytest.approx(report.pnl.total, abs=1e-5)
    assert report.equity.spot[-1] is None  # of two symbols there is no one price
    for one in report.strategies:
        assert one.equity.equity[-1] == pytest.approx(one.pnl.total, abs=1e-6)
        assert one.max_drawdown >= max(one.equity.equity[:1][0] - min(one.equity.equity), 0.0)


def test_the_document_names_no_place(folder: Path) -> None:
    found = run(folder)
    content = to_bytes(document(found.report))
    assert str(folder).encode() not in content
    assert content == to_bytes(document(run(folder).report))


def test_rules_are_asked_about_every_order_and_can_deny_all(folder: Path) -> None:
    found = run(folder, rules={"order_size": {"max_quantity": 1}, "order_notional": {"max_notional_usd": 1e9}})
    told = found.report.strategies[0]
    assert told.hedges == told.fills == 0
    assert told.execution.denied == told.execution.orders == told.rules["order_size"].denied > 0
    assert told.rules["order_notional"].denied == 0
    assert {order.status for order in told.orders} == {"DENIED"}
    assert found.report.rule_set_hash
    assert told.pnl.commissions == 0.0


def test_a_position_limit_counts_what_is_held(folder: Path) -> None:
    held = run(folder, rules={"position": {"max_position_shares": 60}}).strategies[0].result.marks["stock_quantity"]
    free = run(folder).strategies[0].result.marks["stock_quantity"]
    assert np.abs(held).max() <= 60 < np.abs(free).max()


def test_a_position_of_listed_legs_is_taken_over_at_its_price_or_the_first_mid(folder: Path) -> None:
    legs = [{"instrument": "SIMX 20240209 100 C", "contracts": -5, "average_price": 2.5},
            {"instrument": "SIMX 20240209 105 C", "contracts": 5}]  # fmt: skip
    told = run(folder, position={"kind": "legs", "legs": legs}).report.strategies[0]
    assert [leg["contracts"] for leg in told.legs] == [-5, 5]
    assert told.legs[0]["average_price"] == 2.5
    assert 0.0 < told.legs[1]["average_price"] < 2.5
    assert told.pnl.gamma + told.pnl.theta + told.pnl.vega != 0.0


def test_a_range_of_history_takes_its_days_alone(folder: Path) -> None:
    history = {"tapes": str(folder), "symbol": "SIMX", "start": "2024-01-17", "end": "2024-02-01"}
    spec = make_spec({"history": history, "strategies": [scalper()]})
    assert [tape.date for tape in run_spec(spec, "r", "plain").report.tapes] == [SECOND.isoformat()]
    with pytest.raises(InvalidValue, match=r"history\.tapes"):
        run_spec(make_spec({"history": {**history, "symbol": "SIMZ"}, "strategies": [scalper()]}), "r", "plain")


def test_a_scenario_makes_its_own_days(folder: Path) -> None:
    scenario = {"name": "gap", "days": 2, "interval_ms": 60_000, "start": "2024-01-12"}
    report = run_spec(make_spec({"scenario": scenario, "strategies": [scalper()]}), "r", "plain").report
    assert [tape.date for tape in report.tapes] == [date(2024, 1, 12).isoformat(), FIRST.isoformat()]
    laid = run(folder, scenario={"name": "wide_spreads"}).report
    assert laid.tape_hash != run(folder).report.tape_hash
    assert laid.pnl.hedging_cost < run(folder).report.pnl.hedging_cost


def test_a_synthetic_straddle_needs_no_chain(folder: Path, tmp_path: Path) -> None:
    whole = made_tape()
    bare = written_without_options(tmp_path)
    tree: dict[str, Any] = {"tapes": [str(bare)], "strategies": [scalper()]}
    with pytest.raises(InvalidValue, match="--synthetic-straddle"):
        run_spec(make_spec(tree), "r", "plain")
    position = {"kind": "synthetic_straddle", "volatility": 0.3, "contracts": 10}
    told = run_spec(make_spec({**tree, "position": position}), "r", "plain").report.strategies[0]
    in_session = (whole.instrument == 0) & ~whole.extended
    first = round(float((whole.bid[in_session][0] + whole.ask[in_session][0]) / 2), 2)
    assert [leg["instrument"].split()[2] for leg in told.legs] == [f"{first:g}"] * 2
    assert told.hedges > 0
    assert told.pnl.theta < 0
    assert told.pnl.vega == pytest.approx(0.0, abs=0.01)  # one volatility, whatever the price
    assert abs(told.gamma_parts.residual) < 0.2 * told.gamma_parts.curvature


def written_without_options(folder: Path) -> Path:
    tape = made_tape()
    meta = replace(tape.meta, instruments=tape.meta.instruments[:1])
    return written(replace(tape, meta=meta, **vars(tape.take(np.flatnonzero(tape.instrument == 0)))), folder)


@pytest.mark.parametrize(
    ("tree", "run_id", "words"),
    [
        ({"strategies": [scalper(symbol="SIMZ")]}, "r", "--set underlying.symbol=SIMX"),
        ({"tapes": (f"SIMX-{FIRST}",) * 2}, "r", "each day of SIMX once"),
        ({}, "../r", "run-id"),
        ({"rules": {"no_such": {}}}, "r", "rules.no_such"),
        ({"position": {"kind": "legs", "legs": [{"instrument": "SIMX 20240216 1 C", "contracts": 1}]}}, "r",
         "position.legs"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused_by_name(folder: Path, tree: dict[str, Any], run_id: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        run(folder, run_id=run_id, **tree)
    assert words in str(refused.value)


def test_a_tape_nobody_runs_over_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidValue, match=r"strategies on SIMX alone; leave the tape out, or add.*on SIMY") as refused:
        run(folder, (f"SIMX-{FIRST}", f"SIMY-{FIRST}"))
    assert (refused.value.key, refused.value.value) == ("tapes", "SIMY")
