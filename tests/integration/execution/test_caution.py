"""Around the broker's restart, and while ledger and broker differ, nothing leaves that may add risk; the rest does."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import Any

import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.order import Side
from hedgerow.settings import PortfolioSettings, RestartWindowSettings, Settings
from tests.integration.execution.world import World, status_name
from tests.integration.ib.gateway import CALL
from tests.integration.service_process import ServiceProcess, until


def configure(world: World, **changes: Any) -> None:
    """Writes settings anew; a section's own fields are given as a dictionary."""
    settings = Settings.read(world.state.settings_file)
    for name, value in changes.items():
        section = getattr(settings, name)
        settings = settings.model_copy(update={name: section.model_copy(update=value)})
    settings.dump(world.state.settings_file)


async def reasons(world: World) -> list[str]:
    """What execution says stands in the way."""
    return list((await world.exec_state()).block_reasons)


async def filled(world: World, quantity: int) -> None:
    """A position the strategy has by its own fill."""
    answer = await world.submit(world.intent(quantity))
    await world.in_status(answer.client_order_id, "FILLED")


async def test_around_a_restart_only_what_reduces_leaves_and_what_was_lost_is_told(own_world: World) -> None:
    world = await own_world.start()
    await filled(world, 10)
    resting = (await world.submit(world.intent(3, limit="745"))).client_order_id
    lost = (await world.submit(world.intent(3, limit="744", strategy="another"))).client_order_id
    for name in (resting, lost):
        await world.in_status(name, "WORKING")
    await world.execution.stop()
    now = datetime.now(UTC)
    window = RestartWindowSettings(time=f"{now:%H:%M}", zone="UTC", minutes_before=5, minutes_after=5)
    configure(world, broker={"restart_window": window})
    await world.execution.start()

    async def only_the_window() -> bool:
        return [each.split(":")[0] for each in await reasons(world)] == ["RESTART_WINDOW"]

    await until(only_the_window, "only the restart window blocks")
    before = len(world.frames())
    denied = await world.submit(world.intent(1))
    assert (status_name(denied.order_status), denied.reason) == ("DENIED", "RESTART_WINDOW")
    assert f"{now:%H:%M} UTC" in denied.text
    assert len(world.frames()) == before
    reducing = await told_of_all(world)
    await world.in_status(reducing.client_order_id, "FILLED")
    await world.cancel(resting)
    await world.in_status(resting, "CANCELED")
    await world.gateway.admin("fault", action="restart", down_ms=100, lose_last=1)
    order = await world.in_status(lost, "UNKNOWN")
    assert order.reason == "LOST_AT_RESTART"
    assert len(world.frames()) == before + 1


async def told_of_all(world: World) -> execution_pb2.IntentAcknowledgement:
    """A reducing order, once risk has heard of everything since execution is back."""

    async def sent() -> execution_pb2.IntentAcknowledgement | None:
        answer = await world.submit(world.intent(4, Side.SELL, reduce_only=True))
        return None if answer.reason == "RISK_BEHIND" else answer

    answer: execution_pb2.IntentAcknowledgement = await until(sent, "risk is up to date")
    assert answer.reason == ""
    return answer


@pytest.fixture
async def with_portfolio(own_world: World) -> World:
    """A world with a portfolio that calls a difference a break after half a second."""
    world = own_world
    await world.gateway.start()
    world.prepare()
    configure(world, portfolio=PortfolioSettings(break_settle_s=0.5).model_dump())
    portfolio = ServiceProcess("portfolio", world.state)
    world.processes.append(portfolio)
    for process in (world.execution, world.risk, portfolio):
        await process.start()
    await world.ready()
    return world


async def position(world: World, quantity: int) -> None:
    """What the broker holds from now on, whatever anybody sent."""
    await world.gateway.admin("seed_position", instrument_id="GOOG", quantity=quantity, average_price="749")


async def named(world: World, *wanted: str) -> None:
    """Waits until exactly these stand in the way."""

    async def said() -> bool:
        return await reasons(world) == list(wanted)

    await until(said, f"execution says {wanted}")


async def test_a_break_keeps_its_symbol_back_until_it_is_gone(with_portfolio: World) -> None:
    world, portfolio = with_portfolio, with_portfolio.processes[-1]
    await filled(world, 10)
    await position(world, 30)
    await named(world, "POSITION_BREAK GOOG: journal 10, broker 30")
    before = len(world.frames())
    denied = [await world.submit(world.intent(1)), await world.submit(world.intent(1, instrument=CALL))]
    assert [each.reason for each in denied] == ["POSITION_BREAK"] * 2
    assert denied[0].text == "GOOG: journal 10, broker 30"
    assert len(world.frames()) == before
    reducing = await world.submit(world.intent(4, Side.SELL, reduce_only=True))
    await world.in_status(reducing.client_order_id, "FILLED")
    await portfolio.stop(signal.SIGKILL)
    assert (await world.submit(world.intent(1))).reason == "POSITION_BREAK"
    await position(world, 6)
    await portfolio.start()
    await named(world)
    await filled(world, 1)


async def test_where_the_broker_holds_less_nothing_closes_what_may_not_be_there(with_portfolio: World) -> None:
    world = with_portfolio
    await filled(world, 10)
    await position(world, 2)
    await named(world, "POSITION_BREAK GOOG: journal 10, broker 2")
    refused = await world.submit(world.intent(10, Side.SELL, reduce_only=True))
    assert (refused.reason, refused.text) == ("POSITION_BREAK", "GOOG: journal 10, broker 2")
    assert len(world.frames()) == 1
