"""Sessions every end-to-end test shares: each is played once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sessions import Session, imported, play


@pytest.fixture(scope="session")
def goog(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """GOOG on 2015-12-24, a half day, with the defaults."""
    home = tmp_path_factory.mktemp("goog")
    return play(home, imported(home, shared_data, "GOOG", "2015-12-24"), "--speed", "600")


@pytest.fixture(scope="session")
def twx(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """TWX on 2014-06-05: Saturday expiries, the window widened."""
    home = tmp_path_factory.mktemp("twx")
    tape = imported(home, shared_data, "TWX", "2014-06-05")
    return play(home, tape, "--set", "gates.strategy.structure.max_dte=45", "--contracts", "10")


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A made-up day: no data needed."""
    return play(tmp_path_factory.mktemp("synthetic"), None, "--seed", "7")
