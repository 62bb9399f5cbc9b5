"""What survives a kill of risk: trading state, answers given, the requests that set the state, the rules' version."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import grpc
import pytest
import sqlalchemy as sa

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.risk.v1 import risk_pb2
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import open_store
from tests.integration.risk.check_stream import CheckStream, stub_of
from tests.integration.service_process import ServiceProcess, until
from tests.unit.rules.orders import order

HALTED, ACTIVE = common_pb2.TRADING_STATE_HALTED, common_pb2.TRADING_STATE_ACTIVE


async def set_state(risk: ServiceProcess, state: Any, request_id: str) -> Any:
    """Asks for a trading state; the state answered."""
    operator = common_pb2.Operator(request_id=request_id, actor="tester", reason="to see")
    request = risk_pb2.SetTradingStateRequest(trading_state=state, operator=operator)
    return (await stub_of(risk).SetTradingState(request, timeout=5)).trading_state


def verdicts(state: StateDir) -> dict[str, bool]:
    """Verdicts on disk."""
    with open_store(state.store_dir, "risk", read_only=True) as store, store.read() as connection:
        table = store.table("verdicts")
        return {row.intent_id: row.allowed for row in connection.execute(sa.select(table))}


async def test_state_and_answers_survive_a_kill(risk: ServiceProcess, state: StateDir) -> None:
    stream = await CheckStream(risk).resync()
    allowed = await stream.check(order(intent_id="allowed"))
    assert await set_state(risk, HALTED, "r-1") == HALTED
    denied = await stream.check(order(intent_id="denied", reduce_only=True))
    assert (allowed.allowed, denied.reason) == (True, "TRADING_HALTED")
    await until(lambda: len(verdicts(state)) == 2, "both verdicts on disk")
    await stream.close()

    await risk.stop(signal.SIGKILL)
    await risk.start()
    stream = await CheckStream(risk).resync()
    assert await stream.check(order(intent_id="allowed")) == allowed
    assert await stream.check(order(intent_id="denied", reduce_only=True)) == denied
    fresh = await stream.check(order(intent_id="fresh"))
    assert (fresh.reason, fresh.epoch, fresh.rule_set_version) == ("TRADING_HALTED", allowed.epoch + 1, 1)

    assert await set_state(risk, ACTIVE, "r-2") == ACTIVE
    assert await set_state(risk, HALTED, "r-1") == HALTED  # answered before: the first result, and nothing changes
    assert (await stub_of(risk).GetRuleSet(risk_pb2.GetRuleSetRequest())).trading_state == ACTIVE
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await set_state(risk, ACTIVE, "r-1")
    assert error.value.code() is grpc.StatusCode.ALREADY_EXISTS
    await stream.close()
    assert await risk.stop() == 0


async def test_breaches_tell_the_state_and_each_denial(risk: ServiceProcess) -> None:
    breaches = stub_of(risk).StreamBreaches(risk_pb2.StreamBreachesRequest())
    assert (await breaches.read()).trading_state == ACTIVE
    stream = await CheckStream(risk).resync()
    await stream.check(order(intent_id="stale", quote_age_ms=9e9))
    await set_state(risk, HALTED, "r-1")
    seen: list[str] = []
    async with asyncio.timeout(10):
        while len(seen) < 2:
            message = await breaches.read()
            kind = message.WhichOneof("event")
            if kind == "breach":
                seen.append(f"{message.breach.verdict.intent_id} {message.breach.verdict.reason}")
            elif kind == "trading_state":
                seen.append(common_pb2.TradingState.Name(message.trading_state))
    assert seen == ["stale STALE_QUOTE", "TRADING_STATE_HALTED"]
    await stream.close()
    assert await risk.stop() == 0
    last = message
    while (message := await breaches.read()) is not grpc.aio.EOF:
        last = message
    assert last.closing.reason == "DRAINING"


@pytest.mark.parametrize(
    ("wanted", "request_id", "actor", "field"),
    [(0, "r", "a", "trading_state"), (HALTED, "", "a", "operator.request_id"), (HALTED, "r", "", "operator.actor")],
)
async def test_a_request_that_does_not_say_who_and_what_is_refused(
    risk: ServiceProcess, wanted: Any, request_id: str, actor: str, field: str
) -> None:
    operator = common_pb2.Operator(request_id=request_id, actor=actor, reason="to see")
    request = risk_pb2.SetTradingStateRequest(trading_state=wanted, operator=operator)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stub_of(risk).SetTradingState(request, timeout=5)
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in (error.value.details() or "")


async def test_a_stop_ends_open_check_streams_with_a_reason_and_without_an_error(
    risk: ServiceProcess, state: StateDir
) -> None:
    stream = await CheckStream(risk).resync()
    assert (await stream.check(order(intent_id="before"))).allowed
    assert await risk.stop() == 0
    assert (await stream.failure(), stream.closing) == (grpc.StatusCode.OK, "DRAINING")
    await stream.close()
    lines = [json.loads(line) for line in (state.logs_dir / "risk.log").read_text().splitlines()]
    assert [line for line in lines if line["event"] == "verdict" and line["intent_id"] == "before"]
    assert not [line for line in lines if line["level"] == "error"]
