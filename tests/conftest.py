"""Fixtures every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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
