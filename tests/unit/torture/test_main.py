"""The command: counts, exit code, JSON alone on stdout; a case that fails is named and comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedgerow.cli.main import app
from hedgerow.domain.errors import InvalidValue
from hedgerow.torture import main as module
from hedgerow.torture.main import Options, torture
from hedgerow.torture.markdown import ELSEWHERE
from hedgerow.torture.registry import CaseFailed, Kind, families, family
from hedgerow.torture.rig import Rig


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> str:
    """A family in which one case in seven breaks its promise, and one in eleven the case itself."""
    families()  # those there are stay registered where they are
    monkeypatch.setattr("hedgerow.torture.registry._FAMILIES", {})

    def run(seed: int, rig: Rig) -> None:
        if seed % 7 == 0:
            raise CaseFailed(f"{seed} is a multiple of seven")
        if seed % 11 == 0:
            raise ValueError("no case at all")

    family("broken-on-purpose", promise=98, kind=Kind.PROPERTY, release=100)(run)
    return "broken-on-purpose"


def test_failures_are_counted_named_and_come_back(broken: str) -> None:
    report = torture(Options(cases=300, seed=5, only=98, workers=2))
    [row] = report.rows
    assert row.cases == report.cases == 300
    assert 300 / 7 < len(row.failures) < 300 / 3
    for failure in (row.failures[0], row.failures[-1]):
        again = torture(Options(replay=failure.token))
        assert [one.token for one in again.rows[0].failures] == [failure.token]
        assert again.cases == 1
    assert any("no case at all" in one.detail for one in row.failures)


def test_the_same_seed_fails_the_same_cases(broken: str) -> None:
    first, second = (torture(Options(cases=100, seed=3, only=98, workers=n)) for n in (1, 3))
    assert {one.token for one in first.rows[0].failures} == {one.token for one in second.rows[0].failures}


def test_json_stands_alone_and_a_failure_is_exit_1(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main(Options(cases=100, seed=3, only=98, as_json=True)) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["seed"] == 3
    [row] = said["promises"]
    assert (row["promise"], row["kind"], row["cases"]) == (98, "property", 100)
    assert row["failures"] >= len(row["replay"]) > 0
    assert row["replay"][0].startswith(f"hedgerow torture --replay {broken}:")


def test_the_page_has_its_figures_and_says_what_they_are(broken: str, tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    assert module.main(Options(cases=100, seed=3, only=98, as_json=True, markdown=page)) == 1
    text = page.read_text()
    assert "Seed 3" in text
    assert "100 cases" in text
    assert "simulated" in text
    assert f"hedgerow torture --replay {broken}:" in text


def test_the_tests_it_points_at_are_there(repo_root: Path) -> None:
    named = [path for where, _ in ELSEWHERE.values() for path in where.split(", ")]
    assert named
    assert [path for path in named if not (repo_root / path).exists()] == []


def test_a_run_ends_at_its_first_failure(broken: str) -> None:
    report = torture(Options(cases=100_000, seed=3, only=98, workers=1, first_failure=True))
    assert report.failed
    assert report.cases < 100_000


def test_nothing_begins_when_the_time_is_over(broken: str) -> None:
    assert torture(Options(cases=100_000, seed=3, only=98, workers=2, minutes=0.0)).cases == 0


def test_a_run_that_was_ended_goes_on_from_its_ledger(broken: str, tmp_path: Path) -> None:
    ledger = tmp_path / "run.jsonl"
    options = Options(cases=2_000, seed=3, only=98, workers=2, ledger=ledger)
    whole = torture(options)
    assert whole.cases == 2_000
    lines = ledger.read_text().splitlines(keepends=True)
    assert len(lines) == 1 + 4
    kept = "".join(lines[:3]) + lines[3][:40]  # two groups, and one whose line was cut short
    ledger.write_text(kept)
    again = torture(replace(options, minutes=0.0))
    assert again.cases == 1_000  # only those kept
    again = torture(options)
    assert again.cases == 2_000
    assert {one.token for one in again.rows[0].failures} == {one.token for one in whole.rows[0].failures}
    before = ledger.read_text()
    assert torture(options).rows[0].failures == again.rows[0].failures
    assert ledger.read_text() == before  # nothing was run again
    with pytest.raises(InvalidValue, match="seed 4"):
        torture(replace(options, seed=4))


def test_the_command_lists_and_runs() -> None:
    cli = CliRunner()
    listed = cli.invoke(app, ["torture", "--list"])
    assert listed.exit_code == 0
    assert "intent-names" in listed.output
    ran = cli.invoke(app, ["torture", "--only", "999", "--cases", "5"])
    assert "999" in str(ran.exception)
