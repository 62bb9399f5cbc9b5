"""Phase 1 on a whole system: what the daemon knows is written, whole and in time, and other programs can read it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from hedgerow.store.status_sink import SNAPSHOT_KEYS
from tests.acceptance.reports import checked, rows_of
from tests.system import System, until

DAEMON = "strategy-gamma-scalper"
pytestmark = pytest.mark.timeout(300)  # a whole system is started and checked inside the first test
SHOWN = [
    *("TC-1-R-M1a-1", "TC-1-R-M1a-2", "TC-1-R-M1a-3"),
    *("TC-1-R-M4a-1", "TC-1-R-M4a-2", "TC-1-R-M4a-3"),
    *("TC-1-R-H1-1", "TC-1-R-H1-2", "TC-1-R-H1-3"),
]


@pytest.fixture(scope="module")
def report(simulated: System) -> dict[str, Any]:
    """One run of `hedgerow check phase1`."""
    return checked(simulated, "phase1", expected=0)


@pytest.mark.parametrize("name", ["configuration", "sink-interface", "store-schema", "broker-link", *SHOWN])
def test_check_shows(report: dict[str, Any], name: str) -> None:
    row = rows_of(report)[name]
    assert row["result"] == "holds", row["detail"]


def test_check_leaves_out_only_what_was_not_asked_for(report: dict[str, Any]) -> None:
    skipped = [row["id"] for row in report["results"] if row["result"] == "skipped"]
    assert skipped == ["TC-1-R-C1a-1", "TC-1-R-C1a-2"]
    assert report["passes"]
    assert not report["complete"]


def hedged(system: System) -> list[dict[str, Any]]:
    """The daemon's own fills, once there is one."""
    sql = "select * from fills where strategy = ?"
    return until(lambda: system.query("execution", sql, system.strategy), "a hedge of the daemon's own", 90)


def test_TC_1_R_M1a_1_every_evaluation_reaches_the_sink(simulated: System) -> None:
    before = simulated.snapshot()
    newest = simulated.query(DAEMON, "select max(sequence) as sequence, max(wall_ns) as wall_ns from decisions")[0]
    after = until(
        lambda: (now := simulated.snapshot())["ts"] >= newest["wall_ns"] and now, "a snapshot after the evaluation", 2
    )
    assert isinstance(after, dict)
    assert after["counters"]["evaluations"] >= newest["sequence"] - _before_this_run(simulated)
    until(lambda: simulated.snapshot()["ts"] > before["ts"] + 3_000_000_000, "three seconds of heartbeats", 10)


def _before_this_run(system: System) -> int:
    """Decisions of earlier runs, 0 when there was none."""
    first = system.query(DAEMON, "select min(sequence) as sequence from decisions")[0]["sequence"]
    return int(first) - 1


def test_TC_1_R_M1a_1_entering_running_and_the_time_before_a_spot(simulated: System) -> None:
    history = [json.loads(row["snapshot"]) for row in simulated.query(DAEMON, "select * from status_history")]
    first = history[0]
    assert first["spot"] is None
    assert set(SNAPSHOT_KEYS) <= set(first)
    states = [snapshot["daemon_state"] for snapshot in history]
    changes = [(a, b) for a, b in pairwise(states) if a != b]
    # Each change of state has a history row of its own: none is skipped on the way up.
    assert any(b in ("RUNNING", "RUNNING_SUSPENDED") for _, b in changes)


def test_TC_1_R_M1a_2_state_and_time_by_one_query(simulated: System) -> None:
    rows = simulated.query(DAEMON, "select ts, daemon_state from status_current")
    assert len(rows) == 1
    assert rows[0]["daemon_state"] in ("RUNNING", "RUNNING_SUSPENDED")
    until(
        lambda: simulated.query(DAEMON, "select ts from status_current")[0]["ts"] > rows[0]["ts"], "its time moves", 3
    )


def test_TC_1_R_M1a_3_every_key_known_while_it_runs(simulated: System) -> None:
    hedged(simulated)
    snapshot = until(
        lambda: (now := simulated.snapshot()) and not [k for k in SNAPSHOT_KEYS if now[k] is None] and now,
        "a snapshot with every key known",
    )
    assert isinstance(snapshot, dict)
    assert set(SNAPSHOT_KEYS) <= set(snapshot)
    assert snapshot["config"]["name"] == simulated.strategy


