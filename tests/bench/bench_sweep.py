"""How much of two cores a sweep uses: 256 combinations of the gamma scalper's gates over 1,000,000 quotes.

CPU seconds of all its processes over wall seconds, from the plan to the last row: reading the tapes and valuing the
legs before the first combination are part of it; machine code is loaded, not made. `peak_gb` is the memory of all its
processes together, shared pages once (PSS). `growth` shows that CPU seconds grow with combinations and with quotes in
a straight line. `python -m tests.bench.bench_sweep --quotes 100000 --combinations 32` measures something smaller.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import threading
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from hedgerow.backtest.scenarios import overlay
from hedgerow.backtest.spec import make_spec
from hedgerow.backtest.sweep.parameters import combinations, parse_parameter
from hedgerow.backtest.sweep.plan import Plan, plan_of
from hedgerow.backtest.sweep.run import run_sweep
from hedgerow.tape.format import Tape
from hedgerow.tape.sessions import session
from hedgerow.tape.synth import synth_tape
from hedgerow.tape.writer import write_tape

FIRST = date(2024, 1, 16)
INTERVAL_MS = 500
COMBINATIONS, QUOTES, JOBS = 256, 1_000_000, 2
LIMIT_GB = 1.5
SAMPLE_S = 0.25
SMALL_QUOTES, FEW = 250_000, 64


def tapes(folder: Path, quotes: int) -> list[str]:
    """Tapes of as many days as it takes, two quotes a second."""
    made: list[str] = []
    day, rows = FIRST, 0
    while rows < quotes:
        if session(day) is not None:
            seed = len(made) + 1
            tape = overlay(Tape.of(*synth_tape(seed, day, "SIMX", interval_ms=INTERVAL_MS)), "trend", seed)
            stock = np.flatnonzero(tape.instrument == 0)
            path = folder / f"{day}.parquet"
            write_tape(path, replace(tape.meta, instruments=tape.meta.instruments[:1]), tape.take(stock))
            made.append(str(path))
            rows += len(stock)
        day += timedelta(days=1)
    return made


def plan(count: int, paths: list[str]) -> Plan:
    """So many combinations over those tapes and a straddle quoted every minute."""
    tree: dict[str, Any] = {
        "tapes": paths,
        "position": {"kind": "synthetic_straddle", "contracts": 20, "days_to_expiry": 60},
        "strategies": [
            {"name": "scalper", "account": "SIM0000001", "underlying": {"symbol": "SIMX"}, "adopt": "matching",
             "gates": {"strategy": {"structure": {"max_dte": 70}},
                       "intent": {"hedge": {"min_price_move_pct": 0.01}}}},
        ],
    }  # fmt: skip
    thresholds = parse_parameter(f"gates.state.delta.hedge_threshold=15:{15 + 5 * (count // 16 - 1)}:5")
    cooldowns = parse_parameter("gates.intent.hedge.cooldown_seconds=0:450:30")
    parameters = [thresholds, cooldowns]
    return plan_of(make_spec(tree), tuple(each.key for each in parameters), combinations(parameters))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Memory:
    """The peak of what all child processes hold together, bytes."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._over.wait(SAMPLE_S):
            held = 0
            for child in own.children(recursive=True):
                try:
                    held += child.memory_full_info().pss
                except psutil.Error:
                    continue  # it has just ended
            self.peak = max(self.peak, held)


def measured(count: int, quotes: int, jobs: int = JOBS) -> dict[str, Any]:
    """One sweep: CPU and wall seconds, peak memory, quotes and orders."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = plan(count, tapes(Path(folder), quotes))
        before, start = _cpu_s(), time.perf_counter()
        with _Memory() as memory:
            done = run_sweep(wanted, jobs=jobs)
        wall = time.perf_counter() - start
    return {
        "combinations": len(done.rows), "quotes": done.header.ticks, "cpu_s": _cpu_s() - before, "wall_s": wall,
        "peak_gb": memory.peak / 1e9, "orders": sum(row.orders for row in done.rows),
    }  # fmt: skip


def sweep_cores(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: CPU seconds over wall seconds of the whole sweep, the median of `rounds`.

    Raises RuntimeError when it holds more than 1.5 GB.
    """
    measured(16, 40_000)  # makes the machine code, should it not be there
    found = sorted((measured(COMBINATIONS, QUOTES) for _ in range(rounds)), key=_ratio)
    middle = found[len(found) // 2]
    peak = max(each["peak_gb"] for each in found)
    if peak > LIMIT_GB:
        raise RuntimeError(f"sweep_cores: {peak:.2f} GB at its peak, more than {LIMIT_GB} GB")
    sizes = [(64, SMALL_QUOTES), (128, SMALL_QUOTES), (256, SMALL_QUOTES), (FEW, 500_000), (FEW, QUOTES)]
    return {
        "name": "sweep_cores",
        "kind": "ratio",
        "ours": middle["cpu_s"],
        "reference": middle["wall_s"],
        "ratio": _ratio(middle),
        "better": "higher",
        "unit": "s",
        "rounds": rounds,
        "min": _ratio(found[0]),
        "max": _ratio(found[-1]),
        "peak_gb": peak,
        "quotes": middle["quotes"],
        "growth": [measured(*size) for size in sizes],
    }


def _ratio(one: dict[str, Any]) -> float:
    return float(one["cpu_s"] / one["wall_s"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--combinations", type=int, default=COMBINATIONS, help="a multiple of 16")
    parser.add_argument("--quotes", type=int, default=QUOTES)
    parser.add_argument("--jobs", type=int, default=JOBS)
    chosen = parser.parse_args()
    told = measured(chosen.combinations, chosen.quotes, chosen.jobs)
    print(json.dumps({**told, "ratio": _ratio(told)}))
