"""Kills at the byte tap: they take back what rests, prove it, and outlive restarts, databases and connections."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import time

import grpc
import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.command import CommandKind
from hedgerow.settings import KillSettings, Settings
from hedgerow.store.commands import find_command
from services.execution.barrier import MOST_ROUNDS
from tests.integration.execution.latches import (
    acknowledged,
    ask,
    cancels,
    kill,
    lift,
    proven,
    resting,
    standing,
    truths,
)
from tests.integration.execution.world import World, code, status_name
from tests.integration.ib.gateway import GOOG
from tests.integration.service_process import until


async def test_a_kill_takes_back_what_rests_proves_it_and_outlives_a_restart(world: World) -> None:
    mine = [await resting(world) for _ in range(3)]
    other = await resting(world, strategy=f"{world.strategy}-other")
    before = len(cancels(world))
    first, second = await asyncio.gather(kill(world, "kill"), kill(world, "kill"))
    assert first.latch == second.latch
    assert first.latch.durable_in
    done = await proven(world, "kill")
    assert sorted(each.client_order_id for each in done.orders) == sorted(mine)
    assert {status_name(each.order_status) for each in done.orders} == {"CANCELED"}
    assert "the broker shows no open order of the scope; 3 open when it began" in done.evidence[-1]
    assert len(cancels(world)) == before + 3  # asked thrice, taken back once
    assert status_name((await world.order(other)).order_status) == "WORKING"
    assert (await world.submit(world.intent(1))).reason == "KILLED"
    with pytest.raises(grpc.aio.AioRpcError) as taken:
        await kill(world, "kill", strategy="")
    assert code(taken.value) == "ALREADY_EXISTS"
    await world.execution.stop(signal.SIGKILL)
    await world.execution.start()
    await world.ready()
    assert (await world.submit(world.intent(1, reduce_only=True))).reason == "KILLED"
    assert (await proven(world, "kill")).latch.durable_in == ["JOURNAL", "FILE"]
    ask(world, "no-resume", CommandKind.RESUME)
    assert (await acknowledged(world, "no-resume")).startswith("refused: KILL kill stands")
    assert "kill" not in [each.latch_id for each in await lift(world, "kill")]
    assert (await world.submit(world.intent(1))).reason == ""
    await world.cancel(other)


async def test_kills_that_stand_at_a_start_are_proven_by_answers_they_share(own_world: World) -> None:
    world = await own_world.start()
    await world.submit(world.intent(1))
    names = [f"kill-{n}" for n in range(12)]
    await asyncio.gather(*(proven(world, name) for name in names))
    await world.execution.stop(signal.SIGKILL)
    before = truths(world)
    await world.execution.start()
    await world.ready()
    await asyncio.gather(*(proven(world, name) for name in names))
    assert truths(world) - before <= 3 * MOST_ROUNDS  # the start's comparison, and a few of all kills together


async def test_a_kill_by_command_is_answered_by_its_proof(world: World) -> None:
    await resting(world)
    ask(world, "kill-command", CommandKind.KILL)
    assert (await acknowledged(world, "kill-command")).startswith("done: no order rests; 1 open when it began: hr-")
    await lift(world, "kill-command")


async def test_a_caller_that_goes_away_takes_no_commit_with_it(world: World) -> None:
    name = await resting(world)
    blocker = sqlite3.connect(world.state.store_dir / "execution.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    request = execution_pb2.CancelOrderRequest(client_order_id=name)
    request.operator.request_id, request.operator.actor, request.operator.reason = "gone", "anna", "enough"
    with pytest.raises(grpc.aio.AioRpcError):
        await world.stub.CancelOrder(request, timeout=0.3)
    blocker.execute("ROLLBACK")
    blocker.close()
    await world.in_status(name, "CANCELED")
    assert (await world.exec_state()).journal_ok


async def test_a_kill_works_with_the_journal_down_and_is_remembered(own_world: World) -> None:
    world = await own_world.start()
    name = await resting(world)
    journal_ok: list[bool] = []
    reader = world.stub.StreamExecutionReports(execution_pb2.StreamExecutionReportsRequest(snapshot=True))

    async def follow() -> None:
        async for message in reader:
            if message.HasField("snapshot") or message.HasField("state"):
                journal_ok.append((message.state if message.HasField("state") else message.snapshot.state).journal_ok)

    following = asyncio.create_task(follow())
    await until(lambda: journal_ok == [True], "the stream is open")
    blocker = sqlite3.connect(world.state.store_dir / "execution.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        asked = time.monotonic()
        latch = (await kill(world, "dark")).latch
        assert time.monotonic() - asked < 3.0
        assert list(latch.durable_in) == ["FILE"]

        async def canceled() -> bool:
            return bool((await world.gateway.admin("status"))["open_orders"] == 0)

        await until(lambda: False in journal_ok, "everybody is told that the journal does not answer")
        assert time.monotonic() - asked < 3.0
        await until(canceled, "the gateway canceled it")
        assert time.monotonic() - asked < 4.0  # the journal is still trying: nothing waits for it
        assert (await world.submit(world.intent(1), timeout_s=30)).reason in ("KILLED", "JOURNAL_UNAVAILABLE")
        assert (await proven(world, "dark")).evidence[-1].endswith(f"{name} CANCELED")
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        blocker.execute("ROLLBACK")
        blocker.close()
    await world.execution.stop(signal.SIGKILL)
    assert [each["latch_id"] for each in json.loads(world.state.latch_file.read_text())["latches"]] == ["dark"]
    await world.execution.start()
    await world.ready()
    assert (await world.submit(world.intent(1))).reason == "KILLED"

    async def journaled() -> bool:
        return bool(world.rows("SELECT 1 FROM journal WHERE kind = 'LATCH_SET'"))

    await until(journaled, "the journal has it, too")
    assert len(world.frames()) == 1
    await lift(world, "dark")
    assert (await world.submit(world.intent(1))).reason != "KILLED"


@pytest.mark.parametrize("allowed", [True, False])
async def test_with_the_order_connection_dead_everything_goes_only_where_settings_say_so(
    own_world: World, allowed: bool
) -> None:
    world = own_world
    await world.gateway.start()
    world.prepare()
    settings = Settings.read(world.state.settings_file)
    slow = settings.broker.model_copy(update={"retry_interval_s": 60.0})
    settings.model_copy(update={"kill": KillSettings(global_cancel=allowed), "broker": slow}).dump(
        world.state.settings_file
    )
    await world.execution.start()
    await world.risk.start()
    await world.ready()
    await resting(world)
    await world.gateway.admin("drop", client_id=settings.broker.client_ids.execution)
    await kill(world, "cut-off")

    async def told() -> list[str]:
        evidence = list((await kill(world, "cut-off")).evidence)
        wanted = "ACCOUNT-WIDE: reqGlobalCancel by client 9" if allowed else "kill.global_cancel is off"
        return evidence if any(wanted in each for each in evidence) else []

    evidence = await until(told, "it says what it did, or could not do")
    assert evidence[-1].startswith("not proven: no order connection")
    assert (await world.gateway.admin("status"))["open_orders"] == (0 if allowed else 1)
    call = world.stub.RetryBrokerLink
    request = execution_pb2.RetryBrokerLinkRequest()
    request.operator.request_id, request.operator.actor, request.operator.reason = "again", "anna", "try"
    await call(request, timeout=10)
    done = await proven(world, "cut-off")
    assert done.evidence[-1].endswith(" CANCELED")
    assert (await world.gateway.admin("status"))["open_orders"] == 0


async def test_not_even_a_flatten_passes_a_kill_and_it_goes_on_once_that_is_lifted(world: World) -> None:
    await world.gateway.tick(GOOG, 749.0, 749.2)  # what others bought is offered anew
    bought = await world.submit(world.intent(5))
    assert bought.reason == ""
    await world.in_status(bought.client_order_id, "FILLED")
    await kill(world, "over-flatten")
    ask(world, "under-kill", CommandKind.FLATTEN)

    def outcome_now() -> str:
        return find_command(world.state.store_dir, "under-kill").outcome

    await until(lambda: outcome_now().startswith("KILLED"), "the flatten waits for the kill to be lifted")
    await lift(world, "over-flatten")
    await until(lambda: outcome_now() and "KILLED" not in outcome_now(), "it goes on")
    assert len(world.frames()) == 1


@pytest.mark.parametrize("field", ["strategy", "account"])
async def test_a_scope_no_name_can_be_is_refused_and_kills_nothing(world: World, field: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await kill(world, f"long-{field}", **{"strategy": "", field: "x" * 65})
    assert code(refused.value) == "INVALID_ARGUMENT"
    assert f"long-{field}" not in await standing(world)
