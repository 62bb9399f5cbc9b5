"""Systems the acceptance tests look at, each started once per module through the command line."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system import System, is_alive


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`hedgerow up --sim`, its daemon running."""
    with System(tmp_path_factory.mktemp("simulated") / "home", "--sim") as system:
        system.await_state("RUNNING", "RUNNING_SUSPENDED")
        yield system
        if system.process is not None:  # a test may have ended it already
            ended_whole(system, signal.SIGINT)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`hedgerow up` with no gateway at all."""
    with System(tmp_path_factory.mktemp("alone") / "home") as system:
        yield system
        ended_whole(system, signal.SIGTERM)


def ended_whole(system: System, number: signal.Signals) -> None:
    """Ends a system by that signal: exit code 0, and none of its processes is left."""
    told = [json.loads(path.read_text()) for path in system.state.run_dir.glob("*.json")]
    pids = [int(each["pid"]) for each in told if "pid" in each]  # the supervisor's own file tells of restarts
    assert pids
    assert system.end(number) == 0
    assert not [pid for pid in pids if is_alive(pid)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder a report may be written to."""
    return tmp_path / "report"
