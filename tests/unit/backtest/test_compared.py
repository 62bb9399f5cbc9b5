"""The four strategies of the example spec, side by side in one report."""

from __future__ import annotations

from pathlib import Path

from hedgerow.backtest.run import run_spec
from hedgerow.backtest.spec import read_spec


def test_four_strategies_in_one_report(repo_root: Path) -> None:
    spec = read_spec(repo_root / "docs/examples/compare-strategies.yaml")
    run = run_spec(spec, "compared", "plain")
    report = run.report
    assert [one.name for one in report.strategies] == ["gamma-scalper", "band-optimal", "time-based", "moving-average"]
    hedges = {one.name: one.hedges for one in report.strategies}
    assert all(count > 0 for count in hedges.values()), hedges
    assert hedges["time-based"] <= 13  # half hours in a session
    assert hedges["band-optimal"] > hedges["time-based"]
    # a fair comparison: nobody is stopped by the day's allowance, nobody pays a commission for a share or two
    assert not any("MAX_DAILY_HEDGES" in one.block_reasons for one in report.strategies)
    assert run.strategies[1].result.orders["quantity"].min() >= 50.0
