"""A world per module for tests that leave it as they found it, and one of its own for those that break it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.execution.world import World


@pytest.fixture(scope="module")
async def shared_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Gateway, risk and execution, ready to trade."""
    world = World(tmp_path_factory.mktemp("world"))
    try:
        yield await world.start()
    finally:
        await world.close()


@pytest.fixture
def world(shared_world: World) -> World:
    """The shared world under a strategy of the test's own."""
    shared_world.mark()
    return shared_world


@pytest.fixture
async def own_world(tmp_path: Path) -> AsyncIterator[World]:
    """A world that is this test's alone, not started."""
    world = World(tmp_path)
    try:
        yield world
    finally:
        await world.close()
