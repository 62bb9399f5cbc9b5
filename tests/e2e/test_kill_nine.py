"""SIGKILL of any one process of a running demo: it goes on, the lamp tells, positions end as the broker's."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.catalog import GATEWAY
from hedgerow.cli.recoveries import LIMIT_S
from hedgerow.cli.supervisor import is_serving
from hedgerow.ibsim.admin import admin_call
from hedgerow.ibsim.wirelog import orders
from tests.demo_system import Demo
from tests.system import is_alive, until

EAGER = (
    "gates.intent.hedge.cooldown_seconds=1", "gates.intent.hedge.min_price_move_pct=0",
    "gates.state.delta.hedge_threshold=12", "broker.retry_interval_s=0.5", "status.heartbeat_interval_s=0.3",
)  # fmt: skip
SERVICES = ("market-data", "risk", "execution", "portfolio", "stats", "control", GATEWAY)
QUICKLY_BACK = ("stats", "control")
"""Nothing waits for these: they may serve again before their silence is long enough to be told."""
ORDER_CLIENT = 10


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One session at one market minute per second, hedging eagerly; the last test ends it."""
    with Demo(tmp_path_factory.mktemp("kill-nine"), "--speed", "60", sets=EAGER) as demo:
        demo.await_snapshot("a first hedge", lambda s: s["last_hedge_price"] and s["option_legs"] == 2)
        yield demo


def status(demo: Demo) -> dict[str, Any]:
    """The status as the gateway serves it; empty while the gateway is away."""
    try:
        with urllib.request.urlopen(f"{demo.http}/status", timeout=2) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except OSError:
        return {}


def hedged(demo: Demo) -> int:
    """New-order frames that reached the gateway."""
    return len([frame for frame in orders(demo.state.wire_log) if not frame.is_modify])


def healthy(demo: Demo, since: int) -> bool:
    """Everything serves, and the strategy runs and says so after wall ns `since`."""
    snapshot = demo.snapshot()
    return (
        bool(snapshot)
        and snapshot["ts"] > since
        and snapshot["daemon_state"] == "RUNNING"
        and snapshot["status_lamp"] != "red"
        and all(is_serving("127.0.0.1", port, name) for name, port in demo.ports.items())
    )


