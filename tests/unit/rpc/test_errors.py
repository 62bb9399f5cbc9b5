"""The error table: every domain error has a status, its reason survives the way there and back."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.clock import ClockFileError
from hedgerow.domain import errors as domain
from hedgerow.rpc.errors import domain_error, error_info, is_domain_error, rpc_reason, status_code

CASES: list[tuple[Exception, grpc.StatusCode, str]] = [
    (domain.InvalidValue("quantity", "-1", "above zero", "give 1"), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_VALUE"),
    (domain.NotFound("order HG-1"), grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
    (domain.AlreadyExists("intent i-1"), grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS"),
    (domain.FailedPrecondition("no", "NOT_RECONCILED"), grpc.StatusCode.FAILED_PRECONDITION, "NOT_RECONCILED"),
    (domain.Unavailable("gone", "JOURNAL_UNAVAILABLE"), grpc.StatusCode.UNAVAILABLE, "JOURNAL_UNAVAILABLE"),
    (domain.JournalUnavailable("disk full"), grpc.StatusCode.UNAVAILABLE, "JOURNAL_UNAVAILABLE"),
    (domain.BrokerAccountRefused("DU1"), grpc.StatusCode.FAILED_PRECONDITION, "ACCOUNT_MODE_MISMATCH"),
    (ClockFileError("clock_file: torn"), grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE"),
    (domain.HedgerowError("bug"), grpc.StatusCode.INTERNAL, "INTERNAL"),
]


class Raises(risk_pb2_grpc.RiskServiceServicer):
    """Raises the one error it is given."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def GetRuleSet(self, request: Any, context: Any) -> Any:
        raise self.error

    async def StreamBreaches(self, request: Any, context: Any) -> Any:
        yield risk_pb2.StreamBreachesResponse(trading_state=common_pb2.TRADING_STATE_ACTIVE)
        raise self.error


def all_errors(kind: type[domain.HedgerowError]) -> set[type[domain.HedgerowError]]:
    found = {kind} if kind.__module__ == domain.__name__ else set()
    return found.union(*(all_errors(child) for child in kind.__subclasses__()), set())


def test_every_domain_error_has_a_case_here() -> None:
    assert all_errors(domain.HedgerowError) <= {type(error) for error, _, _ in CASES}


@pytest.mark.parametrize(("error", "code", "reason"), CASES, ids=[type(error).__name__ for error, _, _ in CASES])
async def test_an_error_reaches_the_caller_whole(
    serve: Any, error: Exception, code: grpc.StatusCode, reason: str
) -> None:
    _, channel = await serve(Raises(error))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await risk_pb2_grpc.RiskServiceStub(channel).GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5)
    assert caught.value.code() is code
    assert caught.value.details() == str(error)
    assert rpc_reason(caught.value) == reason
    back = domain_error(caught.value, "risk")
    assert back.reason == reason or code is grpc.StatusCode.INTERNAL
    assert isinstance(back, type(error)) or not isinstance(error, (domain.InvalidValue, domain.NotFound))


async def test_an_invalid_value_names_its_field_for_any_client(serve: Any) -> None:
    from google.rpc import error_details_pb2, status_pb2

    error = domain.InvalidValue("intent.quantity", "-1", "above zero", "give 1")
    _, channel = await serve(Raises(error))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await risk_pb2_grpc.RiskServiceStub(channel).GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5)
    details = dict(caught.value.trailing_metadata() or ())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    request = error_details_pb2.BadRequest()
    assert any(detail.Unpack(request) for detail in status.details)
    assert [(v.field, v.description) for v in request.field_violations] == [("intent.quantity", "above zero")]
    back = domain_error(caught.value)
    assert isinstance(back, domain.InvalidValue)
    assert (back.key, back.value, back.rule, back.fix) == (error.key, error.value, error.rule, error.fix)


async def test_a_stream_fails_with_the_same_table(serve: Any) -> None:
    _, channel = await serve(Raises(domain.FailedPrecondition("behind", "RISK_BEHIND")))
    call = risk_pb2_grpc.RiskServiceStub(channel).StreamBreaches(risk_pb2.StreamBreachesRequest(), timeout=5)
    assert (await call.read()).trading_state == 1
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert rpc_reason(caught.value) == "RISK_BEHIND"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stranger_is_logged_once_and_shows_the_caller_only_a_trace_id(
    serve: Any, stream: bool, log_lines: Any
) -> None:
    _, channel = await serve(Raises(KeyError("/etc/secret")))
    stub = risk_pb2_grpc.RiskServiceStub(channel)

    async def call() -> None:
        if not stream:
            await stub.GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5)
        async for _ in stub.StreamBreaches(risk_pb2.StreamBreachesRequest(), timeout=5):
            pass

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call()
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in f"{caught.value.details()} {caught.value.trailing_metadata()}"
    lines = [line for line in log_lines() if line["level"] == "error"]
    assert len(lines) == 1
    assert "KeyError: '/etc/secret'" in lines[0]["exception"]
    assert caught.value.details() == f"internal error, trace_id {lines[0]['trace_id']}"


