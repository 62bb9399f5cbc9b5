"""The parts of single checks that need no system: records, rounds, sinks, logs, prices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.check import history, operations, prices, signals
from hedgerow.cli.check.context import Context
from hedgerow.cli.check.daemon_log import CONTROL_FILE_EVENT, events, transitions
from hedgerow.cli.check.result import Failed, Outcome
from hedgerow.cli.check.snapshots import STATE_QUERY
from hedgerow.settings import load
from hedgerow.state_dir import StateDir

RECORD: dict[str, Any] = {
    "wall_ns": 1, "market_ns": 1, "type": "FILL", "strategy": "s", "instrument": "SIMX", "side": "BUY",
    "quantity": Decimal(1), "price": Decimal("100.01"), "state": "FILLED", "reason": "HEDGE_NEEDED",
    "client_order_id": "hr-1", "text": "",
}  # fmt: skip


def test_a_whole_record_has_no_gap() -> None:
    assert operations._gap(RECORD) == ""
    denied = {**RECORD, "type": "DENIED", "price": None, "state": "DENIED", "reason": "ORDER_SIZE"}
    assert operations._gap(denied) == ""


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("wall_ns", 0, "no time"),
        ("market_ns", 0, "no time"),
        ("side", "", "side"),
        ("quantity", None, "quantity"),
        ("quantity", Decimal(0), "quantity"),
        ("price", None, "price"),
        ("state", "", "state"),
        ("reason", "", "reason"),
        ("instrument", "", "no instrument"),
        ("client_order_id", "", "no instrument, order"),
    ],
)
def test_a_record_that_lacks_something_says_what(column: str, value: object, told: str) -> None:
    assert told in operations._gap({**RECORD, column: value})


def test_a_price_belongs_to_fills_only_and_an_intent_needs_its_d_value() -> None:
    assert "price" in operations._gap({**RECORD, "type": "ORDER_SENT"})
    assert "D value" in operations._gap({**RECORD, "type": "HEDGE_INTENT", "price": None, "reason": "WHY_NOT"})


def test_an_order_of_a_flatten_has_that_for_its_reason() -> None:
    assert operations._gap({**RECORD, "type": "ORDER_SENT", "price": None, "reason": "FLATTEN"}) == ""


GOOD = signals.Round("SIGTERM", 0.0, 0.0, 0.4, 0, "STOPPED", 5, ())


def test_a_graceful_end_has_no_fault() -> None:
    assert GOOD.fault == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"code": None}, "still alive"),
        ({"code": -9}, "exit code -9"),
        ({"seconds": 5.1}, "took 5.1 s"),
        ({"state": "RUNNING"}, "last snapshot says RUNNING"),
        ({"new_orders": ("order 7",)}, "new orders after it: order 7"),
        ({"noticed_s": 2.0, "notice_limit_s": 1.5}, "noticed after 2.0 s"),
        ({"noticed_s": float("inf"), "notice_limit_s": 1.5}, "noticed after inf"),
    ],
)
def test_an_end_that_is_not_graceful_says_why(change: dict[str, Any], told: str) -> None:
    assert told in replace(GOOD, **change).fault


def test_one_bad_try_of_many_fails_the_criterion() -> None:
    with pytest.raises(Failed, match="1 of 3"):
        signals._verdict([GOOD, replace(GOOD, code=1), GOOD])
    assert signals._verdict([GOOD]).ok


def test_sinks_are_taken_or_refused_by_kind(tmp_path: Path) -> None:
    ctx = Context(StateDir(tmp_path), load())
    result = history.sink_is_configuration(ctx)
    assert result.outcome is Outcome.HOLDS


def test_daemon_log_gives_states_and_the_control_file_with_their_times(tmp_path: Path) -> None:
    state = StateDir(tmp_path).create()
    (state.logs_dir / "strategy-s.log").write_text(
        '{"ts":"2024-01-16T14:30:00.000001Z","event":"[Daemon] state=RUNNING"}\n'
        '{"ts":"2024-01-16T14:30:00.5Z","event":"intent"}\n'
        '{"ts":"2024-01-16T14:30:01.250000Z","event":"stop by control file","path":"p"}\n'
    )
    assert list(transitions(state, "s")) == [(1705415400000001000, "RUNNING")]
    assert [at for at, _ in events(state, "s", CONTROL_FILE_EVENT)] == [1705415401250000000]
    assert list(transitions(state, "other")) == []


@pytest.mark.parametrize(
    ("price", "known"),
    [
        ({"bid": 1.0, "ask": 1.1, "event_ts": 5}, True),
        ({"bid": None, "ask": 1.1, "event_ts": 5}, True),
        ({"bid": None, "ask": None, "event_ts": 5}, False),
        ({"bid": 0.0, "ask": 1.1, "event_ts": 5}, False),
        ({"bid": 1.0, "ask": 1.1, "event_ts": None}, False),
    ],
)
def test_a_price_is_known_by_a_side_and_its_time_and_never_zero(price: dict[str, Any], known: bool) -> None:
    assert prices._known(price) is known


def test_the_query_that_needs_no_console_is_in_the_readme(repo_root: Path) -> None:
    assert STATE_QUERY in (repo_root / "README.md").read_text()
