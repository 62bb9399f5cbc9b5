"""Orders, reports and desks for the tests of risk."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hedgerow.domain.execution_report import ExecutionReport, ReportKind
from hedgerow.domain.order import OrderStatus, OrderType, Side
from hedgerow.settings import RiskSettings
from services.risk.config import RiskConfig
from services.risk.domain.desk import NS_PER_S, Moment, RiskDesk

ACCOUNT, STRATEGY = "SIM0000001", "goog-scalper"
START = Moment(1_700_000_000 * NS_PER_S, 1000 * NS_PER_S)


def at(seconds: float) -> Moment:
    """So many seconds after the start, on both clocks."""
    return Moment(START.wall_ns + int(seconds * NS_PER_S), START.monotonic_ns + int(seconds * NS_PER_S))


def desk(**limits: Any) -> RiskDesk:
    """A desk with default limits but for `limits`: approvals live 5 s and settle in 2 s more."""
    config = RiskConfig(limits=RiskSettings(**limits))
    return RiskDesk(config.rule_set(1), 1, 5 * NS_PER_S, 2 * NS_PER_S, 1000)


def report(
    sequence: int,
    kind: ReportKind,
    status: OrderStatus,
    cum: int = 0,
    intent_id: str = "i-1",
    side: Side = Side.BUY,
    quantity: int = 100,
    strategy: str = STRATEGY,
    instrument_id: str = "GOOG",
) -> ExecutionReport:
    """A report of one order of `quantity`, `cum` of it filled."""
    return ExecutionReport(
        sequence=sequence,
        kind=kind,
        intent_id=intent_id,
        client_order_id=f"hr-{intent_id}",
        broker_order_id=1,
        perm_id=1,
        strategy=strategy,
        account=ACCOUNT,
        instrument_id=instrument_id,
        side=side,
        order_type=OrderType.LIMIT,
        order_status=status,
        quantity=Decimal(quantity),
        limit_price=Decimal(750),
        cum_qty=Decimal(cum),
        leaves_qty=Decimal(0) if status.is_terminal else Decimal(quantity - cum),
        average_price=Decimal(750) if cum else Decimal(0),
        fill=None,
        reason="",
        text="",
        event_time=0,
        receive_time=0,
    )
