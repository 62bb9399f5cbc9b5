"""The strategies shipped, run over one day and told on one page."""

from __future__ import annotations

import json
import re

import pytest

from hedgerow.backtest.html.figures import number, signed
from hedgerow.backtest.html.page import render
from hedgerow.backtest.report import Report
from hedgerow.backtest.run import run_spec
from hedgerow.backtest.spec import make_spec

KINDS = ("gamma_scalper", "band_optimal", "time_based", "moving_average")


def name_of(kind: str) -> str:
    return "my-" + kind.replace("_", "-")


@pytest.fixture(scope="module")
def report() -> Report:
    """Two trending days of a quote a minute."""
    strategies = [
        {"name": name_of(kind), "kind": kind, "account": "SIM0000001", "adopt": "matching",
         "underlying": {"symbol": "SIMX"}}
        for kind in KINDS
    ]  # fmt: skip
    scenario = {"name": "trend", "days": 2, "interval_ms": 60_000}
    tree = {"scenario": scenario, "strategies": strategies, "position": {"contracts": 20}}
    return run_spec(make_spec(tree), "compared", "plain").report


def test_the_strategies_shipped_stand_side_by_side(report: Report) -> None:
    page = render(report)
    compared = re.search(r'<section class="panel compared">.*?</section>', page)
    assert compared is not None
    for index, each in enumerate(report.strategies):
        row = re.search(
            rf'<tr><th scope="row"><span>[^\n]*?href="#strategy-{index}">{each.name}</a>.*?</tr>', compared[0]
        )
        assert row is not None, each.name
        cells = re.sub("<[^>]*>", "|", row[0])
        assert f"|{each.kind}|" in cells
        assert f"|{signed(each.pnl.total)}|" in cells
        assert f"|{number(each.pnl.theta)}|" in cells
        assert f'id="strategy-{index}"' in page
    data = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', compared[0])[0])
    assert [name for name, *_ in data["columns"]] == [name_of(kind) for kind in KINDS]
    assert [values[-1] for _, _, values in data["columns"]] == [
        pytest.approx(each.equity.equity[-1], abs=0.01) for each in report.strategies
    ]


def test_every_hedge_is_marked_and_both_days_are_there(report: Report) -> None:
    page = render(report)
    assert sum(each.hedges for each in report.strategies) > 0
    marks = len(re.findall('<g class="(?:buy|sell)">', page))
    assert marks == sum(each.hedges for each in report.strategies)
    assert [day.date for day in report.days] == ["2024-01-16", "2024-01-17"]
    for each in report.strategies:
        assert each.timeline is not None
        assert len(each.timeline.sessions) == 2
        shares = each.timeline.shares["S"]
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-5)
        assert shares["OK"] > 0.9  # the legs of the first day are quoted on the second
