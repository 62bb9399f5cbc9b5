"""What a gateway checks of an order before it takes it: each refusal with its own code."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from hedgerow.ibsim.codes import PRICE_VARIATION, Code, RequestRefused, validating
from hedgerow.ibsim.contracts import Listing
from hedgerow.ibsim.orders import STOPS, OrderFields, SimOrder, limit_of, stop_of

ORDER_TYPES = ("MKT", "LMT", *STOPS)
# Beyond these nothing is meant: the largest size and price an order may name.
LARGEST_SIZE, LARGEST_PRICE = 10**9, 10**7
_ID_DIGITS = 10
TIMES_IN_FORCE = ("", "DAY", "GTC", "IOC")


def rejected(reason: str) -> RequestRefused:
    """Error 201 with that reason."""
    return RequestRefused(Code.ORDER_REJECTED, f"Order rejected - reason:{reason}")


def check_fields(fields: OrderFields, listing: Listing, account: str) -> None:
    """Refuse an order whose fields make no order. Raises RequestRefused."""
    if fields["action"] not in ("BUY", "SELL"):
        raise validating(f"Invalid side '{fields['action'][:16]}'")
    if fields["account"] not in ("", account):
        raise validating("Invalid account code")
    if fields["orderType"] not in ORDER_TYPES:
        raise RequestRefused(Code.UNSUPPORTED_ORDER_TYPE, "Unsupported order type for this exchange and security type.")
    if fields["tif"] not in TIMES_IN_FORCE:
        raise RequestRefused(Code.INVALID_TIME_IN_FORCE, f"Invalid time in force:{fields['tif'][:16]}")
    _check_quantity(fields["totalQuantity"])
    if fields["orderType"] in ("LMT", "STP LMT"):
        _check_price("limit", fields["lmtPrice"], limit_of, fields, listing)
    if fields["orderType"] in STOPS:
        _check_price("stop", fields["auxPrice"], stop_of, fields, listing)
    if not (fields["parentId"] or "0").isdecimal() or len(fields["parentId"]) > _ID_DIGITS:
        raise validating(f"Invalid parent order id '{fields['parentId'][:16]}'")


def _check_quantity(quantity: str) -> None:
    try:
        size = Decimal(quantity or 0)
    except InvalidOperation:
        raise validating(f"Invalid order quantity '{quantity[:16]}'") from None
    if not size.is_finite() or size <= 0:
        raise RequestRefused(Code.ZERO_SIZE, "The order size cannot be zero.")
    if size > LARGEST_SIZE:
        raise rejected(f"The size exceeds {LARGEST_SIZE}")
    if size != size.to_integral_value():
        raise RequestRefused(Code.FRACTIONAL_SIZE, "Fractional-sized order cannot be placed via API")


def _check_price(
    what: str, text: str, read: Callable[[OrderFields], Decimal | None], fields: OrderFields, listing: Listing
) -> None:
    try:
        price = read(fields)
    except InvalidOperation:
        raise validating(f"Invalid {what} price '{text[:16]}'") from None
    if price is None or not price.is_finite() or not 0 < price <= LARGEST_PRICE:
        raise validating(f"Missing or invalid {what} price for this order type")
    if price % listing.min_tick:
        raise RequestRefused(Code.PRICE_VARIATION, PRICE_VARIATION)


def check_modification(order: SimOrder, fields: OrderFields, listing: Listing) -> None:
    """Refuse a change the order's state or identity does not allow. Raises RequestRefused."""
    if order.status.is_done:
        raise RequestRefused(Code.CANNOT_MODIFY_FILLED, "Cannot modify a filled order.")
    if order.instrument_id != listing.instrument_id or order.fields["action"] != fields["action"]:
        raise RequestRefused(Code.MODIFY_DOES_NOT_MATCH, "Order being modified does not match original order")
    if Decimal(fields["totalQuantity"]) <= order.filled:
        raise rejected("The new quantity is not above what has already been filled")
