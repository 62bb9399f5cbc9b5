"""Phase 4: `hedgerow check phase4` shows the backtest's criteria with nothing running; each can also fail."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.check import backtesting
from hedgerow.cli.check.context import Context
from hedgerow.cli.check.result import Failed
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir

pytestmark = pytest.mark.timeout(300)
SHOWN = [
    *("TC-4-R-B1-1", "TC-4-R-B1-2", "TC-4-R-B1-3", "TC-4-R-B1-4"),
    *("TC-4-R-B2-1", "TC-4-R-B2-2", "TC-4-R-B2-3"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, repo_root: Path) -> dict[str, Any]:
    """One run of `hedgerow check phase4`, no system anywhere."""
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-m", "hedgerow.cli", "check", "phase4", "--json", "--report", str(home / "report")],
        env={**os.environ, "HEDGEROW_HOME": str(home)}, cwd=repo_root, capture_output=True, text=True, check=False,
        timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-1000:]
    document: dict[str, Any] = json.loads(done.stdout)
    assert json.loads((home / "report" / "check.json").read_text()) == document
    return document


@pytest.mark.parametrize("name", SHOWN)
def test_check_shows(report: dict[str, Any], name: str) -> None:
    row = next(row for row in report["results"] if row["id"] == name)
    assert row["result"] == "holds", row["detail"]


def test_check_leaves_nothing_out_and_needs_no_session(report: dict[str, Any]) -> None:
    assert [row["id"] for row in report["results"]] == SHOWN
    assert report["complete"]
    assert report["session"] == ""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> backtesting.Runs:
    """The run the checks look at."""
    return backtesting.runs(context(tmp_path_factory.mktemp("unused")))


def context(folder: Path) -> Context:
    return Context(StateDir(folder), Settings())


def test_TC_4_R_B2_2_a_tick_is_hedged_or_says_why_not(found: backtesting.Runs) -> None:
    orders = [row for row in found.decisions if row["hedged"]]
    assert {row["side"] for row in orders} == {"BUY", "SELL"}
    for row in orders:  # against the net delta, and no more than it
        assert (row["side"] == "SELL") == (row["net_delta"] > 0)
        assert row["quantity"] <= abs(row["net_delta"]) + 0.5
    waiting = [row for row in found.decisions if row["block_reason"] == "MIN_PRICE_MOVE"]
    assert waiting
    assert {row["guard"] for row in waiting} == {"MIN_PRICE_MOVE"}
    assert all(abs(row["net_delta"]) >= 10 for row in waiting)


def dropped(runs: backtesting.Runs) -> None:
    runs.decisions.pop()


def reordered(runs: backtesting.Runs) -> None:
    runs.decisions[10]["now"] += 10**15


def wrong_sum(runs: backtesting.Runs) -> None:
    runs.report["strategies"][0]["pnl"]["theta"] += 0.000001


def wrong_drawdown(runs: backtesting.Runs) -> None:
    runs.report["strategies"][1]["max_drawdown"] += 0.01


def wrong_gate(runs: backtesting.Runs) -> None:
    runs.report["strategies"][0]["gates"]["intent"]["hedge"]["cooldown_seconds"] += 1


def wrong_hash(runs: backtesting.Runs) -> None:
    runs.report["strategies"][0]["config_hash"] = "0" * 64


def other_code(runs: backtesting.Runs) -> None:
    runs.report["code_version"] = "0" * 16


def without_guard(runs: backtesting.Runs) -> None:
    next(row for row in runs.decisions if row["guard"])["guard"] = ""


def miscounted(runs: backtesting.Runs) -> None:
    runs.report["strategies"][0]["blocks"] += 1


def connected(runs: backtesting.Runs) -> None:
    runs.sockets.append("socket.connect")


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        (backtesting.no_broker_no_order, connected),
        (backtesting.in_time_order, reordered),
        (backtesting.profit_and_drawdown, wrong_sum),
        (backtesting.profit_and_drawdown, wrong_drawdown),
        (backtesting.gates_recorded, wrong_gate),
        (backtesting.gates_recorded, wrong_hash),
        (backtesting.same_code, other_code),
        (backtesting.every_tick_explained, dropped),
        (backtesting.every_tick_explained, without_guard),
        (backtesting.counts_per_set, miscounted),
    ],
)
def test_each_check_can_fail(
    found: backtesting.Runs, tmp_path: Path, check: Callable[[Context], Any], spoil: Callable[[backtesting.Runs], None]
) -> None:
    ctx = context(tmp_path)
    ctx.shared["backtest"] = spoiled = copy.deepcopy(found)
    check(ctx)
    spoil(spoiled)
    with pytest.raises(Failed):
        check(ctx)
