"""Waiting, shared work, and finding the system to check."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hedgerow.cli.check.context import Context, find_system, other_process
from hedgerow.cli.check.result import Failed
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.settings import Settings, load
from hedgerow.state_dir import StateDir


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDGEROW_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return Context(StateDir(tmp_path), load())


def test_until_returns_what_it_waited_for(ctx: Context) -> None:
    found = iter([0, 0, 7])
    assert ctx.until(lambda: next(found), 5, "never") == 7


def test_until_fails_saying_what_was_seen_instead(ctx: Context) -> None:
    with pytest.raises(Failed, match=r"still yellow \(waited 0 s\)"):
        ctx.until(lambda: False, 0, lambda: "still yellow")


def test_shared_work_is_done_once_and_its_failure_told_each_time(ctx: Context) -> None:
    calls = []

    def work() -> int:
        calls.append(1)
        raise Failed("no quote")

    for _ in range(2):
        with pytest.raises(Failed, match="no quote"):
            ctx.once("probes", work)
    assert ctx.once("rounds", lambda: 3) == ctx.once("rounds", lambda: 4) == 3
    assert len(calls) == 1


def test_without_a_strategy_there_is_no_daemon_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="no strategy"):
        _ = Context(StateDir(tmp_path), Settings()).strategies


def test_only_simulated_accounts_count_as_simulated(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    assert Context(state, load()).simulated
    assert not Context(state, load(None, ("strategies.0.account=U123",))).simulated
    assert not Context(state, load(None, ("broker.mode=paper",))).simulated


def test_current_snapshot_of_a_file_sink_is_the_file(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    ctx = Context(StateDir(tmp_path), load(None, (f"status.sink=file://{path}",)))
    assert ctx.current("gamma-scalper") == {}
    path.write_text('{"daemon_state": "RUNNING"}')
    assert ctx.current("gamma-scalper")["daemon_state"] == "RUNNING"


def test_nothing_running_is_told_with_what_to_start(home: Path) -> None:
    with pytest.raises(FailedPrecondition, match="hedgerow up --sim"):
        find_system("")
    state = StateDir(home / "live").create()
    load(None, ("endpoints.control.port=1",)).dump(state.settings_file)
    with pytest.raises(FailedPrecondition, match=str(state.root)):
        find_system("")


def test_an_unknown_session_is_refused_by_name(home: Path) -> None:
    with pytest.raises(InvalidValue, match="session: 'nope'"):
        find_system("nope")


def test_another_process_gives_its_output_or_its_last_words() -> None:
    assert other_process("-c", "print(6 * 7)").strip() == "42"
    with pytest.raises(Failed, match="ended with 3: too bad"):
        other_process("-c", "import sys; print('too bad', file=sys.stderr); sys.exit(3)")
    assert sys.executable
