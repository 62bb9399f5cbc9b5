"""The gateway as a process of its own, asked over HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx

from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from tests.integration.service_process import DEADLINE_S, until

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class GatewayProcess:
    """`python -m gateway.main --state DIR`; `client` asks it at `url`."""

    def __init__(self, state: StateDir, **environment: str) -> None:
        self.state = state
        self.port = Settings.read(state.settings_file).endpoints["gateway"].port
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20.0)
        self._environment = environment
        self.process: asyncio.subprocess.Process | None = None

    @property
    def websocket_url(self) -> str:
        """Where its WebSockets are."""
        return self.url.replace("http", "ws", 1)

    async def spawn(self, *arguments: str) -> asyncio.subprocess.Process:
        """Starts it, and that is all."""
        environment = {name: value for name, value in os.environ.items() if name != "HEDGEROW_API_KEY"}
        environment |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **self._environment}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.main", "--state", str(self.state.root),
            *(arguments or ("--parent", str(os.getpid()))), env=environment, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return self.process

    async def start(self) -> GatewayProcess:
        """Starts it and waits until it answers."""
        process = await self.spawn()

        async def alive() -> bool:
            assert process.returncode is None, f"the gateway ended with {process.returncode}"
            try:
                return (await self.client.get("/healthz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(alive, "the gateway is alive")
        return self

    async def refused(self) -> tuple[int, str]:
        """Starts it where it must not start: its exit code and last words."""
        process = await self.spawn()
        _, said = await asyncio.wait_for(process.communicate(), DEADLINE_S)
        return int(process.returncode or 0), said.decode()

    async def status(self) -> dict[str, Any]:
        """`GET /status`."""
        answer = await self.client.get("/status")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def memory(self) -> int:
        """Resident bytes."""
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

    def cpu_s(self) -> float:
        """Seconds of processor time it has used."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit code; 0 when it does not run."""
        process, self.process = self.process, None
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        return await asyncio.wait_for(process.wait(), DEADLINE_S)

    async def close(self) -> None:
        """Ends it whatever it does."""
        await self.stop(signal.SIGKILL)
        await self.client.aclose()
