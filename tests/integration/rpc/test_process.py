"""Real processes: they start, say what is wrong in one line, and end in time whatever they are doing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.ports import free_ports
from hedgerow.settings import load
from hedgerow.state_dir import StateDir

SAMPLE = Path(__file__).with_name("sample_process.py")
DEADLINE_S = 20.0


class Running:
    """One started sample process and its state folder."""

    def __init__(self, state: StateDir, how: str, *options: str) -> None:
        self.state = state
        environment = {**os.environ, "SAMPLE": how}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            [sys.executable, str(SAMPLE), "--state", str(state.root), *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    @property
    def run_file(self) -> Path:
        return self.state.run_dir / "risk.json"

    def ready(self) -> dict[str, Any]:
        until(lambda: self.run_file.exists() or self.process.poll() is not None)
        found: dict[str, Any] = json.loads(self.run_file.read_text())
        return found

    def ended(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=DEADLINE_S)
        return self.process.returncode, out, err

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.state.logs_dir / "risk.log").read_text().splitlines()]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    port, metrics_port = free_ports(2)
    found = StateDir(tmp_path).create()
    load(None, (f'endpoints.risk={{"port":{port},"metrics_port":{metrics_port}}}',)).dump(found.settings_file)
    return found


@pytest.fixture
def start(state: StateDir) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def run(how: str = "", *options: str) -> Running:
        started.append(Running(state, how, *options))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.communicate()


def test_it_serves_until_sigterm_then_leaves_no_trace(start: Callable[..., Running]) -> None:
    running = start()
    found = running.ready()
    assert found["pid"] == running.process.pid
    with (
        socket.create_connection(("127.0.0.1", found["port"])),
        socket.create_connection(("127.0.0.1", found["metrics_port"])),
    ):
        pass
    told = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == (0, "", "")
    assert time.monotonic() - told < 2.0
    assert not running.run_file.exists()
    assert [line["event"] for line in running.log()] == ["starting", "serving", "drained", "ended"]


def test_a_taken_port_is_one_clear_line_and_exit_code_2(start: Callable[..., Running]) -> None:
    port = start().ready()["port"]
    second = start()
    code, out, err = second.ended()
    assert (code, out) == (2, "")
    assert err.startswith(f"error: endpoints.risk.port: {port} is not allowed: a free port on 127.0.0.1")
    assert len(err.splitlines()) == 1
    assert second.run_file.exists(), "the first one's file is not the second one's to remove"


def test_a_taken_metrics_port_is_named_too(start: Callable[..., Running], state: StateDir) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (port,) = free_ports(1)
        metrics_port = taken.getsockname()[1]
        load(None, (f'endpoints.risk={{"port":{port},"metrics_port":{metrics_port}}}',)).dump(state.settings_file)
        code, _, err = start().ended()
    assert code == 2
    assert err.startswith(f"error: endpoints.risk.metrics_port: {metrics_port} is not allowed")


@pytest.mark.parametrize(
    ("how", "code", "text"),
    [
        ("refuse", 2, "error: broker: account DU1 does not match mode sim\n"),
        ("crash", 1, "error: risk crashed: KeyError("),
    ],
)
def test_what_goes_wrong_at_the_start_is_one_line(
    start: Callable[..., Running], how: str, code: int, text: str
) -> None:
    running = start(how)
    got, out, err = running.ended()
    assert (got, out) == (code, "")
    assert err.startswith(text)
    assert len(err.splitlines()) == 1
    assert any(line["level"] == "error" for line in running.log())


def test_a_domain_error_after_the_start_is_a_crash(start: Callable[..., Running]) -> None:
    running = start("late")
    code, _, err = running.ended()
    assert code == 1
    assert err.startswith("error: risk crashed: ")
    assert len(err.splitlines()) == 1
    assert "journal lost" in running.log()[-1]["exception"]


def test_one_that_does_not_end_by_itself_is_canceled(start: Callable[..., Running]) -> None:
    running = start("stubborn")
    running.ready()
    told = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == (0, "", "")
    assert time.monotonic() - told < 5.0


def test_one_that_hangs_is_ended_by_the_kernel(start: Callable[..., Running]) -> None:
    running = start("stuck")
    running.ready()
    told = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.ended()[0] == -signal.SIGALRM
    assert time.monotonic() - told < 7.0


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent(start: Callable[..., Running], end: signal.Signals) -> None:
    with subprocess.Popen(["sleep", "60"]) as parent:
        running = start("", "--parent", str(parent.pid))
        running.ready()
        parent.send_signal(end)
    assert running.ended()[0] == 0


def test_it_ends_when_its_parent_is_gone_already(start: Callable[..., Running]) -> None:
    with subprocess.Popen(["true"]) as parent:
        pass
    assert start("", "--parent", str(parent.pid)).ended()[0] == 0


def test_a_name_of_its_own_moves_endpoint_log_and_run_file(start: Callable[..., Running], state: StateDir) -> None:
    (port,) = free_ports(1)
    load(None, (f'endpoints.risk-b={{"port":{port}}}',)).dump(state.settings_file)
    running = start("", "--name", "risk-b")
    until(lambda: (state.run_dir / "risk-b.json").exists())
    assert json.loads((state.run_dir / "risk-b.json").read_text())["port"] == port
    assert (state.logs_dir / "risk-b.log").exists()
    running.process.send_signal(signal.SIGINT)
    assert running.ended()[0] == 0


def test_settings_that_cannot_be_read_are_refused(start: Callable[..., Running], state: StateDir) -> None:
    state.settings_file.write_text('{"brokr": {}}')
    code, out, err = start().ended()
    assert (code, out) == (2, "")
    assert err.startswith("error: brokr:")
