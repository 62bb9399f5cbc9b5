"""The gateway as a process: how it starts, refuses to start, and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.ibsim.admin import admin_call

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "libs")}


def command(tmp_path: Path, *more: str, **config: Any) -> list[str]:
    path = tmp_path / "ibsim.json"
    path.write_text(json.dumps({"port": 0, **config}))
    return [sys.executable, "-m", "hedgerow.ibsim.main", "--config", str(path), *more]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, int]]]:
    started = subprocess.Popen(
        command(tmp_path, book_file=str(tmp_path / "book.db")), env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    assert started.stdout is not None
    yield started, json.loads(started.stdout.readline())
    started.kill()
    started.wait()
    started.stdout.close()


def gone(pid: int) -> bool:
    """Whether no such process is left, a zombie counting as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_gone(pid: int, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not gone(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_within_a_second_of_a_signal(
    process: tuple[subprocess.Popen[bytes], dict[str, int]], number: signal.Signals
) -> None:
    started, ports = process
    with socket.create_connection(("127.0.0.1", ports["listening"])):
        admin_call(ports["admin"], "resume", speed=1000)
        began = time.monotonic()
        started.send_signal(number)
        assert started.wait(5) == 0
        assert time.monotonic() - began < 1.5  # a second, and half of one for a busy machine


def test_admin_says_what_it_is_and_shuts_it_down(process: tuple[subprocess.Popen[bytes], dict[str, int]]) -> None:
    started, ports = process
    status = admin_call(ports["admin"], "status")
    assert (status["account"], status["symbol"], status["speed"]) == ("SIM0000001", "SIMX", 0)
    assert status["market_now"] == status["session_open_ns"] - 300 * 10**9
    with pytest.raises(InvalidValue, match=r"one of status, pause"):
        admin_call(ports["admin"], "explode")
    with pytest.raises(InvalidValue, match="'instrument_id' is missing"):
        admin_call(ports["admin"], "emit_tick", bid=1, ask=2)
    with pytest.raises(InvalidValue, match="an instrument of the market"):
        admin_call(ports["admin"], "emit_tick", instrument_id="NOSUCH", bid=1, ask=2)
    with pytest.raises(InvalidValue, match="above zero"):
        admin_call(ports["admin"], "set_quote", instrument_id="SIMX", bid=-1, ask=2)
    with pytest.raises(InvalidValue, match="the day being played"):
        admin_call(ports["admin"], "seek", market_time=5)
    with pytest.raises(InvalidValue, match="wrong type"):
        admin_call(ports["admin"], "speed", speed="fast")
    admin_call(ports["admin"], "shutdown")
    assert started.wait(5) == 0
    with pytest.raises(Unavailable):
        admin_call(ports["admin"], "status")


def test_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = (
        "import subprocess, sys, os\n"
        "child = subprocess.Popen([*sys.argv[1:], '--parent', str(os.getpid())], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", parent, *command(tmp_path)], env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    assert started.stdout is not None
    child = int(started.stdout.readline())
    started.kill()
    started.wait()
    started.stdout.close()
    wait_gone(child, 5)


def refused(*arguments: str) -> str:
    """Its one-line reason for not starting."""
    done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_second_gateway_on_the_same_port_leaves_the_first_ones_files_alone(
    process: tuple[subprocess.Popen[bytes], dict[str, int]], tmp_path: Path
) -> None:
    _, ports = process
    files = {name: str(tmp_path / name) for name in ("clock_file", "wire_log", "new_book_file")}
    config = {"clock_file": files["clock_file"], "wire_log": files["wire_log"], "book_file": files["new_book_file"]}
    assert "a free port" in refused(*command(tmp_path, port=ports["listening"], **config))
    assert not [name for name in files.values() if Path(name).exists()]


def test_a_port_in_use_is_a_clear_message(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = refused(*command(tmp_path, port=port))
        assert f"port: {port} is not allowed: a free port" in message
        assert "admin_port" in refused(*command(tmp_path, admin_port=port))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"port": 4002}, "belongs to a real gateway"),
        ({"host": "0.0.0.0"}, "loopback only"),
        ({"account": "DU1234567"}, "account"),
        ({"tape": "absent.parquet"}, "absent.parquet"),
        ({"positions": [{"instrument_id": "GOOG", "quantity": 1, "average_price": 1}]}, "an instrument of the market"),
        ({"wire_log": "/proc/nothing/wire.log"}, "wire_log"),
        ({"book_file": "/proc/nothing/book.db"}, "book_file"),
    ],
)
def test_a_bad_configuration_is_one_line(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    assert message in refused(*command(tmp_path, **config))


def test_a_wrong_parent_is_refused(tmp_path: Path) -> None:
    assert "parent" in refused(*command(tmp_path), "--parent", "1")


def test_serves_metrics_where_it_is_told_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        files = {"book_file": str(tmp_path / "book.db"), "wire_log": str(tmp_path / "wire.log")}
        assert f"metrics_port: {port} is not allowed" in refused(*command(tmp_path, metrics_port=port, **files))
        assert not [path for path in files.values() if Path(path).exists()]
    started = subprocess.Popen(command(tmp_path, metrics_port=port), env=ENVIRONMENT, stdout=subprocess.PIPE)
    assert started.stdout is not None
    try:
        started.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    finally:
        started.terminate()
        assert started.wait(5) == 0
        started.stdout.close()
    values = dict(line.split(" ") for line in text.splitlines() if line.startswith("hedgerow_ibsim_"))
    assert (values["hedgerow_ibsim_clients"], values["hedgerow_ibsim_speed_ratio"]) == ("0.0", "0.0")
    assert float(values["hedgerow_ibsim_market_time_seconds"]) > 1e9
