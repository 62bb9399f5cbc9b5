"""Parts that die, fall silent or come back: nothing is sent twice, nothing is lost, and the reason is named."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from decimal import Decimal
from pathlib import Path

import grpc
import pytest

from hedgerow.catalog import ENTRIES
from hedgerow.domain.order import Side
from hedgerow.ibsim.messages.ids import Request
from tests.integration.execution.world import World, process_of, status_name
from tests.integration.ib.gateway import GOOG
from tests.integration.service_process import until


async def test_without_risk_nothing_leaves(own_world: World) -> None:
    world = await own_world.start(risk=False, ready=False)

    async def only_risk_missing() -> bool:
        return [each.split(":")[0] for each in (await world.exec_state()).block_reasons] == ["RISK_UNAVAILABLE"]

    await until(only_risk_missing, "only risk is missing")
    answer = await world.submit(world.intent())
    assert (status_name(answer.order_status), answer.reason) == ("DENIED", "RISK_UNAVAILABLE")
    assert world.frames() == []
    await world.risk.start()
    await world.ready()
    assert (await world.submit(world.intent())).reason == ""
    await world.risk.stop(signal.SIGKILL)
    assert (await world.submit(world.intent())).reason == "RISK_UNAVAILABLE"
    assert len(world.frames()) == 1


async def test_a_silent_risk_is_a_refusal(own_world: World) -> None:
    world = await own_world.start()
    process = process_of(world.risk)
    process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        answer = await world.submit(world.intent())
        assert (status_name(answer.order_status), answer.reason) == ("DENIED", "RISK_UNAVAILABLE")
        assert time.monotonic() - started < 5
        assert world.frames() == []
    finally:
        process.send_signal(signal.SIGCONT)


async def test_without_a_broker_execution_serves_and_names_it(own_world: World) -> None:
    world = await own_world.start()
    await world.gateway.stop()

    async def down() -> bool:
        return any(reason.startswith("BROKER_DOWN") for reason in (await world.exec_state()).block_reasons)

    await until(down, "execution notices")
    assert (await world.exec_state()).link.HasField("next_retry_time")
    answer = await world.submit(world.intent())
    assert (status_name(answer.order_status), answer.reason) == ("DENIED", "BROKER_DOWN")
    await world.gateway.start()
    await world.ready()
    filled = await world.submit(world.intent())
    await world.in_status(filled.client_order_id, "FILLED")
    assert len(world.frames()) == 1


@pytest.mark.parametrize("who", ["execution", "gateway"])
async def test_a_fill_while_away_is_recovered_once(own_world: World, who: str) -> None:
    world = await own_world.start()
    resting = await world.submit(world.intent(10, limit="745"))
    await world.in_status(resting.client_order_id, "WORKING")
    if who == "execution":
        await world.execution.stop(signal.SIGKILL)
    else:
        await world.gateway.stop()
        await world.gateway.start()
    await world.gateway.tick(GOOG, 744.0, 744.5)
    if who == "execution":
        await world.execution.start()
    await world.ready()
    order = await world.in_status(resting.client_order_id, "FILLED")
    assert [fill.quantity.value for fill in order.fills] == ["10"]
    assert world.operations().count("FILL") == 1
    request_id = f"again-{who}"
    assert (await world.reconcile(request_id)).fills_recovered == 0
    [(quantity,)] = world.rows("SELECT quantity FROM positions")
    assert Decimal(quantity) == 10
    assert len(world.frames()) == 1


async def test_a_cancel_the_broker_never_heard_outlives_execution(own_world: World) -> None:
    world = await own_world.start()
    resting = await world.submit(world.intent(10, limit="745"))
    await world.in_status(resting.client_order_id, "WORKING")
    await world.gateway.stop()
    await world.cancel(resting.client_order_id)
    await world.in_status(resting.client_order_id, "PENDING_CANCEL")
    await world.execution.stop(signal.SIGKILL)
    await world.gateway.start()
    await world.execution.start()
    await world.in_status(resting.client_order_id, "CANCELED")


async def test_killed_between_commit_and_send_no_second_frame_leaves(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = own_world
    entry = ENTRIES["execution"]
    with monkeypatch.context() as patched:
        patched.syspath_prepend(Path(__file__).parent)
        patched.setitem(ENTRIES, "execution", entry._replace(module="dies_before_send"))
        await world.start()
    wanted = world.intent(10)
    with pytest.raises(grpc.aio.AioRpcError):
        await world.submit(wanted)
    [(name, status)] = world.rows("SELECT client_order_id, order_status FROM orders")
    assert status == "PENDING"
    await world.execution.stop(signal.SIGKILL)
    await world.execution.start()
    order = await world.in_status(name, "UNKNOWN")
    assert order.reason == "NOT_FOUND_AT_BROKER"
    again = await world.submit(wanted)
    assert (again.duplicate, status_name(again.order_status)) == (True, "UNKNOWN")
    other = await world.submit(world.intent(10))
    assert other.reason == "UNKNOWN_ORDER"
    assert world.frames() == []


async def test_an_order_nobody_acknowledges_is_unknown_and_never_resent(own_world: World) -> None:
    world = await own_world.start()
    await world.gateway.admin("mute", ids=[int(Request.PLACE_ORDER)])
    swallowed = await world.submit(world.intent(10))
    order = await world.in_status(swallowed.client_order_id, "UNKNOWN")
    assert order.reason == "NOT_FOUND_AT_BROKER"
    await world.gateway.admin("mute", ids=[])
    assert (await world.submit(world.intent(5, Side.SELL))).reason == "UNKNOWN_ORDER"
    elsewhere = await world.submit(world.intent(5, strategy="another"))
    await world.in_status(elsewhere.client_order_id, "FILLED")
    await world.execution.stop(signal.SIGKILL)
    await world.execution.start()
    await world.in_status(swallowed.client_order_id, "UNKNOWN")
    assert [frame.fields["orderRef"] for frame in world.frames()] == [
        swallowed.client_order_id,
        elsewhere.client_order_id,
    ]


async def test_a_journal_that_cannot_write_stops_orders_and_no_cancel(own_world: World) -> None:
    world = await own_world.start()
    resting = await world.submit(world.intent(10, limit="740"))
    await world.in_status(resting.client_order_id, "WORKING")
    blocker = sqlite3.connect(world.state.store_dir / "execution.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        answer = await world.submit(world.intent(10), timeout_s=30)
        assert (status_name(answer.order_status), answer.sequence) == ("DENIED", 0)
        assert answer.reason == "JOURNAL_UNAVAILABLE"
        assert len(world.frames()) == 1
        assert not (await world.exec_state()).journal_ok
        await world.cancel(resting.client_order_id)

        async def canceled() -> bool:
            return (await world.gateway.admin("status"))["open_orders"] == 0

        await until(canceled, "the gateway canceled it")
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    assert (await world.submit(world.intent(10))).reason == "JOURNAL_UNAVAILABLE"
    await world.execution.stop()
    await world.execution.start()
    await world.in_status(resting.client_order_id, "CANCELED")
    await world.ready()


async def test_a_restart_tells_the_same_story(own_world: World) -> None:
    world = await own_world.start()
    for side in (Side.BUY, Side.SELL, Side.BUY):
        answer = await world.submit(world.intent(7, side))
        await world.in_status(answer.client_order_id, "FILLED")
    [(count,)] = world.rows("SELECT count(*) FROM journal")
    before = [report.SerializeToString(deterministic=True) for report in await world.reports(count)]
    assert await world.execution.stop() == 0
    await world.execution.start()
    await world.ready()
    after = [report.SerializeToString(deterministic=True) for report in await world.reports(count)]
    assert after == before
    next_one = await world.submit(world.intent(7, Side.SELL))
    await world.in_status(next_one.client_order_id, "FILLED")
    numbers = [frame.order_id for frame in world.frames()]
    assert len(set(numbers)) == len(numbers) == 4
    assert numbers == sorted(numbers)


async def test_a_second_writer_is_refused(own_world: World) -> None:
    world = await own_world.start(risk=False, ready=False)
    with pytest.raises(AssertionError, match="execution ended with 2"):
        await world.another_execution().start()


async def test_no_new_order_after_sigterm(own_world: World) -> None:
    world = await own_world.start()
    sent = []

    async def keep_submitting() -> None:
        while True:
            sent.append(await world.submit(world.intent(1)))

    hammer = asyncio.create_task(keep_submitting())
    await until(lambda: len(sent) > 5, "orders flow")
    process = process_of(world.execution)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 5) == 0
    ended = time.time_ns()
    await asyncio.wait([hammer])
    assert isinstance(hammer.exception(), grpc.aio.AioRpcError)
    assert all(frame.record.wall_ns <= ended for frame in world.frames())
    journaled = dict(world.rows("SELECT client_order_id, order_status FROM orders"))
    for frame in world.frames():
        assert journaled[frame.fields["orderRef"]] not in ("PENDING", "DENIED")
