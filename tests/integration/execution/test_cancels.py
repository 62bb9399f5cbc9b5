"""A cancel that was wanted is not forgotten: neither in a budget that is used up, nor on the way to the broker."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.integration.execution.world import World
from tests.integration.service_process import until

FAR = "740.00"
"""A buy limit that rests."""
ORDERS = 60
"""More cancels than the message budget has for one second."""


async def test_cancels_beyond_the_message_budget_leave_as_soon_as_it_allows(tmp_path: Path) -> None:
    world = World(tmp_path, {"ack_timeout_s": 60.0})  # so long nobody looks whether a cancel was lost
    try:
        await world.start()
        await all_taken_back(world)
    finally:
        await world.close()


async def all_taken_back(world: World) -> None:
    names: list[str] = []
    while len(names) < ORDERS:
        began = time.monotonic()
        answers = await asyncio.gather(*(world.submit(world.intent(1, limit=FAR)) for _ in range(ORDERS // 2)))
        names += [each.client_order_id for each in answers if not each.reason]
        await until(lambda began=began: time.monotonic() - began > 1.1, "the budget's second is over")
    await asyncio.gather(*(world.in_status(name, "WORKING") for name in names))
    await asyncio.gather(*(world.cancel(name) for name in names))

    async def gone() -> bool:
        return bool((await world.gateway.admin("status"))["open_orders"] == 0)

    await until(gone, "every one is canceled")
    await asyncio.gather(*(world.in_status(name, "CANCELED") for name in names))


async def test_a_cancel_that_was_lost_on_its_way_is_asked_for_again(own_world: World) -> None:
    world = await own_world.start()
    name = (await world.submit(world.intent(1, limit=FAR))).client_order_id
    await world.in_status(name, "WORKING")
    await world.gateway.admin("fault", action="swallow_frame", on={"message": "cancelOrder"})
    await world.cancel(name)
    await world.in_status(name, "CANCELED")
    assert (await world.gateway.admin("status"))["open_orders"] == 0
