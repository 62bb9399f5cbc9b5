"""A portfolio process on a simulated gateway, with market-data and execution's report stream beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.settings import PortfolioSettings, ReplaySettings, Settings, TimingSettings
from hedgerow.state_dir import StateDir
from tests.integration.ib.gateway import Gateway
from tests.integration.report_feed import ReportFeed
from tests.integration.service_process import ServiceProcess, state_with


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """A running simulated gateway whose account holds 20 calls."""
    gateway = Gateway(tmp_path)
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def state(tmp_path: Path, gateway: Gateway) -> StateDir:
    """Quick heartbeats and settling."""
    return state_with(
        tmp_path / "state",
        "portfolio",
        "execution",
        "market-data",
        broker=gateway.broker(),
        replay=ReplaySettings(clock_file=gateway.clock_file),
        portfolio=PortfolioSettings(refresh_interval_s=3600, break_settle_s=0.5),
        timing=TimingSettings(stream_heartbeat_s=0.1),
    )


@pytest.fixture
async def feed(state: StateDir) -> AsyncIterator[ReportFeed]:
    """Execution's report stream."""
    feed = await ReportFeed(Settings.read(state.settings_file).endpoints["execution"].port).start()
    yield feed
    await feed.stop()


@pytest.fixture
async def market_data(state: StateDir) -> AsyncIterator[ServiceProcess]:
    """A serving market-data process."""
    process = await ServiceProcess("market-data", state).start()
    yield process
    await process.close()


@pytest.fixture
async def portfolio(state: StateDir) -> AsyncIterator[ServiceProcess]:
    """A serving portfolio process."""
    process = await ServiceProcess("portfolio", state).start()
    yield process
    await process.close()
