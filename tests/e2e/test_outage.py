"""The daemon outlives its gateway: none at the start, one that appears, one that is killed in mid-session."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hedgerow.ibsim.admin import admin_call
from hedgerow.ibsim.wirelog import orders
from tests.e2e.sessions import HEDGEROW
from tests.system import System, until

QUICK = ("broker.retry_interval_s=0.5", "status.heartbeat_interval_s=0.3")
NS_2020 = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000_000


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[System]:
    """A system with no gateway anywhere."""
    with System(tmp_path / "home", sets=QUICK) as system:
        yield system


def test_without_a_gateway_it_waits_and_connects_by_itself(alone: System, tmp_path: Path) -> None:
    waiting = alone.await_snapshot("WAITING_IB", lambda s: s["daemon_state"] == "WAITING_IB" and s["next_retry_ts"])
    assert waiting["status_lamp"] == "yellow"
    assert waiting["block_reasons"][0] == "WAITING_IB"
    assert waiting["next_retry_ts"] > NS_2020
    assert waiting["spot"] is None
    alone.await_snapshot("the next heartbeat", lambda s: s["ts"] > waiting["ts"])
    command = [str(HEDGEROW), "ibsim", "--port", str(alone.broker_port), "--admin-port", str(alone.admin_port)]
    gateway = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        connected = alone.await_snapshot("it connects", lambda s: s["daemon_state"].startswith("RUNNING"))
        assert connected["next_retry_ts"] is None
        alone.await_snapshot("quotes flow", lambda s: s["spot"])
    finally:
        gateway.kill()
        gateway.wait()


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[System]:
    """A system with its own gateway, which `up` starts again when it dies."""
    with System(tmp_path / "home", "--sim", "--speed", "120", sets=QUICK) as system:
        yield system


def gateway_pid(system: System) -> int:
    """The gateway among the children of `up`."""
    assert system.process is not None
    children = Path(f"/proc/{system.process.pid}/task/{system.process.pid}/children").read_text().split()
    found = [pid for pid in children if b"hedgerow.ibsim.main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return int(found[0])


def test_a_gateway_killed_in_mid_session_costs_no_order_and_no_position(simulated: System) -> None:
    simulated.await_snapshot("a first hedge", lambda s: s["last_hedge_price"] and s["option_legs"] == 2)
    daemon, gateway = simulated.pid(simulated.daemon), gateway_pid(simulated)
    tap = simulated.state.wire_log
    os.kill(gateway, signal.SIGSTOP)  # from here nothing can be accepted: what is sent now would be lost
    sent = len(list(orders(tap)))
    os.kill(gateway, signal.SIGKILL)
    down = simulated.await_snapshot("WAITING_IB", lambda s: s["daemon_state"] == "WAITING_IB")
    assert down["status_lamp"] == "yellow"
    assert len(list(orders(tap))) == sent

    back = simulated.await_snapshot(
        "recovery", lambda s: s["daemon_state"] == "RUNNING" and s["ts"] > down["ts"] and s["option_legs"] == 2
    )
    os.kill(daemon, 0)
    assert simulated.pid(simulated.daemon) == daemon
    simulated.await_snapshot(
        "hedging goes on", lambda s: (s["last_hedge_time"] or 0) > (back["last_hedge_time"] or 0), 90
    )

    def agrees() -> bool:
        snapshot, book = simulated.snapshot(), admin_call(simulated.admin_port, "status")["positions"]
        return bool(snapshot) and snapshot["stock_position"] == float(book.get("SIMX", 0))

    until(agrees, "daemon and broker agree on the position")
    identifiers = [frame.fields["orderRef"] for frame in orders(tap) if not frame.is_modify]
    assert len(identifiers) == len(set(identifiers))
    assert simulated.end() == 0
    assert json.loads((simulated.state.root / "ports.json").read_text())
