"""Expiry, assignment and exercise on a real gateway: transfers of the owners, hedges held back meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.domain.instrument import Right, option
from hedgerow.settings import PortfolioSettings, ReplaySettings, Settings
from hedgerow.state_dir import StateDir
from tests.integration.ib.gateway import GOOG, Gateway
from tests.integration.portfolio.client import (
    CALL,
    STRATEGY,
    PositionStream,
    adopted,
    held,
    shown,
    stub_of,
    wait_held,
    wait_ready,
)
from tests.integration.report_feed import ReportFeed
from tests.integration.service_process import ServiceProcess, until
from tests.unit.services.portfolio.samples import fill_report

TODAY = date(2015, 12, 24)
CALL_TODAY = option("GOOG", TODAY, Decimal(740), Right.CALL)
PUT_TODAY = option("GOOG", TODAY, Decimal(740), Right.PUT)


async def hedged(feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway, shares: int) -> None:
    """The strategy has 15 calls of 20 and so many shares."""
    await adopted(portfolio, 15)
    feed.report([fill_report(1, shares)])
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=shares, average_price="750")
    await wait_held(portfolio, {("MANUAL", CALL): 5, (STRATEGY, CALL): 15, (STRATEGY, "GOOG"): shares})


async def kinds(portfolio: ServiceProcess) -> list[tuple[str, str, str, str, str]]:
    """Every transfer's kind, instrument, quantity and owners, newest first."""
    answer = await stub_of(portfolio).ListTransfers(portfolio_pb2.ListTransfersRequest(), timeout=5)
    return [
        (portfolio_pb2.TransferKind.Name(each.kind)[14:], each.instrument_id, each.quantity.value, each.from_owner,
         each.to_owner)
        for each in answer.transfers
    ]  # fmt: skip


async def test_an_exercise_gives_each_owner_its_shares_at_the_strike(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway
) -> None:
    await hedged(feed, portfolio, gateway, -900)
    stream = PositionStream(portfolio)
    await gateway.admin("exercise", instrument_id=CALL)
    await until(lambda: [each.settling for each in stream.breaks] == [True], "hedges are held back at once")
    wanted = {(STRATEGY, "GOOG"): 600, ("MANUAL", "GOOG"): 500}
    await wait_held(portfolio, wanted)
    await until(lambda: not stream.breaks and stream.complete, "explained")
    assert {key: quantity for key, quantity in stream.positions.items() if quantity} == wanted
    (row,) = [each for each in (await shown(portfolio)).positions if each.quantity.value == "600"]
    assert (row.transferred.quantity.value, Decimal(row.transferred.average_price.value)) == ("1500", 750)
    found = await kinds(portfolio)
    assert {each[0] for each in found[:4]} == {"EXERCISE"}
    assert sum(Decimal(quantity) for _, name, quantity, _, to in found[:4] if to == "BROKER" and name == CALL) == 20
    await portfolio.stop()
    await portfolio.start()
    await wait_held(portfolio, wanted)
    await wait_ready(portfolio)
    assert not (await shown(portfolio)).breaks
    await stream.close()


async def test_an_option_that_is_gone_without_shares_before_its_time_is_a_break(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway
) -> None:
    await hedged(feed, portfolio, gateway, -900)
    stream = PositionStream(portfolio)
    await gateway.admin("expire", instrument_id=CALL)
    await until(lambda: [each.settling for each in stream.breaks] == [False], "a break for an operator")
    assert (await held(portfolio))[STRATEGY, CALL] == 15
    await stream.close()


@pytest.fixture
async def last_day(tmp_path: Path, state: StateDir) -> AsyncIterator[Gateway]:
    """A gateway on the day its calls expire."""
    root = tmp_path / "last-day"
    root.mkdir()
    gateway = Gateway(root, (GOOG, CALL_TODAY, PUT_TODAY), CALL_TODAY)
    await gateway.start()
    settings = Settings.read(state.settings_file)
    changes = {
        "broker": gateway.broker(),
        "replay": ReplaySettings(clock_file=gateway.clock_file),
        "portfolio": PortfolioSettings(break_settle_s=0.3),
    }
    settings.model_copy(update=changes).dump(state.settings_file)
    yield gateway
    await gateway.stop()


@pytest.mark.parametrize(("bid", "shares"), [(749.0, 2000), (735.0, 0)])
async def test_the_last_session_ends_in_shares_or_in_nothing(
    last_day: Gateway, feed: ReportFeed, portfolio: ServiceProcess, bid: float, shares: int
) -> None:
    name = CALL_TODAY.instrument_id
    await wait_held(portfolio, {("MANUAL", name): 20})
    await adopted(portfolio, 20, instrument=name)
    feed.report([fill_report(1, -900)])
    await last_day.admin("seed_position", instrument_id="GOOG", quantity=-900, average_price="750")
    await last_day.admin("seek", market_time=(await last_day.admin("status"))["session_close_ns"] - 1)
    await last_day.tick(GOOG, bid, bid + 0.2)
    await last_day.admin("resume", speed=1000)
    wanted = {(STRATEGY, "GOOG"): shares - 900}
    await wait_held(portfolio, wanted)
    kind = "EXERCISE" if shares else "EXPIRY"
    assert (kind, name, "20", STRATEGY, "BROKER") in await kinds(portfolio)
    assert not (await shown(portfolio)).breaks
