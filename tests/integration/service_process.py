"""A real service process on free ports, started, asked and stopped by a test."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.catalog import ENTRIES
from hedgerow.cli.ports import free_ports
from hedgerow.rpc.channel import open_channel
from hedgerow.rpc.health import is_serving
from hedgerow.settings import Endpoint, Settings
from hedgerow.state_dir import StateDir

DEADLINE_S = 20.0


async def until(condition: Callable[[], object | Awaitable[object]], what: str, limit_s: float = DEADLINE_S) -> Any:
    """Waits until `condition` gives something true and returns it; fails naming `what`."""
    end = time.monotonic() + limit_s
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if time.monotonic() > end:
            pytest.fail(f"not within {limit_s} s: {what}")
        await asyncio.sleep(0.01)


def state_with(root: Path, *names: str, **sections: Any) -> StateDir:
    """A state folder whose settings give each named process a free port and no metrics port."""
    state = StateDir(root).create()
    endpoints = {name: Endpoint(port=port) for name, port in zip(names, free_ports(len(names)), strict=True)}
    Settings(endpoints=endpoints, **sections).dump(state.settings_file)
    return state


class ServiceProcess:
    """`python -m <module> --state DIR`; `channel` leads to it."""

    def __init__(self, name: str, state: StateDir) -> None:
        self.name, self.state = name, state
        self.port = Settings.read(state.settings_file).endpoints[name].port
        self.channel: grpc.aio.Channel = open_channel("127.0.0.1", self.port)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> ServiceProcess:
        """Starts it and waits until it serves."""
        await self.launch()
        await self.serving()
        return self

    async def launch(self, *arguments: str, **variables: str) -> None:
        """Starts it, with these arguments and environment variables more, and does not wait."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        environment |= variables
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", ENTRIES[self.name].module, "--state", str(self.state.root),
            "--parent", str(os.getpid()), *arguments, env=environment,
        )  # fmt: skip

    async def serving(self) -> None:
        """Waits until it serves."""
        process = self._process
        assert process is not None

        async def serving() -> bool:
            assert process.returncode is None, f"{self.name} ended with {process.returncode}"
            return await is_serving(self.channel, 0.5)

        await until(serving, f"{self.name} serves")

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit code; 0 when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        return await asyncio.wait_for(process.wait(), DEADLINE_S)

    async def close(self) -> None:
        """Ends it whatever it does."""
        await self.stop(signal.SIGKILL)
        await self.channel.close()
