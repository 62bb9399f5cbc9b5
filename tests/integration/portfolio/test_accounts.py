"""Accounts and positions from the broker: fetched, kept current, and waited for while the broker is away."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import grpc
import pytest
import sqlalchemy as sa

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.rpc.errors import rpc_reason
from hedgerow.settings import PortfolioSettings, Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import open_store
from tests.integration.ib.gateway import Gateway
from tests.integration.portfolio.client import ACCOUNT, CALL, operator, shown, stub_of, wait_held, wait_ready
from tests.integration.report_feed import ReportFeed
from tests.integration.service_process import ServiceProcess, until


async def test_account_values_after_connecting(portfolio: ServiceProcess, state: StateDir) -> None:
    """TC-3-R-A1-1."""
    await wait_ready(portfolio)
    answer = await shown(portfolio)
    (account,) = answer.accounts
    assert account.account == ACCOUNT
    assert account.currency == "USD"
    for value in (account.balance, account.net_liquidation, account.buying_power):
        assert Decimal(value.value).is_finite()
    assert {"NetLiquidation", "TotalCashValue", "BuyingPower"} <= set(account.values)
    assert abs(answer.accounts_fetch_time.seconds - time.time()) < 60

    def row() -> object:
        with open_store(state.store_dir, "portfolio", read_only=True) as store, store.read() as connection:
            return connection.execute(sa.select(store.table("accounts"))).first()

    stored = await until(row, "the account is in the store")
    assert (stored.account, stored.net_liquidation) == (ACCOUNT, Decimal(account.net_liquidation.value))


async def test_positions_of_all_instruments(portfolio: ServiceProcess, feed: ReportFeed) -> None:
    """TC-3-R-A1-2."""
    await wait_ready(portfolio)
    await wait_held(portfolio, {("MANUAL", CALL): 20})
    (position,) = (await shown(portfolio)).positions
    assert (position.account, position.instrument.multiplier) == (ACCOUNT, 100)
    assert Decimal(position.average_price.value) == Decimal("14.2")


async def test_positions_are_shown_before_execution_ever_answered(portfolio: ServiceProcess) -> None:
    await wait_ready(portfolio)
    await wait_held(portfolio, {("MANUAL", CALL): 20})


async def test_on_demand_and_idempotent(portfolio: ServiceProcess) -> None:
    """TC-3-R-A1-3."""
    await wait_ready(portfolio)
    before = (await shown(portfolio)).accounts_fetch_time.ToNanoseconds()
    request = portfolio_pb2.RefreshAccountsRequest(operator=operator("refresh-1"))
    first = await stub_of(portfolio).RefreshAccounts(request, timeout=5)
    after = (await shown(portfolio)).accounts_fetch_time.ToNanoseconds()
    assert after > before
    assert first.accounts[0].fetch_time.ToNanoseconds() == after
    assert await stub_of(portfolio).RefreshAccounts(request, timeout=5) == first
    assert (await shown(portfolio)).accounts_fetch_time.ToNanoseconds() == after


async def test_on_an_interval(state: StateDir) -> None:
    """TC-3-R-A1-3."""
    settings = Settings.read(state.settings_file)
    often = PortfolioSettings(refresh_interval_s=0.2, break_settle_s=0.5)
    settings.model_copy(update={"portfolio": often}).dump(state.settings_file)
    process = await ServiceProcess("portfolio", state).start()
    try:
        await wait_ready(process)
        first = (await shown(process)).accounts_fetch_time.ToNanoseconds()

        async def later() -> bool:
            return (await shown(process)).accounts_fetch_time.ToNanoseconds() > first

        await until(later, "accounts fetched again by themselves")
    finally:
        await process.close()


async def test_a_broker_that_is_away_is_waited_for(portfolio: ServiceProcess, gateway: Gateway) -> None:
    """TC-3-R-A1-3."""
    await wait_ready(portfolio)
    await gateway.stop()

    async def waiting() -> common_pb2.BrokerLink | None:
        link = (await shown(portfolio)).link
        return link if link.state == common_pb2.LINK_STATE_DISCONNECTED and link.HasField("next_retry_time") else None

    link = await until(waiting, "portfolio waits and says when it tries again")
    assert link.reason
    started = time.monotonic()
    answers = await asyncio.gather(*(shown(portfolio) for _ in range(20)))
    assert time.monotonic() - started < 2.0
    assert all(answer.accounts for answer in answers)  # what was known stays
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stub_of(portfolio).RefreshAccounts(
            portfolio_pb2.RefreshAccountsRequest(operator=operator("while-away")), timeout=5
        )
    assert (error.value.code(), rpc_reason(error.value)) == (grpc.StatusCode.UNAVAILABLE, "WAITING_IB")
    await gateway.start()
    await wait_ready(portfolio)
    request = portfolio_pb2.RefreshAccountsRequest(operator=operator("while-away"))
    assert (await stub_of(portfolio).RefreshAccounts(request, timeout=5)).accounts
    await wait_held(portfolio, {("MANUAL", CALL): 20})
    assert await portfolio.stop() == 0


async def test_it_serves_with_everything_else_down(portfolio: ServiceProcess, gateway: Gateway) -> None:
    await gateway.stop()
    await portfolio.stop()
    await portfolio.start()
    answer = await shown(portfolio)
    assert answer.link.state in (common_pb2.LINK_STATE_DISCONNECTED, common_pb2.LINK_STATE_CONNECTING)
    assert await portfolio.stop() == 0
