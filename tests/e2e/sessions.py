"""Whole sessions run through the command line and looked at from outside."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEDGEROW = Path(sys.executable).parent / "hedgerow"


def hedgerow(home: Path, *arguments: str, timeout: float = 240.0) -> subprocess.CompletedProcess[str]:
    """Runs the command line in its own state root; the compiled kernel is shared between sessions."""
    environment = {**os.environ, "HEDGEROW_HOME": str(home), "COLUMNS": "200"}
    return subprocess.run(
        [str(HEDGEROW), *arguments], capture_output=True, text=True, env=environment, timeout=timeout, cwd=home
    )


@dataclass(frozen=True)
class Session:
    """One demo that has ended: its report, its printed summary, its folder."""

    home: Path
    tape: Path | None
    report: dict[str, Any]
    printed: str

    @property
    def root(self) -> Path:
        return (self.home / "latest").resolve()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return hedgerow(self.home, *arguments)

    def rows(self, database: str, query: str) -> list[Any]:
        with sqlite3.connect(f"file:{self.root / 'store' / database}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query).fetchall()

    def decisions(self) -> list[dict[str, Any]]:
        return [
            json.loads(row["record"])
            for row in self.rows("strategy-gamma-scalper.db", "select record from decisions order by sequence")
        ]


def play(home: Path, tape: Path | None, *arguments: str) -> Session:
    """A demo from start to end."""
    report = home / "report.json"
    given = ("--tape", str(tape)) if tape else ()
    done = hedgerow(home, "demo", *given, "--report-json", str(report), *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return Session(home, tape, json.loads(report.read_text()), done.stdout)


def imported(home: Path, data: Path, symbol: str, day: str) -> Path:
    tape = home / f"{symbol.lower()}.parquet"
    done = hedgerow(
        home, "tape", "import-lean", "--data", str(data), "--symbol", symbol, "--date", day, "--out", str(tape)
    )
    assert done.returncode == 0, done.stderr
    return tape
