"""Steering a whole system from its command line: paused, resumed, flattened, stopped, asserted at the byte tap."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.ibsim.wirelog import OrderFrame, orders
from tests.system import System, until


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """Everything on the simulated gateway at two market minutes per second, hedging eagerly."""
    sets = ("gates.intent.hedge.cooldown_seconds=1", "gates.intent.hedge.min_price_move_pct=0",
            "gates.state.delta.hedge_threshold=12")  # fmt: skip
    with System(tmp_path, "--sim", "--speed", "120", sets=sets) as system:
        yield system


def frames(system: System) -> list[OrderFrame]:
    """Every new-order frame the gateway received."""
    return orders(system.state.wire_log)


def told(system: System, *arguments: str) -> dict[str, Any]:
    """What the command line says of one command."""
    done = system.run(*arguments, "--json")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows[0]


def position(system: System) -> Decimal:
    """The strategy's attributed stock, from execution's database."""
    rows = system.query("execution", "select quantity from positions where strategy = ?", system.strategy)
    return sum((Decimal(row["quantity"]) for row in rows), Decimal(0))


def hedged(system: System, more_than: int = 0) -> None:
    """Waits until the strategy has sent more than so many orders and holds stock."""
    until(lambda: len(frames(system)) > more_than and position(system) != 0, "the strategy hedges", 120.0)


@pytest.mark.timeout(400)
def test_paused_resumed_flattened_and_stopped(system: System) -> None:
    hedged(system)
    assert told(system, "pause")["outcome"] == "done: paused"
    paused = len(frames(system))
    before = system.snapshot()
    seen = system.await_snapshot(
        "evaluations go on while paused",
        lambda s: s["counters"]["evaluations"] > before["counters"]["evaluations"] + 200,
    )
    assert (seen["block_reasons"][0], seen["status_lamp"]) == ("PAUSED", "yellow")
    assert len(frames(system)) == paused
    # The pause belongs to the strategy: it outlives the process.
    os.kill(system.pid(system.daemon), signal.SIGKILL)
    gone = seen["run_id"]
    system.await_snapshot("another run, paused", lambda s: s["run_id"] != gone and "PAUSED" in s["block_reasons"])
    assert len(frames(system)) == paused

    def resumed() -> bool:
        return bool(told(system, "resume")["outcome"] == "done")

    until(resumed, "the new run is reconciled and resumes", 60.0)
    hedged(system, paused)
    if position(system) == 0:
        hedged(system, len(frames(system)))

    flat = told(system, "flatten", "--command-id", "flat-1")
    assert flat["outcome"].startswith("done: "), flat
    assert "remaining net delta" in flat["outcome"]
    assert position(system) == 0
    held = system.await_snapshot("the daemon is latched", lambda s: "FLATTENED" in s["block_reasons"])
    assert held["status_lamp"] == "yellow"
    count = len(frames(system))
    assert told(system, "flatten", "--command-id", "flat-1")["outcome"] == flat["outcome"]
    system.await_snapshot(
        "evaluations go on", lambda s: s["counters"]["evaluations"] > held["counters"]["evaluations"] + 200
    )
    assert (len(frames(system)), position(system)) == (count, 0)
    assert told(system, "resume")["outcome"] == "done"
    hedged(system, count)

    asked = time.monotonic()
    assert told(system, "stop")["outcome"] == "done"
    assert time.monotonic() - asked < 10
    stopped = len(frames(system))
    until(lambda: "ended" in system.said(), "`hedgerow up` says that it ended")
    snapshot = system.snapshot()
    assert (snapshot["daemon_state"], snapshot["block_reasons"]) == ("STOPPED", ["STOPPED_BY_OPERATOR"])
    # The daemon is dead now: the position is still closed, by execution alone.
    if position(system):
        closed = told(system, "flatten")
        assert closed["outcome"].startswith("done: "), closed
    assert position(system) == 0
    sold = frames(system)[stopped:]
    assert all(frame.fields["orderType"] == "LMT" for frame in sold)
    assert system.snapshot()["ts"] == snapshot["ts"]  # nobody started it again


@pytest.mark.timeout(400)
def test_flatten_with_control_dead_and_execution_killed_midway(system: System) -> None:
    hedged(system)
    os.kill(system.pid("control"), signal.SIGKILL)
    flatten = system.spawn("flatten", "--command-id", "flat-2", "--timeout", "60")
    try:
        until(lambda: system.query("execution", "select 1 from journal where kind = 'FLATTEN_BEGUN'"), "it has begun")
        os.kill(system.pid("execution"), signal.SIGKILL)
        assert flatten.wait(90) == 0
    finally:
        flatten.kill()
        flatten.wait()
    assert position(system) == 0
    [answer] = system.query(
        "execution", "select outcome from command_acks where command_id = 'flat-2' and acked_ns > 0"
    )
    assert answer["outcome"].startswith("done: ")
    system.await_snapshot("the daemon is latched", lambda s: "FLATTENED" in s["block_reasons"])
