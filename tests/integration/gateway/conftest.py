"""One gateway in front of the API of things, for the tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.gateway.things_world import World, things_world


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    async with things_world() as world:
        yield world
