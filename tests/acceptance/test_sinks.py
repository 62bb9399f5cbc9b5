"""Phases 1, 2, 3 and 5 with the store in PostgreSQL, and with a file as status sink; one system for each."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.acceptance.conftest import ended_whole
from tests.acceptance.reports import checked
from tests.postgres import Server
from tests.system import System

pytestmark = pytest.mark.timeout(900)  # whole systems are started and checked inside a test
LEFT_OUT = {
    "phase1": {"TC-1-R-C1a-1", "TC-1-R-C1a-2"},  # need --signal-test
    "phase2": {"TC-2-DOC"},  # by hand and by tests
    "phase3": set(),
    "phase5": set(),
}
OF_A_HISTORY = {"TC-1-R-H1-1"}
"""What a file, which keeps the current view only, cannot show."""


@pytest.fixture(scope="module")
def postgresql(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`hedgerow up --sim` with every process's state in PostgreSQL."""
    with postgres_server.database() as url:
        home = tmp_path_factory.mktemp("postgresql") / "home"
        with System(home, "--sim", "--speed", "20", sets=(f"store.url={url}",)) as system:
            system.await_state("RUNNING")
            yield system
            ended_whole(system, signal.SIGINT)
            assert not list(system.state.store_dir.glob("*.db"))
            with psycopg.connect(url) as server:
                left = server.execute("select nspname from pg_namespace where nspname like 'check%'").fetchall()
            assert left == [], "systems of the check's own left schemas behind"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`hedgerow up --sim` whose daemon writes what it knows into a file."""
    folder = tmp_path_factory.mktemp("file")
    sink = folder / "status.json"
    with System(folder / "home", "--sim", "--speed", "20", sets=(f"status.sink=file://{sink}",)) as system:
        yield system
        assert json.loads(sink.read_text())["strategy"] == system.strategy
        ended_whole(system, signal.SIGTERM)


@pytest.mark.parametrize("phase", LEFT_OUT)
def test_every_phase_on_postgresql(postgresql: System, phase: str) -> None:
    shown(checked(postgresql, phase, expected=0), LEFT_OUT[phase])


@pytest.mark.parametrize("phase", LEFT_OUT)
def test_every_phase_with_a_file_as_sink(file: System, phase: str) -> None:
    shown(checked(file, phase, expected=0), LEFT_OUT[phase] | (OF_A_HISTORY if phase == "phase1" else set()))


def shown(report: dict[str, Any], left_out: set[str]) -> None:
    assert {row["id"] for row in report["results"] if row["result"] != "holds"} == left_out
    assert report["passes"]
