"""The own position is a fold: the same reports give the same position, however often they come."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.domain.execution_report import ExecutionReport, Fill, ReportKind
from hedgerow.domain.order import OrderStatus, OrderType, Side
from services.strategy.domain.own_position import OwnPosition


def report(sequence: int, kind: ReportKind, side: Side, fill: Fill | None) -> ExecutionReport:
    zero = Decimal(0)
    return ExecutionReport(
        sequence, kind, "i", "c", 1, 1, "s", "SIM1", "SIMX", side, OrderType.LIMIT, OrderStatus.PARTIALLY_FILLED,
        Decimal(100), None, zero, zero, zero, fill, "", "", 0, 0,
    )  # fmt: skip


fills = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 500), st.integers(1, 10_000), st.integers(0, 300)), max_size=20
)


@given(fills, st.data())
def test_repeats_change_nothing_and_sums_are_exact(rows: list[tuple[Side, int, int, int]], data: st.DataObject) -> None:
    reports = []
    for number, (side, quantity, cents, commission) in enumerate(rows):
        price = Decimal(cents) / 100
        fill = Fill(f"e{number}", Decimal(quantity), price, None, None, number + 1)
        reports.append(report(2 * number + 1, ReportKind.FILL, side, fill))
        known = Fill(f"e{number}", Decimal(quantity), price, Decimal(commission) / 100, None, number + 1)
        reports.append(report(2 * number + 2, ReportKind.COMMISSION, side, known))
    once = repeated = OwnPosition()
    for one in reports:
        once = once.after(one)
        repeated = repeated.after(one)
        for again in data.draw(st.lists(st.sampled_from(reports[: one.sequence]), max_size=3)):
            repeated = repeated.after(again)
    assert repeated == once
    assert once.position.quantity == sum(side.sign * quantity for side, quantity, _, _ in rows)
    assert once.commissions == sum((Decimal(c) / 100 for _, _, _, c in rows), Decimal(0))
    assert once.fills == len(rows)
    cash = -sum((side.sign * quantity * Decimal(cents) / 100 for side, quantity, cents, _ in rows), Decimal(0))
    value = once.position.quantity * once.position.average_price
    assert abs(cash + value - once.position.realized_pnl) < Decimal("0.0001")


def test_a_correction_asks_for_a_new_snapshot() -> None:
    """What it replaces may be older than this fold, so nothing is added or taken back here."""
    first = Fill("e.1.01", Decimal(4), Decimal(100), None, None, 1)
    corrected = Fill("e.1.02", Decimal(3), Decimal(100), None, None, 1)
    before = OwnPosition().after(report(1, ReportKind.FILL, Side.BUY, first))
    after = before.after(report(2, ReportKind.FILL, Side.BUY, corrected))
    assert (before.corrected, after.corrected) == (False, True)
    assert (after.position, after.sequence) == (before.position, 2)
