"""A real strategy daemon and control, with no gateway and nothing else: yellow, stopped from afar, still explained."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2
from hedgerow.settings import parse
from hedgerow.settings_parts import KernelSettings
from hedgerow.state_dir import StateDir
from hedgerow.store.commands import list_commands
from tests.integration.control.conftest import STRATEGIES, status_of, stub_of
from tests.integration.service_process import ServiceProcess, state_with, until


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    names = ("control", "market-data", "execution", "risk", "portfolio", "stats", "strategy")
    strategies = parse(STRATEGIES, "test").strategies
    return state_with(tmp_path, *names, strategies=strategies, kernel=KernelSettings(mode="plain"))


@pytest.fixture
async def strategy(state: StateDir) -> AsyncIterator[ServiceProcess]:
    process = await ServiceProcess("strategy", state).start()
    yield process
    await process.close()


async def test_a_stop_sent_to_control_ends_the_daemon_and_says_so(
    state: StateDir, control: ServiceProcess, strategy: ServiceProcess
) -> None:
    async def alive() -> control_pb2.Status | None:
        status = await status_of(control)
        (own,) = [service for service in status.services if service.service == "strategy-goog"]
        return status if own.serving and status.strategies[0].run_id else None

    status: control_pb2.Status = await until(alive, "control sees the daemon")
    assert status.strategies[0].status_lamp == common_pb2.STATUS_LAMP_YELLOW, status.strategies[0].block_reasons
    run_id = status.strategies[0].run_id
    await stub_of(control).SendCommand(
        control_pb2.SendCommandRequest(
            command_id="stop-1", kind=control_pb2.COMMAND_KIND_STOP, strategy="goog", run_id=run_id, actor="test"
        )
    )

    async def stopped() -> bool:
        own = (await status_of(control)).strategies[0]
        return list(own.block_reasons) == ["STOPPED_BY_OPERATOR"] and own.snapshot["daemon_state"] == "STOPPED"

    await until(stopped, "the daemon stops")
    status = await status_of(control)
    assert status.status_lamp == common_pb2.STATUS_LAMP_YELLOW, status.reasons
    (command,) = list_commands(state.store_dir, strategy="goog")
    assert (command.outcome, command.acked_ns > 0) == ("done", True)
