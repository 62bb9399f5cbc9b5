"""`hedgerow stats runs|compare|leaderboard` over reports and sessions that lie there, with no process alive."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli.main import app
from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.store.engine import open_store
from tests.unit.cli.test_queries import trade
from tests.unit.domain.test_backtest_run import part, report


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs, one of two strategies, and a damaged one."""
    monkeypatch.setenv("HEDGEROW_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    write(tmp_path, "older", report(10.0, code_version="v1"), 1)
    two = [part(50.0, 2, name="goog", kind="gamma_scalper", symbol="GOOG"),
           part(-20.0, 9, name="clock", kind="time_based", symbol="GOOG")]  # fmt: skip
    write(tmp_path, "newer", {**report(30.0), "strategies": two}, 2)
    write(tmp_path, "torn", {"run_id": "torn"}, 3)
    return tmp_path


def write(home: Path, run_id: str, document: dict[str, Any], age: int) -> None:
    path = home / "backtests" / run_id / "report.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**document, "run_id": run_id}))
    os.utime(path, (age, age))


def hedgerow(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def printed(*arguments: object) -> Any:
    done = hedgerow(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_runs_newest_first_or_best_first(home: Path) -> None:
    assert [(run["run_id"], run["state"]) for run in printed("stats", "runs")] == [
        ("torn", "FAILED"), ("newer", "DONE"), ("older", "DONE"),
    ]  # fmt: skip
    assert [run["run_id"] for run in printed("stats", "runs", "--by", "pnl")] == ["newer", "older", "torn"]
    assert [run["run_id"] for run in printed("stats", "runs", "--limit", 1)] == ["torn"]
    text = hedgerow("stats", "runs").stdout
    assert "30.00" in text
    assert isinstance(hedgerow("stats", "runs", "--by", "luck").exception, InvalidValue)


def test_two_runs_side_by_side(home: Path) -> None:
    compared = printed("stats", "compare", "older", "newer")
    assert (compared["run_a"]["run_id"], compared["run_b"]["figures"]["pnl"]["total"]) == ("older", 30.0)
    assert {each["kind"] for each in compared["differences"]} == {"CODE", "RESULT"}
    text = hedgerow("stats", "compare", "older", "newer").stdout
    assert "configuration: the same" in text
    assert "+20" in text
    assert isinstance(hedgerow("stats", "compare", "older", "nothing").exception, NotFound)
    assert isinstance(hedgerow("stats", "compare", "older", "../older").exception, InvalidValue)


def test_the_leaderboard_ranks_strategies_of_runs_and_sessions(home: Path) -> None:
    place = home / "sessions" / "20151224T150000Z-aaaaaa" / "store"
    rows = [*trade(1, "BUY", "100", "2015-12-31T10:00:00"), *trade(2, "SELL", "104", "2016-01-04T10:00:00")]
    with open_store(place, "execution") as store, store.begin() as connection:
        for row in rows:
            connection.execute(store.table(row.table).insert().values(**row.values))
    board = printed("stats", "leaderboard")
    assert [(row["rank"], row["run"], row["strategy"], row["value"]) for row in board] == [
        (1, "newer", "goog", 50.0), (2, "20151224T150000Z-aaaaaa", "goog", 38.0), (3, "older", "goog", 10.0),
        (4, "newer", "clock", -20.0),
    ]  # fmt: skip
    assert [row["source"] for row in printed("stats", "leaderboard", "--source", "session")] == ["session"]
    by_hedges = printed("stats", "leaderboard", "--by", "hedges", "--source", "backtest")
    assert [row["strategy"] for row in by_hedges] == ["clock", "goog", "goog"]
    assert "time_based" in hedgerow("stats", "leaderboard").stdout


def test_what_is_no_command_is_a_session(home: Path) -> None:
    assert hedgerow("stats", home / "sessions").exit_code != 0
    assert hedgerow("stats", "--help").exit_code == 0
    assert "leaderboard" in hedgerow("stats", "--help").stdout
