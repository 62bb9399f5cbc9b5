"""Phase 5: pause, resume and flatten, shown by `hedgerow check phase5` on a system of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.reports import checked, rows_of
from tests.system import System

pytestmark = pytest.mark.timeout(600)  # two whole systems are started and checked inside the first test
SHOWN = [
    *("TC-5-R-C2-1", "TC-5-R-C2-2", "TC-5-R-C2-3", "TC-5-R-C2-4"),
    *("TC-5-R-C3-1", "TC-5-R-C3-2", "TC-5-R-C3-3", "TC-5-R-C3-4", "TC-5-R-C3-5"),
]


@pytest.fixture(scope="module")
def report(simulated: System) -> dict[str, Any]:
    """One run of `hedgerow check phase5`."""
    return checked(simulated, "phase5", expected=0)


@pytest.mark.parametrize("name", SHOWN)
def test_check_shows(report: dict[str, Any], name: str) -> None:
    row = rows_of(report)[name]
    assert row["result"] == "holds", row["detail"]


def test_the_system_checked_was_left_alone(simulated: System, report: dict[str, Any]) -> None:
    assert report["complete"]
    assert simulated.query("control", "select * from commands") == []
    assert simulated.snapshot()["daemon_state"] == "RUNNING"
