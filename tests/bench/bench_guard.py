"""What the egress guard costs an order: the order path through it over the order path straight to the gateway.

Two whole systems as a demo starts them, on the same tape, one with `guard.enabled`. Rounds alternate; a round is one
tick that becomes one order, timed by the byte tap from the tick's frame to the order's frame at the gateway, so that it
holds the guard's own write to disk. `ratio` is the p50 with over the p50 without; `min` and `max` are the 10th and 90th
percentile with the guard over that same p50.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.order_path import order_path

PAUSE_S = 0.03
"""Before each half of a round: both begin with everything idle."""
WARM_UP = 20


def guard_cost(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: ms from tick to order at the gateway, p50, with the guard over without.

    Raises TimeoutError when a tick causes no order.
    """
    build = Path(__file__).resolve().parents[2] / "build"
    build.mkdir(exist_ok=True)
    through: list[float] = []
    straight: list[float] = []
    with tempfile.TemporaryDirectory(dir=build) as name:
        folder = Path(name)
        with (
            order_path(folder / "with", ("guard.enabled=true",)) as guarded,
            order_path(folder / "without") as bare,
        ):
            for _ in range(WARM_UP + rounds):
                time.sleep(PAUSE_S)
                through.append(guarded.round())
                time.sleep(PAUSE_S)
                straight.append(bare.round())
    deciles = statistics.quantiles(through[WARM_UP:], n=10)
    middle, reference = statistics.median(through[WARM_UP:]), statistics.median(straight[WARM_UP:])
    return {
        "name": "guard_cost",
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
