"""Metrics: named by the convention, described, and listed in docs/metrics.md as the code declares them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.telemetry.metrics import Described
from tools.metrics_table import TABLE, process_of

ROOT = Path(__file__).resolve().parents[2]
UNITS = ("seconds", "bytes", "shares", "ratio")
OTHER_UNITS = re.compile(r"_(ms|us|ns|millis|milliseconds|minutes|hours|kb|mb|percent|pct)(_|$)")


ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| [^|]* \| (.*) \|$", re.MULTILINE)


@pytest.fixture
def metrics() -> list[Described]:
    """What the table lists, which the first test holds equal to the code."""
    rows = ROW.findall(TABLE.read_text())
    return [Described(name, kind, tuple(re.findall(r"\w+", labels)), text) for name, kind, labels, text in rows]


def test_the_table_is_what_the_code_declares(metrics: list[Described]) -> None:
    # by a process of its own: here other tests have declared metrics too
    made = subprocess.run(
        [sys.executable, "tools/metrics_table.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert len(metrics) > 40


def test_names_follow_the_convention(metrics: list[Described]) -> None:
    wrong = [each.name for each in metrics if not re.fullmatch(r"hedgerow(_[a-z][a-z0-9]*)+", each.name)]
    assert wrong == []
    assert [each.name for each in metrics if not process_of(each.name)] == []
    assert [each.name for each in metrics if OTHER_UNITS.search(each.name)] == []
    totals = {each.name for each in metrics if each.name.endswith("_total")}
    assert totals == {each.name for each in metrics if each.kind == "counter"}
    histograms = [each.name for each in metrics if each.kind == "histogram"]
    assert [name for name in histograms if not name.endswith(UNITS)] == []


def test_each_says_in_a_sentence_what_it_is(metrics: list[Described]) -> None:
    assert [each.name for each in metrics if not re.fullmatch(r"[A-Z0-9].*\.", each.documentation)] == []


def test_every_hop_worth_an_alert_is_measured(metrics: list[Described]) -> None:
    assert {each.name for each in metrics if each.kind == "histogram"} >= {
        "hedgerow_strategy_tick_age_seconds",
        "hedgerow_strategy_decision_seconds",
        "hedgerow_risk_check_seconds",
        "hedgerow_execution_risk_seconds",
        "hedgerow_execution_commit_seconds",
        "hedgerow_execution_intent_to_send_seconds",
        "hedgerow_execution_send_to_ack_seconds",
        "hedgerow_strategy_command_ack_seconds",
    }
