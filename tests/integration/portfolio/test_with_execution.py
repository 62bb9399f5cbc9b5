"""Real execution, risk, market-data and portfolio on one simulated gateway: intents become attributed positions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderType, Side, TimeInForce
from hedgerow.settings import ReplaySettings, TimingSettings
from hedgerow.state_dir import StateDir
from hedgerow.wire.execution import intent_to_wire
from tests.integration.ib.gateway import GOOG, Gateway
from tests.integration.portfolio.client import ACCOUNT, CALL, STRATEGY, adopted, held, shown, wait_held
from tests.integration.service_process import ServiceProcess, state_with, until

NAMES = ("market-data", "risk", "execution", "portfolio")


@pytest.fixture
async def services(tmp_path: Any, gateway: Gateway) -> AsyncIterator[dict[str, ServiceProcess]]:
    """All four, serving."""
    state: StateDir = state_with(
        tmp_path / "whole",
        *NAMES,
        broker=gateway.broker(),
        replay=ReplaySettings(clock_file=gateway.clock_file),
        timing=TimingSettings(stream_heartbeat_s=0.1),
    )
    running = {name: await ServiceProcess(name, state).start() for name in NAMES}
    yield running
    for process in running.values():
        await process.close()


async def submit(
    execution: ServiceProcess, gateway: Gateway, intent_id: str, side: Side, quantity: int
) -> execution_pb2.IntentAcknowledgement:
    """Sends one intent at the market."""
    now = gateway.clock.market_now()
    intent = Intent(
        intent_id, STRATEGY, ACCOUNT, stock("GOOG"), side, Decimal(quantity), OrderType.MARKET, None, TimeInForce.DAY,
        False, 1, "HEDGE_NEEDED", 749.0, 749.2, now, 1.0, now,
    )  # fmt: skip
    stub: Any = execution_pb2_grpc.ExecutionServiceStub(execution.channel)
    response = await stub.SubmitIntent(execution_pb2.SubmitIntentRequest(intent=intent_to_wire(intent)), timeout=10)
    acknowledgement: execution_pb2.IntentAcknowledgement = response.acknowledgement
    return acknowledgement


async def test_fills_are_attributed_checked_and_survive_restarts(
    services: dict[str, ServiceProcess], gateway: Gateway
) -> None:
    portfolio, execution = services["portfolio"], services["execution"]
    await adopted(portfolio)
    numbers = iter(range(100))

    async def sent(side: Side, quantity: int) -> execution_pb2.IntentAcknowledgement | None:
        await gateway.tick(GOOG, 749.0, 749.2)
        answer = await submit(execution, gateway, f"i-{next(numbers)}", side, quantity)
        return answer if answer.order_status != common_pb2.ORDER_STATUS_DENIED else None

    await until(lambda: sent(Side.SELL, 100), "execution is ready and risk allows")
    await wait_held(portfolio, {(STRATEGY, CALL): 20, (STRATEGY, "GOOG"): -100})
    await services["risk"].stop()
    await services["risk"].start()
    await until(lambda: sent(Side.BUY, 30), "risk is back and has folded every report")
    await wait_held(portfolio, {(STRATEGY, CALL): 20, (STRATEGY, "GOOG"): -70})
    answer = await submit(execution, gateway, "too-much", Side.SELL, 1001)
    assert answer.reason == "ORDER_SIZE"
    await portfolio.stop()
    await until(lambda: sent(Side.SELL, 30), "an order while portfolio is away")
    await portfolio.start()
    await wait_held(portfolio, {(STRATEGY, CALL): 20, (STRATEGY, "GOOG"): -100})

    async def settled() -> bool:
        answer = await shown(portfolio)
        own = [row for row in answer.positions if row.instrument.instrument_id == "GOOG"]
        return not answer.breaks and len(own) == 1 and Decimal(own[0].commissions.value) > 0

    await until(settled, "no break, commissions known")
    assert sum((await held(portfolio)).values()) == -80
