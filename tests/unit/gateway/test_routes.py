"""Routes come from descriptors alone, of generated code and of an API compiled a moment ago."""

from __future__ import annotations

import pytest

from gateway.routes import Routes, api_services
from hedgerow.domain.errors import InvalidValue
from tests.unit.gateway.things import things_service


@pytest.fixture(scope="module")
def routes() -> Routes:
    return Routes([things_service()])


def name_of(routes: Routes, method: str, path: str) -> str:
    found = routes.find(method, path)
    assert not isinstance(found, set), found
    return str(found[0].method.name)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/v1/things/1", "Get"),
        ("GET", "/v1/shelves/1/things/2", "Get"),
        ("GET", "/v1/colors/COLOR_RED/things/x", "Get"),
        ("GET", "/v1/things:search", "Search"),
        ("GET", "/v1/things:watch", "Watch"),
        ("POST", "/v1/things", "Create"),
        ("PATCH", "/v1/things/1", "Rename"),
        ("DELETE", "/v1/things/1", "Delete"),
        ("PURGE", "/v1/things/1", "Purge"),
        ("PUT", "/v1/things/1/part", "SetPart"),
        ("GET", "/v1/files/a/b/c", "File"),
        ("POST", "/v1/files/a/b:archive", "Archive"),
        ("GET", "/v1/files/a/b:archive", "File"),
    ],
)
def test_a_path_finds_its_method(routes: Routes, method: str, path: str, name: str) -> None:
    assert name_of(routes, method, path) == name


def test_a_known_path_says_which_methods_it_has(routes: Routes) -> None:
    assert routes.find("POST", "/v1/things/1") == {"GET", "PATCH", "DELETE", "PURGE"}


def test_an_unknown_path_has_none(routes: Routes) -> None:
    assert routes.find("GET", "/v1/nothing") == set()
    assert routes.find("GET", "/v1/things/1/") == set()


def test_methods_without_annotation_or_with_a_client_stream_have_no_route(routes: Routes) -> None:
    names = {route.method.name for route in routes}
    assert names.isdisjoint({"Talk", "Hidden"})


def test_every_annotated_method_of_the_contracts_has_a_route() -> None:
    services = api_services()
    assert {service.name for service in services} == {
        "ControlService", "ExecutionService", "GuardService", "MarketDataService", "PortfolioService", "RiskService",
        "StatsService", "StrategyBridgeService", "StrategyService",
    }  # fmt: skip
    annotated = {
        method.full_name
        for service in services
        for method in service.methods
        if method.GetOptions().ListFields() and not method.client_streaming
    }
    assert {route.method.full_name for route in Routes(services)} == annotated
    assert len(annotated) > 30


def test_two_methods_on_one_path_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"(\w+) and .*\.\1 share it"):
        Routes([things_service(), things_service()])
