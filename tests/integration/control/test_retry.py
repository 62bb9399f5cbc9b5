"""The broker connections tried on demand, long before their next retry; those that stand are left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.api.control.v1 import control_pb2
from hedgerow.settings import ReplaySettings, TimingSettings
from tests.integration.control.conftest import stub_of
from tests.integration.ib.gateway import Gateway
from tests.integration.service_process import ServiceProcess, state_with, until

LINKED = ("market-data", "execution", "portfolio")
NAMES = (*LINKED, "control", "risk", "stats")


class Desk:
    """Control and the three services with a link, on a gateway that is away; a retry is due in an hour."""

    def __init__(self, root: Path, gateway: Gateway) -> None:
        self.gateway = gateway
        state = state_with(
            root / "state", *NAMES, broker=gateway.broker(retry_interval_s=3600.0),
            replay=ReplaySettings(clock_file=gateway.clock_file), timing=TimingSettings(stream_heartbeat_s=0.2),
        )  # fmt: skip
        self.processes = [ServiceProcess(name, state) for name in (*LINKED, "control")]
        self._number = 0

    async def retry(self, command_id: str = "") -> dict[str, str]:
        """What each service said of its link, by name."""
        self._number += 1
        answer = await stub_of(self.processes[-1]).SendCommand(
            control_pb2.SendCommandRequest(
                command_id=command_id or f"retry-{self._number}", kind=control_pb2.COMMAND_KIND_RETRY_IB
            )
        )
        assert answer.command.HasField("acknowledge_time")
        words = answer.command.outcome.removeprefix("done: ").split("; ")
        return dict(each.split(" ", 1) for each in words)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    gateway = Gateway(tmp_path)
    await gateway.start()  # for its port and its clock
    await gateway.stop()
    desk = Desk(tmp_path, gateway)
    try:
        for process in desk.processes:
            await process.start()
        yield desk
    finally:
        for process in desk.processes:
            await process.close()
        await gateway.stop()


async def test_a_retry_connects_at_once_and_leaves_alone_what_stands(desk: Desk) -> None:
    first = await desk.retry("first")
    assert set(first) == set(LINKED)
    assert all(words.split()[0] in ("CONNECTING", "DISCONNECTED") for words in first.values()), first
    await desk.gateway.start()

    async def all_ready() -> bool:
        words = await desk.retry()
        return all(each == "READY" for each in words.values())

    await until(all_ready, "every link stands, an hour before its next retry")
    clients = sorted(client["client_id"] for client in (await desk.gateway.admin("status"))["clients"])
    assert len(clients) == len(LINKED)
    sessions = set(desk.gateway.server.simulation.hub.sessions.values())
    assert set((await desk.retry()).values()) == {"READY"}
    assert set(desk.gateway.server.simulation.hub.sessions.values()) == sessions  # the very same connections
    assert await desk.retry("first") == first  # the same id gets the same outcome
