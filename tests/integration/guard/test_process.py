"""The guard as a process before the simulated gateway, and execution behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.api.guard.v1 import guard_pb2, guard_pb2_grpc
from hedgerow.domain.command import CommandKind
from hedgerow.failpoints import VARIABLE
from tests.integration.execution.latches import acknowledged, ask
from tests.integration.execution.test_caution import configure
from tests.integration.execution.world import World, status_name
from tests.integration.service_process import ServiceProcess, until


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    world = World(tmp_path_factory.mktemp("guarded"), guarded=True)
    try:
        yield await world.start()
    finally:
        await world.close()


@pytest.fixture
def world(guarded: World) -> World:
    guarded.mark()
    return guarded


class Guard:
    """GuardService of a world."""

    def __init__(self, world: World) -> None:
        self.stub = guard_pb2_grpc.GuardServiceStub(world.guard.channel)

    async def state(self) -> guard_pb2.GuardState:
        return (await self.stub.GetState(guard_pb2.GetStateRequest(), timeout=5)).state

    async def latch(self, latch_id: str, account: str = "") -> guard_pb2.GuardLatch:
        request = guard_pb2.SetLatchRequest(latch_id=latch_id, account=account)
        request.operator.request_id, request.operator.actor, request.operator.reason = latch_id, "ops", "test"
        return (await self.stub.SetLatch(request, timeout=5)).latch

    async def lift(self, latch_id: str) -> list[str]:
        request = guard_pb2.LiftLatchRequest(latch_id=latch_id)
        request.operator.request_id, request.operator.actor, request.operator.reason = f"{latch_id}-l", "ops", "over"
        return [each.latch_id for each in (await self.stub.LiftLatch(request, timeout=5)).latches]

    async def frames(self, client_order_id: str, epoch: int) -> guard_pb2.ListFramesResponse:
        request = guard_pb2.ListFramesRequest(client_order_id=client_order_id, epoch=epoch)
        return await self.stub.ListFrames(request, timeout=5)


async def test_the_log_holds_what_reached_the_gateway(world: World) -> None:
    guard, epoch = Guard(world), (await world.exec_state()).epoch
    resting = await world.submit(world.intent(10, limit="740.00"))
    await world.in_status(resting.client_order_id, "WORKING")
    await world.cancel(resting.client_order_id)
    await world.in_status(resting.client_order_id, "CANCELED")
    [frame] = world.frames()
    answer = await guard.frames(resting.client_order_id, epoch)
    names = [guard_pb2.FrameKind.Name(each.kind).removeprefix("FRAME_KIND_") for each in answer.frames]
    assert names == ["NEW", "CANCEL"]
    assert answer.frames[0].client_order_id == frame.fields["orderRef"]
    assert answer.frames[0].broker_order_id == frame.order_id
    assert (answer.complete, answer.highest_epoch) == (True, epoch)
    nobody = await guard.frames("hr-nobody", epoch)
    assert (list(nobody.frames), nobody.complete) == ([], True)
    assert not (await guard.frames(resting.client_order_id, epoch + 1)).complete
    state = await guard.state()
    assert [(each.client_id, each.role, each.epoch) for each in state.connections] == [(10, "execution", epoch)]
    assert state.log_ok


async def test_an_order_the_guard_refused_is_proven_not_to_have_been_sent(world: World) -> None:
    guard = Guard(world)
    await guard.latch("only-the-guard")
    try:
        refused = await world.submit(world.intent(10))

        async def over() -> execution_pb2.Order | None:
            order = await world.order(refused.client_order_id)
            return order if status_name(order.order_status) not in ("SENT", "PENDING", "UNKNOWN") else None

        order = await until(over, "it is known what became of the order")
        assert status_name(order.order_status) in ("NOT_SENT", "DENIED", "REJECTED")
        assert world.frames() == []
    finally:
        assert await guard.lift("only-the-guard") == []
    await world.ready()
    assert status_name((await world.submit(world.intent(10))).order_status) in ("SENT", "FILLED", "WORKING")


async def test_a_kill_of_everything_stands_at_the_guard_until_it_is_lifted(world: World) -> None:
    guard = Guard(world)
    request = execution_pb2.KillRequest()
    request.operator.request_id, request.operator.actor, request.operator.reason = "kill-all", "ops", "test"
    await world.stub.Kill(request, timeout=10)

    async def everywhere() -> bool:
        latches = (await world.stub.ListLatches(execution_pb2.ListLatchesRequest(), timeout=5)).latches
        here = [sorted(each.durable_in) for each in latches if each.latch_id == "kill-all"]
        there = [each.durable for each in (await guard.state()).latches if each.latch_id == "kill-all"]
        return here == [["FILE", "GUARD", "JOURNAL"]] and there == [True]

    await until(everywhere, "the kill stands in journal, file and guard")
    lift = execution_pb2.LiftLatchRequest(latch_id="kill-all")
    lift.operator.request_id, lift.operator.actor, lift.operator.reason = "lift-all", "ops", "over"
    await world.stub.LiftLatch(lift, timeout=10)

    async def nowhere() -> bool:
        return not (await guard.state()).latches

    await until(nowhere, "the guard has let go too")


async def test_a_kill_reaches_the_guard_whatever_became_of_another_there(world: World) -> None:
    """An operator lifted the first at the guard alone: execution cannot set it again under its id."""
    guard = Guard(world)

    async def killed(latch_id: str) -> None:
        request = execution_pb2.KillRequest()
        request.operator.request_id, request.operator.actor, request.operator.reason = latch_id, "ops", "test"
        await world.stub.Kill(request, timeout=10)

    async def there(latch_id: str) -> bool:
        return latch_id in [each.latch_id for each in (await guard.state()).latches]

    await killed("lifted-there")
    await until(lambda: there("lifted-there"), "the guard has the first")
    await guard.lift("lifted-there")
    await killed("second")
    await until(lambda: there("second"), "the guard has the second")
    for name in ("lifted-there", "second"):
        lift = execution_pb2.LiftLatchRequest(latch_id=name)
        lift.operator.request_id, lift.operator.actor, lift.operator.reason = f"{name}-l", "ops", "over"
        await world.stub.LiftLatch(lift, timeout=10)

    async def nowhere() -> bool:
        return not (await guard.state()).latches

    await until(nowhere, "the guard has let go")


async def test_a_pause_is_not_acknowledged_before_what_the_guards_disk_holds_up_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, guarded=True)
    try:
        with monkeypatch.context() as patched:
            patched.setenv(VARIABLE, "guard.log.write=pause:1500@2")  # the first is the connection's
            await world.gateway.start()
            world.prepare()
            configure(world, broker={"probe_interval_s": 10.0})
            await world.guard.start()
        await world.execution.start()
        await world.risk.start()
        await world.ready()
        assert (await world.submit(world.intent(1, limit="740.00"))).reason == ""
        assert world.frames() == []
        ask(world, "pause", CommandKind.PAUSE)
        await acknowledged(world, "pause")
        assert len(world.frames()) == 1
    finally:
        await world.close()


async def test_two_guards_never_share_a_log(world: World) -> None:
    second = ServiceProcess("guard", world.state)
    await second.launch()
    assert second._process is not None
    assert await asyncio.wait_for(second._process.wait(), 30) == 2
    await second.channel.close()
    assert (await Guard(world).state()).log_ok
