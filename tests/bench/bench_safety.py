"""What failpoints cost where nobody armed one: the order path with them over the order path without.

Two whole systems as a demo starts them, on the same tape: one runs the source as it is, the other a copy of it with
every `failpoint(...)` statement left out. Rounds alternate; a round is one tick that becomes one order, timed by the
byte tap from the tick's frame to the order's frame. `ratio` is the p50 of ours over the p50 of the copy; `min` and
`max` are the 10th and 90th percentile of ours over that same p50.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench.order_path import order_path
from tests.bench.stripped import ROOT, imported_from, stripped_tree

PAUSE_S = 0.03
"""Before each half of a round: both begin with everything idle."""
WARM_UP = 20


def safety_cost(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: ms from tick to order, p50, failpoints present over left out.

    Raises TimeoutError when a tick causes no order, ValueError when there is no failpoint to leave out.
    """
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    ours: list[float] = []
    without: list[float] = []
    with tempfile.TemporaryDirectory(dir=build) as name:
        folder = Path(name)
        removed = stripped_tree(folder / "tree")
        if not removed:
            raise ValueError("the source has no failpoints: there is nothing to compare")
        with order_path(folder / "with") as path, ExitStack() as bare:
            with imported_from(folder / "tree"):
                other = bare.enter_context(order_path(folder / "without"))
            for _ in range(WARM_UP + rounds):
                time.sleep(PAUSE_S)
                ours.append(path.round())
                time.sleep(PAUSE_S)
                without.append(other.round())
    print(f"{removed} failpoints left out")
    deciles = statistics.quantiles(ours[WARM_UP:], n=10)
    middle, reference = statistics.median(ours[WARM_UP:]), statistics.median(without[WARM_UP:])
    return {
        "name": "safety_cost",
        "kind": "ratio",
        "ours": middle,
        "reference": reference,
        "ratio": middle / reference,
        "better": "lower",
        "unit": "ms",
        "rounds": rounds,
        "min": deciles[0] / reference,
        "max": deciles[-1] / reference,
    }
