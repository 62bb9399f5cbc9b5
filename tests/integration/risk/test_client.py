"""Execution's client of risk: a check that is given up costs at most the stream, never the process."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.api.risk.v1 import risk_pb2
from services.execution.ports import RiskUnavailable
from services.execution.risk_client import RiskClient
from tests.integration.service_process import ServiceProcess, until
from tests.unit.rules.orders import order


async def test_a_check_given_up_within_its_write_only_opens_the_stream_anew(risk: ServiceProcess) -> None:
    changes: list[bool] = []
    client = RiskClient(
        risk.channel, 0.0, lambda: risk_pb2.Resync(epoch=1), lambda: changes.append(client.connected)
    )  # fmt: skip
    running = asyncio.create_task(client.run())
    try:
        await until(lambda: client.connected, "connected")
        with pytest.raises(RiskUnavailable):
            await client.check(order())
        await until(lambda: running.done() or changes == [True, False, True], "the stream is opened anew")
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled()
