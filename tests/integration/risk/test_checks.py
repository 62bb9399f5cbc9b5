"""Checks over real sockets: one verdict per rule, idempotent, reserved, behind, and never an error as an allow."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal

import grpc
import pytest

from hedgerow.api.risk.v1 import risk_pb2
from hedgerow.domain.execution_report import ReportKind as K
from hedgerow.domain.order import OrderCheck, Side
from hedgerow.domain.order import OrderStatus as S
from hedgerow.rpc.errors import rpc_reason
from hedgerow.wire.risk import check_to_wire
from tests.integration.report_feed import ReportFeed
from tests.integration.risk.check_stream import CheckStream, reservation, stub_of
from tests.integration.service_process import ServiceProcess, until
from tests.unit.rules.orders import order
from tests.unit.services.risk.samples import report


@pytest.fixture
async def stream(risk: ServiceProcess) -> AsyncIterator[CheckStream]:
    stream = await CheckStream(risk).resync()
    yield stream
    await stream.close()


async def test_a_verdict_is_whole_and_the_same_on_both_twins(risk: ServiceProcess, stream: CheckStream) -> None:
    rules = await stub_of(risk).GetRuleSet(risk_pb2.GetRuleSetRequest())
    verdict = await stream.check(order())
    assert verdict.allowed
    assert [rule.rule for rule in verdict.rules] == [rule.rule for rule in rules.rules]
    assert all(rule.allowed and rule.detail for rule in verdict.rules)
    assert (verdict.rule_set_hash, verdict.rule_set_version) == (rules.hash, rules.version)
    assert {
        "rule": rules.rules[6].rule, "max": rules.rules[6].parameters["max_position_shares"],
    } == {"rule": "position", "max": "1000"}  # fmt: skip
    again = await stub_of(risk).CheckOrder(check_to_wire(order(quote_age_ms=1.0)))
    assert again.verdict == verdict
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stub_of(risk).CheckOrder(check_to_wire(order(quantity=Decimal(99))))
    assert (error.value.code(), rpc_reason(error.value)) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    assert await stream.reason(order(quantity=Decimal(99))) == "ALREADY_EXISTS"


async def test_racing_submitters_never_pass_the_limit_together(risk: ServiceProcess, stream: CheckStream) -> None:
    second = await CheckStream(risk).resync()
    checks = [order(intent_id=f"i-{n}", quantity=Decimal(90)) for n in range(32)]
    verdicts = await asyncio.gather(*((stream, second)[n % 2].check(each) for n, each in enumerate(checks)))
    assert sum(verdict.allowed for verdict in verdicts) == 11
    assert {verdict.reason for verdict in verdicts if not verdict.allowed} == {"MAX_POSITION"}
    await second.close()


async def test_a_check_waits_for_the_fold_and_is_denied_when_it_stays_behind(
    feed: ReportFeed, stream: CheckStream
) -> None:
    await stream.send(check_to_wire(order(intent_id="late", journal_sequence=2)))
    await stream.send(check_to_wire(order(intent_id="next", quantity=Decimal(10))))
    assert (await stream.verdict("next")).allowed  # not held up by the one before it
    assert (await stream.verdict("late")).reason == "RISK_BEHIND"
    feed.report([report(1, K.INTENT, S.PENDING, intent_id="x"), report(2, K.FILL, S.FILLED, 100, "x")])
    await until(lambda: _reaches(stream, 2), "two reports folded")
    assert (await stream.check(order(intent_id="late", journal_sequence=0))).reason == "RISK_BEHIND"


async def test_exposure_follows_reports_and_resumes_by_sequence(feed: ReportFeed, stream: CheckStream) -> None:
    feed.report([report(1, K.INTENT, S.PENDING, quantity=900), report(2, K.FILL, S.FILLED, 900, quantity=900)])
    await until(lambda: _reaches(stream, 2), "two reports folded")
    assert await stream.reason(order(intent_id="over", journal_sequence=2, quantity=Decimal(101))) == "MAX_POSITION"
    assert await stream.reason(order(intent_id="fits", journal_sequence=2, quantity=Decimal(100))) == "ALLOWED"
    await feed.stop()
    feed.report([report(3, K.DENIED, S.DENIED, 0, "fits"), report(4, K.FILL, S.FILLED, 50, "y", Side.SELL, 50)])
    await feed.start()
    await until(lambda: _reaches(stream, 4), "four reports folded")
    assert feed.starts[-1] == 2
    assert await stream.reason(order(intent_id="over-2", journal_sequence=4, quantity=Decimal(152))) == "MAX_POSITION"
    assert await stream.reason(order(intent_id="fits-2", journal_sequence=4, quantity=Decimal(150))) == "ALLOWED"


async def _reaches(stream: CheckStream, sequence: int) -> bool:
    """Whether the fold is there, asked with an order too large to reserve anything."""
    probe = order(intent_id=f"probe-{uuid.uuid4()}", journal_sequence=sequence, quantity=Decimal(9999))
    return await stream.reason(probe) != "RISK_BEHIND"


async def test_an_approval_nobody_used_is_released(feed: ReportFeed, stream: CheckStream) -> None:
    assert await stream.reason(order(intent_id="unused", quantity=Decimal(1000))) == "ALLOWED"
    assert await stream.reason(order(intent_id="no-room", quantity=Decimal(1))) == "MAX_POSITION"
    numbers = iter(range(10_000))

    async def room() -> bool:
        probe = order(intent_id=f"try-{next(numbers)}", quantity=Decimal(1000))
        return await stream.reason(probe) == "ALLOWED"

    await until(room, "the unused approval's exposure is free again")


async def test_resync_replaces_reservations_and_a_stale_writer_is_refused(
    risk: ServiceProcess, stream: CheckStream
) -> None:
    await stream.resync(reservation("a", 800))
    assert await stream.reason(order(intent_id="c", quantity=Decimal(201))) == "MAX_POSITION"
    await stream.resync(reservation("b", 700))
    assert await stream.reason(order(intent_id="d", quantity=Decimal(300))) == "ALLOWED"
    assert await stream.reason(order(intent_id="g", quantity=Decimal(1))) == "MAX_POSITION"
    newer = await CheckStream(risk).resync(epoch=2)
    assert await newer.reason(order(intent_id="e", quantity=Decimal(1000))) == "ALLOWED"
    assert await stream.reason(order(intent_id="f", quantity=Decimal(1))) == "STALE_WRITER"
    older = await CheckStream(risk).resync(epoch=1)
    assert await older.failure() is grpc.StatusCode.FAILED_PRECONDITION
    for each in (newer, older):
        await each.close()


async def test_a_resync_overtaken_by_reports_and_a_writer_that_took_over(
    feed: ReportFeed, risk: ServiceProcess, stream: CheckStream
) -> None:
    feed.report([report(1, K.INTENT, S.PENDING, intent_id="new", quantity=900)])
    await until(lambda: _reaches(stream, 1), "one report folded")
    await stream.resync(reservation("old", 50), sequence=0)  # made before that order, read after its report
    assert await stream.reason(order(intent_id="over", journal_sequence=1, quantity=Decimal(51))) == "MAX_POSITION"
    assert await stream.reason(order(intent_id="fits", journal_sequence=1, quantity=Decimal(50))) == "ALLOWED"
    newer = await CheckStream(risk).resync(reservation("new", 900), epoch=2, sequence=1)
    wanted = order(intent_id="both", journal_sequence=1, quantity=Decimal(100))
    await until(lambda: _is(stream, order(intent_id="probe", journal_sequence=1), "STALE_WRITER"), "the newer is known")
    assert await stream.reason(wanted) == "STALE_WRITER"
    assert await stream.reason(order(intent_id="fits", journal_sequence=1, quantity=Decimal(50))) == "STALE_WRITER"
    assert await newer.reason(wanted) == "ALLOWED"  # the refusal was the old writer's, not the order's
    await newer.close()


async def _is(stream: CheckStream, check: OrderCheck, reason: str) -> bool:
    return await stream.reason(check) == reason


async def test_what_is_no_order_is_denied_and_the_stream_lives_on(stream: CheckStream) -> None:
    broken = {
        "nan": {"quantity": "NaN"}, "negative": {"quantity": "-5"}, "text": {"quantity": "many"},
        "multiplier": {"multiplier": 100}, "age": {"quote_age_ms": float("nan")}, "bid": {"bid": float("inf")},
        "symbol": {"instrument_id": "G O"},
    }  # fmt: skip
    for name, changes in broken.items():
        request = check_to_wire(order(intent_id=name))
        for field, value in changes.items():
            if field == "quantity":
                request.quantity.value = value
            else:
                setattr(request, field, value)
        await stream.send(request)
        verdict = await stream.verdict(name)
        assert (verdict.allowed, verdict.reason) == (False, "INVALID_VALUE"), name
    assert await stream.reason(order(intent_id="good")) == "ALLOWED"
    await until(lambda: stream.heartbeats, "a heartbeat")


async def test_a_check_before_the_resync_ends_the_stream(risk: ServiceProcess) -> None:
    stream = CheckStream(risk)
    await stream.send(check_to_wire(order()))
    assert await stream.failure() is grpc.StatusCode.FAILED_PRECONDITION
    await stream.close()
