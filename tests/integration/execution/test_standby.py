"""A second execution waits, and takes over from one that died, was stopped or was parted; only one of them sends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hedgerow.api.execution.v1 import execution_pb2_grpc
from hedgerow.api.guard.v1 import guard_pb2, guard_pb2_grpc
from hedgerow.failpoints import VARIABLE
from hedgerow.settings import LeaseSettings, StoreSettings
from hedgerow.store.location import StoreLocation
from hedgerow.store.read import read_rows
from tests.integration.execution.world import World, status_name
from tests.integration.service_process import ServiceProcess, until
from tests.silent_proxy import SilentProxy
from tests.store_places import PLACES, postgres, store_database

__all__ = ["postgres", "store_database"]

LEASE_S = 1.0


class Pair:
    """A world and the execution that waits in it."""

    def __init__(self, world: World, location: StoreLocation | None) -> None:
        self.world = world
        self.location = location
        self.second: ServiceProcess

    @property
    def place(self) -> StoreLocation:
        return self.location or StoreLocation(folder=self.world.state.store_dir)

    async def stand_by(self, **sections: object) -> None:
        """Starts the second one, on a port of its own, and waits until it waits."""
        waits = LeaseSettings(seconds=LEASE_S, standby=True)
        self.second = self.world.another_execution(**({"lease": waits} | sections))
        await self.second.launch()
        await until(self.is_standby, "the second one waits")

    async def is_standby(self) -> bool:
        call = health_pb2_grpc.HealthStub(self.second.channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
        with suppress(grpc.aio.AioRpcError):
            answer = await call
            told = dict(await call.trailing_metadata()).get("hedgerow-detail")
            return answer.status == health_pb2.HealthCheckResponse.NOT_SERVING and told == "STANDBY"
        return False

    async def takes_over(self) -> None:
        """Waits until the second one serves; the world then speaks to it."""
        await self.second.serving()
        self.world.stub = execution_pb2_grpc.ExecutionServiceStub(self.second.channel)

    def epoch(self) -> int:
        rows = read_rows(self.place, "execution", "leases")
        return next(int(row["epoch"]) for row in rows if row["name"] == "execution")


@pytest.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest) -> StoreLocation | None:
    return request.getfixturevalue("postgres") if request.param == "postgresql" else None


@pytest.fixture
async def pair(place: StoreLocation | None, tmp_path: Path) -> AsyncIterator[Pair]:
    """A guarded world with a short lease, not started."""
    store = None if place is None else StoreSettings(url=place.url, prefix=place.prefix)
    world = World(tmp_path, store=store, lease_s=LEASE_S, guarded=True)
    try:
        yield Pair(world, place)
    finally:
        await world.close()


def stopped(process: ServiceProcess) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def guard_state(world: World) -> guard_pb2.GuardState:
    stub = guard_pb2_grpc.GuardServiceStub(world.guard.channel)
    return (await stub.GetState(guard_pb2.GetStateRequest(), timeout=5)).state


async def test_a_writer_that_dies_with_an_order_working_is_replaced(pair: Pair) -> None:
    world = pair.world
    await world.start()
    resting = await world.submit(world.intent(10, limit="740.00"))
    await world.in_status(resting.client_order_id, "WORKING")
    before = pair.epoch()
    await pair.stand_by()
    await world.execution.stop(signal.SIGKILL)
    began = asyncio.get_running_loop().time()
    await pair.takes_over()
    assert asyncio.get_running_loop().time() - began < 10
    assert pair.epoch() == before + 1

    async def reconciled() -> bool:
        state = await world.exec_state()
        return state.reconciled and state.lease_ok and state.epoch == before + 1

    await until(reconciled, "the second one is reconciled")
    order = await world.in_status(resting.client_order_id, "WORKING")
    await world.cancel(order.client_order_id)
    await world.in_status(order.client_order_id, "CANCELED")
    assert len(world.frames()) == 1
    assert [each.epoch for each in (await guard_state(world)).epochs] == [before + 1]


@pytest.mark.parametrize(
    ("place", "where"), [("sqlite", "ib.order_frame"), ("postgresql", "ib.looked")], indirect=["place"]
)
async def test_a_writer_stopped_on_its_way_to_the_socket_sends_nothing_when_it_wakes(
    pair: Pair, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ib.looked` is behind its last look: there only the guard is left."""
    world = pair.world
    with monkeypatch.context() as patched:
        patched.setenv(VARIABLE, f"{where}=stop")
        await world.start()
    await pair.stand_by()
    asked = asyncio.create_task(world.submit(world.intent(10), timeout_s=60))
    await until(lambda: stopped(world.execution), "the first one is stopped")
    await pair.takes_over()
    os.kill(world.execution.pid, signal.SIGCONT)
    process = world.execution._process
    assert process is not None
    assert await asyncio.wait_for(process.wait(), 30) == 1  # it ends by itself, for who supervises it
    with suppress(grpc.aio.AioRpcError):
        assert status_name((await asked).order_status) in ("DENIED", "UNKNOWN", "SENT")
    assert world.frames() == []
    assert [each.epoch for each in (await guard_state(world)).epochs] == [pair.epoch()]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_without_the_guard_a_frame_past_its_last_look_leaves(
    tmp_path: Path, place: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the guard is for: a process stopped in the microseconds between look and write, for longer than a lease."""
    pair = Pair(World(tmp_path, lease_s=LEASE_S), place)
    world = pair.world
    try:
        with monkeypatch.context() as patched:
            patched.setenv(VARIABLE, "ib.looked=stop")
            await world.start()
        await pair.stand_by()
        asked = asyncio.create_task(world.submit(world.intent(10), timeout_s=60))
        await until(lambda: stopped(world.execution), "the first one is stopped")
        await pair.takes_over()
        reason = (await world.exec_state()).link.reason
        assert reason in ("", "CLIENT_ID_IN_USE"), "its connection keeps the client id: the second one cannot send"
        os.kill(world.execution.pid, signal.SIGCONT)
        await until(lambda: len(world.frames()) == 1, "the frame has left, by an epoch that was over")
        with suppress(grpc.aio.AioRpcError):
            await asked
    finally:
        await world.close()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize("leases", [0.5, 2.0])
async def test_stopped_without_anyone_waiting(pair: Pair, leases: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within its lease a writer goes on; after it the order in hand is withheld, and the next one passes."""
    world = pair.world
    with monkeypatch.context() as patched:
        patched.setenv(VARIABLE, "ib.order_frame=stop")
        await world.start()
    asked = asyncio.create_task(world.submit(world.intent(10), timeout_s=60))
    await until(lambda: stopped(world.execution), "it is stopped")
    await asyncio.sleep(leases * LEASE_S)
    os.kill(world.execution.pid, signal.SIGCONT)
    answer = await asked
    if leases > 1:
        assert (status_name(answer.order_status), answer.reason) == ("DENIED", "LEASE_LOST")
        assert world.frames() == []
        await world.ready()
        answer = await world.submit(world.intent(10))
    assert status_name(answer.order_status) in ("SENT", "WORKING", "FILLED"), answer
    await until(lambda: len(world.frames()) == 1, "one order frame")


async def test_a_writer_parted_from_its_store_is_replaced_and_sends_nothing(
    postgres: StoreLocation, tmp_path: Path
) -> None:
    async with SilentProxy.before(postgres.url) as proxy:
        through = StoreSettings(url=proxy.url(postgres.url), prefix=postgres.prefix)
        world = World(tmp_path, store=through, lease_s=LEASE_S, guarded=True)
        pair = Pair(world, postgres)
        try:
            await world.start()
            before = pair.epoch()
            await pair.stand_by(store=StoreSettings(url=postgres.url, prefix=postgres.prefix))
            proxy.part()
            first = world.stub

            async def lost() -> bool:
                return not (await world.exec_state()).lease_ok

            await until(lost, "the first one knows that its lease has run out")
            answer = await world.submit(world.intent(10))
            assert (status_name(answer.order_status), answer.reason) == ("DENIED", "LEASE_LOST")
            await pair.takes_over()
            assert pair.epoch() == before + 1
            assert world.stub is not first
            await until(lambda: world.execution._process.returncode is not None, "the first one ends")  # type: ignore[union-attr]
            assert world.frames() == []
        finally:
            proxy.mend()
            await world.close()


async def test_without_standby_a_second_one_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        await world.start(risk=False, ready=False)
        second = world.another_execution()
        await second.launch()
        assert second._process is not None
        assert await asyncio.wait_for(second._process.wait(), 30) == 2
    finally:
        await world.close()
