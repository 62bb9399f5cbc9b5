"""A hedge of a running system is one trace: at the collector, in the store, on the command line and in the logs."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import grpc
import pytest

from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.api.stats.v1 import stats_pb2, stats_pb2_grpc
from hedgerow.api.strategy.v1 import strategy_pb2, strategy_pb2_grpc
from hedgerow.domain.trace_context import of_tick
from tests.integration.telemetry.collector import Received
from tests.integration.telemetry.conftest import Watched
from tests.system import STRATEGY, until

DAEMON = f"strategy-{STRATEGY}"
PARENTS = {
    ("market-data", "tick"): None,
    (DAEMON, "decide"): "tick",
    (DAEMON, "observe"): "decide",
    (DAEMON, "step"): "decide",
    (DAEMON, "session_log"): "decide",
    (DAEMON, "intent"): "decide",
    ("execution", "submit_intent"): "decide",
    ("execution", "gates"): "submit_intent",
    ("execution", "check_risk"): "submit_intent",
    ("risk", "check_order"): "check_risk",
    ("execution", "commit"): "submit_intent",
    ("execution", "send"): "submit_intent",
    ("execution", "acknowledge"): "submit_intent",
    ("execution", "fill"): "submit_intent",
    (DAEMON, "observe_fill"): "fill",
    ("portfolio", "book_fill"): "fill",
    ("execution", "commission"): "submit_intent",
    ("portfolio", "book_commission"): "commission",
}
"""Every hop of a hedge, and the one it follows from."""

UNARY = {
    "market-data": lambda c: market_data_pb2_grpc.MarketDataServiceStub(c).GetFeedHealth(
        market_data_pb2.GetFeedHealthRequest(), timeout=5, metadata=METADATA),
    "execution": lambda c: execution_pb2_grpc.ExecutionServiceStub(c).ListOrders(
        execution_pb2.ListOrdersRequest(), timeout=5, metadata=METADATA),
    "risk": lambda c: risk_pb2_grpc.RiskServiceStub(c).GetRuleSet(
        risk_pb2.GetRuleSetRequest(), timeout=5, metadata=METADATA),
    "portfolio": lambda c: portfolio_pb2_grpc.PortfolioServiceStub(c).ListPositions(
        portfolio_pb2.ListPositionsRequest(), timeout=5, metadata=METADATA),
    "control": lambda c: control_pb2_grpc.ControlServiceStub(c).GetStatus(
        control_pb2.GetStatusRequest(), timeout=5, metadata=METADATA),
    "stats": lambda c: stats_pb2_grpc.StatsServiceStub(c).GetHedgeStatistics(
        stats_pb2.GetHedgeStatisticsRequest(), timeout=15, metadata=METADATA),
    DAEMON: lambda c: strategy_pb2_grpc.StrategyServiceStub(c).GetStrategy(
        strategy_pb2.GetStrategyRequest(), timeout=5, metadata=METADATA),
}  # fmt: skip
TRACE_ID, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
METADATA = (("traceparent", f"00-{TRACE_ID}-{CALLER}-01"),)


def spans_of(watched: Watched) -> list[Received]:
    return [one for one in watched.collector.spans if one.attributes.get("intent_id") == watched.order["intent_id"]]


def test_a_hedge_arrives_as_one_trace_with_every_hop_below_its_cause(watched: Watched) -> None:
    spans = spans_of(watched)
    assert len({one.trace_id for one in spans}) == 1
    assert len({one.span_id for one in spans}) == len(spans)
    names = {one.span_id: one.name for one in spans}
    assert {(one.process, one.name): names.get(one.parent_id) for one in spans} == PARENTS
    assert not [one for one in spans if one.failed]


def test_its_times_follow_each_other(watched: Watched) -> None:
    spans = {one.name: one for one in spans_of(watched)}
    way = ["tick", "decide", "submit_intent", "check_order", "commit", "send", "fill", "book_fill"]
    starts = [spans[name].start_ns for name in way]
    assert starts == sorted(starts)
    assert all(one.start_ns <= one.end_ns for one in spans.values())
    assert spans["check_risk"].end_ns <= spans["commit"].end_ns <= spans["send"].end_ns


def test_its_spans_explain_it(watched: Watched) -> None:
    spans = {one.name: one.attributes for one in spans_of(watched)}
    order_id = watched.order["client_order_id"]
    assert spans["submit_intent"]["client_order_id"] == spans["fill"]["client_order_id"] == order_id
    assert spans["decide"]["side"] in ("BUY", "SELL")
    assert all("allowed" in rule for rule in spans["check_order"]["rules"])
    assert len(spans["check_order"]["rules"]) >= 5
    assert float(spans["fill"]["price"]) > 0
    assert float(spans["commission"]["commission"]) > 0
    assert float(spans["book_fill"]["position"]) == spans["observe_fill"]["position"]


def test_the_traces_id_follows_from_its_tick(watched: Watched) -> None:
    tick = next(one for one in spans_of(watched) if one.name == "tick")
    assert tick.trace_id == f"{of_tick(tick.attributes['instrument'], tick.start_ns).trace_id:032x}"


def test_headers_go_along(watched: Watched) -> None:
    assert watched.collector.metadata["x-tenant"] == "hedgerow"


def shown(watched: Watched, name: str) -> dict[str, Any]:
    answer = watched.system.run("trace", name, "live", "--json")
    assert answer.returncode == 0, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def test_the_store_tells_the_same_by_any_of_its_names(watched: Watched) -> None:
    found = until(
        lambda: (
            (document := shown(watched, watched.order["client_order_id"]))
            and len(document["spans"]) == len(PARENTS)
            and document
        ),
        "every span in the store",
    )
    assert found["spans"][0]["name"] == "tick"
    sent = {(one.process, one.name, one.span_id, one.parent_id) for one in spans_of(watched)}
    assert {(s["process"], s["name"], s["span_id"], s["parent_id"]) for s in found["spans"]} == sent
    assert shown(watched, watched.order["intent_id"]) == found
    assert shown(watched, found["trace_id"])["spans"] == found["spans"]
    depths = {span["name"]: span["depth"] for span in found["spans"]}
    assert (depths["tick"], depths["decide"], depths["submit_intent"], depths["book_fill"]) == (0, 1, 2, 4)


def test_the_tree_is_for_people(watched: Watched) -> None:
    answer = watched.system.run("trace", watched.order["client_order_id"], "live")
    assert answer.returncode == 0, answer.stderr
    for process, name in PARENTS:
        assert f"{name} {process}" in answer.stdout
    assert watched.order["client_order_id"] in answer.stdout.splitlines()[0]


def test_an_order_nobody_knows_is_one_clear_line(watched: Watched) -> None:
    answer = watched.system.run("trace", "hr-none", "live")
    assert answer.returncode == 2
    assert answer.stderr == "error: hr-none is no client_order_id, intent_id or trace id of this session\n"


def lines(watched: Watched, process: str) -> list[dict[str, Any]]:
    text = (watched.system.state.logs_dir / f"{process}.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_log_lines_of_the_hedge_carry_its_trace(watched: Watched) -> None:
    spans = spans_of(watched)
    ids = {one.span_id for one in spans}
    told = {
        (process, line["event"]): line
        for process in (DAEMON, "execution", "risk", "portfolio")
        for line in lines(watched, process)
        if line.get("intent_id") == watched.order["intent_id"]
    }
    assert set(told) >= {(DAEMON, "intent"), ("execution", "intent answered"), ("risk", "verdict"),
                         ("execution", "order event"), ("portfolio", "fill booked")}  # fmt: skip
    assert {line["trace_id"] for line in told.values()} == {spans[0].trace_id}
    assert {line["span_id"] for line in told.values()} <= ids


@pytest.mark.parametrize("process", sorted(UNARY))
def test_what_a_process_logs_in_a_call_carries_the_callers_trace(watched: Watched, process: str) -> None:
    endpoint = watched.system.settings.endpoints[process]
    with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
        UNARY[process](channel)
    mine = [line for line in lines(watched, process) if line.get("trace_id") == TRACE_ID]
    assert mine
    assert all(line["process"] == process and len(line["span_id"]) == 16 for line in mine)
    span = until(
        lambda: next((s for s in watched.collector.spans if s.trace_id == TRACE_ID and s.process == process), None),
        "the call's span at the collector",
    )
    assert span.parent_id == CALLER
    assert span.span_id in {line["span_id"] for line in mine}


def test_a_call_over_http_goes_on_in_the_service_it_is_for(watched: Watched) -> None:
    trace_id = "1" * 32
    headers = {"traceparent": f"00-{trace_id}-{CALLER}-01"}
    request = urllib.request.Request(f"{watched.system.http}/v1/risk/rule-set", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 200

    def hops() -> dict[str, Received]:
        return {one.process: one for one in watched.collector.spans if one.trace_id == trace_id}

    until(lambda: len(hops()) == 2, "the call's two spans at the collector")
    assert hops()["gateway"].parent_id == CALLER
    assert hops()["risk"].parent_id == hops()["gateway"].span_id
