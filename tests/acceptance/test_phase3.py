"""Phase 3 on a whole system: accounts, positions, prices, the broker's absence, statistics."""

from __future__ import annotations

import json
import signal
from decimal import Decimal
from typing import Any

import grpc
import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.ibsim.admin import admin_call
from tests.acceptance.conftest import ended_whole
from tests.acceptance.reports import checked, rows_of
from tests.system import System, until

DAEMON = "strategy-gamma-scalper"
pytestmark = pytest.mark.timeout(600)  # a whole system is started and checked inside the first test
SHOWN = [
    *("TC-3-R-A1-1", "TC-3-R-A1-2", "TC-3-R-A1-3"),
    *("TC-3-R-M6-1", "TC-3-R-M6-2", "TC-3-R-M6-3"),
    "TC-3-R-H2-1",
]
WORKING = ("RUNNING", "RUNNING_SUSPENDED")


@pytest.fixture(scope="module")
def report(simulated: System) -> dict[str, Any]:
    """One run of `hedgerow check phase3`."""
    return checked(simulated, "phase3", expected=0)


@pytest.mark.parametrize("name", SHOWN)
def test_check_shows(report: dict[str, Any], name: str) -> None:
    row = rows_of(report)[name]
    assert row["result"] == "holds", row["detail"]


def test_check_leaves_nothing_out(report: dict[str, Any]) -> None:
    assert {row["result"] for row in report["results"]} == {"holds"}
    assert report["passes"]
    assert report["complete"]


def stub(system: System) -> portfolio_pb2_grpc.PortfolioServiceStub:
    endpoint = system.settings.endpoints["portfolio"]
    return portfolio_pb2_grpc.PortfolioServiceStub(grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}"))


def test_TC_3_R_A1_1_accounts_as_the_broker_gives_them(simulated: System) -> None:
    account = simulated.settings.strategies[0].account
    portfolio = stub(simulated)
    answer = portfolio.ListAccounts(portfolio_pb2.ListAccountsRequest(), timeout=5)
    found = {one.account: one for one in answer.accounts}[account]
    assert Decimal(found.balance.value) > 0
    assert Decimal(found.net_liquidation.value) > 0
    assert found.currency == "USD"
    assert len(found.values) >= 5
    rows = simulated.query("portfolio", "select * from accounts where account = ?", account)
    assert len(rows) == 1


def test_TC_3_R_A1_2_positions_are_used_by_hedging_and_risk(simulated: System) -> None:
    portfolio = stub(simulated)

    def agree() -> bool:
        request = portfolio_pb2.ListPositionsRequest(owner=simulated.strategy)
        held = {p.instrument.instrument_id: float(p.quantity.value) for p in
                portfolio.ListPositions(request, timeout=5).positions}  # fmt: skip
        snapshot = simulated.snapshot()
        seen = {**snapshot["legs"], snapshot["symbol"]: snapshot["stock_position"]}
        return len(snapshot["legs"]) == 2 and _not_flat(held) == _not_flat(seen)

    until(agree, "portfolio and daemon hold the same positions", 20)
    newest = simulated.query(DAEMON, "select record from decisions order by sequence desc limit 1")[0]
    assert json.loads(newest["record"])["option_position"] == "LONG_GAMMA"
    sql = "select inputs from verdicts where strategy = ? order by wall_ns desc limit 1"
    verdicts = until(lambda: simulated.query("risk", sql, simulated.strategy), "a verdict of risk", 90)
    assert "strategy_exposure" in json.loads(verdicts[0]["inputs"])["facts"]


def _not_flat(held: dict[str, float]) -> dict[str, float]:
    return {name: quantity for name, quantity in held.items() if quantity}


def test_TC_3_R_M6_1_every_traded_instrument_is_priced_in_the_sink(simulated: System) -> None:
    def priced() -> bool:
        snapshot = simulated.snapshot()
        wanted = {snapshot["symbol"], *snapshot["legs"]}
        prices = snapshot["prices"]
        return len(wanted) == 3 and all(one in prices and (prices[one]["bid"] or prices[one]["ask"]) for one in wanted)

    until(priced, "a price of the stock and both legs")


def test_TC_3_R_A1_3_accounts_are_fetched_on_demand(simulated: System) -> None:
    portfolio = stub(simulated)
    request = portfolio_pb2.GetPortfolioRequest()
    before = portfolio.GetPortfolio(request, timeout=5).accounts_fetch_time.ToNanoseconds()
    assert before > 0
    assert simulated.settings.portfolio.refresh_interval_s == 3600
    operator = common_pb2.Operator(request_id="acceptance-refresh", actor="test", reason="on demand")
    portfolio.RefreshAccounts(portfolio_pb2.RefreshAccountsRequest(operator=operator), timeout=10)
    assert portfolio.GetPortfolio(request, timeout=5).accounts_fetch_time.ToNanoseconds() > before


def test_TC_3_R_A1_3_without_the_broker_it_waits_says_until_when_and_comes_back(simulated: System) -> None:
    simulated.await_state(*WORKING)
    admin_call(simulated.broker_port + 1, "drop")
    waiting = until(
        lambda: (now := simulated.snapshot())["daemon_state"] == "WAITING_IB" and now["next_retry_ts"] and now,
        "WAITING_IB with next_retry_ts", 15,
    )  # fmt: skip
    assert isinstance(waiting, dict)
    assert waiting["status_lamp"] == "yellow"
    assert waiting["next_retry_ts"] > waiting["ts"] - 1_000_000_000
    # It is not blocked by waiting: heartbeats go on, and it is the same run that comes back.
    until(lambda: simulated.snapshot()["ts"] > waiting["ts"], "a heartbeat while it waits", 5)
    back = simulated.await_state(*WORKING)
    assert back["run_id"] == waiting["run_id"]


def test_TC_3_R_H2_1_statistics_with_no_process_alive(simulated: System) -> None:
    until(
        lambda: simulated.query("execution", "select * from fills where strategy = ?", simulated.strategy),
        "a hedge",
        90,
    )
    ended_whole(simulated, signal.SIGINT)
    done = simulated.run("stats", "live", "--by", "week", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = [row for row in json.loads(done.stdout) if row["strategy"] == simulated.strategy]
    fills = simulated.query("execution", "select * from fills where strategy = ?", simulated.strategy)
    assert (row["fills"], row["hedges"]) == (len(fills), len({fill["client_order_id"] for fill in fills}))
    assert float(row["commissions"]) == sum(float(fill["commission"] or 0) for fill in fills)
    position = simulated.query("execution", "select * from positions where strategy = ?", simulated.strategy)
    assert float(row["realized_pnl"]) == pytest.approx(sum(float(one["realized_pnl"]) for one in position))
