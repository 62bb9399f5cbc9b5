"""Attribution over real sockets: adoptions, fills from execution's reports, breaks, restarts, marks."""

from __future__ import annotations

import signal
from decimal import Decimal
from typing import Any

import grpc
import pytest
import sqlalchemy as sa

from hedgerow.rpc.errors import rpc_reason
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import open_store
from tests.integration.ib.gateway import CALL as CALL_OPTION
from tests.integration.ib.gateway import GOOG, Gateway
from tests.integration.portfolio.client import (
    CALL,
    STRATEGY,
    PositionStream,
    adopt,
    adopted,
    held,
    shown,
    wait_held,
)
from tests.integration.report_feed import ReportFeed
from tests.integration.service_process import ServiceProcess, until
from tests.unit.services.portfolio.samples import fill_report, report


def rows(state: StateDir, table: str) -> list[Any]:
    """A table of portfolio.db."""
    with open_store(state.store_dir, "portfolio", read_only=True) as store, store.read() as connection:
        return list(connection.execute(sa.select(store.table(table))).all())


async def test_an_adoption_is_on_the_record_and_idempotent(
    feed: ReportFeed, portfolio: ServiceProcess, state: StateDir
) -> None:
    position = await adopted(portfolio, 15)
    assert (position.owner, position.quantity.value, position.average_price.value) == (STRATEGY, "15", "15")
    assert await held(portfolio) == {("MANUAL", CALL): 5, (STRATEGY, CALL): 15}
    assert await adopt(portfolio, 15) == position
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await adopt(portfolio, 14)
    assert error.value.code() is grpc.StatusCode.ALREADY_EXISTS
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await adopt(portfolio, 6, "r-2")
    assert rpc_reason(error.value) == "NOT_HELD"
    (transfer,) = [row for row in rows(state, "transfers") if row.kind == "ADOPTION"]
    assert (transfer.from_owner, transfer.to_owner, transfer.quantity) == ("MANUAL", STRATEGY, Decimal(15))
    assert (transfer.actor, transfer.reason, transfer.price) == ("tester", "to see", Decimal(15))
    (operation,) = rows(state, "operations")
    assert (operation.type, operation.strategy, operation.instrument) == ("ADOPTION", STRATEGY, CALL)
    assert (operation.side, operation.quantity, operation.price) == ("BUY", 15, 15)

    await portfolio.stop(signal.SIGKILL)
    await portfolio.start()
    await wait_held(portfolio, {("MANUAL", CALL): 5, (STRATEGY, CALL): 15})
    assert (await adopt(portfolio, 15)).quantity.value == "15"
    await wait_held(portfolio, {("MANUAL", CALL): 5, (STRATEGY, CALL): 15})


async def test_fills_are_the_strategys_and_a_restart_resumes(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway, state: StateDir
) -> None:
    await adopted(portfolio)
    feed.report([report(1), fill_report(2, -100, "750"), fill_report(3, 40, "740")])
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=-60, average_price="750")
    await wait_held(portfolio, {(STRATEGY, CALL): 20, (STRATEGY, "GOOG"): -60})
    answer = await shown(portfolio)
    (stock,) = [row for row in answer.positions if row.instrument.instrument_id == "GOOG"]
    assert (stock.realized_pnl.value, stock.commissions.value) == ("400", "2")
    (exposure,) = [row for row in answer.exposures if row.owner == STRATEGY]
    assert (exposure.stock_quantity.value, exposure.option_contracts.value) == ("-60", "20")
    await until(lambda: len(rows(state, "fills")) == 2, "fills on disk")

    await portfolio.stop(signal.SIGKILL)
    feed.report([report(4), fill_report(5, 10, "745")])
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=-50, average_price="750")
    await portfolio.start()
    await wait_held(portfolio, {(STRATEGY, CALL): 20, (STRATEGY, "GOOG"): -50})
    assert max(feed.starts) == 3  # resumed, not told everything again
    assert not (await shown(portfolio)).breaks


async def test_the_stream_tells_all_first_then_changes(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway
) -> None:
    everyone, own = PositionStream(portfolio), PositionStream(portfolio, STRATEGY)
    await until(lambda: everyone.complete and own.complete, "compared with the broker")
    assert everyone.positions == {("MANUAL", CALL): 20}
    assert own.positions == {}
    assert everyone.kinds[0] == "snapshot"
    await adopt(portfolio)
    feed.report([fill_report(1, -100)])
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=-100, average_price="750")
    mine = {(STRATEGY, CALL): 20, (STRATEGY, "GOOG"): -100}
    await until(lambda: own.positions == mine, "the strategy's positions")
    await until(lambda: everyone.positions == {("MANUAL", CALL): 0, **mine}, "everyone's positions")
    await gateway.stop()
    await until(lambda: not everyone.complete and everyone.link.reason, "the broker went away")
    await until(lambda: "heartbeat" in own.kinds, "a heartbeat")
    await gateway.start()
    await until(lambda: everyone.complete and own.complete, "compared again")
    assert await portfolio.stop() == 0
    await until(lambda: everyone.closing == own.closing == "DRAINING", "the stream says why it ends")
    for stream in (everyone, own):
        await stream.close()


async def test_what_nobody_can_explain_is_a_break_and_no_fill(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway
) -> None:
    stream = PositionStream(portfolio)
    await adopted(portfolio)
    feed.report([fill_report(1, -100)])
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=-90, average_price="750")
    await until(lambda: stream.breaks, "the break is told")
    (found,) = stream.breaks
    assert (found.instrument_id, found.ledger_quantity.value, found.broker_quantity.value) == ("GOOG", "-100", "-90")
    assert (await held(portfolio))[STRATEGY, "GOOG"] == -100
    feed.report([fill_report(2, 10)])
    await until(lambda: not stream.breaks, "explained by a late report")
    await stream.close()


async def test_a_person_trading_beside_the_strategies_is_manual(
    feed: ReportFeed, portfolio: ServiceProcess, gateway: Gateway
) -> None:
    await adopted(portfolio)
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=7, average_price="748")
    await wait_held(portfolio, {(STRATEGY, CALL): 20, ("MANUAL", "GOOG"): 7})
    assert not (await shown(portfolio)).breaks


async def test_marks_of_everything_held_reach_the_store(
    feed: ReportFeed, portfolio: ServiceProcess, market_data: ServiceProcess, gateway: Gateway, state: StateDir
) -> None:
    """TC-3-R-M6-1."""
    await adopted(portfolio)
    feed.report([fill_report(1, -100, "750")])
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=-100, average_price="750")

    async def quoted() -> bool:
        await gateway.tick(GOOG, 751.0, 751.5)
        await gateway.tick(CALL_OPTION, 16.0, 16.5)
        found = {row.instrument: (row.price, row.bid, row.ask) for row in rows(state, "marks")}
        return found == {"GOOG": (Decimal("751.25"), 751.0, 751.5), CALL: (Decimal("16.25"), 16.0, 16.5)}

    await until(quoted, "both marks in the store")
    profit = {
        row.instrument.instrument_id: Decimal(row.unrealized_pnl.value)
        for row in (await shown(portfolio)).positions
        if row.owner == STRATEGY
    }
    assert profit == {"GOOG": Decimal(-125), CALL: Decimal(2500)}
