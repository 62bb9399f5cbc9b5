"""Runs the speed rows, A and B alternating, and writes build/bench.json."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ROWS: dict[str, tuple[str, int, str, float]] = {
    # row: (module, rounds, better, target)
    "fanout_batched_vs_single": ("tests.bench.bench_fanout", 7, "higher", 25.0),
    "tick_to_order_vs_floor": ("tests.bench.bench_tick_to_order", 200, "lower", 2.0),
    "safety_cost": ("tests.bench.bench_safety", 200, "lower", 1.1),
    "guard_cost": ("tests.bench.bench_guard", 100, "lower", 1.5),
    "history_copy_vs_single": ("tests.bench.bench_history", 7, "higher", 50.0),
    "status_cached_vs_call": ("tests.bench.bench_status", 7, "higher", 5.0),
    "stalled_readers_cost": ("tests.bench.bench_stalled_readers", 100, "lower", 1.1),
    "import_vs_csv": ("tests.bench.bench_import", 5, "higher", 5.0),
    "live_step_us": ("tests.bench.bench_live_step", 5, "lower", 10.0),  # an absolute time
    "chain_vs_uncompiled": ("tests.bench.bench_backtest", 5, "higher", 20.0),
    "recording_cost": ("tests.bench.bench_backtest", 15, "lower", 1.25),
    "kernel_vs_nautilus": ("tests.bench.bench_peers", 3, "higher", 150.0),
    "kernel_vs_hftbacktest": ("tests.bench.bench_peers", 5, "higher", 6.0),
    "kernel_vs_vectorbt": ("tests.bench.bench_peers", 5, "higher", 6.0),
    "kernel_vs_backtrader": ("tests.bench.bench_peers", 3, "higher", 1000.0),
    "sweep_cores": ("tests.bench.bench_sweep", 1, "higher", 1.7),
}


def git(*arguments: str) -> str:
    """Output of a git command."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Runs the chosen rows; exit 1 when a measured ratio misses its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="rows to run; all when none is named")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each row; 0 = each row's own")
    chosen = parser.parse_args()
    results: list[dict[str, Any]] = []
    missed = False
    for name in chosen.rows or ROWS:
        module, rounds, better, target = ROWS[name]
        run: Callable[[int], dict[str, Any]] = getattr(importlib.import_module(module), name)
        row = run(chosen.rounds or rounds)
        results.append(row)
        if row["ours"] is None:
            print(f"{name}: absent: {row['absent']}")
            continue
        reached = row["ratio"] >= target if better == "higher" else row["ratio"] <= target
        missed |= not reached
        sign = ">=" if better == "higher" else "<="
        print(f"{name}: ratio {row['ratio']:.2f} (target {sign} {target:g}: {'reached' if reached else 'MISSED'}), "
              f"ours {row['ours']:.4g}, reference {row['reference']:.4g} {row['unit']}, "
              f"{row['rounds']} rounds, {row['min']:.2f} to {row['max']:.2f}")  # fmt: skip
    out = ROOT / "build" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    document = {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain")), "rows": results}
    out.write_text(json.dumps(document, indent=1) + "\n")
    print(f"written: {out.relative_to(ROOT)}")
    sys.exit(missed)


if __name__ == "__main__":
    main()
