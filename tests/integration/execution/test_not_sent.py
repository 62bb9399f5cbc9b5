"""With the egress guard, an order whose frame never left is proven so; one that left and was lost is not."""

from __future__ import annotations

import signal
from pathlib import Path

import grpc
import pytest

from hedgerow.catalog import ENTRIES
from hedgerow.cli.ports import free_ports
from hedgerow.settings import Endpoint, GuardSettings, Settings
from tests.integration.execution.world import World
from tests.integration.service_process import ServiceProcess, until


async def guarded(world: World) -> World:
    """The world behind a guard."""
    await world.gateway.start()
    world.prepare()
    listening, serving = free_ports(2)
    settings = Settings.read(world.state.settings_file)
    changes = {
        "guard": GuardSettings(enabled=True, port=listening),
        "endpoints": settings.endpoints | {"guard": Endpoint(port=serving)},
    }
    settings.model_copy(update=changes).dump(world.state.settings_file)
    guard = ServiceProcess("guard", world.state)
    world.processes.append(guard)
    for process in (guard, world.execution, world.risk):
        await process.start()
    await world.ready()
    return world


async def test_killed_between_commit_and_frame_it_was_not_sent(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = own_world
    with monkeypatch.context() as patched:
        patched.syspath_prepend(Path(__file__).parent)
        patched.setitem(ENTRIES, "execution", ENTRIES["execution"]._replace(module="dies_before_send"))
        await guarded(world)
    with pytest.raises(grpc.aio.AioRpcError):
        await world.submit(world.intent(10))
    [(name, status)] = world.rows("SELECT client_order_id, order_status FROM orders")
    assert status == "PENDING"
    await world.execution.stop(signal.SIGKILL)
    await world.execution.start()
    order = await world.in_status(name, "DENIED")
    assert order.reason == "NOT_SENT"
    told = world.rows(f"SELECT reason FROM operations WHERE client_order_id = '{name}' ORDER BY id")
    assert told[-2:] == [("NOT_FOUND_AT_BROKER",), ("NOT_SENT",)]
    [(text,)] = world.rows("SELECT text FROM operations WHERE reason = 'NOT_SENT'")
    assert "has no frame of it" in text
    await world.ready()
    again = await world.submit(world.intent(5))
    await world.in_status(again.client_order_id, "FILLED")
    assert [frame.fields["orderRef"] for frame in world.frames()] == [again.client_order_id]


async def test_what_was_forwarded_and_lost_stays_unknown_whoever_restarts(own_world: World) -> None:
    world = await guarded(own_world)
    await world.gateway.admin("fault", action="swallow_frame", on={"message": "placeOrder"})
    lost = (await world.submit(world.intent(10, limit="745"))).client_order_id
    await world.in_status(lost, "UNKNOWN")
    await world.execution.stop()
    await world.execution.start()

    async def reconciled() -> bool:
        return (await world.exec_state()).reconciled

    await until(reconciled, "execution has compared")
    assert not (await world.reconcile("look again")).differences
    await world.in_status(lost, "UNKNOWN")
    assert (await world.submit(world.intent(1))).reason == "UNKNOWN_ORDER"
    assert len(world.frames()) == 1
