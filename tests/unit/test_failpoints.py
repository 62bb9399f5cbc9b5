"""Failpoints: what arms them, and what they do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from hedgerow import failpoints
from hedgerow.domain.errors import InvalidValue


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


def test_an_armed_one_fails_at_the_nth_time_and_only_then() -> None:
    failpoints.arm("a.b=raise@2")
    failpoints.failpoint("a.b")
    failpoints.failpoint("a.c")
    with pytest.raises(failpoints.InjectedFault, match=r"a\.b"):
        failpoints.failpoint("a.b")
    failpoints.failpoint("a.b")


@pytest.mark.parametrize("text", ["a.b", "a.b=burn", "=exit", "a.b=exit@0", "a.b=pause:soon"])
def test_what_is_no_arming_is_refused_and_leaves_the_old_one(text: str) -> None:
    failpoints.arm("a.b=raise")
    with pytest.raises(InvalidValue):
        failpoints.arm(text)
    with pytest.raises(failpoints.InjectedFault):
        failpoints.failpoint("a.b")


@pytest.mark.parametrize(("action", "code"), [("exit", failpoints.EXIT_CODE), ("kill", -9)])
def test_a_process_armed_by_its_environment_ends_there(action: str, code: int) -> None:
    program = "from hedgerow.failpoints import failpoint; failpoint('a.b'); print('lived')"
    found = subprocess.run(
        [sys.executable, "-c", program], env={failpoints.VARIABLE: f"a.b={action}"}, capture_output=True, check=False
    )
    assert (found.returncode, found.stdout) == (code, b"")
