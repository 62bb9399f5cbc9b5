"""Every conformance scenario with the installed client; `make test-clients` runs the others."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import sys
import threading
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any

import pytest

from hedgerow.ibsim.config import IbsimConfig
from hedgerow.ibsim.server import IbsimServer
from tests.conformance.gateway import Gateway
from tests.conformance.order_scenarios import book_survives_a_killed_gateway
from tests.conformance.run import VERSIONS, client_factory
from tests.conformance.scenarios import SCENARIOS, Scenario
from tests.conformance.world import World

INSTALLED = [name for name in ("ib_insync", "ib_async") if importlib.util.find_spec(name)]


@pytest.fixture(autouse=True)
def _quiet_client() -> Iterator[None]:
    """The libraries log every error the scenarios provoke."""
    loggers = [logging.getLogger(name) for name in INSTALLED]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    yield
    for logger in loggers:
        logger.setLevel(logging.NOTSET)


def test_only_one_asyncio_client_is_installed() -> None:
    assert len(INSTALLED) == 1, f"they share the module eventkit, so install one of them: {INSTALLED}"


class ThreadGateway(Gateway):
    """The gateway on a thread of this process: everything is real but the process, and it starts sooner."""

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = IbsimServer(IbsimConfig.from_file(self.config_file))
        self._do(self._server.start())
        self.port, self.admin_port = self._server.port, self._server.admin_port

    def _do(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def stop(self) -> None:
        self._do(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.clean()


def _run(scenario: Scenario, version: int) -> None:
    # Only a process can be killed.
    gateway = Gateway if scenario is book_survives_a_killed_gateway else ThreadGateway
    world = World(partial(gateway, sys.executable), client_factory(INSTALLED[0]), version)
    try:
        scenario(world)
    finally:
        world.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario(scenario: Scenario) -> None:
    _run(scenario, VERSIONS[INSTALLED[0]][0])


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario_at_the_oldest_server_version(scenario: Scenario) -> None:
    _run(scenario, VERSIONS[INSTALLED[0]][1])
