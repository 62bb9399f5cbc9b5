"""The hedge workload on our engine against four public engines: the same quotes, the same orders, the same P&L.

Ours and the peer's run alternate, each in a process of its own and in its own environment; only the engine's CPU
seconds count, not import, compiling or loading. An engine that places another number of orders than ours, or ends
a cent of P&L away, did other work: that is an error, not a row. backtrader is so slow that it runs the first 100,000
quotes only, and bar based: its bars are the quotes' mids, and what lies between mid and fill is charged as commission.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.peers import environments, workload

ROOT = Path(__file__).resolve().parents[2]
OURS = "tests.bench.hedge_workload"
PNL_TOLERANCE_USD = 0.01
TICKS = {"backtrader": 100_000}


def _run(python: Path, module: str, *arguments: str) -> dict[str, Any]:
    """A driver's answer; raises RuntimeError when it fails."""
    command = [str(python), "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def same_work(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether both placed as many orders and ended within a cent of each other."""
    return bool(ours["orders"] == theirs["orders"] and abs(ours["pnl"] - theirs["pnl"]) <= PNL_TOLERANCE_USD)


def _rate(answer: dict[str, Any]) -> float:
    return float(answer["ticks"] / answer["cpu_s"])


def versus(peer: str, rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: ticks per CPU second, ours over the peer's; absent without its environment.

    Raises RuntimeError when a driver fails or the two did not do the same work.
    """
    name = f"kernel_vs_{peer.removesuffix('_trader')}"
    row: dict[str, Any] = {"name": name, "kind": "ratio", "better": "higher", "unit": "ticks per CPU second"}
    if not environments.is_current(peer):
        absent = {"ours": None, "reference": None, "ratio": None, "rounds": 0, "min": None, "max": None}
        return {**row, **absent, "absent": f"no environment with {peer}; `make bench-peers` makes it"}
    ticks = TICKS.get(peer, workload.TICKS)
    driver = (environments.python(peer), f"tests.bench.peers.{peer}_driver", "--ticks", str(ticks))
    ours, theirs = _run(Path(sys.executable), OURS, str(ticks)), _run(*driver)
    if not same_work(ours, theirs):
        raise RuntimeError(f"{name}: not the same work over {ticks} quotes: ours {ours}, theirs {theirs}")
    fast, slow = [], []
    for _ in range(rounds):
        fast.append(_rate(_run(Path(sys.executable), OURS, str(workload.TICKS))))
        slow.append(_rate(_run(*driver)))
    ratios = [a / b for a, b in zip(fast, slow, strict=True)]
    return {
        **row,
        "ours": statistics.median(fast),
        "reference": statistics.median(slow),
        "ratio": statistics.median(ratios),
        "rounds": rounds,
        "min": min(ratios),
        "max": max(ratios),
        "ticks": {"ours": workload.TICKS, "reference": ticks},
        "orders": theirs["orders"],
        "pnl_difference_usd": ours["pnl"] - theirs["pnl"],
    }


def _row(peer: str) -> Callable[[int], dict[str, Any]]:
    return lambda rounds: versus(peer, rounds)


kernel_vs_nautilus = _row("nautilus_trader")
kernel_vs_hftbacktest = _row("hftbacktest")
kernel_vs_vectorbt = _row("vectorbt")
kernel_vs_backtrader = _row("backtrader")
