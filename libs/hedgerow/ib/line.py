"""One market-data line: what the broker's ticks add up to."""

from __future__ import annotations

from math import isfinite

from hedgerow.domain.instrument import Instrument
from hedgerow.domain.quote import Greeks, Quote

# What one update can carry once; the same part again begins the next update.
_BID, _ASK, _BID_SIZE, _ASK_SIZE, _STAMP = 1, 2, 4, 8, 16
_PRICES = {1: _BID, 66: _BID, 2: _ASK, 67: _ASK}
_SIZES = {0: _BID_SIZE, 69: _BID_SIZE, 3: _ASK_SIZE, 70: _ASK_SIZE}
# last price, last size, volume: they change neither side and show that the line flows
_ALIVE = frozenset({4, 5, 8, 68, 71, 74})
_STAMPS = (45, 88)
_DELAYED = frozenset(range(66, 77))
_MODEL_GREEKS = (13, 83)
_NS_PER_S = 1_000_000_000
_DAYS_PER_YEAR = 365.0
_POINTS_PER_VOLATILITY = 100.0
_NOT_COMPUTED = (-1.0, -2.0)


class Line:
    """The state of one line; `request_id` is 0 while it is not asked for, times are ns, `touched` CLOCK_MONOTONIC.

    `parts` are the parts of the quote that the present update brought; greeks are none of them, for they say
    nothing about the age of the quote.
    """

    __slots__ = (
        "ask", "ask_size", "bid", "bid_size", "broker_greeks", "delayed", "dirty", "event_time", "instrument", "name",
        "parts", "quotes", "receive_time", "request_id", "second", "seen", "touched", "trouble",
    )  # fmt: skip

    def __init__(self, instrument: Instrument) -> None:
        self.instrument, self.name = instrument, instrument.instrument_id
        self.quotes = 0
        self.touched = 0
        self.event_time = self.receive_time = 0
        self.dirty = False
        self.reset()

    def reset(self) -> None:
        """A new subscription: nothing of the old one is known."""
        self.request_id = 0
        self.bid: float | None = None
        self.ask: float | None = None
        self.bid_size = 0.0
        self.ask_size = 0.0
        self.delayed = False
        self.seen = False
        self.parts = 0
        self.second = 0
        self.broker_greeks: Greeks | None = None
        self.trouble = ""

    def begins_anew(self, tick_type: int, price: bool) -> bool:
        """Whether this tick belongs to a later update than the parts there are, which then make a quote."""
        part = (_PRICES if price else _SIZES).get(tick_type, 0)
        return bool(self.parts & part)

    def price(self, tick_type: int, price: float, size: float) -> bool:
        """Takes a price tick; whether it concerns the quote or shows it is alive. Minus one means no price."""
        part = _PRICES.get(tick_type)
        if part is None:
            self.parts |= _STAMP if tick_type in _ALIVE else 0
            return tick_type in _ALIVE
        value = price if price > 0 and isfinite(price) else None
        if part == _BID:
            self.bid, self.bid_size = value, size if value is not None else 0.0
        else:
            self.ask, self.ask_size = value, size if value is not None else 0.0
        self.parts |= part
        self.seen = True
        if tick_type in _DELAYED:
            self.delayed = True
        return True

    def size(self, tick_type: int, size: float) -> bool:
        """Takes a size tick; whether it concerns the quote or shows it is alive."""
        if not (size >= 0 and isfinite(size)):
            return False
        part = _SIZES.get(tick_type)
        if part is None:
            self.parts |= _STAMP if tick_type in _ALIVE else 0
            return tick_type in _ALIVE
        if part == _BID_SIZE:
            self.bid_size = size if self.bid is not None else 0.0
        else:
            self.ask_size = size if self.ask is not None else 0.0
        self.parts |= part
        return True

    def stamp(self, tick_type: int, value: str) -> None:
        """Takes a text tick: any shows that the line is alive, a time stamp tells the market's second too."""
        self.parts |= _STAMP
        if tick_type in _STAMPS and value.isdecimal():
            self.second = int(value)

    def model_greeks(self, tick_type: int, values: tuple[float, float, float, float, float]) -> bool:
        """Takes the broker's delta, gamma, vega, theta, volatility; those of bid, ask and last are not kept."""
        if tick_type not in _MODEL_GREEKS:
            return False
        self.broker_greeks = broker_greeks(values)
        return True

    def take(self, event_time: int, receive_time: int, monotonic: int, stamped: bool) -> Quote:
        """The quote as the update left it; its times are new unless only its greeks are.

        `stamped` (a replay) says that time stamps tell when a quote was made: one from an earlier second than
        `event_time` waited on the way, and is from then.
        """
        if self.parts:
            late = stamped and 0 < self.second < event_time // _NS_PER_S
            self.event_time = self.second * _NS_PER_S if late else event_time
            self.receive_time, self.touched = receive_time, monotonic
            self.parts = self.second = 0
        return Quote(
            self.name, self.bid, self.ask, self.bid_size, self.ask_size, self.event_time, self.receive_time,
            self.touched, self.delayed, self.broker_greeks,
        )  # fmt: skip


def broker_greeks(values: tuple[float, float, float, float, float]) -> Greeks | None:
    """Greeks in our units, None unless all five were computed.

    The broker gives vega per volatility point and theta per day, and says "not computed" by -1 (volatility),
    -2 (the rest), a huge number or NaN; no part of such a set is used.
    """
    delta, gamma, vega, theta, volatility = values
    if volatility in _NOT_COMPUTED or -2.0 in (delta, gamma, vega, theta):
        return None
    if not all(isfinite(value) and abs(value) < 1e100 for value in values):
        return None
    return Greeks(delta, gamma, vega * _POINTS_PER_VOLATILITY, theta * _DAYS_PER_YEAR, volatility, "BROKER")
