"""A flatten beside portfolio's ledger: legs that were taken over, and what people hold the other way round."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.order import Side
from tests.integration.execution.test_flatten import filled, in_state, new_orders, positions
from tests.integration.execution.world import ACCOUNT, World
from tests.integration.ib.gateway import CALL
from tests.integration.service_process import ServiceProcess, until


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The world of a flatten, with portfolio."""
    world = World(tmp_path)
    try:
        await world.start(quotes=True, ready=False)
        portfolio = ServiceProcess("portfolio", world.state)
        world.processes.append(portfolio)
        yield world
    finally:
        await world.close()


def ledger(world: World) -> Any:
    """Portfolio's methods."""
    return portfolio_pb2_grpc.PortfolioServiceStub(world.processes[-1].channel)


async def owned(world: World, owner: str, instrument_id: str) -> Decimal:
    """What the ledger says that owner holds."""
    answer = await ledger(world).ListPositions(portfolio_pb2.ListPositionsRequest(owner=owner))
    found = [each.quantity.value for each in answer.positions if each.instrument.instrument_id == instrument_id]
    return sum(map(Decimal, found), Decimal(0))


async def test_legs_that_were_taken_over_are_closed_when_asked_for(world: World) -> None:
    await world.processes[-1].start()
    await world.ready()
    request = portfolio_pb2.AdoptPositionRequest(
        account=ACCOUNT, instrument_id=CALL.instrument_id, strategy=world.strategy
    )
    request.quantity.value = "8"
    request.operator.request_id, request.operator.actor, request.operator.reason = "a-1", "test", "test"

    async def manual() -> bool:
        return await owned(world, "MANUAL", CALL.instrument_id) == 20

    await until(manual, "the ledger has the calls")
    await ledger(world).AdoptPosition(request)
    await filled(world, 40, Side.SELL)
    done = await in_state(world, "DONE", include_options=True)
    assert positions(world)[world.strategy] in (
        0,
        -8,
    )  # by instrument: the stock flat, of the calls our own fold sold 8
    sold = [(frame.fields["secType"], frame.fields["totalQuantity"]) for frame in new_orders(world, "SELL")]
    assert ("OPT", "8") in sold
    held = await world.gateway.admin("status")
    assert (held["positions"].get("GOOG", "0"), held["positions"][CALL.instrument_id]) == ("0", "12")
    assert len(done.client_order_ids) == 2

    async def booked() -> bool:
        return await owned(world, world.strategy, CALL.instrument_id) == 0

    await until(booked, "the ledger has the closed leg")
    assert await owned(world, "MANUAL", CALL.instrument_id) == 12


async def test_a_short_that_people_hold_by_the_ledger_forbids_nothing(world: World) -> None:
    await world.gateway.admin("seed_position", instrument_id="GOOG", quantity="-70", average_price="750")
    await world.processes[-1].start()
    await world.ready()

    async def manual() -> bool:
        return await owned(world, "MANUAL", "GOOG") == -70

    await until(manual, "the ledger has the short")
    await filled(world, 40)
    await in_state(world, "DONE")
    assert Decimal((await world.gateway.admin("status"))["positions"]["GOOG"]) == -70


async def exercised(world: World) -> None:
    """The strategy took one call over and sold 40 shares; the call is exercised, and its shares are booked: 60 left."""
    await world.processes[-1].start()
    await world.ready()
    request = portfolio_pb2.AdoptPositionRequest(
        account=ACCOUNT, instrument_id=CALL.instrument_id, strategy=world.strategy
    )
    request.quantity.value = "1"
    request.operator.request_id, request.operator.actor, request.operator.reason = "a-1", "test", "test"
    await owns(world, "MANUAL", CALL.instrument_id, 20)
    await ledger(world).AdoptPosition(request)
    await filled(world, 40, Side.SELL)
    await world.gateway.admin("exercise", instrument_id=CALL.instrument_id)
    await owns(world, world.strategy, "GOOG", 60)
    await owns(world, "MANUAL", "GOOG", 1900)


async def owns(world: World, owner: str, instrument_id: str, quantity: int) -> None:
    """Waits until the ledger says so."""

    async def holds() -> bool:
        return await owned(world, owner, instrument_id) == quantity

    await until(holds, f"{owner} owns {quantity} {instrument_id}")


async def sold_by_a_flatten(world: World) -> Decimal:
    """What a flatten sold until it was done."""
    before = len(new_orders(world, "SELL"))
    await in_state(world, "DONE")
    return sum((Decimal(frame.fields["totalQuantity"]) for frame in new_orders(world, "SELL")[before:]), Decimal(0))


async def test_shares_of_an_exercise_are_the_strategys_to_close(world: World) -> None:
    await exercised(world)
    assert await sold_by_a_flatten(world) == 60
    assert Decimal((await world.gateway.admin("status"))["positions"]["GOOG"]) == 1900
    await owns(world, world.strategy, "GOOG", 0)


async def test_shares_of_an_exercise_are_closed_by_an_execution_that_never_heard_portfolio(world: World) -> None:
    await exercised(world)
    await world.processes[-1].stop(signal.SIGKILL)
    await world.execution.stop(signal.SIGKILL)
    await world.execution.start()
    await world.ready()
    assert await sold_by_a_flatten(world) == 60
    assert Decimal((await world.gateway.admin("status"))["positions"]["GOOG"]) == 1900
