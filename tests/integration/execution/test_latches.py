"""Stops, pauses and kills at the byte tap: nothing new leaves once one is acknowledged, and it outlives everything."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from typing import Any

import grpc
import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.command import CommandKind
from hedgerow.wire.execution import intent_to_wire
from tests.integration.execution.latches import acknowledged, ask, latched, lift, standing
from tests.integration.execution.world import World, code
from tests.integration.service_process import until

GAP_S = 0.02
STOPS = 8


@pytest.mark.parametrize("kind", [CommandKind.STOP, CommandKind.PAUSE, CommandKind.KILL])
async def test_after_an_acknowledgement_no_frame_of_an_order_leaves(world: World, kind: CommandKind) -> None:
    numbers, waited, left = random.Random(kind.value), [], 0
    for number in range(STOPS):
        world.mark()
        asked = 0
        pending: list[asyncio.Task[Any]] = []
        tell_at = numbers.uniform(0.1, 0.6)
        began = time.monotonic()
        acknowledged_ns = 0
        while not acknowledged_ns or time.monotonic_ns() - acknowledged_ns < 150_000_000:
            pending.append(asyncio.create_task(world.submit(world.intent(1, run_id=f"run-{number}"), timeout_s=30)))
            if not asked and time.monotonic() - began >= tell_at:
                asked = time.monotonic_ns()
                ask(world, f"{kind}-{number}", kind, run_id="" if number % 2 else f"run-{number}")
            elif asked and not acknowledged_ns and await latched(world, f"{kind}-{number}"):
                acknowledged_ns = time.monotonic_ns()
                waited.append((acknowledged_ns - asked) / 1e9)
            assert time.monotonic() - began < 20, "it is acknowledged"
            await asyncio.sleep(GAP_S)
        answers = await asyncio.gather(*pending)
        late = [each for each in world.frames() if each.record.monotonic_ns > acknowledged_ns]
        assert not late
        left += len(world.frames())
        assert {each.reason for each in answers[-3:]} == {
            {CommandKind.STOP: "STOPPED", CommandKind.PAUSE: "PAUSED", CommandKind.KILL: "KILLED"}[kind]
        }
    assert left > STOPS  # some rounds follow so fast that the message budget lets none of theirs out
    assert sorted(waited)[STOPS // 2] <= 1.0


async def test_a_stop_holds_its_run_and_the_next_one_is_free(world: World) -> None:
    ask(world, "run-stop", CommandKind.STOP, run_id="r-1")
    await acknowledged(world, "run-stop")
    assert (await world.submit(world.intent(1, run_id="r-1"))).reason == "STOPPED"
    assert (await world.submit(world.intent(1))).reason == "STOPPED"  # nobody says of which run it is
    assert (await world.submit(world.intent(1, run_id="r-2"))).reason == ""
    call = world.stub.Intents()
    hello = execution_pb2.IntentsHello(strategy=world.strategy, run_id="r-2")
    await call.write(execution_pb2.IntentsRequest(hello=hello))

    async def lifted() -> bool:
        return not await standing(world)

    await until(lifted, "the run before has ended: another says hello")
    call.cancel()
    assert (await world.submit(world.intent(1))).reason == ""
    assert (await world.submit(world.intent(1, run_id="r-1"))).reason == "STOPPED"  # for ever


async def test_an_acknowledgement_says_so_where_the_broker_did_not_show_what_it_read(world: World) -> None:
    await world.gateway.admin("fault", action="swallow_frame", messages=["reqCurrentTime"], times=None, name="mute")
    try:
        ask(world, "unread", CommandKind.PAUSE)
        assert "what was sent before may still take effect" in await acknowledged(world, "unread")
    finally:
        await world.gateway.admin("clear_faults", fault="mute")
    await world.ready()
    await lift(world, "unread")


async def test_a_stopped_run_passes_under_no_other_name(world: World) -> None:
    ask(world, "name-stop", CommandKind.STOP, run_id="r-1")
    await acknowledged(world, "name-stop")
    call = world.stub.Intents()
    hello = execution_pb2.IntentsHello(strategy=world.strategy, run_id="r-1")
    forged = intent_to_wire(world.intent(1, run_id="r-2"))
    await call.write(execution_pb2.IntentsRequest(hello=hello, intents=[forged]))

    async def told() -> str:
        async for message in call:
            for answer in message.acknowledgements.acknowledgements:
                return f"{answer.reason} {answer.text}"
        return ""

    assert "intent.run_id" in await asyncio.wait_for(told(), 10)
    call.cancel()
    assert world.frames() == []


async def test_commands_are_taken_though_their_answers_cannot_be_read(own_world: World) -> None:
    world = await own_world.start()
    await world.execution.stop()
    ask(world, "unread", CommandKind.PAUSE)
    ask(world, "unread-kill", CommandKind.KILL)
    (world.state.store_dir / f"strategy-{world.strategy}.db").write_text("no database")
    await world.execution.start()

    async def stand() -> bool:
        return await standing(world) == ["unread", "unread-kill"]

    await until(stand, "both stand")


async def test_a_pause_stands_over_kill_9_and_only_a_later_resume_lifts_it(world: World) -> None:
    await world.execution.stop(signal.SIGKILL)
    ask(world, "early-resume", CommandKind.RESUME)
    ask(world, "pause", CommandKind.PAUSE)
    await world.execution.start()
    await world.ready()
    assert await standing(world) == ["pause"]
    assert (await acknowledged(world, "pause")).startswith("done: execution lets no new order leave")
    await world.execution.stop(signal.SIGKILL)
    await world.execution.start()
    await world.ready()
    assert (await world.submit(world.intent(1))).reason == "PAUSED"
    ask(world, "late-resume", CommandKind.RESUME)
    assert (await acknowledged(world, "late-resume")).startswith("done")
    assert (await world.submit(world.intent(1))).reason == ""


async def test_a_resume_needs_a_reconciled_state(world: World) -> None:
    ask(world, "pause-2", CommandKind.PAUSE)
    await acknowledged(world, "pause-2")
    await world.gateway.stop()
    try:
        ask(world, "resume-2", CommandKind.RESUME)
        assert (await acknowledged(world, "resume-2")).startswith("refused: not reconciled")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await lift(world, "pause-2")
        assert code(refused.value) == "FAILED_PRECONDITION"
    finally:
        await world.gateway.start()
    await world.ready()
    assert await standing(world) == ["pause-2"]
    assert await lift(world, "pause-2") == [] or "pause-2" not in await standing(world)
    assert (await world.submit(world.intent(1))).reason == ""
