"""A flatten when nobody trades, as after the close: it says so, leaves the broker in peace, and can be given up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.domain.command import CommandKind
from tests.integration.execution.test_flatten import answered, ask, filled, new_orders
from tests.integration.execution.world import World
from tests.integration.ib.gateway import GOOG
from tests.integration.service_process import until


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Gateway, risk, market-data and execution; no control, no portfolio, no daemon."""
    world = World(tmp_path)
    try:
        yield await world.start(quotes=True)
    finally:
        await world.close()


async def test_orders_nobody_fills_block_it_by_name_and_a_resume_gives_it_up(world: World) -> None:
    await filled(world, 40)
    await world.gateway.tick(GOOG, 749.0, 749.2, bid_size=1, ask_size=1000)  # one is bid for, and then no more
    ask(world, "f-1", CommandKind.FLATTEN)
    found = await answered(world, "f-1")
    assert found.outcome.startswith("blocked: NOT_FILLED")
    assert 3 <= len(new_orders(world, "SELL")) <= 8
    ask(world, "r-1", CommandKind.RESUME)

    async def lifted() -> bool:
        return (await world.submit(world.intent(1))).reason == ""

    await until(lifted, "it is given up")
