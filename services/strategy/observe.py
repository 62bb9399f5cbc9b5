"""Builds the Observation of one evaluation out of what the daemon has heard."""

from __future__ import annotations

import math
import time

from hedgerow.clock import Clock
from hedgerow.domain.period import market_day
from hedgerow.domain.trading_state import LinkState
from hedgerow.strategy.kit.config import Earnings, earnings_blackout
from hedgerow.strategy.observation import (
    NO_QUOTE,
    NOT_RESTORED,
    LinkView,
    Observation,
    ObservationCause,
    QuoteView,
)
from hedgerow.tape.sessions import session
from services.strategy.inputs import Inputs


class Observer:
    """Turns inputs into observations; `now` never decreases, sequences rise by one."""

    def __init__(
        self, clock: Clock, replay: bool, earnings: Earnings, stale_limit_ms: float, enabled: bool, last_sequence: int
    ) -> None:
        self._clock = clock
        self._replay = replay
        self._earnings = earnings
        self._stale_limit_ms = stale_limit_ms
        self._enabled = enabled
        self._now = 0
        self._first = last_sequence + 1
        self._sequence = last_sequence

    def observe(self, inputs: Inputs, cause: ObservationCause) -> Observation:
        """The next observation; the restored view is shown in the first one only."""
        self._now = max(self._now, self._clock.market_now())
        self._sequence += 1
        now = self._now
        speed = self._clock.speed if self._replay else None
        day = market_day(now)
        hours = session(day) or (0, 0)
        position = inputs.stock
        order = inputs.order
        waited = (time.monotonic_ns() - order.waiting_since) / 1e6 if order.waiting_since else 0.0
        legs = inputs.leg_views(now, speed)
        return Observation(
            sequence=self._sequence,
            cause=cause.value,
            now=now,
            underlying=self._underlying(inputs, now, speed),
            session_open=hours[0],
            session_close=hours[1],
            legs=legs,  # type: ignore[arg-type]  # always MAX_LEGS long
            stock_quantity=float(position.quantity),
            stock_average_price=float(position.average_price),
            stock_realized_pnl=float(position.realized_pnl),
            options_realized_pnl=float(inputs.options_realized_pnl),
            commissions=float(inputs.commissions),
            order=order.view,
            order_wait_ms=waited,
            trading_state=inputs.trading_state.value,
            commands=inputs.commands._replace(paused=bool(inputs.pause)),
            links=_links(inputs),
            feed_silence_ms=inputs.feed_silence_ms(),
            data_lag_ms=inputs.data_lag_ms,
            enabled=self._enabled and not inputs.delayed,
            earnings_blackout=earnings_blackout(self._earnings, day),
            restored=inputs.restored if self._sequence == self._first else NOT_RESTORED,
            outside=inputs.outside,
        )

    def _underlying(self, inputs: Inputs, now: int, speed: float | None) -> QuoteView:
        entry = inputs.underlying
        if entry is None:
            return QuoteView(*NO_QUOTE[:4], self._stale_limit_ms)
        quote = entry.quote
        return QuoteView(
            math.nan if quote.bid is None else quote.bid,
            math.nan if quote.ask is None else quote.ask,
            quote.event_time,
            entry.age_ms(now, speed),
            self._stale_limit_ms,
        )


def _links(inputs: Inputs) -> LinkView:
    return LinkView(
        broker_up=inputs.broker_up,
        reconciled=inputs.agreed and not inputs.restarting,  # an intent would be denied, and count as a failure
        journal_ok=inputs.journal_ok,
        lease_ok=inputs.lease_ok,
        feed_up=inputs.market_data_open and inputs.feed_link.state is LinkState.READY and not inputs.feed_trouble,
    )
