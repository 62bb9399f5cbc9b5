"""Whether the broker's net position lets a flatten close what is attributed to its strategy."""

from __future__ import annotations

import time
from decimal import Decimal

from hedgerow.domain.errors import Unavailable
from hedgerow.domain.position import ZERO
from services.execution.barrier import Barrier
from services.execution.domain.book import Book
from services.execution.domain.flatten import Flatten, Line, need
from services.execution.flatten_view import Attempts, FlattenView
from services.execution.holdings import PortfolioHoldings


class Breaks:
    """Compares, and judges each position that is to be closed.

    What the broker holds beyond all strategies belongs to people. Where that points the other way than the
    strategy's position, the broker holds less than is attributed: either people hold it so, which portfolio's
    ledger knows, or part of the position is gone, and closing all of it would open one nobody wants.
    """

    def __init__(
        self, book: Book, barrier: Barrier, view: FlattenView, holdings: PortfolioHoldings, settle_s: float
    ) -> None:
        self._book = book
        self._barrier = barrier
        self._view = view
        self._holdings = holdings
        self._settle_s = settle_s

    async def compare(self, flatten: Flatten, tried: Attempts) -> None:
        """One comparison of broker and journal; raises Unavailable, JournalUnavailable."""
        await self._barrier.compare(everything=True)
        tried.broken.clear()
        tried.unsettled = ""
        places = set()
        for line in self._view.lines(flatten, tried):
            if need(line.quantity, line.target):
                place = (line.key.account, line.key.instrument_id)
                places.add(place)
                await self._judge(line, tried)
        tried.suspected = {place: since for place, since in tried.suspected.items() if place in places}
        if tried.unsettled:
            tried.compared = -1  # asked again after a moment: a fill may be on its way
        else:
            tried.compared = self._book.touched.get(flatten.strategy, 0)
            tried.compared_at = time.monotonic()

    def look_again(self, tried: Attempts) -> None:
        """Has a break looked at anew: its cause may be gone."""
        if tried.broken:
            tried.compared = -1

    async def _judge(self, line: Line, tried: Attempts) -> None:
        place = (line.key.account, line.key.instrument_id)
        broker = self._barrier.positions.get(place, ZERO)
        others = self._book.net_positions().get(place, ZERO) - self._book.position(line.key)
        others += self._view.transferred.at(place) - self._view.transferred.of(line.key)
        strategies = others + line.quantity
        manual = broker - strategies
        if manual * line.quantity >= 0:
            tried.suspected.pop(place, None)
            return
        known, since = tried.suspected.get(place, (None, 0.0))
        if known != manual:
            tried.suspected[place] = (manual, time.monotonic())
            since = time.monotonic()
        if time.monotonic() - since < self._settle_s:
            tried.unsettled = f"POSITION_UNSETTLED {self._words(line, broker, strategies)}"
            return
        why = await self._unexplained(place, manual)
        if why:
            tried.broken[place] = f"{self._words(line, broker, strategies)}, {why}"

    async def _unexplained(self, place: tuple[str, str], manual: Decimal) -> str:
        """Why portfolio's ledger does not explain what people seem to hold, empty when it does."""
        try:
            holdings = await self._holdings.ask()
        except Unavailable as error:
            return str(error)
        known = holdings.manual(place)
        if place in holdings.breaks or known != manual:
            return f"people hold {known} by the ledger"
        return ""

    @staticmethod
    def _words(line: Line, broker: Decimal, strategies: Decimal) -> str:
        name = line.key.instrument_id
        return f"{line.key.account} {name}: the broker holds {broker}, strategies {strategies}"
