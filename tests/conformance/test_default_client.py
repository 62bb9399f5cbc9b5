"""Every conformance scenario with the installed client; `make test-clients` runs the others."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest

from hedgerow.conformance.environments import installed
from hedgerow.conformance.gateway import GatewayHost
from hedgerow.conformance.run import VERSIONS, client_factory
from hedgerow.conformance.scenario import Scenario
from hedgerow.conformance.scenarios import SCENARIOS
from hedgerow.conformance.world import World

INSTALLED = installed()


@pytest.fixture(autouse=True)
def _quiet_client() -> Iterator[None]:
    """The libraries log every error the scenarios provoke."""
    loggers = [logging.getLogger(name) for name in INSTALLED]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    yield
    for logger in loggers:
        logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def host() -> Iterator[GatewayHost]:
    """One process for all gateways."""
    host = GatewayHost(sys.executable)
    yield host
    host.close()


def test_only_one_asyncio_client_is_installed() -> None:
    assert len(INSTALLED) == 1, f"they share the module eventkit, so install one of them: {INSTALLED}"


def _run(scenario: Scenario, version: int, host: GatewayHost) -> None:
    world = World(host, client_factory(INSTALLED[0]), INSTALLED[0], version)
    try:
        scenario.run(world)
    finally:
        world.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario, host: GatewayHost) -> None:
    _run(scenario, VERSIONS[INSTALLED[0]][0], host)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario_at_the_oldest_server_version(scenario: Scenario, host: GatewayHost) -> None:
    _run(scenario, VERSIONS[INSTALLED[0]][1], host)
