"""A control process, daemons' stores as a test fills them, and processes that only answer for their health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.rpc.server import RpcServer
from hedgerow.settings import Settings, StatusSettings, TimingSettings, parse
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import open_store
from hedgerow.store.status_sink import SNAPSHOT_KEYS, open_status_sink
from hedgerow.store.writer import AsyncWriter
from tests.integration.service_process import ServiceProcess, state_with

PROCESSES = ("control", "market-data", "execution", "risk", "portfolio", "stats", "strategy-goog")
STRATEGIES = """
strategies:
  - {name: goog, kind: gamma_scalper, account: SIM0000001, underlying: {symbol: GOOG}}
"""
HEARTBEAT_S = 0.5


def state_of(root: Path, **sections: Any) -> StateDir:
    """One strategy, quick heartbeats, a free port for every process."""
    sections = {
        "strategies": parse(STRATEGIES, "test").strategies,
        "status": StatusSettings(heartbeat_interval_s=HEARTBEAT_S),
        "timing": TimingSettings(stream_heartbeat_s=0.1, rpc_timeout_s=2.0),
        **sections,
    }
    return state_with(root, *PROCESSES, **sections)


def stub_of(control: ServiceProcess) -> Any:
    """Control's methods."""
    return control_pb2_grpc.ControlServiceStub(control.channel)


async def status_of(control: ServiceProcess) -> control_pb2.Status:
    """The status now."""
    status: control_pb2.Status = (await stub_of(control).GetStatus(control_pb2.GetStatusRequest())).status
    return status


class Daemon:
    """What a strategy daemon leaves in its own store, written as it writes it."""

    def __init__(self, state: StateDir, name: str = "goog", sink: str = "") -> None:
        self._store = open_store(state.store_dir, f"strategy-{name}")
        self._writer = AsyncWriter(self._store)
        self._sink = open_status_sink(sink, name, self._writer)
        self._name = name

    async def say(self, *reasons: str, state: str = "RUNNING", age_s: float = 0.0, **more: Any) -> None:
        """Writes one snapshot, `age_s` old."""
        snapshot = dict.fromkeys(SNAPSHOT_KEYS) | {
            "strategy": self._name, "run_id": "r1", "daemon_state": state, "block_reasons": list(reasons),
            "ts": time.time_ns() - int(age_s * 1e9), "status_lamp": "green", **more,
        }  # fmt: skip
        await self._sink.write(snapshot, history=False)

    async def close(self) -> None:
        """Lets another writer in."""
        await self._writer.close()
        self._store.close()


class Healthy:
    """Processes that answer health checks at the configured ports and do nothing else."""

    def __init__(self, state: StateDir) -> None:
        self._endpoints = Settings.read(state.settings_file).endpoints
        self._servers: dict[str, RpcServer] = {}

    async def start(self, *names: str) -> None:
        """Each answers SERVING."""
        for name in names:
            server = self._servers[name] = RpcServer(name, "127.0.0.1", self._endpoints[name].port, asyncio.Event())
            await server.start()

    async def stop(self, *names: str) -> None:
        """They are gone at once; no name = all."""
        for name in names or tuple(self._servers):
            await self._servers.pop(name).grpc.stop(None)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return state_of(tmp_path)


@pytest.fixture
async def control(state: StateDir) -> AsyncIterator[ServiceProcess]:
    """A serving control process; nothing else lives."""
    process = await ServiceProcess("control", state).start()
    yield process
    await process.close()


@pytest.fixture
async def daemon(state: StateDir) -> AsyncIterator[Daemon]:
    """The goog daemon's store."""
    daemon = Daemon(state)
    yield daemon
    await daemon.close()


@pytest.fixture
async def healthy(state: StateDir) -> AsyncIterator[Healthy]:
    """Other processes, none of them started yet."""
    healthy = Healthy(state)
    yield healthy
    await healthy.stop()
