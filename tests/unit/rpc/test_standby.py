"""Who takes a process's place on its host waits for all it still holds."""

from __future__ import annotations

import asyncio
import socket

import pytest

from hedgerow.cli.ports import free_ports
from hedgerow.rpc.standby import StandbyServer, until_free
from hedgerow.settings import Endpoint


@pytest.mark.parametrize("held", [0, 1])
async def test_the_port_and_the_one_of_its_metrics_are_waited_for(held: int) -> None:
    ports = free_ports(2)
    with socket.create_server(("127.0.0.1", ports[held])):
        waiting = asyncio.create_task(until_free(Endpoint(port=ports[0], metrics_port=ports[1])))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
    await asyncio.wait_for(waiting, 10)


async def test_a_process_without_metrics_has_one_port() -> None:
    await asyncio.wait_for(until_free(Endpoint(port=free_ports(1)[0])), 10)


async def test_where_the_process_at_work_has_the_port_nothing_alarming_is_said(
    capfd: pytest.CaptureFixture[str],
) -> None:
    [port] = free_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        async with StandbyServer(Endpoint(port=port)):
            pass
    assert "Failed" not in capfd.readouterr().err