async def test_a_call_nobody_answers_has_the_codes_name_as_reason() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:9") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await risk_pb2_grpc.RiskServiceStub(channel).GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5)
    assert error_info(caught.value) is None
    assert rpc_reason(caught.value) == "UNAVAILABLE"
    assert isinstance(domain_error(caught.value, "risk"), domain.Unavailable)


def test_a_subclass_has_its_parents_status_and_a_stranger_is_internal() -> None:
    class JournalUnavailable(domain.Unavailable):
        """Not in the table."""

    assert status_code(JournalUnavailable("x")) is grpc.StatusCode.UNAVAILABLE
    assert status_code(RuntimeError("x")) is grpc.StatusCode.INTERNAL
    assert not is_domain_error(RuntimeError("x"))


async def send_raw(channel: grpc.aio.Channel, method: str, data: bytes, kind: str) -> None:
    """Makes a call with these request bytes."""
    call = getattr(channel, kind)(f"/hedgerow.api.risk.v1.RiskService/{method}")
    if kind == "unary_unary":
        await call(data, timeout=5)
    elif kind == "unary_stream":
        await call(data, timeout=5).read()
    else:
        opened = call(timeout=5)
        await opened.write(data)
        await opened.read()


class Reads(risk_pb2_grpc.RiskServiceServicer):
    """Remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[Any] = []

    async def CheckOrder(self, request: Any, context: Any) -> Any:
        self.reached.append(request)
        return risk_pb2.CheckOrderResponse()

    async def StreamBreaches(self, request: Any, context: Any) -> Any:
        self.reached.append(request)
        yield risk_pb2.StreamBreachesResponse()

    async def CheckOrders(self, requests: Any, context: Any) -> Any:
        async for request in requests:
            self.reached.append(request)
            yield risk_pb2.CheckOrdersResponse()


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab", b"GET / HTTP/1.1"])
@pytest.mark.parametrize(
    ("method", "kind"),
    [("CheckOrder", "unary_unary"), ("StreamBreaches", "unary_stream"), ("CheckOrders", "stream_stream")],
)
async def test_bytes_that_are_no_message_are_the_callers_fault(serve: Any, method: str, kind: str, data: bytes) -> None:
    servicer = Reads()
    _, channel = await serve(servicer)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await send_raw(channel, method, data, kind)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, caught.value.details()
    assert isinstance(back := domain_error(caught.value), domain.InvalidValue)
    assert back.key == "request"
    assert not servicer.reached


@pytest.mark.parametrize(
    "value", ["x" * 100_000, "\U0001f33f" * 100_000, "\x00" * 10_000], ids=["ascii", "wide", "nul"]
)
@pytest.mark.parametrize("kind", ["invalid", "not found"])
async def test_a_long_value_is_cut_and_the_status_still_arrives(serve: Any, kind: str, value: str) -> None:
    invalid = domain.InvalidValue("page_token", value, "the next_page_token of the answer before", "leave it out")
    error = invalid if kind == "invalid" else domain.NotFound(f"order {value}")
    _, channel = await serve(Raises(error))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await risk_pb2_grpc.RiskServiceStub(channel).GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5)
    back = domain_error(caught.value)
    assert isinstance(back, type(error))
    if isinstance(back, domain.InvalidValue):
        assert (back.key, back.rule, back.fix) == (invalid.key, invalid.rule, invalid.fix)
        assert back.value.startswith(value[:50])
        assert "the next_page_token of the answer before" in (caught.value.details() or "")


async def test_a_key_of_any_length_and_half_a_character_arrives_as_text(serve: Any) -> None:
    _, channel = await serve(Raises(domain.InvalidValue("\ud800" + "k" * 9000, "\udfff", "r" * 9000, "f" * 9000)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await risk_pb2_grpc.RiskServiceStub(channel).GetRuleSet(risk_pb2.GetRuleSetRequest(), timeout=5)
    back = domain_error(caught.value)
    assert isinstance(back, domain.InvalidValue)
    assert back.key.startswith("?kkk")
    assert (back.value, back.rule[:3], back.fix[:3]) == ("?", "rrr", "fff")
