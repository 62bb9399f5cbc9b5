"""Fixtures every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import NoPostgres, Server, chosen_way

# How fast examples come says something of the machine, nothing of the code.
settings.register_profile("hedgerow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hedgerow")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real market data beside the repository: skips where there is none, fails where it is broken."""
    shared = ROOT.parent / "shared"
    if not shared.is_dir():
        pytest.skip("no real market data: ../shared is not on this machine")
    lean = shared / "data" / "lean"
    if not lean.is_dir():
        pytest.fail("../shared is here but holds no data/lean: the real market data is broken")
    return lean


def pytest_report_header() -> str:
    """Says which PostgreSQL the tests run on."""
    try:
        return f"PostgreSQL: {chosen_way()[1]}"
    except NoPostgres as error:
        return f"PostgreSQL: none: {error}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A quiet run prints no header: says it at the end. Names what failed to whoever asked for it in a file."""
    if terminalreporter.verbosity < 0:
        terminalreporter.write_line(pytest_report_header())
    wanted = os.environ.get("HEDGEROW_FAILED_TESTS")
    if wanted:
        reports = terminalreporter.stats.get("failed", []) + terminalreporter.stats.get("error", [])
        Path(wanted).write_text("".join(f"{name}\n" for name in dict.fromkeys(each.nodeid for each in reports)))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One PostgreSQL server for all tests of this process, PGPASSWORD set; fails where there is none to be had."""
    try:
        with Server() as server:
            yield server
    except NoPostgres as error:
        pytest.fail(str(error))


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """`postgresql://user@host:port/database` of an empty database of the test's own; the password is in PGPASSWORD."""
    with postgres_server.database() as url:
        yield url
