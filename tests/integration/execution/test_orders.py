"""The order path from outside: what reaches the gateway, what is written, what is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import grpc
import pytest

from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Side
from tests.integration.execution.world import World, code, kinds, status_name
from tests.integration.service_process import until


async def test_a_market_order_is_filled_journaled_and_told(world: World) -> None:
    answer = await world.submit(world.intent(10))
    assert status_name(answer.order_status) in ("SENT", "WORKING", "FILLED")
    order = await world.in_status(answer.client_order_id, "FILLED")
    assert order.cum_qty.value == "10"
    assert order.verdict.allowed
    reports = await world.reports(4)
    assert kinds(reports)[:2] == ["INTENT", "SENT"]
    assert "FILL" in kinds(reports)
    first = world.seen_sequence + 1
    assert [report.sequence for report in reports] == list(range(first, first + len(reports)))
    assert [frame.fields["orderRef"] for frame in world.frames()] == [answer.client_order_id]
    assert world.operations()[:2] == ["HEDGE_INTENT", "ORDER_SENT"]
    assert "FILL" in world.operations()
    [(quantity, price)] = world.rows(
        f"SELECT quantity, average_price FROM positions WHERE strategy = '{world.strategy}'"
    )
    assert (Decimal(quantity), Decimal(price)) == (10, Decimal("749.2"))


async def test_the_row_is_committed_before_the_frame(world: World) -> None:
    for _ in range(5):
        await world.submit(world.intent(1))
    committed = dict(world.rows("SELECT client_order_id, created_ns FROM orders"))
    await until(lambda: len(world.frames()) == 5, "the gateway has read all five")
    for frame in world.frames():
        assert committed[frame.fields["orderRef"]] < frame.record.wall_ns


async def test_the_same_intent_again_is_one_order(world: World) -> None:
    wanted = world.intent(10)
    answers = await asyncio.gather(*(world.submit(wanted) for _ in range(8)))
    again = await world.submit(wanted)
    assert {answer.client_order_id for answer in answers} == {again.client_order_id}
    assert again.duplicate
    assert len(world.frames()) == 1
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await world.submit(replace(wanted, quantity=Decimal(11)))
    assert code(refused.value) == "ALREADY_EXISTS"
    assert len(world.frames()) == 1


async def test_what_risk_denies_is_never_sent(world: World) -> None:
    answer = await world.submit(world.intent(501))
    assert status_name(answer.order_status) == "DENIED"
    assert answer.reason == "ORDER_SIZE"
    assert world.frames() == []
    assert world.operations() == ["HEDGE_INTENT", "DENIED"]
    assert kinds(await world.reports(1)) == ["DENIED"]
    order = await world.order(answer.client_order_id)
    assert not order.verdict.allowed
    assert order.verdict.rules


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account": "DU1234567"}, "ACCOUNT_MODE_MISMATCH"),
        ({"account": "U1234567"}, "ACCOUNT_MODE_MISMATCH"),
        ({"quote_delayed": True}, "DATA_DELAYED"),
        ({"quote_age_ms": 10_000_000.0}, "DATA_STALE"),
        ({"quote_time": 0}, "DATA_STALE"),
        ({"quote_time": 1_000_000_000}, "DATA_STALE"),
        ({"quote_time": 4_000_000_000_000_000_000}, "DATA_STALE"),
        ({"bid": None, "ask": None}, "DATA_STALE"),
        ({"reduce_only": True}, "REDUCE_ONLY"),
    ],
)
async def test_what_may_not_leave_is_denied_by_name(world: World, changes: dict[str, object], reason: str) -> None:
    answer = await world.submit(world.intent(10, **changes))
    assert (status_name(answer.order_status), answer.reason) == ("DENIED", reason)
    assert world.frames() == []
    assert world.rows(f"SELECT order_status, reason FROM orders WHERE strategy = '{world.strategy}'") == [
        ("DENIED", reason)
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": Decimal(0)}, "intent.quantity"),
        ({"quantity": Decimal("1.5")}, "intent.quantity"),
        ({"intent_id": "x" * 65}, "intent.intent_id"),
        ({"limit_price": Decimal(5)}, "intent.limit_price"),
    ],
)
async def test_a_malformed_intent_is_an_invalid_argument(world: World, changes: dict[str, object], field: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await world.submit(replace(world.intent(10), **changes))  # type: ignore[arg-type]
    assert code(refused.value) == "INVALID_ARGUMENT"
    assert field in (refused.value.details() or "")
    assert world.frames() == []


async def test_reduce_only_counts_working_orders_and_never_crosses_zero(world: World) -> None:
    bought = await world.submit(world.intent(10))
    await world.in_status(bought.client_order_id, "FILLED")
    resting = await world.submit(world.intent(6, Side.SELL, "760", reduce_only=True))
    await world.in_status(resting.client_order_id, "WORKING")
    over = await world.submit(world.intent(5, Side.SELL, reduce_only=True))
    assert over.reason == "REDUCE_ONLY"
    exact = await world.submit(world.intent(4, Side.SELL, reduce_only=True))
    await world.in_status(exact.client_order_id, "FILLED")
    assert len(world.frames()) == 3


async def test_a_resting_order_is_canceled(world: World) -> None:
    answer = await world.submit(world.intent(10, limit="740"))
    await world.in_status(answer.client_order_id, "WORKING")
    await world.cancel(answer.client_order_id)
    await world.in_status(answer.client_order_id, "CANCELED")
    again = await world.cancel(answer.client_order_id)
    assert status_name(again.order_status) == "CANCELED"
    assert world.operations()[-1] == "CANCEL"
    assert "CANCEL_SENT" in kinds(await world.reports(4))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await world.cancel("hr-none")
    assert code(refused.value) == "NOT_FOUND"


async def test_what_the_broker_rejects_is_rejected(world: World) -> None:
    answer = await world.submit(world.intent(10, limit="749.123"))
    await world.in_status(answer.client_order_id, "REJECTED")
    assert world.operations()[-1] == "REJECT"


async def test_an_unknown_instrument_is_denied(world: World) -> None:
    answer = await world.submit(world.intent(10, instrument=stock("NOPE")))
    assert status_name(answer.order_status) == "DENIED"
    assert answer.reason == "NOT_FOUND"
    assert world.frames() == []
