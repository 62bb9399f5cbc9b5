"""Reports, transfers and broker holdings for the tests of portfolio."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.domain.execution_report import ExecutionReport, Fill, ReportKind
from hedgerow.domain.order import OrderStatus, OrderType, Side
from hedgerow.tape.sessions import expiry_close_ns
from services.portfolio.domain.adoption import Adopt
from services.portfolio.domain.comparison import BrokerHolding, Comparison, Place
from services.portfolio.domain.ledger import Ledger, Transfer

ACCOUNT, STRATEGY = "SIM0000001", "goog-scalper"
CALL = "GOOG 20160122 750 C"
SETTLE_NS = 2_000_000_000


def fill_report(
    sequence: int,
    signed_quantity: int,
    price: str = "750",
    execution_id: str = "",
    commission: str | None = "1",
    strategy: str = STRATEGY,
    instrument_id: str = "GOOG",
    event_time: int = 0,
) -> ExecutionReport:
    """A FILL report; its execution id is unique per sequence unless given."""
    quantity = abs(Decimal(signed_quantity))
    fill = Fill(
        execution_id or f"0001.{sequence}.01",
        quantity,
        Decimal(price),
        None if commission is None else Decimal(commission),
        None,
        event_time or sequence,
    )
    return report(sequence, ReportKind.FILL, signed_quantity, strategy, instrument_id, fill)


def report(
    sequence: int,
    kind: ReportKind = ReportKind.SENT,
    signed_quantity: int = 100,
    strategy: str = STRATEGY,
    instrument_id: str = "GOOG",
    fill: Fill | None = None,
) -> ExecutionReport:
    """A report; without a fill it moves nothing."""
    quantity = abs(Decimal(signed_quantity))
    return ExecutionReport(
        sequence=sequence,
        kind=kind,
        intent_id=f"i-{sequence}",
        client_order_id=f"hr-{sequence}",
        broker_order_id=1,
        perm_id=1,
        strategy=strategy,
        account=ACCOUNT,
        instrument_id=instrument_id,
        side=Side.BUY if signed_quantity > 0 else Side.SELL,
        order_type=OrderType.LIMIT,
        order_status=OrderStatus.WORKING if fill is None else OrderStatus.FILLED,
        quantity=quantity,
        limit_price=Decimal(750),
        cum_qty=Decimal(0) if fill is None else quantity,
        leaves_qty=quantity if fill is None else Decimal(0),
        average_price=Decimal(0) if fill is None else fill.price,
        fill=fill,
        reason="",
        text="",
        event_time=sequence,
        receive_time=sequence,
    )


def adopt(quantity: int = 20, request_id: str = "r-1", price: str | None = "15", strategy: str = STRATEGY) -> Adopt:
    """A request to adopt the call."""
    mark = None if price is None else Decimal(price)
    return Adopt(request_id, ACCOUNT, CALL, strategy, Decimal(quantity), mark, "tester", "to see")


def holding(quantity: int, average_price: str = "14.2", multiplier: int = 1) -> BrokerHolding:
    """What the broker says."""
    return BrokerHolding(Decimal(quantity), Decimal(average_price), multiplier)


def compare(comparison: Comparison, ledger: Ledger, at_s: float, ready: bool = True) -> list[Transfer]:
    """Compares at so many seconds and takes in what is due."""
    ns = int(at_s * 1_000_000_000)
    due = comparison.compare(ledger, ready, ns, ns, ns)
    for transfer in due:
        ledger.apply_transfer(transfer)
    return due


def opened(quantity: int = 20) -> tuple[Ledger, Comparison]:
    """An account that held so many calls when it was first compared."""
    ledger, comparison = Ledger(), Comparison(SETTLE_NS, expiry_close_ns)
    place = Place(ACCOUNT, CALL)
    comparison.replace_all(frozenset([ACCOUNT]), {place: holding(quantity, multiplier=100)} if quantity else {})
    compare(comparison, ledger, 0)
    return ledger, comparison


def quantity(ledger: Ledger, owner: str, instrument_id: str = "GOOG") -> int:
    """What an owner holds."""
    found = ledger.holding(ACCOUNT, owner, instrument_id)
    return 0 if found is None else int(found.position.quantity)
