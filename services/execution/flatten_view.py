"""What a flatten's next step depends on, gathered from the book, the barrier and what was tried so far."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.domain.instrument import Instrument, parse_instrument_id
from hedgerow.domain.order import OrderStatus
from hedgerow.store.transferred import Transferred
from services.execution.barrier import Barrier
from services.execution.config import ExecutionConfig
from services.execution.domain.book import Book
from services.execution.domain.flatten import Flatten, Line, OpenOrder, Quote, Surroundings
from services.execution.domain.orders import Order
from services.execution.domain.positions import PositionKey
from services.execution.quotes import FreshQuote
from services.execution.submit import Submitter

_LIVE = (OrderStatus.WORKING, OrderStatus.PARTIALLY_FILLED)
QUOTE_KEPT_S = 0.5
Place = tuple[str, str]


@dataclass(slots=True)
class Attempts:
    """What was tried for one strategy since this process began; times are CLOCK_MONOTONIC seconds."""

    denials: int = 0
    denied: str = ""
    unfilled: int = 0
    unquoted_since: float = 0.0
    next_try: float = 0.0
    last_order: str = ""
    compared: int = -1
    compared_at: float = 0.0
    unsettled: str = ""
    broken: dict[Place, str] = field(default_factory=dict)
    suspected: dict[Place, tuple[Decimal, float]] = field(default_factory=dict)
    quotes: dict[str, tuple[FreshQuote, float]] = field(default_factory=dict)
    cancel_asked: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    legs_trouble: str = ""
    told: str = ""

    def refused(self, why: str, first_s: float, longest_s: float) -> None:
        """One more refusal: the next try waits twice as long."""
        self.denials += 1
        self.denied = why
        self.next_try = time.monotonic() + min(first_s * 2 ** min(self.denials - 1, 10), longest_s)


class FlattenView:
    """Builds Surroundings; decides nothing."""

    def __init__(
        self, config: ExecutionConfig, book: Book, barrier: Barrier, submitter: Submitter, transferred: Transferred
    ) -> None:
        self._config = config
        self._book = book
        self._barrier = barrier
        self._submitter = submitter
        self.transferred = transferred

    def surroundings(self, flatten: Flatten, tried: Attempts) -> Surroundings:
        """Everything `decide` asks for, as of now."""
        now = time.monotonic()
        orders = tuple(self._order(flatten, tried, order, now) for order in self._book.open_orders(flatten.strategy))
        why = self._submitter.killed(flatten.strategy) or self._submitter.readiness().surroundings()
        lines = tuple(self.lines(flatten, tried))
        return Surroundings(
            lines=lines,
            orders=orders,
            # People trade in the same account: what was compared holds for one try, no longer.
            compared=tried.compared >= self._book.touched.get(flatten.strategy, 0)
            and now - tried.compared_at <= self._config.flatten_quote_s + QUOTE_KEPT_S,
            not_ready="" if why is None else f"{why.reason} {why.text}",
            legs_known=flatten.legs is not None,
            legs_trouble=tried.legs_trouble if now < tried.next_try else "",
            quotes={
                name: Quote(fresh.quote.bid, fresh.quote.ask)
                for name, (fresh, taken) in tried.quotes.items()
                if now - taken <= QUOTE_KEPT_S
            },
            denials=tried.denials,
            denied=tried.denied,
            resting=now < tried.next_try,
            slices={
                line.instrument.instrument_id: Decimal(self._config.max_order_quantity) for line in lines
            },
        )  # fmt: skip

    def lines(self, flatten: Flatten, tried: Attempts) -> Iterable[Line]:
        """The strategy's positions that the flatten closes, the stock first."""
        keys = {key: None for key in self._book.positions if key.strategy == flatten.strategy}
        instruments: dict[PositionKey, Instrument] = {}
        for key in keys:
            instruments[key] = parse_instrument_id(key.instrument_id, self._book.positions[key].multiplier)
        for key in self.transferred.keys(flatten.strategy):
            keys[key] = None
            instruments[key] = parse_instrument_id(key.instrument_id)
        for leg in flatten.legs or ():
            key = PositionKey(leg.account, flatten.strategy, leg.instrument.instrument_id)
            keys[key] = None
            instruments[key] = leg.instrument
        for key in sorted(keys, key=lambda each: (instruments[each].is_option, each)):
            option = instruments[key].is_option
            if option and not flatten.include_options:
                continue
            quantity = self._book.position(key) + flatten.held_beyond(key) + self.transferred.of(key)
            target = Decimal(0) if option else flatten.target
            broken = tried.broken.get((key.account, key.instrument_id), "")
            yield Line(key, instruments[key], quantity, target, broken)

    def _order(self, flatten: Flatten, tried: Attempts, order: Order, now: float) -> OpenOrder:
        name = order.client_order_id
        first_seen = tried.seen.setdefault(name, now)
        own = name in flatten.orders
        asked = tried.cancel_asked.get(name, first_seen if order.cancel_sent else 0.0)
        waits = name in self._submitter.cancel_wishes or (
            order.cancel_sent and now - asked < self._config.ack_timeout_s
        )
        return OpenOrder(
            name,
            own,
            order.status is OrderStatus.UNKNOWN,
            cancel_due=not waits,
            due=order.cancel_sent
            or (own and order.status in _LIVE and now - first_seen >= self._config.flatten_reprice_s),
            fill_claimed=self._barrier.claims(order),
        )
