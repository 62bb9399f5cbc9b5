"""How long a tick takes to become an order on the wire, against the least its parts can cost.

Ours: from the frame of a tick, handed by the simulated gateway to market-data's connection, to the placeOrder frame
it reads from execution's connection: both by the gateway's byte tap, CLOCK_MONOTONIC. In between lie, every one a
process as the demo starts it: market-data reads, conflates and streams the quote; the strategy observes, decides,
appends to its session log and sends an intent; execution claims it and asks risk; risk evaluates its rules;
execution commits intent, verdict and order to its journal and writes the frame.

Reference: what must be there whatever the code does, each measured in the same run by two minimal processes that move
prebuilt bytes of the real messages' size over the same transport and event loop:

- one stream hop: a message written to an open server stream until its reader has it, one way;
- two bidirectional hops: a request and its response on an open bidirectional stream, there and back, twice, each
  between processes of its own. The path uses one whole (execution asks risk), and of the other only the way in
  (the strategy's intent; its acknowledgement comes after the order): what the ratio is with half of that one is
  printed besides;
- one commit of one row by the sqlite3 driver, WAL and synchronous=FULL, on the same filesystem.

Nothing is counted for the gateway's two sockets, the broker library, decoding, deciding, or encoding.
Rounds alternate: one tick with its fill, then each floor once. `ratio` is the p50 of ours over the sum of the floors'
p50s; `min` and `max` are the 10th and 90th percentile of ours over that same sum. docs/adr/0010-latency.md says where
the time goes.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.floors.parent import Floor, floors
from tests.bench.order_path import order_path

PAUSE_S = 0.03
"""Before each half of a round: both begin with everything idle, and the broker takes 35 orders a second at most."""
ROOT = Path(__file__).resolve().parents[2]
WARM_UP = 20
"""Rounds before the first that counts: caches, statements and branches are made in them."""


def tick_to_order_vs_floor(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: ms from tick to order, p50, over the p50s of its floors summed.

    Raises TimeoutError when a tick causes no order.
    """
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    ours: list[float] = []
    least: list[Floor] = []
    with (
        tempfile.TemporaryDirectory(dir=build) as folder,
        order_path(Path(folder) / "state") as path,
        floors(Path(folder)) as minimal,
    ):
        for _ in range(WARM_UP + rounds):
            time.sleep(PAUSE_S)
            ours.append(path.round())
            time.sleep(PAUSE_S)
            least.append(minimal.round())
    floor = Floor(*(statistics.median(values) for values in zip(*least[WARM_UP:], strict=True)))
    deciles = statistics.quantiles(ours[WARM_UP:], n=10)
    middle = statistics.median(ours[WARM_UP:])
    strict = middle / (floor.total - floor.intent_hop + floor.intent_one_way)
    parts = ", ".join(f"{name} {value:.3f}" for name, value in floor._asdict().items())
    print(f"floors, ms: {parts}; with half of the intent's hop the ratio is {strict:.2f}")
    return {
        "name": "tick_to_order_vs_floor",
        "kind": "ratio",
        "ours": middle,
        "reference": floor.total,
        "ratio": middle / floor.total,
        "better": "lower",
        "unit": "ms",
        "rounds": rounds,
        "min": deciles[0] / floor.total,
        "max": deciles[-1] / floor.total,
    }
