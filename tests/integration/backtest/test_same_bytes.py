"""The same spec and run id give the same bytes: in two processes, compiled and plain, from two places."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backtest_world import made_days, written

pytestmark = pytest.mark.timeout(1200)  # the first compiled run of a code version waits for the compiler

SPEC = """
tapes: [{tapes}]
position: {{contracts: 20}}
fills: {{latency_ms: 30}}
commissions: tiered
rules: {{order_size: {{max_quantity: 60}}, order_rate: {{max_orders_per_minute: 3}}}}
strategies:
  - {{name: one, account: SIM0000001, underlying: {{symbol: SIMX}}}}
"""


def run(folder: Path, repo_root: Path, *arguments: str) -> dict[str, bytes]:
    """What one process wrote: report, page, decisions."""
    folder.mkdir()
    tapes = [written(tape, folder) for tape in made_days(5, 2)]
    (folder / "spec.yaml").write_text(SPEC.format(tapes=", ".join(path.name for path in tapes)))
    files = {name: folder / name for name in ("report.json", "report.html", "decisions.parquet")}
    # Without a state root of its own, so that machine code made before is found.
    environment = {key: value for key, value in os.environ.items() if key != "HEDGEROW_HOME"}
    done = subprocess.run(
        [sys.executable, "-m", "hedgerow.cli", "backtest", "--spec", str(folder / "spec.yaml"), "--run-id", "same",
         "--no-save", "--report-json", str(files["report.json"]), "--report-html", str(files["report.html"]),
         "--decisions", str(files["decisions.parquet"]), *arguments],
        env=environment, cwd=repo_root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: path.read_bytes() for name, path in files.items()}


def test_two_processes_compiled_and_plain_write_the_same_bytes(tmp_path: Path, repo_root: Path) -> None:
    plain = run(tmp_path / "here", repo_root, "--plain")
    compiled = run(tmp_path / "elsewhere", repo_root)
    for name, content in plain.items():
        assert content == compiled[name], name
    assert str(tmp_path).encode() not in plain["report.json"] + plain["report.html"]
    assert b'"denied": 0' not in plain["report.json"].split(b'"order_size"')[1][:80]  # the rules had a say
