"""Errors and states through our own tables."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.order import OrderStatus
from hedgerow.ib.codes import ErrorMeaning, meaning_of, order_status


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (10349, ErrorMeaning.INFORMATIONAL),
        (399, ErrorMeaning.INFORMATIONAL),
        (2104, ErrorMeaning.DATA_FARM_BACK),
        (2106, ErrorMeaning.INFORMATIONAL),
        (2158, ErrorMeaning.INFORMATIONAL),
        (201, ErrorMeaning.ORDER_REJECTED),
        (202, ErrorMeaning.ORDER_CANCELED),
        (110, ErrorMeaning.ORDER_REJECTED),
        (161, ErrorMeaning.CANCEL_REFUSED),
        (10147, ErrorMeaning.ORDER_NOT_FOUND),
        (10148, ErrorMeaning.CANCEL_REFUSED),
        (103, ErrorMeaning.DUPLICATE_ORDER_ID),
        (326, ErrorMeaning.CLIENT_ID_IN_USE),
        (1100, ErrorMeaning.CONNECTIVITY_LOST),
        (1101, ErrorMeaning.CONNECTIVITY_BACK_DATA_LOST),
        (1102, ErrorMeaning.CONNECTIVITY_BACK),
        (99999, ErrorMeaning.UNPROVEN),
    ],
)
def test_codes_mean_what_the_table_says(code: int, meaning: ErrorMeaning) -> None:
    assert meaning_of(code) is meaning


@pytest.mark.parametrize(
    ("state", "filled", "remaining", "rejected", "status"),
    [
        ("PendingSubmit", 0, 100, False, OrderStatus.SENT),
        ("ApiPending", 0, 100, False, OrderStatus.SENT),
        ("PreSubmitted", 0, 100, False, OrderStatus.WORKING),
        ("Submitted", 0, 100, False, OrderStatus.WORKING),
        ("Submitted", 40, 60, False, OrderStatus.PARTIALLY_FILLED),
        ("PendingCancel", 40, 60, False, OrderStatus.PENDING_CANCEL),
        ("Cancelled", 0, 100, False, OrderStatus.CANCELED),
        ("Cancelled", 0, 100, True, OrderStatus.REJECTED),
        ("Cancelled", 40, 60, True, OrderStatus.CANCELED),
        ("ApiCancelled", 0, 100, False, OrderStatus.CANCELED),
        ("Filled", 100, 0, False, OrderStatus.FILLED),
        ("Filled", 40, 60, False, OrderStatus.UNKNOWN),
        ("Inactive", 0, 100, True, OrderStatus.REJECTED),
        ("Inactive", 0, 100, False, OrderStatus.UNKNOWN),
        ("SomethingNew", 0, 100, False, OrderStatus.UNKNOWN),
        ("", 0, 100, False, OrderStatus.UNKNOWN),
    ],
)
def test_states_become_ours(state: str, filled: int, remaining: int, rejected: bool, status: OrderStatus) -> None:
    assert order_status(state, Decimal(filled), Decimal(remaining), rejected) is status
