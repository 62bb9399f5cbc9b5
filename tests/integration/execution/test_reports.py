"""Reports late, twice, out of order, left out, or corrected: over the real socket the position comes out the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.execution.world import World
from tests.integration.service_process import until


def position(world: World) -> Decimal:
    """The strategy's, as stored."""
    rows = world.rows(f"SELECT quantity FROM positions WHERE strategy = '{world.strategy}'")
    return sum((Decimal(row[0]) for row in rows), Decimal(0))


async def fault(world: World, action: str, **what: Any) -> None:
    await world.gateway.admin("fault", action=action, **what)


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("duplicate_reports", {"copies": 2, "times": None}),
        ("duplicate_reports", {"copies": 1, "gap_ms": 50, "times": None}),
        ("reorder_reports", {"window": 3, "wait_ms": 100, "times": None}),
        ("delay_reports", {"ms": 200, "reports": ["execDetails"], "times": None}),
        ("late_commission", {"ms": 200, "times": None}),
        ("omit_reports", {"reports": ["execDetails"], "times": None}),
        ("omit_reports", {"reports": ["orderStatus"], "times": None}),
        ("omit_reports", {"reports": ["commissionReport"], "times": None}),
        ("omit_reports", {"times": None}),
    ],
)
async def test_the_position_is_the_same_however_it_is_told(world: World, action: str, what: dict[str, Any]) -> None:
    await fault(world, action, **what)
    answers = [await world.submit(world.intent(quantity)) for quantity in (3, 4)]
    for answer in answers:
        await world.in_status(answer.client_order_id, "FILLED")
    await world.gateway.admin("clear_faults")
    await world.reconcile(f"{world.strategy} all told")
    for answer in answers:
        order = await world.paid(answer.client_order_id)
        assert len(order.fills) == 1
    assert position(world) == 7
    assert len(world.frames()) == 2
    assert world.operations().count("FILL") == 2


@pytest.mark.parametrize(
    ("correction", "status", "held"),
    [
        ({"price": "750.5"}, "FILLED", 10),
        ({"quantity": 8}, "CANCELED", 8),
        ({"quantity": 0}, "CANCELED", 0),
    ],
)
async def test_a_correction_takes_the_place_of_what_it_corrects(
    world: World, correction: dict[str, Any], status: str, held: int
) -> None:
    answer = await world.submit(world.intent(10))
    name = answer.client_order_id
    first = (await world.paid(name)).fills[0].execution_id
    await fault(world, "correct_execution", order_ref=name, **correction)

    async def corrected() -> bool:
        return (await world.order(name)).fills[0].execution_id != first

    await until(corrected, "the correction is journaled")
    order = await world.in_status(name, status)
    assert Decimal(order.cum_qty.value) == held == position(world)
    if "price" in correction:
        assert Decimal(order.average_price.value) == Decimal("750.5")
    await world.reconcile(f"{name} again")
    assert Decimal((await world.order(name)).cum_qty.value) == held
    await world.ready()


async def test_a_correction_while_away_is_found(own_world: World) -> None:
    world = await own_world.start()
    answer = await world.submit(world.intent(10))
    await world.paid(answer.client_order_id)
    await world.execution.stop()
    await fault(world, "correct_execution", order_ref=answer.client_order_id, price="750.5")
    await world.execution.start()
    await world.ready()
    order = await world.paid(answer.client_order_id)
    assert [Decimal(fill.price.value) for fill in order.fills] == [Decimal("750.5")]
    assert position(world) == 10


async def test_executions_of_an_earlier_day_are_no_longer_told_and_stay(own_world: World) -> None:
    world = await own_world.start()
    answer = await world.submit(world.intent(10))
    await world.paid(answer.client_order_id)
    await fault(world, "hide_order", order_ref=answer.client_order_id, times=None)
    assert not (await world.reconcile("a day later")).state.block_reasons
    await world.execution.stop()
    await world.execution.start()
    await world.ready()
    order = await world.in_status(answer.client_order_id, "FILLED")
    assert len(order.fills) == 1
    assert position(world) == 10
