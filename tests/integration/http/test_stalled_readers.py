"""Two hundred WebSockets that never read: bounded memory, an answer for everybody else, and nobody's order waits."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.bench.bench_stalled_readers import ticks
from tests.bench.order_path import order_path
from tests.integration.http.asking import ask
from tests.stalled_readers import COUNT, TARGETS, stalled_readers
from tests.system import System, until

pytestmark = pytest.mark.timeout(300)

GROWTH_MB = 0.25 * COUNT
"""A reader may hold 256 KB of the gateway's memory: its socket's buffers are the kernel's, and bounded too."""
ANSWER_S = 1.0
WATCHED_S = 15.0


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with much to tell: 600 market seconds a second, ten snapshots a second."""
    sets = ("status.heartbeat_interval_s=0.1",)
    with System(tmp_path_factory.mktemp("busy") / "home", "--sim", "--speed", "600", sets=sets) as system:
        system.await_state("RUNNING", "RUNNING_SUSPENDED")
        yield system


def resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def measured(port: int, name: str) -> float:
    text = ask(port, "GET", "/metrics").body.decode()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name + "{"))


def test_they_take_bounded_memory_and_nobody_waits_for_them(busy: System) -> None:
    port, pid = busy.ports["gateway"], busy.pid("gateway")
    ask(port, "GET", "/status")
    before = resident_mb(pid)
    waits = []
    with stalled_readers(port):
        assert measured(port, "hedgerow_gateway_open_streams") == COUNT
        deadline = time.monotonic() + WATCHED_S
        while time.monotonic() < deadline:
            began = time.monotonic()
            assert ask(port, "GET", "/status").json["stale"] is False
            waits.append(time.monotonic() - began)
            assert resident_mb(pid) - before < GROWTH_MB
    assert statistics.quantiles(waits, n=20)[-1] < ANSWER_S
    until(lambda: measured(port, "hedgerow_gateway_open_streams") == 0, "every stream has ended")
    assert resident_mb(pid) - before < GROWTH_MB


def test_one_that_reads_nothing_is_hung_up_on(busy: System) -> None:
    """It answers no ping, whether or not the kernel still holds what it is sent."""
    port = busy.ports["gateway"]
    with stalled_readers(port, 4):
        until(lambda: measured(port, "hedgerow_gateway_open_streams") == 0, "the gateway gives them up", 90)


def test_readers_of_the_same_quotes_share_one_call(busy: System) -> None:
    """Market-data serves the daemon before any page: a page more costs it nothing."""
    port, path = busy.ports["gateway"], TARGETS[1]
    calls = 'hedgerow_rpc_open_streams{method="StreamQuotes"'
    alone = open_calls(busy, calls)
    with connect(f"ws://127.0.0.1:{port}{path}") as first, connect(f"ws://127.0.0.1:{port}{path}") as second:
        for reader in (first, second):
            kinds = [next(iter(json.loads(reader.recv(timeout=20))["result"])) for _ in range(3)]
            assert kinds[0] == "feed"
            assert "quotes" in kinds
        assert open_calls(busy, calls) == alone + 1
        sequences = []
        while len(sequences) < 3:
            result = json.loads(first.recv(timeout=20))["result"]
            sequences += [int(result["quotes"]["sequence"])] if "quotes" in result else []
        assert sequences == sorted(set(sequences))
    until(lambda: open_calls(busy, calls) == alone, "the call ends with its last reader")


def open_calls(system: System, name: str) -> float:
    text = ask(system.metrics["market-data"], "GET", "/metrics").body.decode()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


def test_a_tick_becomes_an_order_as_soon_as_without_them(tmp_path: Path) -> None:
    """Loosely here, where anything else may run beside it; the bench row stalled_readers_cost holds it to 10 %."""
    with order_path(tmp_path / "state") as path:
        ticks(path, 10)
        quiet, stalled = [], []
        for _ in range(3):
            quiet += ticks(path, 10)
            with stalled_readers(path.gateway_port):
                stalled += ticks(path, 10)
    assert statistics.median(stalled) < 1.5 * statistics.median(quiet) + 2.0
