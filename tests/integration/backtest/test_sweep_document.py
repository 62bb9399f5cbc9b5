"""The sweep that the document shows runs as it stands there, on fewer quotes."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "sweep.md"
FINE, COARSE = "interval_ms: 5000", "interval_ms: 60000"


def test_the_first_example_runs_and_leaves_what_is_told(tmp_path: Path) -> None:
    text = DOCUMENT.read_text()
    command = re.search(r"^    hedgerow (.+?[^\\])$", text, re.MULTILINE | re.DOTALL)
    spec = re.search(r"```yaml\n(.+?)```", text, re.DOTALL)
    assert command is not None
    assert spec is not None
    assert FINE in spec[1]
    (tmp_path / "spec.yaml").write_text(spec[1].replace(FINE, COARSE))
    words = shlex.split(command[1].replace("\\\n", " "))
    done = subprocess.run(
        [sys.executable, "-m", "hedgerow.cli", *words, "--plain"], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "build" / "sweep"
    assert {"results.parquet", "ranking.csv", "sweep.json", "sweep.html"} <= {each.name for each in kept.iterdir()}
    ranking = list(csv.DictReader((kept / "ranking.csv").read_text().splitlines()))
    assert len(ranking) == 30  # ten thresholds, three cooldowns
    assert "in_sample_sharpe" in ranking[0]
    assert json.loads((kept / "sweep.json").read_text())
