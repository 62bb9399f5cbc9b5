"""The daemon on one machine, the monitor on another: they share PostgreSQL and the network, and no file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.ports import free_ports, neighbouring_ports
from hedgerow.cli.system import write_plan
from hedgerow.cli.up import plan
from hedgerow.settings import ReplaySettings, load
from hedgerow.state_dir import StateDir
from tests.machines import NAMESPACES, Lan, Machine, way
from tests.postgres import Server
from tests.system import STRATEGY, until

DAEMON = f"strategy-{STRATEGY}"
ON_A = ("market-data", "execution", "risk", "portfolio", DAEMON)
ON_B = ("control", "stats", "gateway")
START_S, STOP_S = 120.0, 40.0
pytestmark = pytest.mark.timeout(400)

CALL = """
import sys, urllib.request
method, url, body = sys.argv[1:]
headers = {"Content-Type": "application/json"} if body else {}
request = urllib.request.Request(url, body.encode() or None, headers, method=method)
with urllib.request.urlopen(request, timeout=10) as answer:
    print(answer.read().decode())
"""


class Layout:
    """A's processes trade, B's watch; `daemon` and `control` are the ones the tests end."""

    def __init__(self, lan: Lan, url: str) -> None:
        self.a, self.b = lan.a, lan.b
        ports = dict(zip((*ON_A, *ON_B), free_ports(len(ON_A) + len(ON_B)), strict=True))
        hosts = {**dict.fromkeys(ON_A, self.a.address), **dict.fromkeys(ON_B, self.b.address), "gateway": "127.0.0.1"}
        endpoints = [f"endpoints.{name}.{key}={value}" for name in ports
                     for key, value in (("host", hosts[name]), ("port", ports[name]))]  # fmt: skip
        loaded = load(None, (f"broker.port={neighbouring_ports(3)[0]}", f"store.url={url}", *endpoints))
        state = StateDir(self.a.home / "live").create()
        system, simulated = plan(state, loaded, sim=True, speed=60.0, seed=1)
        write_plan(system, simulated)
        elsewhere = StateDir(self.b.home / "live").create()
        system.settings.model_copy(update={"replay": ReplaySettings()}).dump(elsewhere.settings_file)
        self.gateway = f"http://127.0.0.1:{ports['gateway']}"
        self.a.start("ibsim", "--config", str(state.ibsim_dir / "ibsim.json"))
        until(state.clock_file.is_file, "the simulated gateway publishes its clock")
        for name in ON_A[:-1]:
            self.a.start("run", name)
        self.daemon = self.start_daemon()
        self.control = self.b.start("run", "control")
        for name in ON_B[1:]:
            self.b.start("run", name)

    def start_daemon(self) -> subprocess.Popen[bytes]:
        """The strategy's process, on A."""
        return self.a.start("run", "strategy", "--strategy", STRATEGY)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """B's gateway, asked on B; None while it does not answer."""
        text = "" if body is None else json.dumps(body)
        done = self.b.run("-c", CALL, method, self.gateway + path, text)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def daemon_state(self) -> str:
        """What B is told of the daemon; empty while it is told nothing. Fails when a process has crashed."""
        assert not [code for code in (*self.a.ended(), *self.b.ended()) if code]
        status = self.call("GET", "/status")
        return str(status["strategies"][0].get("daemon_state") or "") if status and status["strategies"] else ""


@pytest.fixture(scope="module", params=[way()])
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """Both machines running, the daemon trading; named after how they are kept apart."""
    folder = tmp_path_factory.mktemp("machines")
    with Lan(folder) as lan, Server(lan.database) as server, server.database() as url:
        try:
            layout = Layout(lan, url)
            until(lambda: layout.daemon_state().startswith("RUNNING"), "B sees the daemon run", START_S)
            yield layout
        finally:
            lan.b.end()
            lan.a.end()


def answer_of(machine: Machine, *arguments: str) -> Any:
    """What a command prints as JSON."""
    done = machine.hedgerow(*arguments, "live", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def databases(home: Path) -> list[Path]:
    return [path for path in home.rglob("*.db") if path.parent.name == "store"]


@pytest.mark.skipif(way() != NAMESPACES, reason="machines that are only folders see each other's")
def test_the_machines_share_no_folder_and_no_loopback(layout: Layout) -> None:
    assert (layout.a.home / "live").is_dir()
    look = "import os, sys; print(os.listdir(sys.argv[1]))"
    assert layout.b.run("-c", look, str(layout.a.home)).stdout == "[]\n"
    assert layout.a.run("-c", look, str(layout.b.home)).stdout == "[]\n"
    assert layout.call("GET", "/healthz") is not None
    assert layout.a.run("-c", CALL, "GET", layout.gateway + "/healthz", "").returncode != 0


def test_the_monitor_sees_what_the_daemon_does_and_stops_it(layout: Layout) -> None:
    status = until(lambda: _all_serve(layout), "B sees every process of A serve")
    assert [one["strategy"] for one in status["strategies"]] == [STRATEGY]
    until(lambda: layout.call("GET", "/operations?type=FILL")["operations"], "a fill seen from B", START_S)
    assert answer_of(layout.b, "status")[0]["strategy"] == STRATEGY
    assert "FILL" in {one["type"] for one in answer_of(layout.b, "operations")}
    assert answer_of(layout.b, "stats")[0]["hedges"] >= 1
    points = layout.call("GET", f"/v1/history?strategy={STRATEGY}&pageSize=5")
    assert len(points["points"]) == 5, "the history A copies into the database is read on B"

    answer = layout.call("POST", "/control/stop", {"command_id": "from-b", "reason": "end of the test"})
    assert (answer["command_id"], answer["kind"]) == ("from-b", "STOP")
    assert layout.daemon.wait(STOP_S) == 0
    stopped = until(lambda: _stopped(layout), "B sees that it was stopped")
    assert (stopped["status_lamp"], stopped["block_reasons"]) == ("yellow", ["STOPPED_BY_OPERATOR"])
    commands = [one for one in answer_of(layout.b, "operations") if one["type"] == "COMMAND"]
    assert any("from-b" in one["text"] for one in commands)
    assert not databases(layout.a.home)
    assert not databases(layout.b.home)


def test_a_stop_from_the_monitor_reaches_the_daemon_through_the_database_alone(layout: Layout) -> None:
    """Control is gone: the command is written where the daemon looks."""
    if layout.daemon.poll() is not None:
        layout.daemon = layout.start_daemon()
    until(lambda: layout.daemon_state().startswith("RUNNING"), "B sees the daemon run again", START_S)
    layout.control.terminate()
    assert layout.control.wait(STOP_S) == 0
    done = layout.b.hedgerow("stop", "live", "--command-id", "past-control")
    assert done.returncode == 0, done.stderr
    assert "command store" in done.stdout + done.stderr
    assert layout.daemon.wait(STOP_S) == 0
    assert answer_of(layout.b, "status")[0]["daemon_state"] == "STOPPED"


def _all_serve(layout: Layout) -> dict[str, Any] | None:
    status = layout.call("GET", "/status")
    return status if status and {one["service"] for one in status["services"] if one["serving"]} >= set(ON_A) else None


def _stopped(layout: Layout) -> dict[str, Any] | None:
    status = layout.call("GET", "/status")
    return status if status and "STOPPED_BY_OPERATOR" in status["block_reasons"] else None
