"""A made-up day on a machine without data, and what a user can do wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.sessions import HEDGEROW, Session, hedgerow


def test_the_threshold_is_crossed_at_least_five_times(synthetic: Session) -> None:
    hedges = {row["client_order_id"] for row in synthetic.rows("execution.db", "select client_order_id from fills")}
    assert len(hedges) >= 5
    assert synthetic.report["fills"] >= 5


def test_the_summary_is_for_a_trader(synthetic: Session) -> None:
    for word in ("intents / orders / fills", "net delta", "commissions", "P&L", "positions", "lamp"):
        assert word in synthetic.printed


def test_positions_in_portfolio_are_the_sum_of_fills(synthetic: Session) -> None:
    stock = sum(
        float(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
        for row in synthetic.rows("execution.db", "select side, quantity from fills where instrument = 'SIMX'")
    )
    reported = {p["instrument"]: p["quantity"] for p in synthetic.report["positions"]}
    assert reported.get("SIMX", 0.0) == stock


def test_every_process_has_ended(synthetic: Session) -> None:
    for port in json.loads((synthetic.root / "ports.json").read_text()).values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--contracts", "-3"), ("--contracts", "-3")),
        (("--contracts", "0"), ("--contracts",)),
        (("--speed", "0"), ("--speed",)),
        (("--speed", "nan"), ("--speed",)),
        (("--set", "gates.strategy.structure.max_det=45"), ("max_det",)),
        (("--set", "gates.state.delta.hedge_threshold=-1"), ("hedge_threshold", "-1")),
        (("--set", "broker.mode=live"), ("--i-accept-live",)),
        (("--set", "underlying.symbol=GOOG"), ("underlying.symbol", "SIMX")),
        (("--tape", "absent.parquet"), ("absent.parquet",)),
        (("--report-json", "no/such/folder/report.json"), ("--report-json",)),
        (("--date", "2024-13-01"), ("--date", "2024-13-01")),
    ],
)
def test_a_wrong_option_is_one_clear_line_and_nothing_is_left(
    tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = hedgerow(tmp_path, "demo", *arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    assert not (tmp_path / "sessions").exists()


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environment = {**os.environ, "HEDGEROW_HOME": str(tmp_path / "file" / "inside")}
    refused = subprocess.run([str(HEDGEROW), "demo"], capture_output=True, text=True, env=environment, timeout=60)
    assert refused.returncode == 2
    assert "HEDGEROW_HOME" in refused.stderr


def test_ctrl_c_in_the_middle_ends_everything(tmp_path: Path) -> None:
    environment = {**os.environ, "HEDGEROW_HOME": str(tmp_path)}
    demo = subprocess.Popen(
        [str(HEDGEROW), "demo", "--speed", "60"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stderr is not None
    assert "straddle" in demo.stderr.readline()
    demo.send_signal(signal.SIGINT)
    demo.wait(60)
    ports = json.loads((tmp_path / "latest" / "ports.json").read_text())
    for port in ports.values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("keep", [(), ("--keep",)])
def test_a_strategy_stopped_by_command_ends_the_demo_with_its_report(tmp_path: Path, keep: tuple[str, ...]) -> None:
    environment = {**os.environ, "HEDGEROW_HOME": str(tmp_path)}
    report = tmp_path / "report.json"
    demo = subprocess.Popen(
        [str(HEDGEROW), "demo", "--speed", "60", "--report-json", str(report), *keep],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    snapshot = tmp_path / "latest" / "store" / "strategy-gamma-scalper.db"
    _until(demo, lambda: snapshot.is_file() and _trades(tmp_path))
    stopped = hedgerow(tmp_path, "stop", "latest")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    if keep:  # only the daemon is gone: the page goes on, and says why
        address = f"http://127.0.0.1:{json.loads((tmp_path / 'latest' / 'ports.json').read_text())['gateway']}/status"
        _until(demo, lambda: report.is_file() and _lamp(address) == ("yellow", ["STOPPED_BY_OPERATOR"]))
        demo.send_signal(signal.SIGINT)
    printed, told = demo.communicate(timeout=60)
    assert demo.returncode == 0, told
    assert "strategy-gamma-scalper was stopped" in told
    assert json.loads(report.read_text())["evaluations"] > 0
    assert "positions" in printed
    for port in json.loads((tmp_path / "latest" / "ports.json").read_text()).values():
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def _until(demo: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert demo.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _lamp(address: str) -> tuple[str, list[str]]:
    with urllib.request.urlopen(address, timeout=5) as answer:
        status = json.load(answer)
    return status["status_lamp"], status["block_reasons"]


def _trades(home: Path) -> bool:
    (status,) = json.loads(hedgerow(home, "status", "--json").stdout)
    return bool(status["option_legs"])
