"""Every port of a running system: health, reflection, methods as a gRPC command line sees them, metrics."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hedgerow.catalog import SERVICES
from tests.e2e.sessions import hedgerow
from tests.system import System

BUF = Path(sys.executable).parent / "buf"
CALLS = {
    "market-data": ("MarketDataService", "GetFeedHealth", {}),
    "execution": ("ExecutionService", "ListOrders", {"page_size": 5}),
    "risk": ("RiskService", "GetRuleSet", {}),
    "portfolio": ("PortfolioService", "GetPortfolio", {}),
    "control": ("ControlService", "GetStatus", {}),
    "stats": ("StatsService", "GetHedgeStatistics", {}),
    "strategy": ("StrategyService", "GetStrategy", {}),
}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("ports") / "home", "--sim") as system:
        yield system


def key(name: str) -> str:
    return "strategy-gamma-scalper" if name == "strategy" else name


def curl(port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BUF), "curl", "--protocol", "grpc", "--http2-prior-knowledge", *arguments]
    command[-1] = f"http://127.0.0.1:{port}{command[-1]}"
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("name", SERVICES)
def test_reflection_lists_the_service_and_health(system: System, name: str) -> None:
    done = curl(system.ports[key(name)], "--list-services", "")
    assert done.returncode == 0, done.stderr
    package = name.replace("-", "_")
    assert f"hedgerow.api.{package}.v1.{CALLS[name][0]}" in done.stdout
    assert "grpc.health.v1.Health" in done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_a_method_answers(system: System, name: str) -> None:
    service, method, request = CALLS[name]
    path = f"/hedgerow.api.{name.replace('-', '_')}.v1.{service}/{method}"
    done = curl(system.ports[key(name)], "--data", json.dumps(request), path)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout or "{}"), dict)


@pytest.mark.parametrize("name", SERVICES)
def test_health_is_serving(system: System, name: str) -> None:
    done = curl(system.ports[key(name)], "--data", "{}", "/grpc.health.v1.Health/Check")
    assert json.loads(done.stdout)["status"] == "SERVING", done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_metrics_are_served(system: System, name: str) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{system.metrics[key(name)]}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert "hedgerow_" in text


def test_healthcheck_says_all_is_well(system: System) -> None:
    done = hedgerow(system.home, "healthcheck", "live", "--json")
    assert done.returncode == 0, done.stdout
    assert {row["service"] for row in json.loads(done.stdout)} == set(system.ports)


def test_a_taken_port_is_named(system: System, tmp_path: Path) -> None:
    taken = f"endpoints.execution={json.dumps({'port': system.ports['execution']})}"
    done = hedgerow(tmp_path, "up", "--set", taken)
    assert done.returncode == 2
    assert "endpoints.execution.port" in done.stderr
    assert str(system.ports["execution"]) in done.stderr
