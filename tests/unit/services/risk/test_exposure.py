"""Exposure: folded from reports, reserved by approvals, replaced by a resync, leaked by neither."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.execution_report import ReportKind as K
from hedgerow.domain.order import OrderStatus as S
from hedgerow.domain.order import Side
from hedgerow.domain.position import PositionKey
from hedgerow.rules.facts import Exposure
from services.risk.domain.exposure import ExposureBook, ReportGap, Reservation
from tests.unit.rules.orders import order
from tests.unit.services.risk.samples import ACCOUNT, STRATEGY, report


def seen(book: ExposureBook, strategy: str | None = STRATEGY) -> tuple[int, int, int]:
    exposure = book.exposure(ACCOUNT, "GOOG", strategy)
    return int(exposure.position), int(exposure.reserved_buy), int(exposure.reserved_sell)


def open_order(leaves: int, intent_id: str = "i-1", side: Side = Side.BUY) -> Reservation:
    return Reservation(intent_id, STRATEGY, ACCOUNT, "GOOG", side, Decimal(leaves))


def test_an_approval_reserves_until_its_order_is_filled() -> None:
    book = ExposureBook()
    book.reserve(order(), 10)
    assert seen(book) == (0, 100, 0)
    book.apply(report(1, K.INTENT, S.PENDING))
    book.apply(report(2, K.SENT, S.SENT))
    assert seen(book) == (0, 100, 0)
    book.apply(report(3, K.FILL, S.PARTIALLY_FILLED, 40))
    assert seen(book) == (40, 60, 0)
    book.apply(report(4, K.FILL, S.FILLED, 100))
    assert seen(book) == (100, 0, 0)
    assert book.positions() == {(ACCOUNT, "GOOG", STRATEGY): Decimal(100)}


@pytest.mark.parametrize(("kind", "status"), [(K.CANCELED, S.CANCELED), (K.REJECTED, S.REJECTED), (K.DENIED, S.DENIED)])
def test_an_order_that_ends_gives_its_reservation_back(kind: K, status: S) -> None:
    book = ExposureBook()
    book.reserve(order(), 10)
    book.apply(report(1, K.INTENT, S.PENDING))
    book.apply(report(2, kind, status))
    assert seen(book) == (0, 0, 0)
    book.reserve(order(), 10)  # a repeated check of an order that is over reserves nothing
    assert seen(book) == (0, 0, 0)


def test_unknown_holds_its_exposure() -> None:
    book = ExposureBook()
    book.apply(report(1, K.INTENT, S.PENDING, side=Side.SELL))
    book.apply(report(2, K.UNKNOWN, S.UNKNOWN, side=Side.SELL))
    assert seen(book) == (0, 0, 100)


def test_late_fills_and_corrections_move_the_position_once() -> None:
    book = ExposureBook()
    book.apply(report(1, K.FILL, S.PARTIALLY_FILLED, 40))
    book.apply(report(2, K.CANCELED, S.CANCELED, 40))
    book.apply(report(3, K.FILL, S.CANCELED, 60))  # filled while the cancel was under way
    book.apply(report(4, K.FILL, S.CANCELED, 50))  # the broker corrected an execution
    assert seen(book) == (50, 0, 0)


def test_repeats_change_nothing_and_gaps_are_refused() -> None:
    book = ExposureBook()
    first = report(1, K.FILL, S.PARTIALLY_FILLED, 40)
    book.apply(first)
    book.apply(first)
    assert (seen(book), book.sequence) == ((40, 60, 0), 1)
    with pytest.raises(ReportGap):
        book.apply(report(3, K.FILL, S.FILLED, 100))
    assert (seen(book), book.sequence) == ((40, 60, 0), 1)
    book.restart()
    assert (seen(book), book.sequence) == ((0, 60, 0), 0)


def test_strategies_are_kept_apart_and_the_account_adds_them() -> None:
    book = ExposureBook()
    book.apply(report(1, K.FILL, S.FILLED, 100))
    book.apply(report(2, K.FILL, S.PARTIALLY_FILLED, 30, "i-2", Side.SELL, strategy="other"))
    assert seen(book) == (100, 0, 0)
    assert seen(book, "other") == (-30, 0, 70)
    assert seen(book, None) == (70, 0, 70)
    assert book.exposure(ACCOUNT, "TWX") == Exposure()


def moved(quantity: int, strategy: str = STRATEGY, instrument_id: str = "GOOG") -> dict[PositionKey, Decimal]:
    return {PositionKey(ACCOUNT, strategy, instrument_id): Decimal(quantity)}


def test_what_came_without_an_order_is_added_to_what_reports_tell_and_to_nothing_else() -> None:
    book = ExposureBook()
    book.apply(report(1, K.FILL, S.PARTIALLY_FILLED, 40))
    book.transfer(moved(100) | moved(-30, "other") | moved(8, instrument_id="GOOG 20160122 750 C"))
    assert seen(book) == (140, 60, 0)
    assert seen(book, "other") == (-30, 0, 0)
    assert seen(book, None) == (110, 60, 0)
    assert book.exposure(ACCOUNT, "GOOG 20160122 750 C", STRATEGY) == Exposure(Decimal(8))
    book.apply(report(2, K.FILL, S.PARTIALLY_FILLED, 50, "i-2", Side.SELL))
    assert seen(book) == (90, 60, 50)
    book.transfer(moved(-40) | moved(5, "late"))  # the newest word on all of them, not a change
    assert seen(book) == (-50, 60, 50)
    assert book.positions() == {(ACCOUNT, "GOOG", STRATEGY): Decimal(-50), (ACCOUNT, "GOOG", "late"): Decimal(5)}


def test_what_came_without_an_order_outlives_the_fold_and_the_writer() -> None:
    book = ExposureBook()
    book.transfer(moved(100))
    book.apply(report(1, K.FILL, S.FILLED, 40))
    book.restart()
    book.resync([open_order(70)], 1)
    assert seen(book) == (100, 70, 0)
    book.apply(report(1, K.FILL, S.FILLED, 40))
    assert seen(book) == (140, 0, 0)


def test_resync_replaces_everything() -> None:
    book = ExposureBook()
    book.reserve(order(intent_id="lost"), 10)
    book.apply(report(1, K.INTENT, S.PENDING, intent_id="held"))
    book.resync([open_order(70, "new"), open_order(30, "sell", Side.SELL)], 1)
    assert seen(book) == (0, 70, 30)


def test_a_resync_of_the_same_writer_keeps_the_approvals_it_could_not_name_yet() -> None:
    book = ExposureBook()
    book.reserve(order(intent_id="crossed"), 10)
    book.apply(report(1, K.INTENT, S.PENDING, intent_id="gone"))
    book.resync([open_order(70, "named")], 1, same_writer=True)
    assert seen(book) == (0, 170, 0)
    book.resync([open_order(70, "named"), open_order(90, "crossed")], 2, same_writer=True)
    assert seen(book) == (0, 160, 0)


def test_resync_never_undoes_a_newer_report() -> None:
    book = ExposureBook()
    book.apply(report(1, K.FILL, S.PARTIALLY_FILLED, 40))
    book.apply(report(2, K.FILL, S.FILLED, 100, "i-2"))
    book.resync([open_order(100, "i-1"), open_order(100, "i-2")], 0)  # built before those fills
    assert seen(book) == (140, 60, 0)


def test_a_resync_that_a_new_order_overtook_does_not_lose_its_reservation() -> None:
    book = ExposureBook()
    book.apply(report(1, K.INTENT, S.PENDING, intent_id="old"))
    book.apply(report(2, K.INTENT, S.PENDING, intent_id="new"))
    book.resync([open_order(100, "old")], 1, same_writer=True)  # made after the first report, read after the second
    assert seen(book) == (0, 200, 0)
    book.resync([open_order(100, "old")], 2, same_writer=True)
    assert seen(book) == (0, 100, 0)


def test_an_order_that_a_correction_opened_again_reserves_again() -> None:
    book = ExposureBook()
    book.apply(report(1, K.FILL, S.FILLED, 100))
    book.apply(report(2, K.FILL, S.PARTIALLY_FILLED, 60))  # the broker corrected an execution
    assert seen(book) == (60, 40, 0)
    book.resync([open_order(40)], 2)
    assert seen(book) == (60, 40, 0)
    book.resync([open_order(40)], 1)
    book.apply(report(3, K.CANCELED, S.CANCELED, 60))
    book.resync([open_order(40)], 2)
    assert seen(book) == (60, 0, 0)


def test_an_unused_approval_is_released_after_its_time_and_a_named_one_is_not() -> None:
    book = ExposureBook()
    book.reserve(order(intent_id="unused"), 10)
    book.reserve(order(intent_id="named"), 10)
    book.apply(report(1, K.INTENT, S.PENDING, intent_id="named"))
    assert [each.intent_id for each in book.release(10)] == []
    assert [each.intent_id for each in book.release(11)] == ["unused"]
    assert seen(book) == (0, 100, 0)
    book.apply(report(2, K.INTENT, S.PENDING, intent_id="unused"))  # it was only late
    assert seen(book) == (0, 200, 0)
