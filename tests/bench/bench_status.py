"""Requests per second of the cached status against the same status asked of control on every request."""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.http_clients import clients
from tests.system import System

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 1.0
CACHED, CALL = "/status", "/v1/status"


def status_cached_vs_call(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: requests/s of GET /status over those of GET /v1/status, A and B alternating.

    One running `hedgerow up --sim`, one gateway, the same keep-alive clients; the first round of each warms and does
    not count. `min` and `max` are the extremes of the rounds' ratios.
    """
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as folder, System(Path(folder) / "home", "--sim") as system:
        system.await_state("RUNNING", "RUNNING_SUSPENDED")
        port = system.ports["gateway"]
        with clients() as asking:
            pairs = [(asking.rate(port, CACHED, SECONDS), asking.rate(port, CALL, SECONDS)) for _ in range(rounds + 1)][
                1:
            ]
    ratios = [cached / call for cached, call in pairs]
    ours, reference = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    return {
        "name": "status_cached_vs_call", "kind": "ratio", "ours": ours, "reference": reference,
        "ratio": ours / reference, "better": "higher", "unit": "requests/s", "rounds": rounds,
        "min": min(ratios), "max": max(ratios),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(status_cached_vs_call(5)))
