"""Intents, fills and reports: the first broken rule is named by its field."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.execution_report import ExecutionReport, Fill, ReportKind
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderStatus, OrderType, Side, TimeInForce
from hedgerow.wire import execution

INTENT = Intent(
    "i-1", "gamma-scalper", "SIM0000001", stock("GOOG"), Side.SELL, Decimal(120), OrderType.LIMIT, Decimal("748.40"),
    TimeInForce.DAY, False, 42, "HEDGE_NEEDED", 748.4, 748.6, 1_450_965_060_000_000_000, 12.5,
    1_450_965_060_000_000_001,
)  # fmt: skip
FILL = Fill("0001.1", Decimal(100), Decimal("748.41"), None, None, 1_450_965_061_000_000_000)
REPORT = ExecutionReport(
    7, ReportKind.FILL, "i-1", "HG-1", 3, 99, "gamma-scalper", "SIM0000001", "GOOG", Side.SELL, OrderType.LIMIT,
    OrderStatus.PARTIALLY_FILLED, Decimal(120), Decimal("748.40"), Decimal(100), Decimal(20), Decimal("748.41"), FILL,
    "", "", 1_450_965_061_000_000_000, 1_795_183_396_000_000_000,
)  # fmt: skip


def test_an_intent_goes_there_and_back() -> None:
    assert execution.intent_from_wire("intent", execution.intent_to_wire(INTENT)) == INTENT


def test_a_market_intent_has_no_limit_price() -> None:
    market = replace(INTENT, order_type=OrderType.MARKET, limit_price=None, bid=None)
    message = execution.intent_to_wire(market)
    assert not message.HasField("limit_price")
    assert execution.intent_from_wire("intent", message) == market


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"intent_id": ""}, "intent_id"),
        ({"intent_id": "x" * 65}, "intent_id"),
        ({"strategy": ""}, "strategy"),
        ({"account": ""}, "account"),
        ({"instrument_id": "no such thing"}, "instrument_id"),
        ({"side": 0}, "side"),
        ({"quantity": {"value": "0"}}, "quantity"),
        ({"quantity": {"value": "NaN"}}, "quantity"),
        ({"order_type": 0}, "order_type"),
        ({"order_type": 1}, "limit_price"),  # MARKET with a limit
        ({"limit_price": {"value": "-1"}}, "limit_price"),
        ({"bid": 0.0}, "bid"),
        ({"ask": float("nan")}, "ask"),
        ({"quote_age_ms": -1.0}, "quote_age_ms"),
        ({"quote_time": {"nanos": -1}}, "quote_time"),
        ({"reason": "x" * 257}, "reason"),
        ({"traceparent": "0" * 100_000}, "traceparent"),
    ],
)
def test_the_broken_field_is_named(change: dict[str, Any], field: str) -> None:
    message = execution.intent_to_wire(INTENT)
    for name in change:
        message.ClearField(name)
    message.MergeFrom(execution_pb2.Intent(**change))
    with pytest.raises(InvalidValue) as caught:
        execution.intent_from_wire("intent", message)
    assert caught.value.key == f"intent.{field}"


def test_a_limit_intent_needs_its_price() -> None:
    message = execution.intent_to_wire(INTENT)
    message.ClearField("limit_price")
    with pytest.raises(InvalidValue, match=r"intent\.limit_price.*required"):
        execution.intent_from_wire("intent", message)


def test_a_commission_not_known_stays_none_and_zero_stays_zero() -> None:
    assert execution.fill_from_wire("fill", execution.fill_to_wire(FILL)).commission is None
    free = replace(FILL, commission=Decimal(0), realized_pnl=Decimal("-1.5"))
    assert execution.fill_from_wire("fill", execution.fill_to_wire(free)) == free


def test_a_fill_has_an_id_and_a_quantity() -> None:
    message = execution.fill_to_wire(FILL)
    message.execution_id = ""
    with pytest.raises(InvalidValue, match=r"fill\.execution_id"):
        execution.fill_from_wire("fill", message)


def test_an_execution_may_be_taken_back_whole_by_its_next_revision_only() -> None:
    taken_back = replace(FILL, execution_id="0001f4e8.5afbbb86.01.02", quantity=Decimal(0))
    assert execution.fill_from_wire("fill", execution.fill_to_wire(taken_back)) == taken_back
    for name, quantity in (("0001f4e8.5afbbb86.01.01", "0"), ("0001f4e8.5afbbb86.01.02", "-1")):
        message = execution.fill_to_wire(replace(taken_back, execution_id=name, quantity=Decimal(quantity)))
        with pytest.raises(InvalidValue, match=r"fill\.quantity"):
            execution.fill_from_wire("fill", message)


def test_a_report_goes_there_and_back() -> None:
    message = execution.report_to_wire(REPORT, multiplier=100)
    assert message.multiplier == 100
    assert execution.report_from_wire("report", message) == REPORT


def test_a_report_without_status_is_refused() -> None:
    message = execution.report_to_wire(REPORT)
    message.ClearField("order_status")
    with pytest.raises(InvalidValue, match=r"report\.order_status"):
        execution.report_from_wire("report", message)
