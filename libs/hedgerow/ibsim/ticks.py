"""Market data frames, built from bytes prepared once per subscription: this is the hot path."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hedgerow.ibsim.contracts import Listing
from hedgerow.ibsim.greeks import ModelGreeks
from hedgerow.ibsim.market import QuoteState
from hedgerow.ibsim.times import SECOND_NS

if TYPE_CHECKING:
    from hedgerow.ibsim.session import Session

_LENGTH = struct.Struct(">I")
# Tick types: bid, ask, their sizes, last timestamp, model computation; real-time and delayed.
_REALTIME = (1, 2, 0, 3, 45, 13)
_DELAYED = (66, 67, 69, 70, 88, 83)
_REGULAR, _EXTENDED = 1, 5  # attribute bits: can auto-execute, pre-open


@dataclass(slots=True, eq=False)
class Subscription:
    """One client's market data request, its frame prefixes and what it was last sent."""

    session: Session
    req_id: str
    listing: Listing
    delayed: bool
    last: tuple[float | None, float | None, float, float] | None = None
    _bid: bytes = field(init=False)
    _ask: bytes = field(init=False)
    _bid_size: bytes = field(init=False)
    _ask_size: bytes = field(init=False)
    _time: bytes = field(init=False)
    _model: bytes = field(init=False)

    def __post_init__(self) -> None:
        bid, ask, bid_size, ask_size, time, model = _DELAYED if self.delayed else _REALTIME
        req_id = self.req_id
        self._bid = f"1\x006\x00{req_id}\x00{bid}\x00".encode()
        self._ask = f"1\x006\x00{req_id}\x00{ask}\x00".encode()
        self._bid_size = f"2\x006\x00{req_id}\x00{bid_size}\x00".encode()
        self._ask_size = f"2\x006\x00{req_id}\x00{ask_size}\x00".encode()
        self._time = f"46\x006\x00{req_id}\x00{time}\x00".encode()
        self._model = f"21\x00{req_id}\x00{model}\x000\x00".encode()

    def quote(self, quote: QuoteState) -> list[bytes]:
        """The frames of one quote: both prices (they carry the sizes), sizes changed alone, the time.

        Prices go out even when nothing changed; the time makes clients notice that.
        """
        attributes = _EXTENDED if quote.extended else _REGULAR
        bid, ask, bid_size, ask_size = quote.bid, quote.ask, int(quote.bid_size), int(quote.ask_size)
        frames = [_price(self._bid, bid, bid_size, attributes), _price(self._ask, ask, ask_size, attributes)]
        last, self.last = self.last, (bid, ask, bid_size, ask_size)
        if last is None or (last[0] == bid and last[2] != bid_size):
            frames.append(_frame(self._bid_size + b"%d\0" % bid_size))
        if last is None or (last[1] == ask and last[3] != ask_size):
            frames.append(_frame(self._ask_size + b"%d\0" % ask_size))
        frames.append(_frame(self._time + b"%d\0" % (quote.time // SECOND_NS)))
        return frames

    def model(self, greeks: ModelGreeks) -> bytes:
        """The model's option computation; -1 and -2 mean not computed."""
        return _frame(self._model + ("\0".join(map(repr, greeks)) + "\0").encode())


def _frame(body: bytes) -> bytes:
    return _LENGTH.pack(len(body)) + body


def _price(prefix: bytes, price: float | None, size: int, attributes: int) -> bytes:
    if price is None:
        # A real gateway says -1 with size 0 when there is nobody on that side.
        return _frame(prefix + b"-1\x000\x000\x00")
    return _frame(prefix + f"{price!r}\x00{size}\x00{attributes}\x00".encode())