def ibsim_pid(demo: Demo) -> int:
    """The simulated gateway among the demo's children."""
    assert demo.process is not None
    children = Path(f"/proc/{demo.process.pid}/task/{demo.process.pid}/children").read_text().split()
    found = [pid for pid in children if b"hedgerow.ibsim.main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return int(found[0])


def lamp_of(whole: dict[str, Any]) -> str:
    """The lamp over everything, dark without a gateway to tell it."""
    return str(whole["status_lamp"]) if whole else "dark"


def lamps_until_healthy(demo: Demo, since: int) -> set[str]:
    """What the lamps showed until all was well again: the daemon's own, and the one over everything."""
    seen: set[str] = set()

    def look() -> bool:
        snapshot, lamp = demo.snapshot(), lamp_of(status(demo))
        seen.add(lamp)
        if snapshot.get("ts", 0) > since:
            seen.add(str(snapshot["status_lamp"]))
        return lamp in ("green", "yellow") and healthy(demo, since)

    until(look, "healthy again", LIMIT_S)
    return seen


@pytest.mark.parametrize("name", [*SERVICES, "daemon"])
def test_a_killed_process_comes_back_and_hedging_goes_on(demo: Demo, name: str) -> None:
    process = demo.daemon if name == "daemon" else name
    victim, others = demo.pid(process), {each: demo.pid(each) for each in (*SERVICES, demo.daemon) if each != process}
    sent, killed = hedged(demo), time.time_ns()
    os.kill(victim, signal.SIGKILL)
    seen = lamps_until_healthy(demo, killed)
    assert demo.pid(process) != victim
    assert {each: demo.pid(each) for each in others} == others  # nobody else had to start again
    assert all(is_alive(pid) for pid in others.values())
    if name not in QUICKLY_BACK:
        assert seen & {"yellow", "red", "dark"}, seen
    until(lambda: hedged(demo) > sent, "hedging goes on", LIMIT_S)


def test_the_simulated_gateway_killed(demo: Demo) -> None:
    os.kill(pid := ibsim_pid(demo), signal.SIGSTOP)  # from here nothing can be accepted: what is sent would be lost
    sent, killed = hedged(demo), time.time_ns()
    os.kill(pid, signal.SIGKILL)
    down = demo.await_snapshot("WAITING_IB", lambda s: s["ts"] > killed and s["daemon_state"] == "WAITING_IB")
    assert down["status_lamp"] == "yellow"
    assert hedged(demo) == sent
    lamps_until_healthy(demo, down["ts"])
    until(lambda: hedged(demo) > sent, "hedging goes on", LIMIT_S)


def test_the_order_connection_cut(demo: Demo) -> None:
    sent, cut = hedged(demo), time.time_ns()
    assert admin_call(demo.admin_port, "drop", client_id=ORDER_CLIENT, abort=True)["dropped"] == [ORDER_CLIENT]
    demo.await_snapshot("it is told", lambda s: s["ts"] > cut and s["status_lamp"] != "green")
    lamps_until_healthy(demo, cut)
    until(lambda: hedged(demo) > sent, "hedging goes on", LIMIT_S)


def test_calls_exercised_in_mid_session_hold_hedges_back_until_their_shares_are_booked(demo: Demo) -> None:
    before = demo.snapshot()
    call = next(name for name in before["legs"] if name.endswith(" C"))
    exercised = admin_call(demo.admin_port, "exercise", instrument_id=call, quantity=2)
    assert exercised["shares"] == "200"
    held = demo.await_snapshot(
        "hedges are held back", lambda s: any(r.startswith("POSITION_UNSETTLED") for r in s["block_reasons"]), 10
    )
    assert held["status_lamp"] == "red"
    sent = hedged(demo)
    demo.await_snapshot("booked", lambda s: s["legs"].get(call) == before["legs"][call] - 2, 20)
    until(lambda: hedged(demo) > sent, "hedging goes on", LIMIT_S)
    assert {row["kind"] for row in demo.query("portfolio", "select kind from transfers")} >= {"EXERCISE"}
    # The shares weigh in its delta: without them it would be 200 away from where it believes to be.
    demo.await_snapshot("close to neutral again", lambda s: abs(s["net_delta"]) < 50 and s["status_lamp"] != "red", 30)


def test_positions_end_as_the_brokers_and_recovery_times_are_told(demo: Demo) -> None:
    """Ends the session."""
    told = demo.run("recoveries", "--json")
    rows = json.loads(told.stdout)
    assert told.returncode == 0, rows
    assert {row["service"] for row in rows} == {*SERVICES, demo.daemon, "ibsim"}
    assert all(row["rto_s"] <= LIMIT_S and not row["given_up"] for row in rows)
    print({row["service"]: row["rto_s"] for row in rows})

    def agree() -> bool:
        book = admin_call(demo.admin_port, "status")["positions"]
        fills = demo.query("execution", "select quantity from positions where instrument = ?", "SIMX")
        return sum((Decimal(row["quantity"]) for row in fills), Decimal(200)) == Decimal(book.get("SIMX", "0"))

    until(agree, "the journal's fills and the exercised shares are what the broker holds")
    references = [frame.fields["orderRef"] for frame in orders(demo.state.wire_log) if not frame.is_modify]
    assert len(references) == len(set(references))
    assert demo.end(signal.SIGINT) == 0
    report = demo.report
    assert report["equal_to_broker"], (report["positions"], report["broker_positions"])
    assert {row["service"] for row in report["recoveries"]} == {*SERVICES, demo.daemon, "ibsim"}
    assert "crashes recovered from" in demo.said()
    assert "DIFFERENT" not in demo.said()
