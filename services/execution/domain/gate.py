"""Why an intent may not leave now: checked here before risk is asked, and again before the send."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import inf, isfinite
from typing import NamedTuple

from hedgerow.domain.order import Intent
from hedgerow.domain.position import ZERO
from services.execution.domain.book import Book, unproven
from services.execution.domain.flatten import Flattens
from services.execution.domain.latches import CODES, Latches, LatchKind
from services.execution.domain.positions import PositionKey

WAY_NS = 1_000_000_000
"""Wall ns an intent may have been on its way, stretched by a replay's speed: what its quote's age may leave out."""


def least_age_ms(quote_time: int, market_now: int, speed: float, interval_ns: int) -> float:
    """The least age in ms a quote of that market time can have now, whoever says what; infinite from the future."""
    allowance = WAY_NS * max(speed, 1.0)
    since = market_now - quote_time
    if since < -(interval_ns + allowance):
        return inf
    return max(0.0, since - allowance) / 1e6


class Refusal(NamedTuple):
    """Why not: a reason code and words for people."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """What execution knows about its surroundings; anything false stops new orders, never cancels.

    `account_refusal` is empty when the intent's account may be traded in the configured mode;
    `quote_age_ms` and `quote_limit_ms` are the freshness of the intent's quote now.
    """

    closing: bool
    link_ready: bool
    link_reason: str
    reconciled: bool
    journal_ok: bool
    lease_ok: bool
    account_refusal: str
    quote_age_ms: float
    quote_limit_ms: float

    def surroundings(self) -> Refusal | None:
        """The first part of the surroundings that is not there."""
        if self.closing:
            return Refusal("DRAINING", "execution is shutting down")
        if not self.lease_ok:
            return Refusal("LEASE_LOST", "another process may own these orders now")
        if not self.journal_ok:
            return Refusal("JOURNAL_UNAVAILABLE", "the journal does not accept writes; restart execution")
        if not self.link_ready:
            return Refusal("BROKER_DOWN", self.link_reason or "the broker connection is not ready")
        if not self.reconciled:
            return Refusal("NOT_RECONCILED", "broker and journal have not been compared since the last connect")
        return None


def refusal(book: Book, intent: Intent, ready: Readiness, held_beyond: Decimal = ZERO) -> Refusal | None:
    """The first reason why this intent may not go to risk and the broker; None when there is none.

    `held_beyond` is what its strategy is known to hold beyond its own executions: a leg it took over.
    """
    if ready.account_refusal:
        return Refusal("ACCOUNT_MODE_MISMATCH", ready.account_refusal)
    missing = ready.surroundings()
    if missing is not None:
        return missing
    unsure = unknown(book, intent)
    if unsure is not None:
        return unsure
    unfit = stale(intent, ready.quote_age_ms, ready.quote_limit_ms)
    if unfit is not None:
        return unfit
    if intent.reduce_only:
        room = reducible(book, intent, held_beyond)
        if intent.quantity > room:
            return Refusal("REDUCE_ONLY", f"{intent.quantity} would cross zero: {room} can be closed")
    return None


def unknown(book: Book, intent: Intent) -> Refusal | None:
    """Why an order nobody can prove keeps this intent back."""
    order = unproven(book, intent.strategy, intent.instrument.symbol)
    if order is None:
        return None
    return Refusal("UNKNOWN_ORDER", f"order {order.client_order_id} of this strategy and symbol is unproven")


def latched(flattens: Flattens, intent: Intent) -> Refusal | None:
    """Why a flatten keeps this intent of a strategy back, reducing ones only while it closes the position itself."""
    flatten = flattens.latch(intent.strategy)
    if flatten is None or (intent.reduce_only and not flatten.under_way):
        return None
    return Refusal("FLATTENED", f"flatten {flatten.request_id} stands until {intent.strategy} is resumed")


def held_back(latches: Latches, intent: Intent, closing: bool = False) -> Refusal | None:
    """Why an operator's stop, pause or kill keeps this intent back; a flatten's own closing one only a kill does."""
    if not latches.by_id:
        return None
    latch = latches.kill_of(intent.strategy, intent.account) if closing else latches.holding(intent)
    if latch is not None:
        return Refusal(CODES[latch.kind], f"{latch.kind} {latch.latch_id} stands: {latch.reason or 'no reason given'}")
    if latches.ended(intent.strategy, intent.run_id):
        return Refusal(CODES[LatchKind.STOP], f"run {intent.run_id} was stopped")
    return None


def stale(intent: Intent, age_ms: float, limit_ms: float) -> Refusal | None:
    """Why the quote an intent was decided on is none an order may follow, at that age; ms of market time."""
    if intent.quote_delayed:
        return Refusal("DATA_DELAYED", "the quote is delayed market data")
    if intent.quote_time <= 0 or (intent.bid is None and intent.ask is None):
        return Refusal("DATA_STALE", "the intent names no quote it was decided on")
    for side, price in (("bid", intent.bid), ("ask", intent.ask)):
        if price is not None and not (isfinite(price) and price > 0):
            return Refusal("QUOTE_INVALID", f"the quote's {side} is {price}")
    if intent.bid is not None and intent.ask is not None and intent.bid > intent.ask:
        return Refusal("QUOTE_CROSSED", f"the quote is crossed, {intent.bid} to {intent.ask}")
    if not age_ms <= limit_ms:
        return Refusal("DATA_STALE", f"quote is {age_ms:.0f} ms old, limit {limit_ms:.0f} ms")
    return None


def reducible(book: Book, intent: Intent, held_beyond: Decimal = ZERO) -> Decimal:
    """How much of the attributed position this side may still close, open orders of the same side counted."""
    key = PositionKey(intent.account, intent.strategy, intent.instrument.instrument_id)
    closable = -intent.side.sign * (book.position(key) + held_beyond)
    for order in book.open_orders(intent.strategy):
        other = order.intent
        same = (other.account, other.instrument.instrument_id, other.side)
        if same == (intent.account, key.instrument_id, intent.side):
            closable -= order.leaves_qty
    return max(ZERO, closable)
