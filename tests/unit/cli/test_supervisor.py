"""Children: what is said of one that ended are its own words, not those of one before it."""

from __future__ import annotations

from pathlib import Path

from hedgerow.cli.supervisor import Child
from hedgerow.state_dir import StateDir


def test_last_words_are_this_process_own(tmp_path: Path) -> None:
    state = StateDir(tmp_path).create()
    (state.logs_dir / "risk.err").write_text("error: what an earlier one said\n")
    child = Child("risk", "risk", ["--state", str(tmp_path)], state)
    child.process.kill()
    child.process.wait(10)
    assert child.failure() == "risk ended with code -9: it said nothing"
    second = Child("risk", "risk", [], state)
    second.process.wait(60)
    told = second.failure()
    assert told is not None
    assert "--state" in told  # what it was not given
