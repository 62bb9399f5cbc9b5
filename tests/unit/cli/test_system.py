"""A system's endpoints: the usual ports where none are given, and no endpoint of nobody's."""

from __future__ import annotations

import pytest

from hedgerow import settings
from hedgerow.cli.system import catalog_ports, page_address, with_endpoints
from hedgerow.domain.errors import InvalidValue


def completed(*sets: str) -> settings.Settings:
    loaded = settings.load(None, sets)
    return with_endpoints(loaded, catalog_ports(loaded))


def test_a_host_alone_keeps_the_usual_ports() -> None:
    found = completed("endpoints.gateway.host=0.0.0.0", "endpoints.execution.host=10.0.0.5").endpoints
    assert found["gateway"] == settings.Endpoint(host="0.0.0.0", port=8080)
    assert found["execution"] == settings.Endpoint(host="10.0.0.5", port=50052, metrics_port=51052)
    assert found["risk"] == settings.Endpoint(port=50053, metrics_port=51053)


def test_given_ports_stay() -> None:
    found = completed("endpoints.risk.port=1234", "endpoints.gateway.port=8081")
    assert found.endpoints["risk"] == settings.Endpoint(port=1234)
    assert page_address(found) == "http://127.0.0.1:8081/"


def test_an_endpoint_of_no_process_is_refused() -> None:
    with pytest.raises(InvalidValue) as caught:
        completed("endpoints.gatway.port=8081")
    assert caught.value.key == "endpoints.gatway"
    assert "gateway" in caught.value.rule
