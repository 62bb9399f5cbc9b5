"""Scenario files, from the command line to the socket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.domain.errors import InvalidValue
from tests.integration.ibsim.faults import Open, Start, connect, has, listed


async def test_a_gateway_starts_with_the_faults_of_its_file(
    start_server: Start, open_raw: Open, tmp_path: Path
) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(
        "faults:\n"
        "  - {action: swallow_frame, on: {message: placeOrder, client: 10}, name: first}\n"
        "  - {action: mute, messages: [orderStatus], client: 11}\n"
        "  - {action: correct_execution, price: 3, after_ms: 0}\n"
    )
    server = await start_server(scenario=path)
    client = await connect(open_raw, server)
    client.place(1)
    client.place(2)
    await has(client, "3", "2", "Filled")
    first, second, third = await listed(server)
    assert (first["name"], first["state"], first["applied"]) == ("first", "fired", 1)
    assert (second["name"], second["state"], second["messages"]) == ("mute-2", "active", [3])
    assert third["state"] == "failed"
    assert "an execution of the chosen order" in third["reason"]


async def test_a_bad_file_touches_nothing(start_server: Start, tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("faults: [{action: latency, ms: fast}]")
    with pytest.raises(InvalidValue, match=r"faults\.0\.ms: 'fast'"):
        await start_server(scenario=path)
    assert not (tmp_path / "book.db").exists()


def test_the_command_line_refuses_a_bad_file_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("faults: [{action: explode}]")
    command = [sys.executable, "-m", "hedgerow.cli.main", "ibsim", "--scenario", str(path), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "faults.0.action: 'explode' is not allowed: one of " in done.stderr
    assert "Traceback" not in done.stderr
