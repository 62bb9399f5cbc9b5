"""Fixtures around the simulated gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.ib.gateway import Gateway


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """A running simulated gateway."""
    gateway = Gateway(tmp_path)
    await gateway.start()
    yield gateway
    await gateway.stop()
