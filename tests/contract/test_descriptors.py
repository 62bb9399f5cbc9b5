"""What every contract promises, read from its descriptors."""

from __future__ import annotations

import importlib

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from hedgerow.catalog import SERVICES

PACKAGES = [name.replace("-", "_") for name in SERVICES]


def service(package: str) -> ServiceDescriptor:
    module = importlib.import_module(f"hedgerow.api.{package}.v1.{package}_pb2")
    (only,) = module.DESCRIPTOR.services_by_name.values()
    return only


def methods() -> list[MethodDescriptor]:
    return [method for package in PACKAGES for method in service(package).methods]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_process_that_serves_has_one_service(package: str) -> None:
    assert service(package).full_name.startswith(f"hedgerow.api.{package}.v1.")
    assert service(package).name.endswith("Service")


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name.removeprefix("hedgerow.api."))
def test_what_a_facade_serves_says_where(method: MethodDescriptor) -> None:
    """Every method has an HTTP rule but the two-way streams, the daemon's own command stream and running backtests."""
    has_rule = method.GetOptions().HasExtension(annotations_pb2.http)
    internal = method.client_streaming or method.name in ("WatchCommands", "RunBacktest")
    assert has_rule != internal


@pytest.mark.parametrize(
    "method", [m for m in methods() if m.server_streaming], ids=lambda method: method.full_name.split(".")[-1]
)
def test_streams_carry_heartbeats_inside_the_oneof(method: MethodDescriptor) -> None:
    (oneof,) = method.output_type.oneofs
    assert "heartbeat" in {field.name for field in oneof.fields}


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name.split(".")[-1])
def test_operator_methods_carry_who_and_why(method: MethodDescriptor) -> None:
    if method.name in {
        "Reconcile",
        "SetTradingState",
        "RefreshAccounts",
        "AdoptPosition",
        "CancelOrder",
        "RetryBrokerLink",
        "Flatten",
        "Kill",
        "LiftLatch",
        "ResolveOrder",
        "AssignBreak",
    }:
        field = method.input_type.fields_by_name["operator"]
        assert {part.name for part in field.message_type.fields} == {"request_id", "actor", "reason"}
    else:
        assert "operator" not in method.input_type.fields_by_name
