"""Whatever the order of approvals, reports, repeats and resyncs: reservations neither leak nor double."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.domain.execution_report import ReportKind as K
from hedgerow.domain.order import OrderStatus as S
from hedgerow.domain.order import Side
from services.risk.domain.desk import decide
from services.risk.domain.exposure import ExposureBook, Reservation
from tests.unit.rules.orders import order
from tests.unit.services.risk.samples import ACCOUNT, STRATEGY, at, desk, report

_ENDS = {S.CANCELED: K.CANCELED, S.REJECTED: K.REJECTED, S.UNKNOWN: K.UNKNOWN, S.FILLED: K.FILL}


@st.composite
def histories(draw: st.DrawFn) -> list[ExecutionReport]:
    """Reports of some orders, interleaved, each order's in its own order; sequences from 1."""
    lives: list[list[tuple[str, Side, K, S, int]]] = []
    for number in range(draw(st.integers(1, 5))):
        name, side = f"i-{number}", draw(st.sampled_from(Side))
        life = [(name, side, K.INTENT, S.PENDING, 0), (name, side, K.SENT, S.SENT, 0)]
        cum = 0
        for _ in range(draw(st.integers(0, 3))):
            cum = draw(st.integers(cum, 99))
            life.append((name, side, K.FILL, S.PARTIALLY_FILLED, cum))
        end = draw(st.sampled_from([None, *_ENDS]))
        if end is not None:
            life.append((name, side, _ENDS[end], end, 100 if end is S.FILLED else cum))
        lives.append(life)
    reports: list[ExecutionReport] = []
    while any(lives):
        life = draw(st.sampled_from([life for life in lives if life]))
        name, side, kind, status, cum = life.pop(0)
        reports.append(report(len(reports) + 1, kind, status, cum, name, side))
    return reports


def expected(reports: list[ExecutionReport]) -> tuple[Decimal, Decimal, Decimal]:
    """Position, open buys and open sells, from the last report of each order."""
    last = {each.intent_id: each for each in reports}.values()
    position = sum((each.cum_qty * each.side.sign for each in last), Decimal(0))
    buys = sum((each.leaves_qty for each in last if each.side is Side.BUY), Decimal(0))
    return position, buys, sum((each.leaves_qty for each in last if each.side is Side.SELL), Decimal(0))


def folded(book: ExposureBook) -> tuple[Decimal, Decimal, Decimal]:
    exposure = book.exposure(ACCOUNT, "GOOG")
    return exposure.position, exposure.reserved_buy, exposure.reserved_sell


def open_set(reports: list[ExecutionReport]) -> list[Reservation]:
    """What execution would send in a resync after these reports."""
    last = {each.intent_id: each for each in reports}.values()
    return [
        Reservation(each.intent_id, STRATEGY, ACCOUNT, "GOOG", each.side, each.leaves_qty)
        for each in last
        if not each.order_status.is_terminal
    ]


@given(histories(), st.data())
@settings(deadline=None)
def test_the_fold_ends_where_the_last_reports_say(reports: list[ExecutionReport], data: st.DataObject) -> None:
    book = ExposureBook()
    for index, each in enumerate(reports):
        if each.kind is K.INTENT:
            book.reserve(order(intent_id=each.intent_id, side=each.side), 10)
        book.apply(each)
        if data.draw(st.booleans()):
            for repeated in reports[: index + 1]:
                book.apply(repeated)
        if data.draw(st.booleans()):  # execution's set may be older or newer than this fold
            upto = data.draw(st.integers(0, len(reports)))
            book.resync(open_set(reports[:upto]), upto, same_writer=data.draw(st.booleans()))
    book.resync(open_set(reports), len(reports))
    book.release(1 << 62)
    assert folded(book) == expected(reports)


@given(st.lists(st.tuples(st.integers(1, 120), st.sampled_from(Side)), max_size=40), st.integers(100, 1000))
@settings(deadline=None)
def test_approved_orders_together_never_pass_the_limit(wanted: list[tuple[int, Side]], limit: int) -> None:
    on = desk(max_position_shares=limit, max_orders_per_minute=1000)
    bought = sold = 0
    for number, (quantity, side) in enumerate(wanted):
        answered = decide(on, order(intent_id=f"i-{number}", side=side, quantity=Decimal(quantity)), at(0))
        on.remember(answered)
        total = (bought if side is Side.BUY else sold) + quantity
        assert answered.verdict.allowed is (total <= limit)
        if answered.verdict.allowed:
            bought, sold = (total, sold) if side is Side.BUY else (bought, total)
    assert max(bought, sold) <= limit
