"""`hedgerow demo --output`: the page of a seeded day, the same bytes wherever and whenever it is made."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system import ROOT

HEDGEROW = (sys.executable, "-m", "hedgerow.cli")
PERIODS = "30"


def started(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command in a process of its own, in a folder of its own."""
    folder.mkdir()
    return subprocess.Popen(
        [*HEDGEROW, "demo", *arguments], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}/libs:{ROOT}", "HEDGEROW_HOME": str(folder / "home"), **environment},
    )  # fmt: skip


def test_two_processes_write_the_same_bytes_and_start_nothing(tmp_path: Path) -> None:
    asked = ("--output", "report.html", "--report-json", "report.json", "--periods", PERIODS, "--seed", "7")
    processes = [
        started(tmp_path / "first", *asked, PYTHONHASHSEED="1", TZ="UTC"),
        started(tmp_path / "second", *asked, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C"),
    ]
    for process in processes:
        _, complaints = process.communicate(timeout=100)
        assert process.returncode == 0, complaints
    first, second = (tmp_path / name for name in ("first", "second"))
    for name in ("report.html", "report.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert not (first / "home").exists()
    report = json.loads((first / "report.json").read_bytes())
    assert report["run_id"] == f"demo-7-{PERIODS}"
    assert report["hedges"] >= 1
    assert int(PERIODS) * 60 <= report["ticks"]
    page = (first / "report.html").read_text()
    for text in (report["config_hash"], report["tape_hash"], report["code_version"], "Where the P&amp;L came from"):
        assert text in page, text
    assert page.count('<g class="buy">') + page.count('<g class="sell">') == report["hedges"]
    assert str(tmp_path) not in page + json.dumps(report)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--output", "a.html", "--periods", "391"), "--periods.*1 to 390"),
        (("--output", "a.html", "--periods", "0"), "--periods.*1 to 390"),
        (("--output", "nowhere/a.html"), "--output.*a folder that exists"),
        (("--output", "a.html", "--speed", "10"), "--speed.*left out with --output"),
        (("--periods", "10"), "--periods.*add --output"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    arguments: tuple[str, ...], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hedgerow.cli.main import app
    from hedgerow.domain.errors import InvalidValue

    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidValue) as refused:
        app(["demo", *arguments], standalone_mode=False)
    assert re.search(complaint, str(refused.value).replace("\n", " "))
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
