"""A day of raw ticks: import, consolidation and backtest in one command, with a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(1200)  # the first compiled run of a code version waits for the compiler


def test_a_million_raw_ticks_from_lean_data_to_a_report(shared_data: Path, tmp_path: Path, repo_root: Path) -> None:
    out, page = tmp_path / "out.json", tmp_path / "out.html"
    environment = {key: value for key, value in os.environ.items() if key != "HEDGEROW_HOME"}
    done = subprocess.run(
        [sys.executable, "-m", "hedgerow.cli", "backtest", "--lean", str(shared_data), "--symbol", "AIG",
         "--date", "2013-10-07", "--synthetic-straddle", "--run-id", "aig", "--no-save",
         "--report-json", str(out), "--report-html", str(page)],
        env=environment, cwd=repo_root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(out.read_text())
    assert "(1079935 ticks" in report["tapes"][0]["source"]
    assert report["ticks"] > 500_000
    assert report["evaluations"] > 200_000
    assert report["hedges"] > 0
    assert sum(report["block_reasons"].values()) == report["blocks"] > 0
    pnl = {name: Decimal(repr(value)) for name, value in report["pnl"].items()}
    assert pnl.pop("total") == sum(pnl.values())
    assert report["strategies"][0]["legs"][0]["instrument"].startswith("AIG 2013")
    assert page.stat().st_size > 10_000
