"""Microseconds of one live evaluation: from an Observation to a Decision that can be acted on."""

from __future__ import annotations

import json
import math
import random
import statistics
import time
from typing import Any

from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.hosting import load_kernel
from hedgerow.strategy.observation import Observation
from hedgerow.strategy.session_log import DECISION
from tests.strategy_world import World

TICKS = 2000


def live_step_us(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: p50 microseconds of one `Hosted.decide(observation)`, compiled.

    An absolute time: `ratio` is the time itself. Timed is what the daemon does between having an Observation and
    having a Decision it may act on: the observation packed into the row (those bytes are the session log's), the
    compiled chain over both legs, requoted at every tick and each solved for its implied volatility, the contract held
    against the decision, the state kept, and the Decision built as a record. Not timed: making the Observation, writing
    the log. `reference` is the same host with the plain kernel over the same day; decisions are compared bit for bit.
    """
    world = _day()
    seen = [each for each, _ in world.log]
    plain = [DECISION.pack(decision) for _, decision in world.log]
    Hosted(load_kernel("compiled"), world.params).decide(seen[0])  # compiled or loaded before anything is timed
    medians, plains = [], []
    for _ in range(rounds):
        times, decisions = _timed(Hosted(load_kernel("compiled"), world.params), seen)
        if [DECISION.pack(each) for each in decisions] != plain:
            raise AssertionError("compiled decisions differ from plain ones")
        medians.append(statistics.median(times) / 1e3)
        plains.append(statistics.median(_timed(Hosted(load_kernel("plain"), world.params), seen)[0]) / 1e3)
    ours = statistics.median(medians)
    return {
        "name": "live_step_us", "kind": "absolute", "ours": ours, "reference": statistics.median(plains),
        "ratio": ours, "better": "lower", "unit": "us per evaluation, p50; ratio is this time",
        "rounds": rounds, "min": min(medians), "max": max(medians),
    }  # fmt: skip


def _day() -> World:
    world, dice = World(), random.Random(5)
    world.start()
    for _ in range(TICKS):
        world.pass_time(0.3)
        world.spot *= math.exp(dice.gauss(0.0, 2e-4))
        if world.is_open and dice.random() < 0.8:
            world.fill_all()
        else:
            world.see()
    return world


def _timed(hosted: Hosted, seen: list[Observation]) -> tuple[list[int], list[Any]]:
    times, decisions = [], []
    now = time.perf_counter_ns
    for each in seen:
        began = now()
        decision = hosted.decide(each)
        times.append(now() - began)
        decisions.append(decision)
    return times, decisions


if __name__ == "__main__":
    print(json.dumps(live_step_us(3)))
