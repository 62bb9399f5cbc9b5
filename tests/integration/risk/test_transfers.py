"""Legs taken over and shares of an exercise count in risk's positions, whatever portfolio does afterwards."""

from __future__ import annotations

import itertools
import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.domain.order import Side
from hedgerow.settings import PortfolioSettings, ReplaySettings, RiskSettings, TimingSettings
from hedgerow.state_dir import StateDir
from tests.integration.ib.gateway import CALL, GOOG, Gateway
from tests.integration.portfolio.client import STRATEGY, adopted, wait_held
from tests.integration.report_feed import ReportFeed
from tests.integration.risk.check_stream import CheckStream
from tests.integration.service_process import ServiceProcess, state_with, until
from tests.unit.rules.orders import order

_NUMBERS = itertools.count(1)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """A running simulated gateway whose account holds 20 calls."""
    gateway = Gateway(tmp_path)
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
def state(tmp_path: Path, gateway: Gateway) -> StateDir:
    """A position limit of 1000 shares, which the 15 calls the strategy takes over pass."""
    return state_with(
        tmp_path / "state", "risk", "execution", "portfolio", "market-data", broker=gateway.broker(),
        replay=ReplaySettings(clock_file=gateway.clock_file), portfolio=PortfolioSettings(break_settle_s=0.5),
        risk=RiskSettings(max_position_shares=1000, max_order_quantity=5000, approval_ttl_s=0.5),
        timing=TimingSettings(stream_heartbeat_s=0.1),
    )  # fmt: skip


@pytest.fixture
async def portfolio(state: StateDir) -> AsyncIterator[ServiceProcess]:
    """A serving portfolio process."""
    process = await ServiceProcess("portfolio", state).start()
    yield process
    await process.close()


async def verdict(stream: CheckStream, side: Side, quantity: int, **changes: Any) -> str:
    """What risk says to a new order."""
    return await stream.reason(order(intent_id=f"i-{next(_NUMBERS)}", side=side, quantity=Decimal(quantity), **changes))


async def closable(stream: CheckStream, quantity: int, **changes: Any) -> None:
    """Waits until risk lets that much be sold, which it denies as long as it does not know what is held."""

    async def allowed() -> bool:
        return await verdict(stream, Side.SELL, quantity, reduce_only=True, **changes) == "ALLOWED"

    await until(allowed, f"{quantity} may be sold", 5.0)


CALLS: dict[str, Any] = {"instrument": CALL, "limit_price": Decimal("14.2"), "bid": 14.1, "ask": 14.3}
SHARES: dict[str, Any] = {"instrument": GOOG}


async def test_what_came_without_an_order_is_limited_and_can_be_closed(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway, risk: ServiceProcess
) -> None:
    stream = await CheckStream(risk).resync()
    assert await verdict(stream, Side.SELL, 15, **CALLS) == "MAX_POSITION"  # 1500 shares short of none held
    await adopted(portfolio, 15)
    await closable(stream, 15, **CALLS)
    assert await verdict(stream, Side.SELL, 16, **CALLS) == "MAX_POSITION"
    assert await verdict(stream, Side.BUY, 1, **CALLS) == "MAX_POSITION"

    await gateway.admin("exercise", instrument_id=CALL.instrument_id)
    await wait_held(portfolio, {(STRATEGY, "GOOG"): 1500, ("MANUAL", "GOOG"): 500})
    await closable(stream, 1500, **SHARES)
    assert await verdict(stream, Side.BUY, 1, **SHARES) == "MAX_POSITION"
    assert await verdict(stream, Side.BUY, 10, **CALLS) == "ALLOWED"  # the leg is gone
    await stream.close()

    await portfolio.stop(signal.SIGKILL)
    stream = await CheckStream(risk).resync()
    assert await verdict(stream, Side.BUY, 1, **SHARES) == "MAX_POSITION"
    await stream.close()
    await risk.stop(signal.SIGKILL)
    await risk.start()
    stream = await CheckStream(risk).resync()
    assert await verdict(stream, Side.BUY, 1, **SHARES) == "MAX_POSITION"
    assert await verdict(stream, Side.SELL, 1500, **SHARES) == "ALLOWED"
    await stream.close()
