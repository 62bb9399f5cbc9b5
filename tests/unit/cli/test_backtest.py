"""`hedgerow backtest` as a user runs it: reports, places, refusals, and no way to a broker."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli.main import app
from hedgerow.domain.errors import InvalidValue
from tests.backtest_world import FIRST, made_days, made_tape, written

runner = CliRunner()


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day with an option chain."""
    return written(made_tape(), tmp_path_factory.mktemp("tape"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state root of its own, and no socket to be had."""

    def refused(*arguments: Any, **named: Any) -> None:
        raise AssertionError("a backtest opens no socket")

    monkeypatch.setenv("HEDGEROW_HOME", str(tmp_path / "home"))
    for name in ("socket", "create_connection", "socketpair"):
        monkeypatch.setattr(socket, name, refused)
    return tmp_path / "home"


def invoke(*arguments: object) -> Result:
    return runner.invoke(app, ["backtest", "--plain", *map(str, arguments)])


def refusal(*arguments: object) -> InvalidValue:
    error = invoke(*arguments).exception
    assert isinstance(error, InvalidValue)
    return error


def test_a_tape_gives_a_table_and_is_kept(tape: Path, home: Path) -> None:
    done = invoke("--tape", tape, "--run-id", "first")
    assert done.exit_code == 0, done.output
    for words in ("backtest first", "P&L", "hedging cost", "max drawdown", "held back", "config hash"):
        assert words in done.stdout
    kept = json.loads((home / "backtests" / "first" / "report.json").read_text())
    assert kept["run_id"] == "first"
    assert kept["hedges"] > 0


def test_every_file_asked_for_is_written(tape: Path, home: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        f"tapes: [{tape}]\nposition: {{contracts: 20}}\nfills: {{latency_ms: 20}}\nstrategies:\n"
        "  - {name: one, account: SIM0000001, underlying: {symbol: SIMX}}\n"
    )
    out, page, rows = tmp_path / "out.json", tmp_path / "out.html", tmp_path / "rows.parquet"
    done = invoke("--spec", spec, "--report-json", out, "--report-html", page, "--decisions", rows, "--run-id", "x",
                  "--no-save", "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    report = json.loads(out.read_text())
    assert json.loads(done.stdout) == report
    assert not (home / "backtests").exists()
    assert page.read_text().startswith("<!doctype html>")
    table = pq.read_table(rows)
    assert table.num_rows == report["evaluations"]
    assert sum(table["hedged"].to_pylist()) == report["execution"]["orders"]
    reasons = table["block_reason"].to_pylist()
    assert {name: reasons.count(name) for name in report["block_reasons"]} == report["block_reasons"]
    sides = {
        (side, hedged) for side, hedged in zip(table["side"].to_pylist(), table["hedged"].to_pylist(), strict=True)
    }
    assert sides >= {("BUY", True), ("SELL", True), ("", False)}
    guards = dict(zip(reasons, table["guard"].to_pylist(), strict=True))
    assert guards["MIN_PRICE_MOVE"] == "MIN_PRICE_MOVE"


def test_a_run_without_a_name_is_named_by_what_it_is_of(tape: Path, home: Path) -> None:
    for _ in range(2):
        assert invoke("--tape", tape).exit_code == 0
    assert invoke("--tape", tape, "--set", "gates.state.delta.hedge_threshold=200").exit_code == 0
    assert len(list((home / "backtests").iterdir())) == 2


def test_a_run_id_stands_for_one_configuration_and_its_data(tape: Path, home: Path, tmp_path: Path) -> None:
    assert invoke("--tape", tape, "--run-id", "a").exit_code == 0
    kept = home / "backtests" / "a" / "report.json"
    before = kept.read_bytes()
    error = refusal("--tape", tape, "--run-id", "a", "--set", "gates.state.delta.hedge_threshold=200")
    assert (error.key, error.value) == ("--run-id", "a")
    assert "another configuration" in error.rule
    other = written(made_days(8)[0], tmp_path)
    assert "another data" in refusal("--tape", other, "--run-id", "a", "--report-json", tmp_path / "r.json").rule
    assert not (tmp_path / "r.json").exists()
    assert kept.read_bytes() == before
    assert invoke("--tape", other, "--run-id", "a", "--no-save").exit_code == 0
    assert invoke("--tape", tape, "--run-id", "a").exit_code == 0
    assert kept.read_bytes() == before
    older = json.loads(before) | {"code_version": "0.0.1"}
    kept.write_text(json.dumps(older))
    assert invoke("--tape", tape, "--run-id", "a").exit_code == 0
    assert kept.read_bytes() == before
    kept.write_text("{")
    assert "can be read" in refusal("--tape", tape, "--run-id", "a").rule


def test_overrides_change_the_outcome(tape: Path) -> None:
    base = json.loads(invoke("--tape", tape, "--json", "--no-save").stdout)
    other = json.loads(
        invoke("--tape", tape, "--json", "--no-save", "--set", "gates.state.delta.hedge_threshold=200").stdout
    )
    assert other["config_hash"] != base["config_hash"]
    assert other["tape_hash"] == base["tape_hash"]
    assert other["hedges"] < base["hedges"]


def test_a_wrong_argument_is_named(tape: Path, tmp_path: Path) -> None:
    assert refusal().key == "spec"
    assert refusal("--tape", tmp_path / "none.parquet").key == "tape"
    assert refusal("--tape", tape, "--lean", tmp_path).key == "--lean"
    assert refusal("--lean", tmp_path).key == "--lean"
    assert refusal("--lean", tmp_path, "--symbol", "AIG", "--date", "soon").key == "history.start"
    assert refusal("--tape", tape, "--report-json", tmp_path / "no" / "r.json").key == "--report-json"
    assert refusal("--tape", tape, "--run-id", "a/b").key == "run-id"
    assert refusal("--spec", tmp_path / "none.yaml").key == "--spec"
    assert refusal("--tape", tape, "--set", "gates.state.delta.hedge_threshold=many").key.endswith("hedge_threshold")


def test_a_day_of_lean_data_needs_no_tape(tmp_path: Path) -> None:
    folder = tmp_path / "lean" / "equity" / "usa" / "minute" / "none"
    folder.mkdir(parents=True)
    error = refusal("--lean", tmp_path / "lean", "--symbol", "AIG", "--date", f"{FIRST}")
    assert error.key == "symbol"
