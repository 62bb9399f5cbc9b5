"""The rig on real processes: a reduced run breaks no promise, and a planted bug does not get past it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LIMIT_S = 110
SHORT = ("torture", "--only", "1", "--cases", "20", "--workers", "2", "--first-failure")
PLANTED = Path(__file__).with_name("planted.py")


def run(*command: str) -> tuple[int, dict[str, Any]]:
    """The exit code and what `--json` said, in a process of its own: the rig forks."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, *command, "--json"], capture_output=True, text=True, timeout=LIMIT_S, env=environment
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_reduced_run_breaks_no_promise() -> None:
    code, said = run("-m", "hedgerow.cli", "torture", "--cases", "30", "--seed", "7")
    assert [row for row in said["promises"] if row["failures"]] == []
    assert code == 0
    assert sum(row["cases"] for row in said["promises"]) == 30
    assert {1} <= {row["promise"] for row in said["promises"]}


@pytest.mark.parametrize("bug", ["sent_before_commit", "order_id_again", "nothing_sent"])
def test_a_planted_bug_is_caught(bug: str) -> None:
    """It can fail: what the promises forbid is found."""
    code, said = run(str(PLANTED), bug, *SHORT)
    assert code == 1
    assert [row["promise"] for row in said["promises"] if row["failures"]] == [1]


def test_a_failure_comes_back_by_its_command() -> None:
    code, said = run(str(PLANTED), "sent_twice", *SHORT)
    assert code == 1
    replay = next(row["replay"][0] for row in said["promises"] if row["failures"])
    code, again = run(str(PLANTED), "sent_twice", *replay.split()[1:])
    assert code == 1
    assert [row["replay"] for row in again["promises"] if row["failures"]] == [[replay]]
