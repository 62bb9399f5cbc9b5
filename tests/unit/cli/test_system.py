"""A system's endpoints: the usual ports where none are given, and no endpoint of nobody's."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from hedgerow import settings
from hedgerow.cli.supervisor import Supervisor
from hedgerow.cli.system import System, catalog_ports, page_address, processes, with_endpoints
from hedgerow.cli.up import run
from hedgerow.domain.errors import InvalidValue
from hedgerow.state_dir import StateDir


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


class Starts:
    """What a supervisor is told to start."""

    def __init__(self) -> None:
        self.arguments: dict[str, list[str]] = {}

    def start(self, name: str, arguments: list[str], key: str = "") -> None:
        self.arguments[key or name] = arguments


@pytest.mark.parametrize("again", [False, True])
def test_execution_that_crashed_is_started_again_to_wait_for_a_standby_that_took_over(
    again: bool, tmp_path: Path
) -> None:
    loaded = completed()
    system, starts = System(loaded, StateDir(tmp_path), processes(loaded)), Starts()
    for name in system.names:
        system.start(cast(Supervisor, starts), name, again)
    waiting = [name for name, arguments in starts.arguments.items() if "--standby" in arguments]
    assert set(starts.arguments) == set(system.names)
    assert waiting == (["execution"] if again else [])


def test_only_execution_has_a_standby(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue) as caught:
        run("risk", state=tmp_path / "state", standby=True)
    assert caught.value.key == "--standby"
    assert not (tmp_path / "state").exists()
