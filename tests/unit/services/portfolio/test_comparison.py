"""The comparison: MANUAL has what no strategy has; what nobody can explain is a break, never a fill."""

from __future__ import annotations

from hedgerow.domain.position import MANUAL
from hedgerow.tape.sessions import expiry_close_ns
from services.portfolio.domain.comparison import Comparison, Place
from services.portfolio.domain.ledger import Ledger, TransferKind
from tests.unit.services.portfolio.samples import (
    ACCOUNT,
    CALL,
    SETTLE_NS,
    STRATEGY,
    compare,
    fill_report,
    holding,
    opened,
    quantity,
)

GOOG = Place(ACCOUNT, "GOOG")


def test_the_first_comparison_gives_manual_what_the_account_held() -> None:
    ledger, comparison = opened(20)
    assert quantity(ledger, MANUAL, CALL) == 20
    assert [each.kind for each in ledger.transfers.values()] == [TransferKind.OPENING, TransferKind.OPENING]
    assert compare(comparison, ledger, 10) == []
    assert comparison.breaks == ()


def test_it_waits_until_execution_can_be_believed() -> None:
    ledger, comparison = Ledger(), Comparison(SETTLE_NS, expiry_close_ns)
    comparison.replace_all(frozenset([ACCOUNT]), {GOOG: holding(7)})
    assert compare(comparison, ledger, 0, ready=False) == []
    assert ledger.opened == set()
    assert comparison.manual_before_opening(ledger, GOOG) == 7
    compare(comparison, ledger, 1)
    assert (ledger.opened, quantity(ledger, MANUAL)) == ({ACCOUNT}, 7)


def test_an_account_strategies_traded_opens_with_what_settled() -> None:
    ledger, comparison = Ledger(), Comparison(SETTLE_NS, expiry_close_ns)
    ledger.apply_report(fill_report(1, 100), 1)
    comparison.replace_all(frozenset([ACCOUNT]), {GOOG: holding(150)})
    compare(comparison, ledger, 0)
    assert ledger.opened == set()
    ledger.apply_report(fill_report(2, 50), 1)  # the report was only on its way
    compare(comparison, ledger, 1)
    assert (ledger.opened, quantity(ledger, MANUAL)) == ({ACCOUNT}, 0)


def test_a_fill_explains_a_change_whichever_comes_first() -> None:
    ledger, comparison = opened()
    comparison.update(GOOG, holding(100))
    assert compare(comparison, ledger, 0) == []
    assert comparison.waiting()
    ledger.apply_report(fill_report(1, 100), 1)
    assert compare(comparison, ledger, 1) == []
    ledger.apply_report(fill_report(2, -30), 1)
    assert compare(comparison, ledger, 1.5) == []
    comparison.update(GOOG, holding(70))
    assert compare(comparison, ledger, 9) == []
    assert (comparison.breaks, comparison.waiting()) == ((), False)


def test_a_change_where_no_strategy_traded_is_manual_once_it_settled() -> None:
    ledger, comparison = opened()
    comparison.update(GOOG, holding(5, "740"))
    assert compare(comparison, ledger, 1) == []
    assert compare(comparison, ledger, 2.9) == []
    (inferred,) = compare(comparison, ledger, 3)
    assert (inferred.kind, inferred.quantity, inferred.price) == (TransferKind.INFERRED, 5, 740)
    assert quantity(ledger, MANUAL) == 5
    assert comparison.breaks == ()


def test_a_change_where_a_strategy_traded_is_a_break_until_it_is_explained() -> None:
    ledger, comparison = opened()
    ledger.apply_report(fill_report(1, 100), 1)
    comparison.update(GOOG, holding(100))
    compare(comparison, ledger, 0)
    comparison.update(GOOG, holding(90))
    compare(comparison, ledger, 1)
    assert comparison.breaks == ()
    compare(comparison, ledger, 3)
    (found,) = comparison.breaks
    assert (found.instrument_id, found.ledger_quantity, found.broker_quantity) == ("GOOG", 100, 90)
    assert found.since == 1_000_000_000
    assert (quantity(ledger, STRATEGY), quantity(ledger, MANUAL)) == (100, 0)  # nothing was invented
    ledger.apply_report(fill_report(2, -10), 1)
    compare(comparison, ledger, 4)
    assert comparison.breaks == ()


def test_while_execution_is_away_a_difference_does_not_age() -> None:
    ledger, comparison = opened()
    ledger.apply_report(fill_report(1, 100), 1)
    comparison.update(GOOG, holding(150))
    compare(comparison, ledger, 0)
    for second in range(1, 10):
        compare(comparison, ledger, second, ready=False)
    assert comparison.breaks == ()
    compare(comparison, ledger, 10)
    assert comparison.breaks == ()
    compare(comparison, ledger, 11.5)
    assert len(comparison.breaks) == 1


def test_what_a_full_answer_does_not_name_is_closed() -> None:
    ledger, comparison = opened(20)
    comparison.replace_all(frozenset([ACCOUNT]), {})
    compare(comparison, ledger, 0)
    (closed,) = compare(comparison, ledger, 2)
    assert (closed.kind, closed.instrument_id, closed.quantity) == (TransferKind.INFERRED, CALL, -20)
    assert quantity(ledger, MANUAL, CALL) == 0


def test_a_break_that_changes_is_told_of_all_the_while() -> None:
    ledger, comparison = opened()
    ledger.apply_report(fill_report(1, 100), 1)
    comparison.update(GOOG, holding(90))
    compare(comparison, ledger, 1)
    compare(comparison, ledger, 3)
    assert len(comparison.breaks) == 1
    comparison.update(GOOG, holding(95))
    compare(comparison, ledger, 4)
    assert (comparison.breaks, [each.broker_quantity for each in comparison.settling]) == ((), [95])
    comparison.unsettle()
    compare(comparison, ledger, 5, ready=False)
    assert [each.broker_quantity for each in comparison.settling] == [95]
    compare(comparison, ledger, 7)
    assert ([each.broker_quantity for each in comparison.breaks], comparison.settling) == ([95], ())
    ledger.apply_report(fill_report(2, -5), 1)
    compare(comparison, ledger, 7.1)
    assert comparison.breaks == comparison.settling == ()


def test_a_break_that_is_explained_is_gone_at_once_though_due_transfers_are_not_booked() -> None:
    ledger, comparison = opened(0)
    ledger.apply_report(fill_report(1, 100), 1)
    comparison.update(GOOG, holding(90))
    compare(comparison, ledger, 1)
    compare(comparison, ledger, 3)
    comparison.update(GOOG, holding(100))
    compare(comparison, ledger, 3.1)
    assert comparison.breaks == comparison.settling == ()
