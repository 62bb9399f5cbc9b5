"""What 200 WebSockets that never read cost the order path: tick to order with them against without them."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.order_path import OrderPath, order_path
from tests.stalled_readers import stalled_readers

ROOT = Path(__file__).resolve().parents[2]
PAUSE_S = 0.03
WARM_UP = 20
BLOCK = 10
"""Ticks with, then as many without: a block is over before the gateway gives its readers up."""


def stalled_readers_cost(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: ms from tick to order, p50, with 200 stalled readers over that without.

    Blocks alternate on one running system; `rounds` is the ticks of each kind. `min` and `max` are the 10th and 90th
    percentile of the blocks' ratios.
    """
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    stalled: list[float] = []
    quiet: list[float] = []
    ratios: list[float] = []
    with tempfile.TemporaryDirectory(dir=build) as folder, order_path(Path(folder) / "state") as path:
        ticks(path, WARM_UP)
        while len(quiet) < rounds:
            with stalled_readers(path.gateway_port):
                ticks(path, 1)  # the readers' own beginning is over
                ours = ticks(path, BLOCK)
            ticks(path, 1)
            reference = ticks(path, BLOCK)
            stalled += ours
            quiet += reference
            ratios.append(statistics.median(ours) / statistics.median(reference))
    ours_ms, reference_ms = statistics.median(stalled), statistics.median(quiet)
    ordered = sorted(ratios)
    return {
        "name": "stalled_readers_cost", "kind": "ratio", "ours": ours_ms, "reference": reference_ms,
        "ratio": ours_ms / reference_ms, "better": "lower", "unit": "ms", "rounds": len(quiet),
        "min": ordered[len(ordered) // 10], "max": ordered[-1 - len(ordered) // 10],
    }  # fmt: skip


def ticks(path: OrderPath, count: int) -> list[float]:
    """That many ticks, each an order: ms from one to the other."""
    found = []
    for _ in range(count):
        time.sleep(PAUSE_S)
        found.append(path.round())
    return found


if __name__ == "__main__":
    print(json.dumps(stalled_readers_cost(60)))
