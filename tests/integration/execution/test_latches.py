"""Stops, pauses and kills at the byte tap: nothing new leaves once one is acknowledged, and it outlives everything."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.command import CommandKind, NewCommand
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.wirelog import Direction, read_wire_log
from hedgerow.settings import KillSettings, Settings
from hedgerow.store.answers import read_answers
from hedgerow.store.commands import find_command, write_command
from hedgerow.wire.execution import intent_to_wire
from tests.integration.execution.world import World, code, status_name
from tests.integration.ib.gateway import GOOG
from tests.integration.service_process import until

FAR = "740.00"
"""A buy limit that rests."""
GAP_S = 0.02
STOPS = 8


@pytest.fixture(scope="module")
async def latch_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Gateway, risk and execution; no control, no daemon."""
    world = World(tmp_path_factory.mktemp("latches"))
    try:
        yield await world.start()
    finally:
        await world.close()


@pytest.fixture
def world(latch_world: World) -> World:
    """The module's world under a strategy of the test's own."""
    latch_world.mark()
    return latch_world


def ask(world: World, command_id: str, kind: CommandKind, **more: Any) -> None:
    """A command written straight into the store: no control runs."""
    command = NewCommand(command_id, kind, more.pop("strategy", world.strategy), actor="anna", reason="enough", **more)
    write_command(world.state.store_dir, command, wall_ns=time.time_ns(), market_ns=0)


def outcome(world: World, command_id: str) -> str:
    """Execution's final answer; empty while there is none."""
    given = read_answers(world.state.store_dir, "execution", [command_id]).get(command_id)
    return given.outcome if given is not None and given.acked_ns else ""


async def acknowledged(world: World, command_id: str) -> str:
    """Waits for execution's final answer."""
    found: str = await until(lambda: outcome(world, command_id), f"execution acknowledges {command_id}")
    return found


async def kill(world: World, request_id: str, **scope: str) -> execution_pb2.KillResponse:
    """The unary call; of the test's strategy when nothing else is said."""
    request = execution_pb2.KillRequest(**(scope or {"strategy": world.strategy}))
    request.operator.request_id, request.operator.actor, request.operator.reason = request_id, "anna", "enough"
    found: execution_pb2.KillResponse = await world.stub.Kill(request, timeout=10)
    return found


async def proven(world: World, request_id: str, **scope: str) -> execution_pb2.KillResponse:
    """Asks under the same id until the kill is proven."""

    async def there() -> execution_pb2.KillResponse | None:
        found = await kill(world, request_id, **scope)
        return found if found.proven else None

    found: execution_pb2.KillResponse = await until(there, f"kill {request_id} is proven")
    return found


async def lift(world: World, latch_id: str) -> Sequence[execution_pb2.Latch]:
    """Lifts it by name."""
    request = execution_pb2.LiftLatchRequest(latch_id=latch_id)
    request.operator.request_id, request.operator.actor, request.operator.reason = f"l-{latch_id}", "anna", "over"
    return list((await world.stub.LiftLatch(request, timeout=10)).latches)


async def standing(world: World) -> list[str]:
    """Ids of the latches over the test's strategy."""
    request = execution_pb2.ListLatchesRequest(strategy=world.strategy)
    return [each.latch_id for each in (await world.stub.ListLatches(request, timeout=10)).latches]


def cancels(world: World) -> list[int]:
    """Broker order ids of the cancel frames the gateway got."""
    return [
        int(record.fields[2])
        for record in read_wire_log(world.gateway.config.wire_log)
        if record.direction is Direction.IN and record.message_id == Request.CANCEL_ORDER
    ]


async def resting(world: World, **changes: Any) -> str:
    """An order that rests at the gateway."""
    answer = await world.submit(world.intent(1, limit=FAR, **changes))
    await world.in_status(answer.client_order_id, "WORKING")
    return answer.client_order_id


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


async def latched(world: World, command_id: str) -> bool:
    """Whether execution has answered: finally, or for a kill that it has begun."""
    given = read_answers(world.state.store_dir, "execution", [command_id]).get(command_id)
    return given is not None and (given.acked_ns > 0 or "no new order leave" in given.outcome)


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
