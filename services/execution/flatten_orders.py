"""A flatten's closing orders: reduce-only limits at the touch of a fresh quote, through the normal path."""

from __future__ import annotations

import time
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from hedgerow.clock import Clock
from hedgerow.domain.errors import Unavailable
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import Intent, OrderStatus, OrderType, Side, TimeInForce
from services.execution.config import ExecutionConfig
from services.execution.domain.flatten import Flatten, Place
from services.execution.flatten_view import Attempts
from services.execution.order_log import OrderLog
from services.execution.quotes import FreshQuote, QuoteSource
from services.execution.submit import Submitter

REASON = "FLATTEN"
SHORT_WAIT_S = 0.25
"""Wall seconds: after a longer wait for a quote, broker and journal are compared again before an order leaves."""
_TICK = Decimal("0.01")


class ClosingOrders:
    """Prices and sends them, one at a time per strategy."""

    def __init__(
        self, config: ExecutionConfig, clock: Clock, log: OrderLog, submitter: Submitter, quotes: QuoteSource
    ) -> None:
        self._config = config
        self._clock = clock
        self._log = log
        self._submitter = submitter
        self._quotes = quotes

    async def ask(self, flatten: Flatten, tried: Attempts, instrument: Instrument, side: Side) -> float:
        """Gets a fresh quote; wall seconds to wait when there is none.

        That is a reason at first, and after some seconds a refusal: a flatten nobody quotes for can be given up.
        """
        limit_ms = self._config.quote_limit_ms(flatten.strategy, self._clock.interval_ns)
        asked_at = time.monotonic()
        try:
            fresh = await self._quotes.fresh(instrument, side, limit_ms)
        except Unavailable as error:
            now = time.monotonic()
            tried.compared = -1
            tried.unquoted_since = tried.unquoted_since or now
            if now - tried.unquoted_since >= self._config.flatten_patience_s:
                self.refused(tried, f"{error.reason} {error}")
                return 0.0
            tried.denied = f"{error.reason} {error}"
            tried.next_try = now + self._config.flatten_retry_s
            return self._config.flatten_retry_s
        if tried.unquoted_since:
            tried.unquoted_since, tried.denials, tried.denied = 0.0, 0, ""
        now = time.monotonic()
        tried.quotes[instrument.instrument_id] = (fresh, now)
        if now - asked_at > SHORT_WAIT_S:
            tried.compared = -1  # people trade in the same account: what was compared before the wait may be gone
        return 0.0

    @staticmethod
    def words(step: Place) -> str:
        """What the order is to do."""
        return f"CLOSING {step.side.value} {step.quantity} {step.line.instrument.instrument_id}"

    async def place(self, flatten: Flatten, tried: Attempts, step: Place) -> None:
        """Sends one closing order; its refusal has the next try wait. Never more than the step says."""
        name = step.line.instrument.instrument_id
        fresh, _ = tried.quotes.pop(name)
        answer = await self._submitter.submit_flatten(self._intent(flatten, step, fresh), step.line.target)
        if answer.order_status is OrderStatus.DENIED:
            self.refused(tried, f"{answer.reason} {answer.text}".strip())
        else:
            tried.last_order = answer.client_order_id

    def refused(self, tried: Attempts, why: str) -> None:
        """Notes a refusal."""
        tried.refused(why, self._config.flatten_retry_s, self._config.flatten_longest_retry_s)

    def _intent(self, flatten: Flatten, step: Place, fresh: FreshQuote) -> Intent:
        instrument, quote = step.line.instrument, fresh.quote
        now = self._clock.market_now()
        return Intent(
            intent_id=self._log.flattens.by_id[flatten.request_id].next_intent_id,
            strategy=flatten.strategy,
            account=step.line.key.account,
            instrument=instrument,
            side=step.side,
            quantity=self._affordable(step),
            order_type=OrderType.LIMIT,
            limit_price=self._limit(step, fresh),
            time_in_force=TimeInForce.DAY,
            reduce_only=True,
            decision_sequence=0,
            reason=REASON,
            bid=quote.bid,
            ask=quote.ask,
            quote_time=quote.event_time,
            quote_age_ms=fresh.age_ms,
            created_at=now,
            quote_delayed=quote.delayed,
            traceparent="",
        )

    def _affordable(self, step: Place) -> Decimal:
        """The step's quantity, cut to what one order may be worth."""
        worth = Decimal(repr(step.touch)) * step.line.instrument.multiplier
        most = (Decimal(str(self._config.max_order_notional_usd)) / worth).to_integral_value(ROUND_FLOOR)
        return min(step.quantity, max(most, Decimal(1)))

    def _limit(self, step: Place, fresh: FreshQuote) -> Decimal:
        """The touch, kept within the collar around the mid: a wide market is met half way, not crossed."""
        touch, mid = Decimal(repr(step.touch)), fresh.quote.mid
        if mid is None:
            return touch
        reach = Decimal(repr(mid)) * Decimal(str(self._config.price_collar_pct)) / 100
        if step.side is Side.BUY:
            highest = ((Decimal(repr(mid)) + reach) / _TICK).to_integral_value(ROUND_FLOOR) * _TICK
            return min(touch, highest)
        lowest = ((Decimal(repr(mid)) - reach) / _TICK).to_integral_value(ROUND_CEILING) * _TICK
        return max(touch, lowest)
