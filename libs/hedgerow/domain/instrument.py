"""An instrument is a stock or one option contract, named by a canonical id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from hedgerow.domain.errors import InvalidValue


class SecType(StrEnum):
    """Kinds of instrument Hedgerow trades."""

    STK = "STK"
    OPT = "OPT"


class Right(StrEnum):
    """An option's right."""

    CALL = "C"
    PUT = "P"


_SYMBOL = re.compile(r"^[A-Z0-9][A-Z0-9.\-]{0,15}$")


@dataclass(frozen=True, slots=True)
class Instrument:
    """A stock or option; equal when every field is equal, named by `instrument_id`.

    `expiry` is the listed expiry date (old contracts list a Saturday), `strike` is in
    `currency` per share, `multiplier` is shares per contract (1 for a stock).
    Raises InvalidValue when the fields contradict the kind.
    """

    symbol: str
    sec_type: SecType = SecType.STK
    expiry: date | None = None
    strike: Decimal | None = None
    right: Right | None = None
    multiplier: int = 1
    exchange: str = "SMART"
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not _SYMBOL.match(self.symbol):
            raise InvalidValue("symbol", self.symbol, "upper-case letters, digits, dot or dash, 1 to 16")
        if self.multiplier < 1:
            raise InvalidValue("multiplier", self.multiplier, "at least 1 share per contract")
        option = (self.expiry, self.strike, self.right)
        if self.sec_type is SecType.OPT and None in option:
            raise InvalidValue("sec_type", "OPT", "an option has an expiry, a strike and a right")
        if self.sec_type is SecType.STK and option != (None, None, None):
            raise InvalidValue("sec_type", "STK", "a stock has no expiry, strike or right")
        if self.strike is not None and not (self.strike.is_finite() and self.strike > 0):
            raise InvalidValue("strike", self.strike, "a finite number above zero")

    @property
    def instrument_id(self) -> str:
        """`GOOG`, or `GOOG 20160122 750 C` for an option."""
        if self.sec_type is SecType.STK:
            return self.symbol
        assert self.expiry is not None
        assert self.strike is not None
        assert self.right is not None
        strike = format(self.strike.normalize(), "f")
        return f"{self.symbol} {self.expiry:%Y%m%d} {strike} {self.right.value}"

    @property
    def is_option(self) -> bool:
        """Whether this is an option."""
        return self.sec_type is SecType.OPT


def stock(symbol: str) -> Instrument:
    """The US stock of that symbol."""
    return Instrument(symbol)


def option(symbol: str, expiry: date, strike: Decimal, right: Right, multiplier: int = 100) -> Instrument:
    """One US equity option contract."""
    return Instrument(symbol, SecType.OPT, expiry, strike, right, multiplier)


def parse_instrument_id(text: str, multiplier: int = 100) -> Instrument:
    """The instrument a canonical id names; `multiplier` applies to options only.

    Raises InvalidValue when the text is neither `SYMBOL` nor `SYMBOL YYYYMMDD STRIKE C|P`.
    """
    rule = "SYMBOL, or SYMBOL YYYYMMDD STRIKE C|P"
    parts = text.split(" ")
    if len(parts) == 1:
        return stock(text)
    if len(parts) != 4:
        raise InvalidValue("instrument_id", text, rule)
    try:
        expiry = datetime.strptime(parts[1], "%Y%m%d").date()
        return option(parts[0], expiry, Decimal(parts[2]), Right(parts[3]), multiplier)
    except (ValueError, InvalidOperation) as error:
        raise InvalidValue("instrument_id", text, rule) from error
