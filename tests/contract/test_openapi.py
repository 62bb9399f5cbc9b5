"""The OpenAPI document: valid, whole, the same each time, and true to what protobuf's own JSON writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.command_body import FLATTEN, KILL, TEXTS
from gateway.openapi import openapi_document
from gateway.operator_routes import OPERATIONS, OperatorRoutes
from gateway.routes import api_services
from gateway.schemas import Schemas, comment
from gateway.short_routes import SHORT_ROUTES
from gateway.snapshot import build, command_view, operation_view
from gateway.wellknown import wellknown_routes
from hedgerow.api.control.v1 import control_pb2
from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.api.guard.v1 import guard_pb2
from hedgerow.api.market_data.v1 import market_data_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.api.risk.v1 import risk_pb2

METHODS = [method for service in api_services() for method in service.methods]
SERVED = [method for method in METHODS if method.GetOptions().HasExtension(annotations_pb2.http)]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document()


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Verb, path and operation by operation id."""
    found = [
        (operation["operationId"], (verb, path, operation))
        for path, item in document["paths"].items()
        for verb, operation in item.items()
    ]
    assert len(dict(found)) == len(found), "operation ids are unique"
    return dict(found)


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []  # type: ignore[arg-type]


def test_a_broken_document_is_noticed(document: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(document))
    del broken["paths"]["/v1/orders/{clientOrderId}"]["get"]["parameters"]
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_two_processes_make_the_same_text(repo_root: Path, document: dict[str, Any]) -> None:
    code = "import json; from gateway.openapi import openapi_document; print(json.dumps(openapi_document()))"
    environment = {"PYTHONPATH": f"{repo_root / 'libs'}:{repo_root}", "PYTHONHASHSEED": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert done.stdout.strip() == json.dumps(document), done.stderr


@pytest.mark.parametrize("method", SERVED, ids=lambda method: method.full_name.removeprefix("hedgerow.api."))
def test_every_binding_has_its_operation(document: dict[str, Any], method: MethodDescriptor) -> None:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    for number, one in enumerate((rule, *rule.additional_bindings)):
        name = f"{method.containing_service.name}_{method.name}" + (f"_{number}" if number else "")
        verb, path, operation = operations(document)[name]
        assert verb == one.WhichOneof("pattern")
        assert path.count("{") == getattr(one, verb).count("{")
        assert operation["summary"]
        assert ("requestBody" in operation) == bool(one.body)
        media = "application/x-ndjson" if method.server_streaming else "application/json"
        assert list(operation["responses"]["200"]["content"]) == [media]
        assert ("WebSocket" in operation["description"]) == method.server_streaming
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Error"}


def test_methods_without_a_binding_are_left_out(document: dict[str, Any]) -> None:
    left_out = [method for method in METHODS if method not in SERVED]
    names = {method.name for method in left_out if method.containing_service.name != "GuardService"}
    assert names == {"Intents", "CheckOrders", "WatchCommands", "RunBacktest", "Connect"}
    # the guard answers execution and the command line alone
    assert len(left_out) - len(names) == len(guard_pb2.DESCRIPTOR.services_by_name["GuardService"].methods)
    full = {f"{method.containing_service.name}_{method.name}" for method in left_out}
    assert not full & set(operations(document))


def test_everything_is_described(document: dict[str, Any]) -> None:
    bare = [name for name, schema in document["components"]["schemas"].items() if not schema.get("description")]
    for name, schema in document["components"]["schemas"].items():
        bare += [f"{name}.{key}" for key, field in schema.get("properties", {}).items() if not field.get("description")]
    for name, (_, _, operation) in operations(document).items():
        bare += [f"{name}.{p['name']}" for p in operation.get("parameters", ()) if not p["description"]]
    assert [name for name in bare if not name.startswith("Error.details")] == []


def test_a_request_is_taken_apart_into_path_query_and_body(document: dict[str, Any]) -> None:
    found = operations(document)
    _, path, cancel = found["ExecutionService_CancelOrder"]
    assert path == "/v1/orders/{clientOrderId}:cancel"
    assert [(p["name"], p["in"], p["required"]) for p in cancel["parameters"]] == [("clientOrderId", "path", True)]
    assert list(cancel["requestBody"]["content"]["application/json"]["schema"]["properties"]) == ["operator"]
    _, _, bars = found["MarketDataService_ListBars"]
    assert [(p["name"], p["in"]) for p in bars["parameters"]] == [
        ("instrumentId", "path"), ("endTime", "query"), ("barSeconds", "query"), ("maxBars", "query"),
        ("price", "query"),
    ]  # fmt: skip
    assert bars["parameters"][1]["schema"] == {"type": "string", "format": "date-time"}
    _, _, submit = found["ExecutionService_SubmitIntent"]
    assert submit["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("execution.v1.Intent")
    assert submit["parameters"] == []
    _, _, quotes = found["MarketDataService_StreamQuotes"]
    assert quotes["parameters"][0]["schema"] == {"type": "array", "items": {"type": "string"}}


def validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    return Draft202012Validator({**document, "$ref": f"#/components/schemas/{name}"})


def written(message: Any) -> Any:
    return json.loads(json_format.MessageToJson(message))


def sample() -> list[Any]:
    status = control_pb2.GetStatusResponse()
    status.status.status_lamp = 3
    status.status.create_time.FromNanoseconds(1_450_000_000_123_456_789)
    status.status.strategies.add(strategy="s").snapshot.update({"spot": 12.5, "legs": [{"a": None}]})
    order = execution_pb2.GetOrderResponse()
    order.order.broker_order_id = -7
    order.order.sequence = 2**64 - 1
    order.order.intent.quantity.value = "1e3"
    order.order.intent.bid = float("nan")
    order.order.verdict.rules.add(rule="r")
    rules = risk_pb2.GetRuleSetResponse(trading_state=2)
    rules.rules.add(rule="r").parameters["max"] = "1"
    chain = market_data_pb2.ListOptionChainResponse()
    expiry = chain.expiries.add(multiplier=100)
    expiry.expiry.year = 2016
    expiry.strikes.add(value="742.50")
    point = control_pb2.ListHistoryResponse()
    point.points.add(spot=0.0)
    watch = control_pb2.WatchStatusResponse()
    watch.heartbeat.SetInParent()
    return [status, order, rules, chain, point, watch]


@pytest.mark.parametrize("message", sample(), ids=lambda message: message.DESCRIPTOR.name)
def test_what_protobuf_writes_fits_its_schema(document: dict[str, Any], message: Any) -> None:
    schemas = Schemas()
    schemas.message(message.DESCRIPTOR)
    check = validator({"components": {"schemas": schemas.components}}, message.DESCRIPTOR.full_name)
    value = written(message)
    assert value
    assert list(check.iter_errors(value)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hedgerow.api.control.v1.Status", {"statusLamp": "PURPLE"}),
        ("hedgerow.api.control.v1.Status", {"status_lamp": "STATUS_LAMP_RED"}),
        ("hedgerow.api.control.v1.Status", {"nosuch": 1}),
        ("hedgerow.api.control.v1.Command", {"sequence": 1.5}),
        ("hedgerow.api.risk.v1.Rule", {"parameters": {"max": 1}}),
        ("google.type.Decimal", {"value": "1,5"}),
        ("hedgerow.api.control.v1.HistoryPoint", {"spot": "12"}),
        ("hedgerow.api.common.v1.Instrument", {"multiplier": 2**31}),
        ("hedgerow.api.control.v1.WatchStatusResponse", {"status": {}, "heartbeat": {}}),
        ("Error", {"code": 3}),
    ],
)
def test_a_schema_refuses_what_is_not_its_message(document: dict[str, Any], name: str, value: Any) -> None:
    assert list(validator(document, name).iter_errors(value))


def made_up() -> Any:
    """A service no contract has: a recursive message, a multi-segment variable, an additional binding."""
    file = descriptor_pb2.FileDescriptorProto(name="made_up.proto", package="made.up", syntax="proto3")
    file.dependency.append("google/api/annotations.proto")
    node = file.message_type.add(name="Node")
    optional = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
    kinds = descriptor_pb2.FieldDescriptorProto
    node.field.add(name="name", number=1, type=kinds.TYPE_STRING, label=optional, json_name="name")
    node.field.add(
        name="inner_node", number=2, type=kinds.TYPE_MESSAGE, type_name=".made.up.Node", label=optional,
        json_name="innerNode",
    )  # fmt: skip
    node.field.add(name="blob", number=3, type=kinds.TYPE_BYTES, label=optional, json_name="blob")
    method = file.service.add(name="UpService").method.add(
        name="Find", input_type=".made.up.Node", output_type=".made.up.Node"
    )
    rule = method.options.Extensions[annotations_pb2.http]
    rule.get = "/v1/{name=shelves/*/books/**}"
    rule.additional_bindings.add(post="/v1/find", body="inner_node")
    pool = descriptor_pool.DescriptorPool()
    for name in ("google/protobuf/descriptor.proto", "google/api/http.proto", "google/api/annotations.proto"):
        known = descriptor_pb2.FileDescriptorProto()
        descriptor_pool.Default().FindFileByName(name).CopyToProto(known)
        pool.Add(known)
    pool.Add(file)
    return pool.FindServiceByName("made.up.UpService")


def test_a_new_service_needs_nothing_written_for_it() -> None:
    service = made_up()
    document = openapi_document([service])
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []  # type: ignore[arg-type]
    assert {"UpService_Find", "UpService_Find_1"} <= operations(document).keys()
    node = validator(document, "made.up.Node")
    deep = message_factory.GetMessageClass(service.methods[0].input_type)()
    deep.inner_node.inner_node.blob = b"\x00\xff"
    assert list(node.iter_errors(written(deep))) == []
    assert list(node.iter_errors({"innerNode": {"innerNode": {"nosuch": 1}}}))
    get, post = operations(document)["UpService_Find"][2], operations(document)["UpService_Find_1"][2]
    assert [p["name"] for p in get["parameters"]] == ["name", "blob"]
    assert "slashes" in get["parameters"][0]["description"]
    assert [p["name"] for p in post["parameters"]] == ["name", "blob"]


def test_comments_reach_the_document(document: dict[str, Any]) -> None:
    assert comment("hedgerow.api.common.v1.SIDE_BUY") in document["components"]["schemas"][
        "hedgerow.api.common.v1.Side"]["description"]  # fmt: skip


class Nobody:
    """Stands where a handler's parts would: nothing is called."""


async def test_every_route_of_the_gateways_own_is_described() -> None:
    nobody: Any = Nobody()
    async with grpc.aio.insecure_channel("127.0.0.1:9") as channel:
        operator = OperatorRoutes(nobody, nobody, nobody, channel, nobody, 1.0, 1.0)
        served = {**operator.routes(), **wellknown_routes(nobody)}
    told = {route.path: (route.verb, route.keyless) for route in SHORT_ROUTES}
    assert told == {path: (own.method, own.keyless) for path, own in served.items()}


def test_the_short_routes_say_what_they_take() -> None:
    routes = {route.path: route for route in SHORT_ROUTES}
    assert tuple(routes["/operations"].query) == OPERATIONS
    assert tuple((routes["/control/flatten"].body or {})["properties"]) == (*TEXTS, *FLATTEN)
    assert tuple((routes["/control/kill"].body or {})["properties"]) == (*TEXTS, *KILL)
    assert tuple((routes["/control/stop"].body or {})["properties"]) == TEXTS


def test_the_short_answers_fit_what_is_said_of_them() -> None:
    status = control_pb2.Status(status_lamp=3, reasons=["ORDER_UNKNOWN: HG-1"])
    status.strategies.add(strategy="s").snapshot.update({"spot": 12.5})
    status.services.add(service="control", serving=True)
    portfolio = portfolio_pb2.GetPortfolioResponse()
    portfolio.accounts.add(account="SIM1").values["Cash"] = "1"
    portfolio.positions.add(account="SIM1").instrument.expiry.day = 0
    answers = {
        "/status": build(status, portfolio.positions, portfolio),
        "/operations": {"operations": [operation_view(control_pb2.Operation(type="FILL"))], "next_page_token": ""},
        "/control/stop": command_view(control_pb2.Command(kind=1)),
    }
    for route in SHORT_ROUTES:
        if route.path in answers:
            schema = route.results["200"][1]
            assert list(Draft202012Validator(schema).iter_errors(answers[route.path])) == [], route.path
            assert list(Draft202012Validator(schema).iter_errors({**answers[route.path], "more": 1})), route.path
