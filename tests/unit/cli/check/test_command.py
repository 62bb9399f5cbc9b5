"""The command itself: listing, bad arguments, phases nothing serves yet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedgerow.cli.check.criteria import CRITERIA
from hedgerow.cli.main import app
from hedgerow.domain.errors import FailedPrecondition, InvalidValue

runner = CliRunner()


def test_list_has_every_id_with_phase_text_and_how() -> None:
    done = runner.invoke(app, ["check", "--list", "--json"])
    assert done.exit_code == 0
    rows = json.loads(done.stdout)
    assert [(row["id"], row["phase"], row["text"]) for row in rows] == [(c.id, c.phase, c.text) for c in CRITERIA]
    assert {row["how"] for row in rows} <= {"automated here", "by hand and by tests"}


def test_list_as_a_table_and_of_one_phase() -> None:
    assert "TC-1-R-M1a-1" in runner.invoke(app, ["check", "--list"], env={"COLUMNS": "200"}).stdout
    rows = json.loads(runner.invoke(app, ["check", "phase4", "--list", "--json"]).stdout)
    assert {row["phase"] for row in rows} == {4}


@pytest.mark.parametrize(
    ("arguments", "key"),
    [(["phase9"], "PHASE"), (["phase1", "--signal-test", "--tries", "0"], "--tries")],
)
def test_bad_arguments_are_refused_by_key(arguments: list[str], key: str) -> None:
    done = runner.invoke(app, ["check", *arguments])
    assert isinstance(done.exception, InvalidValue)
    assert done.exception.key == key


def test_a_report_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    done = runner.invoke(app, ["check", "phase1", "--report", str(path)])
    assert isinstance(done.exception, InvalidValue)
    assert done.exception.key == "--report"


@pytest.mark.parametrize("phase", ["phase1", "phase2", "phase3", "phase5"])
def test_a_phase_that_needs_a_system_asks_for_one(tmp_path: Path, phase: str) -> None:
    done = runner.invoke(app, ["check", phase], env={"HEDGEROW_HOME": str(tmp_path)})
    assert isinstance(done.exception, FailedPrecondition)
