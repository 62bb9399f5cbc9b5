"""A daemon's commands by each way alone: once whichever way they come, and none is lost or out of date."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.api.control.v1 import control_pb2
from hedgerow.catalog import ENTRIES
from hedgerow.domain.command import Command, CommandKind, NewCommand
from hedgerow.settings import Settings, StatusSettings, TimingSettings, parse
from hedgerow.settings_parts import KernelSettings
from hedgerow.state_dir import StateDir
from hedgerow.store.answers import read_answers
from hedgerow.store.commands import find_command, list_commands, write_command
from hedgerow.store.read import read_operations, read_status
from tests.integration.control.conftest import STRATEGIES, stub_of
from tests.integration.execution.world import process_of
from tests.integration.service_process import ServiceProcess, state_with, until

NAMES = ("control", "market-data", "execution", "risk", "portfolio", "stats", "strategy")


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return state_with(
        tmp_path, *NAMES, strategies=parse(STRATEGIES, "test").strategies, kernel=KernelSettings(mode="plain"),
        status=StatusSettings(heartbeat_interval_s=0.2), timing=TimingSettings(stream_heartbeat_s=0.2),
    )  # fmt: skip


@pytest.fixture
async def strategy(state: StateDir) -> AsyncIterator[ServiceProcess]:
    """A daemon on its own; no test of this file has a gateway."""
    process = await ServiceProcess("strategy", state).start()
    yield process
    await process.close()


def ask(state: StateDir, command_id: str, kind: CommandKind, **more: Any) -> None:
    """A command written straight into the store."""
    command = NewCommand(command_id, kind, "goog", actor="anna", **more)
    write_command(state.store_dir, command, wall_ns=time.time_ns(), market_ns=0)


async def answered(state: StateDir, command_id: str) -> Command:
    """The command once the daemon has answered it."""

    def there() -> Command | None:
        found = find_command(state.store_dir, command_id)
        return found if found.acked_ns else None

    found: Command = await until(there, f"{command_id} is answered")
    return found


def snapshot(state: StateDir) -> dict[str, Any]:
    """What the daemon wrote last; empty before the first."""
    rows = read_status(state.store_dir)
    return dict(rows[0]["snapshot"]) if rows else {}


async def standing(state: StateDir, *reasons: str) -> None:
    """Waits until each of these is among the daemon's block reasons, in a snapshot written from now on."""
    now = time.time_ns()

    def there() -> bool:
        seen = snapshot(state)
        return bool(seen) and seen["ts"] > now and all(each in seen["block_reasons"] for each in reasons)

    await until(there, f"{reasons} stand")


async def ended(process: ServiceProcess) -> int:
    """The exit code, once it ended by itself."""
    running = process_of(process)
    await until(lambda: running.returncode is not None, "the daemon ends by itself")
    return running.returncode or 0


async def test_a_stop_by_the_store_alone_ends_it_and_is_answered(state: StateDir, strategy: ServiceProcess) -> None:
    asked = time.time_ns()
    ask(state, "stop-1", CommandKind.STOP)
    assert await ended(strategy) == 0
    found = await answered(state, "stop-1")
    assert found.outcome == "done"
    assert found.acked_ns - asked < 5_000_000_000
    assert snapshot(state)["daemon_state"] == "STOPPED"
    texts = [row["text"] for row in read_operations(state.store_dir, type="COMMAND").rows]
    assert texts == ["STOP: done (stop-1)", "STOP asked by anna (stop-1)"]


async def test_a_stop_by_the_stream_alone_ends_it(tmp_path: Path, state: StateDir) -> None:
    # Control on another host: the daemon's own folder holds no command.
    settings = Settings.read(state.settings_file)
    apart = StateDir(tmp_path / "apart").create()
    settings.dump(apart.settings_file)
    control, daemon = ServiceProcess("control", state), ServiceProcess("strategy", apart)
    try:
        await control.start()
        await daemon.start()
        for command_id, kind in (("p", control_pb2.COMMAND_KIND_PAUSE), ("s", control_pb2.COMMAND_KIND_STOP)):
            await stub_of(control).SendCommand(
                control_pb2.SendCommandRequest(command_id=command_id, kind=kind, strategy="goog")
            )
        assert await ended(daemon) == 0
        given = read_answers(apart.store_dir, "strategy-goog")
        assert {name: answer.outcome for name, answer in given.items()} == {"p": "done: paused", "s": "done"}
    finally:
        await daemon.close()
        await control.close()


