"""Recovery times come from a session's logs, those of a crash included that nothing recovered from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hedgerow.cli.recoveries import Recovery, recoveries_of, within_limit
from hedgerow.cli.restarts import ENDED, GIVEN_UP, SERVES, STARTED
from hedgerow.state_dir import StateDir


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / "state").create()


def write(state: StateDir, name: str, *lines: tuple[float, dict[str, object]]) -> None:
    """Lines of a log, each so many seconds after 09:00; the last one cut short by a crash."""
    with (state.logs_dir / f"{name}.log").open("w") as log:
        for at, row in lines:
            minute, second = divmod(at, 60)
            stamp = f"2024-03-04T09:{int(minute):02}:{second:06.3f}Z"
            log.write(json.dumps({"ts": stamp, "process": name, **row}) + "\n")
        log.write('{"ts": "2024-03-04T09:00:0')


def event(at: float, what: str, service: str) -> tuple[float, dict[str, object]]:
    return at, {"event": what, "service": service}


def turned(at: float, state: str) -> tuple[float, dict[str, object]]:
    return at, {"event": f"[Daemon] state={state}"}


def test_a_recovery_lasts_until_it_serves_and_every_strategy_runs(state: StateDir) -> None:
    write(
        state, "supervisor",
        event(10, ENDED, "execution"), event(10.5, STARTED, "execution"), event(12, SERVES, "execution"),
        event(30, ENDED, "stats"), event(33, SERVES, "stats"),
        event(45, ENDED, "control"), event(48, SERVES, "control"),
        event(50, ENDED, "strategy-a"), event(51, ENDED, "strategy-a"), event(54, SERVES, "strategy-a"),
        event(90, ENDED, "risk"), event(95, GIVEN_UP, "risk"),
    )  # fmt: skip
    write(
        state, "strategy-a",
        turned(1, "RUNNING"), turned(10, "CONNECTING"), turned(13, "CONNECTED"), turned(14.5, "RUNNING"),
        turned(51, "IDLE"), turned(53, "CONNECTING"), turned(56, "RUNNING"),
    )  # fmt: skip
    found = recoveries_of(state)
    assert [(each.service, each.serving_s, each.running_s, each.given_up) for each in found] == [
        ("execution", 2.0, 4.5, False),
        ("stats", 3.0, 0.0, False),
        ("control", 3.0, 0.0, False),
        ("strategy-a", 4.0, 6.0, False),
        ("risk", None, 0.0, True),
    ]
    assert [each.rto_s for each in found] == [4.5, 3.0, 3.0, 6.0, None]
    assert within_limit(found[:4])
    assert not within_limit(found)


def test_a_strategy_that_never_ran_again_is_no_recovery(state: StateDir) -> None:
    write(state, "supervisor", event(10, ENDED, "portfolio"), event(12, SERVES, "portfolio"))
    write(state, "strategy-a", turned(1, "RUNNING"), turned(11, "CONNECTING"))
    (found,) = recoveries_of(state)
    assert (found.serving_s, found.running_s, found.rto_s) == (2.0, None, None)


@pytest.mark.parametrize(("seconds", "fine"), [(30.0, True), (30.1, False)])
def test_the_limit_is_thirty_seconds(seconds: float, fine: bool) -> None:
    assert within_limit([Recovery("risk", "", seconds, 0.0)]) is fine
    assert within_limit([Recovery("risk", "", 1.0, seconds)]) is fine


def test_a_session_without_a_crash(state: StateDir) -> None:
    assert recoveries_of(state) == []
    assert within_limit([])
