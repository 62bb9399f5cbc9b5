"""Every annotated method answers over HTTP what it answers over gRPC: results, errors, and what streams begin with."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from tests.integration.http.asking import ask, first_line, first_message
from tests.integration.http.requests_of_methods import OPERATOR, requests
from tests.integration.http.transcoding import Binding, bindings
from tests.system import System, until

assert error_details_pb2  # registers what MessageToDict finds in a status

pytestmark = pytest.mark.timeout(300)  # the first test starts the system

BINDINGS = bindings()
UNARY = [
    pytest.param(binding, given, id=f"{binding.name}-{number}")
    for binding in BINDINGS
    if not binding.method.server_streaming
    for number, given in enumerate(requests(binding))
]
STREAMS = [
    pytest.param(binding, given, id=f"{binding.name}-{number}")
    for binding in BINDINGS
    if binding.method.server_streaming
    for number, given in enumerate(requests(binding))
]
LIMIT_S = 20.0

# HTTP status by gRPC code, as google.api.http users expect it.
STATUS = {0: 200, 3: 400, 5: 404, 6: 409, 9: 400, 12: 501, 13: 500, 14: 503, 4: 504}

# What differs between two answers a moment apart, by response message; everything else is equal.
VARIES: dict[str, set[str]] = {
    "GetStatusResponse": {"createTime", "lastSeenTime"},
    "GetFeedHealthResponse": {"silenceMs"},
}

# Streams that begin with whatever comes first.
ANY_TIME = {"StreamDecisions": {"decision", "heartbeat"}}


@pytest.fixture(scope="module")
def channels(system: System) -> Iterator[dict[str, grpc.Channel]]:
    """A channel to each process."""
    with contextlib.ExitStack() as stack:
        names = {binding.process for binding in BINDINGS}
        yield {name: stack.enter_context(grpc.insecure_channel(address(system, name))) for name in names}


def address(system: System, process: str) -> str:
    return f"127.0.0.1:{system.ports[system.daemon if process == 'strategy' else process]}"


def path_of(binding: Binding) -> str:
    return f"/{binding.method.containing_service.full_name}/{binding.method.name}"


def over_grpc(channels: dict[str, grpc.Channel], binding: Binding, message: Message) -> tuple[int, Any]:
    """Code and JSON of the answer, or of {code, message, details}."""
    response = GetMessageClass(binding.method.output_type)
    call = channels[binding.process].unary_unary(
        path_of(binding),
        request_serializer=binding.request_class.SerializeToString,
        response_deserializer=response.FromString,
    )
    try:
        return 0, MessageToDict(call(message, timeout=LIMIT_S))
    except grpc.RpcError as error:
        return failure(error)


def failure(error: Any) -> tuple[int, Any]:
    code = error.code().value[0]
    details: list[Any] = []
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            details = [MessageToDict(detail) for detail in status_pb2.Status.FromString(value).details]
    return code, {"code": code, "message": error.details(), "details": details}


def over_http(system: System, binding: Binding, message: Message) -> tuple[int, Any]:
    target, body = binding.http(message)
    reply = ask(system.ports["gateway"], binding.verb, target, body)
    assert reply.headers.get_content_type() == "application/json"
    return reply.status, reply.json


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: without(item, names) for key, item in value.items() if key not in names}
    return [without(item, names) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("binding", "given"), UNARY)
def test_a_method_answers_over_http_as_over_grpc(
    system: System, channels: dict[str, grpc.Channel], binding: Binding, given: dict[str, Any]
) -> None:
    """Asked in turn until both say the same: what was said in between may have changed something once, not for ever."""
    message = ParseDict(given, binding.request_class())
    varies = VARIES.get(binding.method.output_type.name, set())
    both: list[Any] = []

    def same() -> bool:
        code, wanted = over_grpc(channels, binding, message)
        status, got = over_http(system, binding, message)
        both[:] = (STATUS[code], without(wanted, varies)), (status, without(got, varies))
        return bool(both[0] == both[1])

    with contextlib.suppress(pytest.fail.Exception):
        until(same, "the same answer", 5)
    assert both[1] == both[0]


def test_a_request_reaches_results_and_errors_alike(system: System, channels: dict[str, grpc.Channel]) -> None:
    """The requests above are worth comparing: every method answers one of them, most refuse another."""
    answered, refused = set(), set()
    for param in UNARY:
        binding, given = param.values
        code, _ = over_grpc(channels, binding, ParseDict(given, binding.request_class()))
        (refused if code else answered).add(binding.name)
    unanswered = {b.name for b in BINDINGS if not b.method.server_streaming} - answered
    assert {name.rpartition(".")[2] for name in unanswered} == {
        "GetOrder", "CancelOrder", "ResolveOrder", "AdoptPosition", "AssignBreak", "Flatten", "Kill", "LiftLatch",
        "CompareRuns",  # of two runs: there is none
    }  # fmt: skip
    assert len(refused) >= 15


@pytest.mark.parametrize("name", ["GetOrder", "CancelOrder"])
def test_an_order_that_exists_is_the_same_both_ways(
    system: System, channels: dict[str, grpc.Channel], name: str
) -> None:
    (binding,) = (each for each in BINDINGS if each.method.name == name)
    order = system.query("execution", "select client_order_id from orders where order_status = 'FILLED'")[0]
    given = order if name == "GetOrder" else {**order, "operator": OPERATOR}
    message = ParseDict(given, binding.request_class())
    code, wanted = over_grpc(channels, binding, message)
    assert over_http(system, binding, message) == (STATUS[code], wanted)
    assert name == "CancelOrder" or wanted["order"]["fills"]


@pytest.mark.parametrize(("binding", "given"), STREAMS)
def test_a_stream_begins_over_http_and_websocket_as_over_grpc(
    system: System, channels: dict[str, grpc.Channel], binding: Binding, given: dict[str, Any]
) -> None:
    message = ParseDict(given, binding.request_class())
    target, _ = binding.http(message)
    call = channels[binding.process].unary_stream(
        path_of(binding),
        request_serializer=binding.request_class.SerializeToString,
        response_deserializer=GetMessageClass(binding.method.output_type).FromString,
    )(message, timeout=LIMIT_S)
    port = system.ports["gateway"]
    try:
        first = next(call)
    except grpc.RpcError as error:
        code, wanted = failure(error)
        assert first_line(port, target) == (STATUS[code], wanted)
        assert first_message(port, target) == {"error": wanted}
        return
    finally:
        call.cancel()
    status, line = first_line(port, target)
    message_over_websocket = first_message(port, target)
    assert (status, *line, *message_over_websocket) == (200, "result", "result")
    (field, _), *_ = first.ListFields()
    kinds = [field.json_name, *line["result"], *message_over_websocket["result"]]
    assert len(set(kinds) - ANY_TIME.get(binding.method.name, set())) <= 1
    assert len(kinds) == 3


@pytest.mark.parametrize("value", [99, "NO_SUCH_KIND", "pause", 1.5, [], {}])
def test_an_enum_value_there_is_none_of_is_refused_as_grpc_refuses_it(
    system: System, channels: dict[str, grpc.Channel], value: Any
) -> None:
    """gRPC carries any number, and the service refuses it; text never gets that far. The field is named alike."""
    (binding,) = (each for each in BINDINGS if each.method.name == "SendCommand")
    given = {"command_id": "enum-1", "strategy": system.strategy, "actor": "test", "reason": "enum"}
    message = ParseDict(given, binding.request_class())
    message.kind = 99  # type: ignore[attr-defined]
    code, wanted = over_grpc(channels, binding, message)
    reply = ask(system.ports["gateway"], "POST", "/v1/commands", {**given, "kind": value})
    assert (reply.status, reply.json["code"]) == (STATUS[code], code) == (400, 3)
    violations = [v["field"] for detail in wanted["details"] for v in detail.get("fieldViolations", ())]
    assert reply.fields == violations == ["kind"]


def test_both_spellings_of_a_field_are_read(system: System) -> None:
    port = system.ports["gateway"]
    assert ask(port, "GET", "/v1/orders?page_size=1").json == ask(port, "GET", "/v1/orders?pageSize=1").json
    assert len(ask(port, "GET", "/v1/orders?pageSize=1").json["orders"]) == 1
    for name in ("command_id", "commandId"):
        given = {"kind": "COMMAND_KIND_PAUSE", "strategy": system.strategy, "actor": "test", "reason": "spelling"}
        reply = ask(port, "POST", "/v1/commands", {**given, name: "x" * 65})
        assert (reply.status, reply.fields) == (400, ["command_id"])


def test_head_and_connection_reuse_answer_as_get(system: System) -> None:
    port = system.ports["gateway"]
    whole, head = ask(port, "GET", "/v1/risk/rule-set"), ask(port, "HEAD", "/v1/risk/rule-set")
    assert head.body == b""
    assert (head.status, head.headers["content-length"]) == (200, str(len(whole.body)))
    assert json.loads(whole.body)["rules"]
