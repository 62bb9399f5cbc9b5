"""Statistics over a real socket, from a session's stores alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.api.stats.v1 import stats_pb2, stats_pb2_grpc
from hedgerow.domain.period import NEW_YORK
from hedgerow.rpc.errors import error_info
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import open_store
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write
from hedgerow.wire.common import timestamp_to_wire
from tests.integration.service_process import ServiceProcess, state_with
from tests.unit.rpc.test_server import buf_curl

MS = 1_000_000
SERVICE = "hedgerow.api.stats.v1.StatsService"


def at(text: str) -> int:
    """New York time as ns UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * 1_000_000_000


def order(number: int, side: str, quantity: int, price: str, when: str) -> list[Write]:
    """An order decided on 99.90 / 100.10 at wall 0, filled whole after `number` x 10 ms."""
    common = {"client_order_id": f"c{number}", "strategy": "goog", "account": "SIM1", "instrument": "GOOG",
              "multiplier": 1, "side": side, "quantity": Decimal(quantity), "event_ns": at(when)}  # fmt: skip
    decided = {"intent_id": f"i{number}", "order_status": "FILLED", "bid": 99.9, "ask": 100.1, "created_ns": 0}
    fill = {"execution_id": f"e{number}", "price": Decimal(price), "commission": Decimal("0.5"), "sequence": number,
            "receive_ns": number * 10 * MS}  # fmt: skip
    return [Write("orders", common | decided), Write("fills", common | fill)]


async def write(state: StateDir, owner: str, rows: list[Write]) -> None:
    with open_store(state.store_dir, owner) as store:
        writer = AsyncWriter(store)
        await writer.write(rows)
        await writer.close()


@pytest.fixture
async def stats(tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    process = await ServiceProcess("stats", state_with(tmp_path, "stats")).start()
    yield process
    await process.close()


@pytest.fixture
async def session(stats: ServiceProcess) -> ServiceProcess:
    """Two days of one week; no other process lives."""
    denied = operation_row(OperationType.DENIED, wall_ns=1, market_ns=at("2015-12-24T12:00:00"), strategy="goog")
    rows = order(1, "BUY", 100, "100.10", "2015-12-23T10:00:00") + order(2, "SELL", 60, "101.10", "2015-12-24T11:00:00")
    await write(stats.state, "execution", [*rows, denied])
    snapshot = {"daily_pnl": 58.5, "market_ts": at("2015-12-24T12:59:00")}
    row = {"strategy": "goog", "ts": 1, "market_ns": 1, "snapshot": snapshot}
    await write(stats.state, "strategy-goog", [Write("status_history", row)])
    return stats


async def hedges(stats: ServiceProcess, **asked: Any) -> list[stats_pb2.HedgeStatistics]:
    stub: Any = stats_pb2_grpc.StatsServiceStub(stats.channel)
    return list((await stub.GetHedgeStatistics(stats_pb2.GetHedgeStatisticsRequest(**asked))).statistics)


async def quality(stats: ServiceProcess, strategy: str = "") -> stats_pb2.GetExecutionQualityResponse:
    stub: Any = stats_pb2_grpc.StatsServiceStub(stats.channel)
    answer: stats_pb2.GetExecutionQualityResponse = await stub.GetExecutionQuality(
        stats_pb2.GetExecutionQualityRequest(strategy=strategy)
    )
    return answer


async def test_before_anything_was_written_there_is_nothing(stats: ServiceProcess) -> None:
    assert await hedges(stats) == []
    assert await quality(stats) == stats_pb2.GetExecutionQualityResponse()


async def test_days_weeks_and_windows(session: ServiceProcess) -> None:
    first, second = await hedges(session)
    assert (first.start_date.year, first.start_date.month, first.start_date.day) == (2015, 12, 23)
    assert (first.strategy, first.hedges, first.fills, first.denials) == ("goog", 1, 1, 0)
    assert (first.bought_quantity.value, first.HasField("daily_pnl")) == ("100", False)
    assert (second.hedges, second.denials, second.sold_quantity.value, second.daily_pnl) == (1, 1, "60", 58.5)
    assert Decimal(second.realized_pnl.value) == 60
    assert (Decimal(second.net_pnl.value), second.closing_fills, second.wins, second.win_rate) == (
        Decimal("59.5"),
        1,
        1,
        1.0,
    )
    assert second.result_distribution.median == second.result_distribution.maximum == 59.5
    assert (Decimal(second.total_slippage.value), second.compared_fills) == (-66, 1)
    assert second.slippage_per_share == pytest.approx(-1.10)
    assert (first.closing_fills, first.HasField("win_rate"), first.HasField("result_distribution")) == (0, False, False)
    (week,) = await hedges(session, period=stats_pb2.PERIOD_WEEK, strategy="goog")
    assert (week.start_date.day, week.hedges, week.commissions.value) == (21, 2, "1.0")
    since = timestamp_to_wire(at("2015-12-24T00:00:00"))
    assert await hedges(session, since_time=since) == [second]
    assert await hedges(session, until_time=since) == [first]
    assert await hedges(session, strategy="twx") == []


async def test_execution_quality_against_the_quotes_decided_on(session: ServiceProcess) -> None:
    found = await quality(session)
    assert found.fills == 2
    assert found.total_slippage == pytest.approx(100 * 0.10 - 60 * 1.10)
    assert found.mean_slippage == pytest.approx((10 - 66) / 160)
    assert (found.median_fill_ms, found.fill_times.p90_ms) == (10.0, 20.0)
    assert (found.orders, found.cancel_rate, found.partial_share) == (2, 0.0, 0.0)
    assert (found.arrival_fills, found.HasField("arrival_mean_slippage")) == (0, False)
    assert await quality(session, "twx") == stats_pb2.GetExecutionQualityResponse()


async def test_a_foreign_client_gets_the_same(session: ServiceProcess) -> None:
    address = f"http://127.0.0.1:{session.port}/{SERVICE}/GetHedgeStatistics"
    (month,) = json.loads(await buf_curl("-d", '{"period": "PERIOD_MONTH"}', address))["statistics"]
    assert (month["startDate"], month["hedges"], month["soldQuantity"]) == (
        {"year": 2015, "month": 12, "day": 1}, 2, {"value": "60"},
    )  # fmt: skip


async def test_bad_requests_and_damaged_stores_are_named(session: ServiceProcess) -> None:
    async def refused(**asked: Any) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await hedges(session, **asked)
        info = error_info(error.value)
        assert info is not None
        return error.value.code(), info.metadata.get("key", info.reason)

    assert await refused(period=9) == (grpc.StatusCode.INVALID_ARGUMENT, "period")
    both = {"since_time": timestamp_to_wire(2), "until_time": timestamp_to_wire(1)}
    assert await refused(**both) == (grpc.StatusCode.INVALID_ARGUMENT, "until_time")
    for path in session.state.store_dir.glob("execution.db*"):
        path.write_bytes(b"not a database" * 1000)
    assert await refused() == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")
    assert await session.stop() == 0
