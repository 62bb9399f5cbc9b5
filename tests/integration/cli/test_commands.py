"""An operator's commands on the command line: through control, past it where that is allowed, and never twice."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from hedgerow.domain.command import CommandKind
from hedgerow.state_dir import StateDir
from hedgerow.store.answers import DONE, REFUSED, acknowledgement
from hedgerow.store.commands import list_commands, pending_commands
from hedgerow.store.engine import open_store
from hedgerow.store.writer import AsyncWriter
from tests.integration.control.conftest import state_of
from tests.integration.service_process import ServiceProcess

FOR_A_STRATEGY = ["stop", "pause", "resume"]
OF_EXECUTION = {CommandKind.FLATTEN}


class Said(NamedTuple):
    """How a command line ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return list(json.loads(self.out))


async def hedgerow(*arguments: str) -> Said:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hedgerow.cli", *arguments, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return Said(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def state(tmp_path: Any) -> StateDir:
    return state_of(tmp_path)


@pytest.fixture
async def control(state: StateDir) -> AsyncIterator[ServiceProcess]:
    process = await ServiceProcess("control", state).start()
    yield process
    await process.close()


class Addressee:
    """Answers pending commands as the daemon (or execution) would: in its own store, once each."""

    def __init__(self, state: StateDir, owner: str, outcome: str) -> None:
        self._state, self._outcome = state, outcome
        self._store = open_store(state.store_dir, owner)
        self._writer = AsyncWriter(self._store)
        self.answered: list[str] = []
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            for command in pending_commands(self._state.store_dir, "goog"):
                if command.command_id not in self.answered:
                    self.answered.append(command.command_id)
                    await self._writer.write(
                        [acknowledgement(command, "goog", "r1", wall_ns=time.time_ns(), outcome=self._outcome)]
                    )
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        self._task.cancel()
        await self._writer.close()
        self._store.close()


@pytest.fixture
async def daemon(state: StateDir) -> AsyncIterator[Addressee]:
    daemon = Addressee(state, "strategy-goog", DONE)
    yield daemon
    await daemon.close()


@pytest.mark.parametrize("name", FOR_A_STRATEGY)
async def test_a_command_goes_through_control_and_its_outcome_is_told(
    state: StateDir, control: ServiceProcess, daemon: Addressee, name: str
) -> None:
    said = await hedgerow(name, str(state.root), "--reason", "for the record", "--json")
    assert said.code == 0, said.err
    (row,) = said.rows
    assert (row["strategy"], row["kind"], row["via"], row["outcome"]) == ("goog", name.upper(), "control", DONE)
    (recorded,) = list_commands(state.store_dir)
    assert (recorded.command_id, recorded.reason, recorded.actor) == (
        row["command_id"], "for the record", "command line",
    )  # fmt: skip


async def test_the_same_id_again_is_the_same_command_and_another_kind_is_refused(
    state: StateDir, control: ServiceProcess, daemon: Addressee
) -> None:
    arguments = (str(state.root), "--command-id", "mine", "--json")
    first, again = await hedgerow("pause", *arguments), await hedgerow("pause", *arguments)
    assert (first.code, first.out) == (again.code, again.out) == (0, first.out)
    other = await hedgerow("resume", *arguments)
    assert (other.code, len(list_commands(state.store_dir))) == (2, 1)
    assert "mine" in other.err


async def test_what_is_refused_ends_with_one_and_says_why(state: StateDir, control: ServiceProcess) -> None:
    daemon = Addressee(state, "strategy-goog", f"{REFUSED}: NOT_RECONCILED")
    try:
        said = await hedgerow("resume", str(state.root), "--json")
    finally:
        await daemon.close()
    assert (said.code, said.rows[0]["outcome"], said.rows[0]["done"]) == (1, f"{REFUSED}: NOT_RECONCILED", False)


async def test_no_outcome_in_time_ends_with_one(state: StateDir, control: ServiceProcess) -> None:
    said = await hedgerow("pause", str(state.root), "--timeout", "0.3")
    assert said.code == 1
    assert "none within 0.3 s" in said.out
    (pending,) = pending_commands(state.store_dir, "goog")
    assert pending.kind is CommandKind.PAUSE


async def test_a_stop_reaches_the_daemon_with_control_gone(state: StateDir, daemon: Addressee) -> None:
    said = await hedgerow("stop", str(state.root), "--json")
    assert (said.code, said.rows[0]["via"], said.rows[0]["outcome"]) == (0, "command store", DONE)
    assert "control cannot be reached" in said.err
    assert daemon.answered == [said.rows[0]["command_id"]]


async def test_a_flatten_reaches_execution_with_control_gone(state: StateDir) -> None:
    execution = Addressee(state, "execution", f"{DONE}: flat")
    try:
        said = await hedgerow("flatten", str(state.root), "--include-options", "--json")
    finally:
        await execution.close()
    assert (said.code, said.rows[0]["via"], said.rows[0]["outcome"]) == (0, "command store", f"{DONE}: flat")
    (recorded,) = list_commands(state.store_dir)
    assert (recorded.kind, recorded.flatten.include_options) == (CommandKind.FLATTEN, True)


@pytest.mark.parametrize("words", ["pause", "resume", "refresh-accounts", "retry-ib", "flatten --to neutral"])
async def test_nothing_else_goes_past_control(state: StateDir, words: str) -> None:
    name, *options = words.split()
    said = await hedgerow(name, str(state.root), *options, "--json")
    assert said.code == 1
    assert said.rows[0]["outcome"].startswith("not sent: control")
    assert list_commands(state.store_dir) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("pause", "--strategy", "twx"), "twx"),
        (("flatten", "--to", "neutral", "--include-options"), "include_options"),
        (("flatten", "--to", "sideways"), "sideways"),
        (("stop", "--command-id", "x" * 65), "command_id"),
        (("resume", "--timeout", "-1"), "timeout"),
    ],
)
async def test_bad_input_ends_with_two_and_is_named(state: StateDir, arguments: tuple[str, ...], named: str) -> None:
    said = await hedgerow(arguments[0], str(state.root), *arguments[1:])
    assert (said.code, list_commands(state.store_dir)) == (2, [])
    assert named in said.err
    assert "Traceback" not in said.err
