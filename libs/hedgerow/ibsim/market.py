"""The current market: one quote per contract, with what is left of its displayed sizes."""

from __future__ import annotations

from decimal import Decimal


class QuoteState:
    """Best bid and offer of one contract now; an absent side is None.

    `time` is market ns UTC of the quote, 0 before the first; `extended` marks one from outside
    the regular session; `bid_left` and `ask_left` are the displayed sizes not yet traded against.
    `mark` is the last price an open position was valued at.
    """

    __slots__ = ("ask", "ask_left", "ask_size", "bid", "bid_left", "bid_size", "extended", "iv", "mark", "time")

    def __init__(self) -> None:
        self.bid: float | None = None
        self.ask: float | None = None
        self.bid_size = 0.0
        self.ask_size = 0.0
        self.bid_left = 0.0
        self.ask_left = 0.0
        self.time = 0
        self.extended = False
        self.mark: float | None = None
        self.iv: float | None = None

    def update(
        self, time_ns: int, bid: float | None, ask: float | None, bid_size: float, ask_size: float, extended: bool
    ) -> None:
        """Replace the quote; the displayed sizes are whole again."""
        self.time = time_ns
        self.bid, self.ask = bid, ask
        self.bid_size = self.bid_left = bid_size if bid is not None else 0.0
        self.ask_size = self.ask_left = ask_size if ask is not None else 0.0
        self.extended = extended
        self.iv = None
        mark = self.mid
        if mark is not None:
            self.mark = mark

    def clear(self) -> None:
        """Forget the quote, not the mark."""
        self.time, self.bid, self.ask, self.iv = 0, None, None, None
        self.bid_size = self.bid_left = self.ask_size = self.ask_left = 0.0

    @property
    def mid(self) -> float | None:
        """Half way between the sides, the one side there is, or None."""
        if self.bid is None:
            return self.ask
        if self.ask is None:
            return self.bid
        return (self.bid + self.ask) * 0.5

    @property
    def mark_price(self) -> Decimal:
        """The price to value a position at: the last mid, zero before any quote."""
        return Decimal(str(round(self.mark, 6))) if self.mark is not None else Decimal(0)
