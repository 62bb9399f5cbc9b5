"""Error codes of the TWS API that the simulator sends, with a real gateway's wording."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Error and notice codes."""

    MAX_RATE = 100
    DUPLICATE_ORDER_ID = 103
    CANNOT_MODIFY_FILLED = 104
    MODIFY_DOES_NOT_MATCH = 105
    PRICE_VARIATION = 110
    HISTORICAL_DATA_ERROR = 162
    NO_SECURITY_DEFINITION = 200
    ORDER_REJECTED = 201
    ORDER_CANCELED = 202
    UNKNOWN_TICKER_ID = 300
    READING_REQUEST = 320
    VALIDATING_REQUEST = 321
    DUPLICATE_TICKER_ID = 322
    CLIENT_ID_IN_USE = 326
    NOT_SUBSCRIBED = 354
    UNSUPPORTED_ORDER_TYPE = 387
    ORDER_MESSAGE = 399
    ZERO_SIZE = 434
    NOT_CONNECTED = 504
    UNKNOWN_MESSAGE = 505
    LINK_LOST = 1100
    LINK_DATA_LOST = 1101
    LINK_RESTORED = 1102
    DATA_FARM_BROKEN = 2103
    DATA_FARM_OK = 2104
    HISTORICAL_FARM_OK = 2106
    DEFINITION_FARM_OK = 2158
    MISSING_PARENT = 10006
    INVALID_TIME_IN_FORCE = 10052
    CANCEL_NOT_FOUND = 10147
    CANCEL_NOT_POSSIBLE = 10148
    DELAYED_DATA = 10167
    COMPETING_SESSION = 10197
    FRACTIONAL_SIZE = 10243


NO_DEFINITION = "No security definition has been found for the request"
CLIENT_ID_IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id."
DELAYED = "Requested market data is not subscribed. Displaying delayed market data."
PRICE_VARIATION = "The price does not conform to the minimum price variation for this contract."
FARM_NOTICES = (
    (Code.DATA_FARM_OK, "Market data farm connection is OK:usfarm"),
    (Code.HISTORICAL_FARM_OK, "HMDS data farm connection is OK:ushmds"),
    (Code.DEFINITION_FARM_OK, "Sec-def data farm connection is OK:secdefil"),
)


class RequestRefused(Exception):
    """A request the gateway answers with an error instead of data."""

    def __init__(self, code: Code, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{int(code)} {text}")


def validating(cause: str) -> RequestRefused:
    """Error 321 with that cause."""
    return RequestRefused(Code.VALIDATING_REQUEST, f"Error validating request.-'bN' : cause - {cause}")
