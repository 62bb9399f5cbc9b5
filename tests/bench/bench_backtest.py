"""The whole decision chain over a seeded day with a straddle: compiled against plain, recording against not."""

from __future__ import annotations

import statistics
import time
from datetime import date
from typing import Any

from hedgerow.backtest.engine import run
from hedgerow.backtest.feed import Feed
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.hosting import Mode
from hedgerow.tape.format import Tape
from hedgerow.tape.synth import synth_tape
from tests.backtest_world import straddle_feed

DAY = date(2024, 3, 13)
PLAIN_ROWS = 4_000


def feed_of_day(interval_ms: int = 500) -> Feed:
    """A seeded day of the underlying and the straddle a session would adopt."""
    return straddle_feed(Tape.of(*synth_tape(7, DAY, interval_ms=interval_ms)))


def _rate(feed: Feed, mode: Mode, record: bool = True) -> float:
    """Decisions per CPU second."""
    began = time.process_time()
    result = run(feed, Params(), mode=mode, record=record)
    return result.counts.evaluations / (time.process_time() - began)


def _row(name: str, better: str, pairs: list[tuple[float, float, float]]) -> dict[str, Any]:
    """One row for build/bench.json of (ours, reference, ratio) per round."""
    ratios = [ratio for _, _, ratio in pairs]
    return {
        "name": name,
        "kind": "ratio",
        "better": better,
        "unit": "decisions per CPU second",
        "ours": statistics.median(ours for ours, _, _ in pairs),
        "reference": statistics.median(reference for _, reference, _ in pairs),
        "ratio": statistics.median(ratios),
        "rounds": len(pairs),
        "min": min(ratios),
        "max": max(ratios),
    }


def chain_vs_uncompiled(rounds: int) -> dict[str, Any]:
    """Decisions per CPU second with decisions recorded, compiled over plain, of the same source; alternating.

    The first compiled run is not counted. Plain runs the day's first rows only, the session's open among them.
    """
    feed = feed_of_day()
    opened = int((feed.ts < feed.days[0].session_open).sum())
    part = feed.between(opened, opened + PLAIN_ROWS)
    _rate(part, "compiled")
    pairs = []
    for _ in range(rounds):
        ours, reference = _rate(feed, "compiled"), _rate(part, "plain")
        pairs.append((ours, reference, ours / reference))
    return _row("chain_vs_uncompiled", "higher", pairs)


def recording_cost(rounds: int) -> dict[str, Any]:
    """CPU seconds of a compiled run that records every decision over one that records none; alternating."""
    feed = feed_of_day()
    _rate(feed, "compiled")
    pairs = []
    for _ in range(rounds):
        ours, reference = _rate(feed, "compiled"), _rate(feed, "compiled", record=False)
        pairs.append((ours, reference, reference / ours))
    return _row("recording_cost", "lower", pairs)
