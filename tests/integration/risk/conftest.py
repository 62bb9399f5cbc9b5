"""A risk process, and execution's report stream beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.settings import RiskSettings, Settings, TimingSettings
from hedgerow.state_dir import StateDir
from tests.integration.report_feed import ReportFeed
from tests.integration.service_process import ServiceProcess, state_with


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    """Quick heartbeats, a small position limit, approvals that live half a second."""
    return state_with(
        tmp_path,
        "risk",
        "execution",
        "portfolio",
        risk=RiskSettings(max_position_shares=1000, approval_ttl_s=0.5, max_orders_per_minute=10_000),
        timing=TimingSettings(stream_heartbeat_s=0.1),
    )


@pytest.fixture
async def risk(state: StateDir) -> AsyncIterator[ServiceProcess]:
    """A serving risk process."""
    process = await ServiceProcess("risk", state).start()
    yield process
    await process.close()


@pytest.fixture
async def feed(state: StateDir) -> AsyncIterator[ReportFeed]:
    """Execution's report stream."""
    feed = await ReportFeed(Settings.read(state.settings_file).endpoints["execution"].port).start()
    yield feed
    await feed.stop()
