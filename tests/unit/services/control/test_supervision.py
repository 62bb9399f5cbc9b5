"""What the supervisor does about a process is told in words; without a supervisor nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.control.supervision import Supervision


def test_restarts_and_giving_up_are_told(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.json"
    rows = {
        "risk": {"state": "starts again", "restarts": 2, "last": "risk ended with code -9: x", "recovery_s": None},
        "stats": {"state": "given up", "restarts": 5, "last": "stats ended with code 1: no disk", "recovery_s": None},
    }
    path.write_text(json.dumps(rows))
    told = Supervision(path)
    assert told.words("risk") == "starts again, restarts 2: risk ended with code -9: x"
    assert told.words("stats") == "given up after 5 restarts: stats ended with code 1: no disk"
    assert told.words("execution") == ""


@pytest.mark.parametrize("content", [None, "", "[]", "[1]", '{"risk": 3}', '{"risk": {}}', "{"])
def test_what_cannot_be_read_says_nothing(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "supervisor.json"
    if content is not None:
        path.write_text(content)
    assert Supervision(path).words("risk") == ""
