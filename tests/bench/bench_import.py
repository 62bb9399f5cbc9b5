"""How much faster a day of ticks becomes a tape than a plain csv loop reads it."""

from __future__ import annotations

import csv
import io
import statistics
import tempfile
import time
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

from hedgerow.tape.lean import import_lean

LEAN = Path(__file__).resolve().parents[3] / "shared" / "data" / "lean"
DAY = date(2013, 10, 7)
TICKS = LEAN / "equity/usa/tick/aig/20131007_quote.zip"


def import_vs_csv(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: AIG's raw ticks per second, zip to Parquet on disk, over the csv loop's.

    Both warm and in this process, alternating; `ratio` is the median of the pairs' ratios, `min` and `max`
    their extremes, `ours` and `reference` the medians.
    """
    row: dict[str, Any] = {"name": "import_vs_csv", "kind": "ratio", "better": "higher", "unit": "rows/s"}
    if not TICKS.is_file():
        absent = {"ours": None, "reference": None, "ratio": None, "rounds": 0, "min": None, "max": None}
        return {**row, **absent, "absent": "the real market data (../shared/data/lean) is not on this machine"}
    ours: list[float] = []
    reference: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "aig.parquet"
        import_lean(LEAN, "AIG", DAY, out)
        ticks = _csv_loop()
        for _ in range(rounds):
            start = time.perf_counter()
            import_lean(LEAN, "AIG", DAY, out)
            between = time.perf_counter()
            _csv_loop()
            end = time.perf_counter()
            ours.append(ticks / (between - start))
            reference.append(ticks / (end - between))
    ratios = [a / b for a, b in zip(ours, reference, strict=True)]
    return {
        **row,
        "ours": statistics.median(ours),
        "reference": statistics.median(reference),
        "ratio": statistics.median(ratios),
        "rounds": rounds,
        "min": min(ratios),
        "max": max(ratios),
    }


def _csv_loop() -> int:
    """Convert every field and keep each exchange's latest bid and ask; writes nothing. Returns the rows."""
    bids: dict[str, tuple[int, float, int]] = {}
    asks: dict[str, tuple[int, float, int]] = {}
    rows = 0
    with zipfile.ZipFile(TICKS) as archive, archive.open(archive.namelist()[0]) as file:
        for fields in csv.reader(io.TextIOWrapper(file, "ascii", newline="")):
            time_ms = int(fields[0])
            bid, bid_size = int(fields[1]) / 10_000, int(fields[2])
            ask, ask_size = int(fields[3]) / 10_000, int(fields[4])
            exchange, _condition, suspicious = fields[5], fields[6], int(fields[7])
            if not suspicious:
                if bid:
                    bids[exchange] = (time_ms, bid, bid_size)
                if ask:
                    asks[exchange] = (time_ms, ask, ask_size)
            rows += 1
    return rows
