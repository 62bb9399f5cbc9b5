"""The ledger: latest revision of each execution plus transfers, whatever the order and however often told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.portfolio.domain.ledger import Ledger, ReportGap
from tests.unit.services.portfolio.samples import ACCOUNT, STRATEGY, fill_report, quantity, report


def test_fills_make_positions_profit_and_commissions() -> None:
    ledger = Ledger()
    for each in (fill_report(1, 100, "750"), report(2), fill_report(3, -40, "760")):
        ledger.apply_report(each, 1)
    held = ledger.holding(ACCOUNT, STRATEGY, "GOOG")
    assert held is not None
    assert (held.position.quantity, held.position.average_price) == (60, 750)
    assert (held.position.realized_pnl, held.commissions, held.fills) == (400, 2, 2)
    assert held.last_fill is not None
    assert held.last_fill.price == 760


def test_option_profit_counts_the_multiplier() -> None:
    ledger = Ledger()
    call = "GOOG 20160122 750 C"
    ledger.apply_report(fill_report(1, 2, "10", instrument_id=call), 100)
    ledger.apply_report(fill_report(2, -2, "11.5", instrument_id=call), 100)
    held = ledger.holding(ACCOUNT, STRATEGY, call)
    assert held is not None
    assert held.position.realized_pnl == Decimal(300)


def test_repeats_change_nothing_and_gaps_are_refused() -> None:
    ledger = Ledger()
    first = fill_report(1, 100)
    assert ledger.apply_report(first, 1) is not None
    assert ledger.apply_report(first, 1) is None
    with pytest.raises(ReportGap):
        ledger.apply_report(fill_report(3, 100), 1)
    ledger.rewind()
    assert ledger.apply_report(first, 1) is None
    assert (quantity(ledger, STRATEGY), ledger.sequence) == (100, 1)


def test_a_correction_replaces_and_an_older_revision_does_not() -> None:
    ledger = Ledger()
    ledger.apply_report(fill_report(1, 100, "750", "0001.7.01"), 1)
    assert ledger.apply_report(fill_report(2, 90, "751", "0001.7.02", commission=None), 1) is not None
    assert ledger.apply_report(fill_report(3, 100, "750", "0001.7.01"), 1) is None
    held = ledger.holding(ACCOUNT, STRATEGY, "GOOG")
    assert held is not None
    assert (held.position.quantity, held.position.average_price, held.fills) == (90, 751, 1)
    assert held.commissions == 1  # the correction told none, so the one known stands


def test_a_commission_that_comes_later_is_added_once() -> None:
    ledger = Ledger()
    ledger.apply_report(fill_report(1, 100, execution_id="0001.7.01", commission=None), 1)
    told = ledger.apply_report(fill_report(2, 100, execution_id="0001.7.01", commission="1.25", event_time=1), 1)
    assert told is not None
    assert (
        ledger.apply_report(fill_report(3, 100, execution_id="0001.7.01", commission="1.25", event_time=1), 1) is None
    )
    held = ledger.holding(ACCOUNT, STRATEGY, "GOOG")
    assert held is not None
    assert (held.position.quantity, held.commissions, held.fills) == (100, Decimal("1.25"), 1)