def test_TC_1_R_M4a_1_one_record_per_event_and_a_history_snapshot(simulated: System, report: dict[str, Any]) -> None:
    hedged(simulated)
    sql = "select client_order_id, type, wall_ns from operations where client_order_id != '' and strategy = ?"
    records = simulated.query("execution", sql, "check")
    per_order: dict[str, Counter[str]] = {}
    for record in records:
        per_order.setdefault(record["client_order_id"], Counter())[record["type"]] += 1
    ends = Counter(tuple(sorted(kinds.elements())) for kinds in per_order.values())
    assert set(ends) == {
        ("CANCEL", "HEDGE_INTENT", "ORDER_SENT"),
        ("HEDGE_INTENT", "ORDER_SENT", "REJECT"),
        ("DENIED", "HEDGE_INTENT"),
        ("FILL", "HEDGE_INTENT", "ORDER_SENT"),
    }
    fills = simulated.query("execution", "select wall_ns from operations where type = 'FILL' and strategy = ?",
                            simulated.strategy)  # fmt: skip
    last = max(row["wall_ns"] for row in fills)
    newest = "select max(ts) as ts from status_history"
    until(lambda: simulated.query(DAEMON, newest)[0]["ts"] >= last, "a history snapshot after the newest fill", 3)


def test_TC_1_R_M4a_2_each_record_is_whole(simulated: System, report: dict[str, Any]) -> None:
    hedged(simulated)
    for row in simulated.query("execution", "select * from operations"):
        assert row["wall_ns"] > 0, row
        assert row["market_ns"] > 0, row
        assert row["side"] in ("BUY", "SELL"), row
        assert float(row["quantity"]) > 0, row
        assert (row["price"] is not None) == (row["type"] == "FILL"), row
        assert row["state"], row
        assert row["reason"], row
        if row["strategy"] == simulated.strategy and row["type"] == "HEDGE_INTENT":
            assert row["reason"] in ("HEDGE_NEEDED", "FORCE_HEDGE", "MINOR", "IN_BAND"), row


def test_TC_1_R_M4a_3_another_process_reads_them(simulated: System, report: dict[str, Any]) -> None:
    done = simulated.run("operations", "live", "--type", "FILL", "--json")
    assert done.returncode == 0, done.stderr
    read = {row["operation_id"] for row in json.loads(done.stdout)}
    written = {f"execution:{row['id']}" for row in simulated.query(
        "execution", "select id from operations where type = 'FILL' order by id limit 5")}  # fmt: skip
    assert written <= read


def test_TC_1_R_H1_1_history_only_grows(simulated: System) -> None:
    sql = "select id, ts, snapshot from status_history order by id"
    before = simulated.query(DAEMON, sql)
    after = until(lambda: len(rows := simulated.query(DAEMON, sql)) > len(before) and rows, "a further history row", 12)
    assert isinstance(after, list)
    assert after[: len(before)] == before
    gaps = [(b["ts"] - a["ts"]) / 1e9 for a, b in pairwise(after)]
    assert max(gaps) <= simulated.settings.status.history_interval_s + 3


def test_TC_1_R_H1_2_statistics_read_what_is_there_and_write_nothing(simulated: System) -> None:
    hedged(simulated)
    path = simulated.database("execution")
    tables = simulated.query("execution", "select name, sql from sqlite_master")
    done = simulated.run("stats", "live", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["strategy"]: row for row in json.loads(done.stdout)}
    assert rows[simulated.strategy]["hedges"] >= 1
    assert simulated.query("execution", "select name, sql from sqlite_master") == tables
    assert path.is_file()


@pytest.mark.parametrize(
    ("sink", "code"),
    [("sqlite", 0), ("file:///tmp/status.json", 0), ("postgresq://localhost/x", 2), ("file://status.json", 2)],
)
def test_TC_1_R_H1_3_sink_is_configuration(simulated: System, sink: str, code: int) -> None:
    done = simulated.run("config", "validate", "--set", f"status.sink={sink}")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code:
        assert "status.sink" in done.stderr
        assert sink in done.stderr
