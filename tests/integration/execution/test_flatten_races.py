"""What comes between a flatten's steps: a person at the broker, a resume, an intent under a flatten's own name."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.domain.command import CommandKind
from hedgerow.store.commands import find_command
from tests.integration.execution.test_flatten import answered, ask, filled, in_state, new_orders, positions
from tests.integration.execution.world import World, code
from tests.integration.service_process import until

PATIENT_RISK_S = 30.0
"""So long execution waits for risk here: a stopped risk keeps an intent under way."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Gateway, risk, market-data and execution; no control, no portfolio, no daemon."""
    world = World(tmp_path, timing={"risk_timeout_s": PATIENT_RISK_S})
    try:
        yield await world.start(quotes=True)
    finally:
        await world.close()


async def trading(world: World, state: common_pb2.TradingState, request_id: str) -> None:
    """Sets risk's trading state."""
    request = risk_pb2.SetTradingStateRequest(trading_state=state)
    request.operator.request_id, request.operator.actor, request.operator.reason = request_id, "test", "test"
    await risk_pb2_grpc.RiskServiceStub(world.risk.channel).SetTradingState(request, timeout=5)


async def under_way(world: World) -> bool:
    """Whether an intent of the strategy is claimed and not yet answered: a list of orders waits for it."""
    try:
        await world.stub.ListOrders(execution_pb2.ListOrdersRequest(strategy=world.strategy), timeout=0.5)
    except grpc.aio.AioRpcError as error:
        return error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    return False


async def test_what_a_person_sold_while_it_waited_for_a_quote_is_not_sold_again(world: World) -> None:
    await filled(world, 40)
    await world.market_data.stop(signal.SIGKILL)
    ask(world, "f-1", CommandKind.FLATTEN)
    await until(lambda: find_command(world.state.store_dir, "f-1").outcome.startswith("NO_FRESH_QUOTE"), "it waits")
    await world.gateway.admin("seed_position", instrument_id="GOOG", quantity="0", average_price="749")
    await world.market_data.start()
    found = await answered(world, "f-1")
    assert found.outcome.startswith("blocked: POSITION_BREAK")
    assert new_orders(world, "SELL") == []


async def test_a_closing_order_that_waits_for_risk_does_not_leave_after_a_resume(world: World) -> None:
    await filled(world, 40)
    await trading(world, common_pb2.TRADING_STATE_HALTED, "halt")
    ask(world, "f-1", CommandKind.FLATTEN)
    assert (await answered(world, "f-1")).outcome.startswith("blocked: TRADING_HALTED")
    await trading(world, common_pb2.TRADING_STATE_ACTIVE, "go")
    os.kill(world.risk.pid, signal.SIGSTOP)
    await until(lambda: under_way(world), "the flatten's next try is with risk", 20.0)
    ask(world, "r-1", CommandKind.RESUME)

    async def lifted() -> bool:
        return not any(each.startswith("FLATTEN") for each in (await world.exec_state()).block_reasons)

    await until(lifted, "the resume has lifted it")
    os.kill(world.risk.pid, signal.SIGCONT)

    async def settled() -> bool:
        return not await under_way(world)

    await until(settled, "nothing is under way")
    assert new_orders(world, "SELL") == []
    assert positions(world)[world.strategy] == 40


async def test_nobody_else_uses_the_names_of_a_flattens_orders(world: World) -> None:
    await filled(world, 40)
    name = (await in_state(world, "DONE")).client_order_ids
    request = execution_pb2.ListOrdersRequest(strategy=world.strategy, page_size=1)
    [closing] = (await world.stub.ListOrders(request)).orders
    assert [closing.client_order_id] == list(name)
    next_one = closing.intent.intent_id.rsplit("-", 1)[0] + "-2"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await world.submit(world.intent(5, intent_id=next_one, strategy="another"))
    assert code(refused.value) == "INVALID_ARGUMENT"
    assert len(new_orders(world)) == 2
