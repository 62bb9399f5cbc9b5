"""The gateway as part of a whole system: started, shown, supervised and ended with it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2
from hedgerow.cli.supervisor import is_serving
from tests.system import System, is_alive, until


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("gateway") / "home", "--sim") as system:
        system.await_state("RUNNING")
        yield system


def get(system: System, path: str) -> Any:
    answer = httpx.get(system.http + path, trust_env=False, timeout=10.0)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_up_says_where_the_page_is(system: System) -> None:
    assert f"open {system.http}/" in system.said()
    assert get(system, "/healthz") == {"status": "alive"}
    assert until(lambda: httpx.get(system.http + "/readyz", trust_env=False).status_code == 200, "control is heard")


def test_healthcheck_asks_it_over_http(system: System) -> None:
    rows = json.loads(system.run("healthcheck", "live", "--json").stdout)
    assert {row["service"]: row["serving"] for row in rows}["gateway"] is True


def test_the_status_carries_the_daemons_snapshot_and_the_positions(system: System) -> None:
    status = until(lambda: found if (found := get(system, "/status"))["positions"] else None, "positions are shown")
    snapshot = system.snapshot()
    (strategy,) = status["strategies"]
    assert set(snapshot) - set(strategy) == set(), "every key of the sink is in the status"
    assert strategy["config_hash"] == snapshot["config_hash"]
    assert strategy["config"] == snapshot["config"]
    assert abs(strategy["ts"] - snapshot["ts"]) < 5_000_000_000
    options = [each for each in status["positions"] if each["sec_type"] == "OPT"]
    assert options
    assert all(0.5 < each["moneyness"] < 2 for each in options)
    assert status["accounts"][0]["net_liquidation"] > 0
    assert status["accounts_fetched_at"] > 0


def test_over_http_the_same_as_over_grpc(system: System) -> None:
    over_http = get(system, "/v1/risk/rule-set")
    assert over_http["tradingState"] == common_pb2.TradingState.Name(common_pb2.TRADING_STATE_ACTIVE)
    decisions = get(system, "/v1/decisions?pageSize=3")["decisions"]
    assert len(decisions) == 3
    assert get(system, f"/v1/decisions?strategy={system.strategy}&pageSize=1")["decisions"]
    assert get(system, "/v1/instruments/SIMX")["instrument"]["symbol"] == "SIMX"


def test_a_crash_of_it_is_mended_and_dims_no_lamp(system: System) -> None:
    before = system.pid("gateway")
    names = {each["service"] for each in get(system, "/status")["services"]}
    assert "gateway" not in names, "the lamp does not depend on who looks at it"
    os.kill(before, signal.SIGKILL)
    until(lambda: not is_alive(before), "it is gone")
    until(lambda: is_serving("127.0.0.1", system.ports["gateway"], "gateway"), "it is started again", 60.0)
    assert system.pid("gateway") != before
    assert system.snapshot()["daemon_state"].startswith("RUNNING")


def test_pause_and_resume_over_http(system: System) -> None:
    for name, paused in (("pause", True), ("resume", False)):
        sent = httpx.post(f"{system.http}/control/{name}", json={"actor": "test"}, trust_env=False).json()
        done = until(lambda wanted=sent["command_id"]: outcome(system, wanted), f"{name} is answered")
        assert done["acknowledgeTime"]
        until(lambda stands=paused: ("PAUSED" in get(system, "/status")["block_reasons"]) is stands, f"{name} shows")
    kinds = {each["state"] for each in get(system, "/operations?type=COMMAND")["operations"]}
    assert {"PAUSE", "RESUME"} <= kinds
    assert control_pb2.CommandKind.Value("COMMAND_KIND_PAUSE")


def outcome(system: System, command_id: str) -> Any:
    command = get(system, f"/v1/commands/{command_id}")["command"]
    return command if command.get("acknowledgeTime") else None  # before that, an outcome tells how far it has come
