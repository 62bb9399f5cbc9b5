"""The broker's error codes and order states, read through our own tables: an error alone never ends an order."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from hedgerow.domain.order import OrderStatus


class ErrorMeaning(StrEnum):
    """What a code means for us."""

    INFORMATIONAL = "INFORMATIONAL"
    ORDER_REJECTED = "ORDER_REJECTED"
    ORDER_CANCELED = "ORDER_CANCELED"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    CANCEL_REFUSED = "CANCEL_REFUSED"
    DUPLICATE_ORDER_ID = "DUPLICATE_ORDER_ID"
    NO_SUCH_INSTRUMENT = "NO_SUCH_INSTRUMENT"
    NOT_SUBSCRIBED = "NOT_SUBSCRIBED"
    DELAYED_DATA = "DELAYED_DATA"
    COMPETING_SESSION = "COMPETING_SESSION"
    TOO_MANY_LINES = "TOO_MANY_LINES"
    CLIENT_ID_IN_USE = "CLIENT_ID_IN_USE"
    CONNECTIVITY_LOST = "CONNECTIVITY_LOST"
    CONNECTIVITY_BACK_DATA_LOST = "CONNECTIVITY_BACK_DATA_LOST"
    CONNECTIVITY_BACK = "CONNECTIVITY_BACK"
    DATA_FARM_LOST = "DATA_FARM_LOST"
    DATA_FARM_BACK = "DATA_FARM_BACK"
    PACING = "PACING"
    UNPROVEN = "UNPROVEN"


_MEANINGS: dict[int, ErrorMeaning] = {
    100: ErrorMeaning.PACING,
    101: ErrorMeaning.TOO_MANY_LINES,
    103: ErrorMeaning.DUPLICATE_ORDER_ID,
    110: ErrorMeaning.ORDER_REJECTED,
    135: ErrorMeaning.ORDER_NOT_FOUND,
    136: ErrorMeaning.CANCEL_REFUSED,
    161: ErrorMeaning.CANCEL_REFUSED,
    200: ErrorMeaning.NO_SUCH_INSTRUMENT,
    201: ErrorMeaning.ORDER_REJECTED,
    202: ErrorMeaning.ORDER_CANCELED,
    203: ErrorMeaning.ORDER_REJECTED,
    321: ErrorMeaning.ORDER_REJECTED,
    326: ErrorMeaning.CLIENT_ID_IN_USE,
    328: ErrorMeaning.ORDER_REJECTED,
    354: ErrorMeaning.NOT_SUBSCRIBED,
    383: ErrorMeaning.ORDER_REJECTED,
    387: ErrorMeaning.ORDER_REJECTED,
    388: ErrorMeaning.ORDER_REJECTED,
    399: ErrorMeaning.INFORMATIONAL,
    404: ErrorMeaning.INFORMATIONAL,
    434: ErrorMeaning.ORDER_REJECTED,
    435: ErrorMeaning.ORDER_REJECTED,
    463: ErrorMeaning.ORDER_REJECTED,
    1100: ErrorMeaning.CONNECTIVITY_LOST,
    1101: ErrorMeaning.CONNECTIVITY_BACK_DATA_LOST,
    1102: ErrorMeaning.CONNECTIVITY_BACK,
    2103: ErrorMeaning.DATA_FARM_LOST,
    2104: ErrorMeaning.DATA_FARM_BACK,
    2108: ErrorMeaning.INFORMATIONAL,
    2110: ErrorMeaning.CONNECTIVITY_LOST,
    10147: ErrorMeaning.ORDER_NOT_FOUND,
    10148: ErrorMeaning.CANCEL_REFUSED,
    10167: ErrorMeaning.DELAYED_DATA,
    10168: ErrorMeaning.NOT_SUBSCRIBED,
    10186: ErrorMeaning.NOT_SUBSCRIBED,
    10197: ErrorMeaning.COMPETING_SESSION,
    10268: ErrorMeaning.ORDER_REJECTED,
    10318: ErrorMeaning.ORDER_REJECTED,
    10349: ErrorMeaning.INFORMATIONAL,
}


def meaning_of(code: int) -> ErrorMeaning:
    """What the code means; notices 2100 to 2199 inform, and what no table knows is UNPROVEN: ask the broker."""
    known = _MEANINGS.get(code)
    if known is not None:
        return known
    return ErrorMeaning.INFORMATIONAL if 2100 <= code < 2200 else ErrorMeaning.UNPROVEN


_STATES: dict[str, OrderStatus] = {
    "ApiPending": OrderStatus.SENT,
    "PendingSubmit": OrderStatus.SENT,
    "PreSubmitted": OrderStatus.WORKING,
    "Submitted": OrderStatus.WORKING,
    "PendingCancel": OrderStatus.PENDING_CANCEL,
    "Cancelled": OrderStatus.CANCELED,
    "ApiCancelled": OrderStatus.CANCELED,
    "Filled": OrderStatus.FILLED,
}


def order_status(state: str, filled: Decimal, remaining: Decimal, rejected: bool) -> OrderStatus:
    """Our status for the broker's order state.

    `Inactive` is REJECTED only where a reject came for the order, for the broker also parks held orders there;
    a `Filled` with something left over and every unknown state are UNKNOWN.
    """
    if state == "Inactive":
        return OrderStatus.REJECTED if rejected else OrderStatus.UNKNOWN
    status = _STATES.get(state, OrderStatus.UNKNOWN)
    if status is OrderStatus.FILLED and remaining > 0:
        return OrderStatus.UNKNOWN
    if status is OrderStatus.WORKING and filled > 0:
        return OrderStatus.PARTIALLY_FILLED
    if status is OrderStatus.CANCELED and rejected and filled == 0:
        return OrderStatus.REJECTED
    return status
