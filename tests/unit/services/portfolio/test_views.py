"""Views: positions at their marks, exposure per underlying and owner."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.domain.position import MANUAL
from hedgerow.tape.sessions import expiry_close_ns
from services.portfolio.domain.adoption import decide_adoption
from services.portfolio.domain.comparison import Comparison, Place
from services.portfolio.domain.ledger import Ledger
from services.portfolio.domain.views import exposures, position_views
from tests.unit.services.portfolio.samples import (
    ACCOUNT,
    CALL,
    SETTLE_NS,
    STRATEGY,
    adopt,
    fill_report,
    holding,
    opened,
)

MARKS = {"GOOG": Decimal(760), CALL: Decimal(16)}


def test_positions_at_marks() -> None:
    ledger, comparison = opened(20)
    transfer = decide_adoption(ledger, adopt(15), 5, 7)
    assert transfer is not None
    ledger.apply_transfer(transfer)
    ledger.apply_report(fill_report(1, -100, "750"), 1)
    views = {(view.owner, view.instrument.instrument_id): view for view in position_views(ledger, comparison, MARKS)}
    assert list(views) == [(MANUAL, CALL), (STRATEGY, "GOOG"), (STRATEGY, CALL)]
    assert views[STRATEGY, CALL].unrealized_pnl == 1500  # (16 - 15) x 15 x 100
    assert views[STRATEGY, "GOOG"].unrealized_pnl == -1000
    assert views[MANUAL, CALL].quantity == 5
    unmarked = position_views(ledger, comparison, {})
    assert {(view.mark_price, view.unrealized_pnl) for view in unmarked} == {(None, None)}


def test_exposure_adds_options_and_stock_of_an_underlying() -> None:
    ledger, comparison = opened(20)
    ledger.apply_report(fill_report(1, -100, "750"), 1)
    manual, own = exposures(position_views(ledger, comparison, MARKS))
    assert (manual.symbol, manual.owner, manual.option_contracts, manual.gross_notional) == ("GOOG", MANUAL, 20, 32_000)
    assert (own.owner, own.stock_quantity) == (STRATEGY, -100)
    assert (own.gross_notional, own.net_notional) == (76_000, -76_000)
    (_, unmarked) = exposures(position_views(ledger, comparison, {}))
    assert unmarked.gross_notional == 75_000


def test_an_account_not_compared_shows_what_the_broker_has() -> None:
    ledger, comparison = Ledger(), Comparison(SETTLE_NS, expiry_close_ns)
    comparison.replace_all(frozenset([ACCOUNT]), {Place(ACCOUNT, CALL): holding(20, multiplier=100)})
    (view,) = position_views(ledger, comparison, MARKS)
    assert (view.owner, view.quantity, view.average_price) == (MANUAL, 20, Decimal("14.2"))
    assert ledger.holdings == {}
