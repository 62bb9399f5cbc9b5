"""Reports: what passes, what is told, and where it is written."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from hedgerow.cli.check.report import as_document, as_markdown, commit, passes, summary, write_report
from hedgerow.cli.check.result import Outcome, Result, Row, holds, not_served, skipped
from hedgerow.domain.errors import InvalidValue


def row(name: str, result: Result, phase: int = 1) -> Row:
    return Row(name, phase, result, "automated here")


HELD = row("TC-1-R-M1a-1", holds("seen"))
LEFT_OUT = row("TC-1-R-C1a-1", skipped("add --signal-test"))
BROKEN = row("TC-1-R-H1-1", Result(Outcome.FAILS, "history | stands still"))
MISSING = row("TC-2-DOC", not_served("later"), phase=2)


def test_what_an_option_left_out_does_not_keep_a_phase_from_passing() -> None:
    assert passes([HELD, LEFT_OUT])
    assert not as_document([HELD, LEFT_OUT], "")["complete"]


@pytest.mark.parametrize("other", [BROKEN, MISSING])
def test_a_failure_or_a_missing_part_does(other: Row) -> None:
    assert not passes([HELD, other])


def test_nothing_checked_is_nothing_passed() -> None:
    assert not passes([])


def test_document_carries_date_commit_and_a_result_per_id() -> None:
    document = as_document([HELD, BROKEN, MISSING], "/state/live")
    assert datetime.fromisoformat(document["date"]).tzinfo is not None
    assert document["commit"] == commit() != "unknown"
    assert document["session"] == "/state/live"
    assert [(r["id"], r["result"], r["how"]) for r in document["results"]] == [
        ("TC-1-R-M1a-1", "holds", "automated here"),
        ("TC-1-R-H1-1", "FAILS", "automated here"),
        ("TC-2-DOC", "not served yet", "automated here"),
    ]
    assert document["counts"] == {"holds": 1, "FAILS": 1, "skipped": 0, "not served yet": 1}


def test_markdown_has_one_table_per_phase_and_keeps_its_columns() -> None:
    text = as_markdown(as_document([HELD, BROKEN, MISSING], ""))
    assert text.count("| id | result |") == 2
    assert "history \\| stands still" in text
    assert "- passes: no" in text


def test_report_is_written_as_json_and_markdown(tmp_path: Path) -> None:
    document = as_document([HELD], "")
    data, page = write_report(tmp_path / "new" / "folder", document)
    assert json.loads(data.read_text()) == document
    assert page.read_text() == as_markdown(document)


def test_a_report_folder_that_is_a_file_is_refused_by_its_option(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(InvalidValue, match="--report"):
        write_report(path, as_document([HELD], ""))


def test_summary_counts_what_holds_and_what_does_not() -> None:
    assert summary([HELD, LEFT_OUT, BROKEN]) == "1 of 3 hold, 1 FAILS, 1 skipped"
    assert summary([HELD]) == "1 of 1 hold"