async def test_a_stop_recorded_while_nothing_ran_stands_until_a_run_takes_it(state: StateDir) -> None:
    ask(state, "stop-1", CommandKind.STOP)
    arguments = ("-m", ENTRIES["strategy"].module, "--state", str(state.root), "--parent", str(os.getpid()))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    first = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=environment)
    assert await asyncio.wait_for(first.wait(), 30) == 0
    assert (await answered(state, "stop-1")).outcome == "done"
    stopped = snapshot(state)
    assert stopped["daemon_state"] == "STOPPED"
    following = await ServiceProcess("strategy", state).start()  # it has been taken: the next run lives
    try:
        await until(lambda: snapshot(state)["run_id"] != stopped["run_id"], "the next run writes")
        await until(lambda: snapshot(state)["counters"]["evaluations"] > 5, "the next run goes on")
        assert snapshot(state)["daemon_state"] != "STOPPED"
    finally:
        await following.close()


async def test_a_stop_for_a_run_that_died_is_answered_by_the_next_one(
    state: StateDir, strategy: ServiceProcess
) -> None:
    await until(lambda: snapshot(state).get("run_id"), "the daemon writes")
    gone = snapshot(state)["run_id"]
    await strategy.stop(signal.SIGKILL)
    ask(state, "stop-1", CommandKind.STOP, run_id=gone)
    await strategy.start()
    found = await answered(state, "stop-1")
    await until(lambda: snapshot(state)["run_id"] != gone, "the new run writes")
    assert found.outcome == f"gone: run {gone} has ended; this is run {snapshot(state)['run_id']}"
    assert process_of(strategy).returncode is None


async def test_a_pause_stands_over_kill_9_and_a_resume_needs_a_reconciled_state(
    state: StateDir, strategy: ServiceProcess
) -> None:
    ask(state, "pause-1", CommandKind.PAUSE)
    assert (await answered(state, "pause-1")).outcome == "done: paused"
    await standing(state, "PAUSED")
    await strategy.stop(signal.SIGKILL)
    await strategy.start()
    await standing(state, "PAUSED")  # and heartbeats go on: each wait asks for a new snapshot
    ask(state, "resume-1", CommandKind.RESUME)
    refused = await answered(state, "resume-1")
    assert refused.outcome.startswith("refused: not reconciled: ")
    await standing(state, "PAUSED")
    ask(state, "flatten-1", CommandKind.FLATTEN)
    await standing(state, "FLATTENED")
    assert find_command(state.store_dir, "flatten-1").acked_ns == 0  # the position is execution's to close
    assert find_command(state.store_dir, "flatten-1").outcome.startswith("done: paused; execution closes")
    await strategy.stop(signal.SIGKILL)
    await strategy.start()
    await standing(state, "FLATTENED")
    assert snapshot(state)["status_lamp"] == "yellow"


async def test_a_resume_that_waits_is_overtaken_by_a_pause(state: StateDir, strategy: ServiceProcess) -> None:
    ask(state, "resume-1", CommandKind.RESUME)
    ask(state, "pause-1", CommandKind.PAUSE)
    assert (await answered(state, "pause-1")).outcome == "done: paused"
    assert (await answered(state, "resume-1")).outcome == "refused: overtaken by PAUSE pause-1"
    await standing(state, "PAUSED")


async def test_a_command_by_stream_and_by_store_is_carried_out_once(
    state: StateDir, control: ServiceProcess, strategy: ServiceProcess
) -> None:
    for number in range(5):
        request = control_pb2.SendCommandRequest(
            command_id=f"c{number}", kind=control_pb2.COMMAND_KIND_PAUSE, strategy="goog"
        )
        for _ in range(2):
            await stub_of(control).SendCommand(request)
    for number in range(5):
        assert (await answered(state, f"c{number}")).outcome == "done: paused"
    assert len(list_commands(state.store_dir)) == 5
    done = [row for row in read_operations(state.store_dir, type="COMMAND").rows if "done" in row["text"]]
    assert len(done) == 5
