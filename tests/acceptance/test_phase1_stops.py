"""Phase 1: the daemon ends gracefully by SIGTERM, SIGINT and a control file, and no new order leaves after it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.check.signals import decided_after
from hedgerow.ibsim.wirelog import orders
from tests.acceptance.reports import checked, rows_of
from tests.system import System, is_alive, until

DAEMON = "strategy-gamma-scalper"
LIMIT_S = 5.0
pytestmark = pytest.mark.timeout(300)  # systems of their own, started inside a test


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system whose daemon hedges often: an order after its end would show. Its first daemon has ended already."""
    sets = (
        "gates.state.delta.epsilon_band=0.5", "gates.state.delta.hedge_threshold=1",
        "gates.intent.hedge.min_hedge_shares=1", "gates.intent.hedge.cooldown_seconds=0",
        "gates.intent.hedge.min_price_move_pct=0", "gates.guard.risk.max_daily_hedge_count=1000000",
        "gates.guard.risk.max_daily_loss_usd=100000000", "risk.max_orders_per_minute=1000000",
    )  # fmt: skip
    with System(tmp_path_factory.mktemp("eager") / "home", "--sim", sets=sets) as system:
        pid = system.pid(DAEMON)
        os.kill(pid, signal.SIGTERM)
        until(lambda: f"{DAEMON} ended" in system.said(), "`hedgerow up` sees that its daemon ended with code 0")
        assert not is_alive(pid)
        yield system


@pytest.mark.parametrize("way", ["TC-1-R-C1a-1 SIGTERM", "TC-1-R-C1a-1 SIGINT", "TC-1-R-C1a-2 control file"])
def test_the_daemon_ends_and_no_new_order_follows(eager: System, way: str) -> None:
    began = len(orders(eager.state.wire_log))
    daemon = eager.spawn("run", "strategy")
    try:
        until(lambda: len(orders(eager.state.wire_log)) >= began + 3, "orders at the byte tap", 90)
        # The check's own measure sees the orders of a daemon that goes on.
        moment = time.time_ns()
        until(lambda: decided_after(eager.state, eager.strategy, moment, moment), "orders of a daemon that goes on", 60)
        by_file = way.endswith("file")
        if by_file:
            eager.state.control_file(eager.strategy).write_text("stop")
        else:
            daemon.send_signal(signal.Signals[way.rsplit(maxsplit=1)[-1]])
        asked = time.time_ns()
        heartbeat_s = eager.settings.status.heartbeat_interval_s if by_file else 0.0
        assert daemon.wait(LIMIT_S + heartbeat_s) == 0
    finally:
        daemon.kill()
        daemon.wait()
    ended = time.time_ns()
    assert eager.snapshot()["daemon_state"] == "STOPPED"
    decided = eager.query(DAEMON, "select max(wall_ns) as wall_ns from decisions where intent_id != ''")[0]["wall_ns"]
    slack_s = heartbeat_s + 0.5 if by_file else 0.0
    assert decided <= asked + slack_s * 1e9
    # The market plays on with everything else alive: a late order would cross the wire now.
    until(lambda: time.time_ns() > ended + 2_000_000_000, "two further seconds", 5)
    assert not [frame for frame in orders(eager.state.wire_log) if frame.record.wall_ns > ended]
    assert not decided_after(eager.state, eager.strategy, asked + int(slack_s * 1e9), asked)


@pytest.fixture(scope="module")
def report(alone: System) -> dict[str, Any]:
    """`hedgerow check phase1 --signal-test` beside a system without a gateway: it brings one of its own."""
    alone.await_state("WAITING_IB")
    return checked(alone, "phase1", "--skip-ib", "--signal-test", expected=0)


@pytest.mark.parametrize("name", ["TC-1-R-C1a-1", "TC-1-R-C1a-2"])
def test_check_shows(report: dict[str, Any], name: str) -> None:
    row = rows_of(report)[name]
    assert row["result"] == "holds", row["detail"]


BROKER = {"broker-link", "TC-1-R-M4a-1", "TC-1-R-M4a-2", "TC-1-R-M4a-3"}


def test_skip_ib_leaves_out_what_needs_a_broker_and_shows_the_rest(report: dict[str, Any]) -> None:
    rows = rows_of(report)
    assert {name for name, row in rows.items() if row["result"] == "skipped"} == BROKER
    assert {row["result"] for name, row in rows.items() if name not in BROKER} == {"holds"}
    assert report["passes"]


def test_without_a_gateway_the_daemon_waits_and_says_until_when(alone: System) -> None:
    snapshot = alone.snapshot()
    assert snapshot["daemon_state"] == "WAITING_IB"
    assert snapshot["status_lamp"] == "yellow"
    assert snapshot["next_retry_ts"]


def test_report_folder_holds_date_commit_and_results(alone: System, folder: Path) -> None:
    done = alone.run("check", "phase4", "--report", str(folder))
    assert done.returncode == 0, done.stdout
    text = (folder / "check.md").read_text()
    assert "- date: 2" in text
    assert "- commit: " in text
    assert (folder / "check.json").is_file()
