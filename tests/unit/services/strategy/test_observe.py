"""Observations: ages as the design says, time that never goes back, a broker delta shown once."""

from __future__ import annotations

import math
import time
from decimal import Decimal

from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.quote import Greeks, Quote
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.strategy.gamma_scalper.config import Earnings
from hedgerow.strategy.observation import ObservationCause, RestoredView
from services.strategy.inputs import Inputs, Leg, QuoteInput
from services.strategy.observe import Observer

NOW = 1_705_416_000_000_000_000  # 2024-01-16 09:40 New York
MS = 1_000_000
CALL = "SIMX 20240209 100 C"


class FixedClock:
    """A replay clock that stands where a test put it."""

    def __init__(self, now: int, speed: float) -> None:
        self.now, self.speed, self.interval_ns = now, speed, 5_000 * MS

    def market_now(self) -> int:
        return self.now

    def event_time(self) -> int:
        return self.now


def quote(instrument_id: str, event_time: int, transit_ms: float = 0.0, greeks: Greeks | None = None) -> Quote:
    received = time.monotonic_ns() - int(transit_ms * MS)
    return Quote(instrument_id, 99.0, 101.0, 1.0, 1.0, event_time, 0, received, False, greeks)


def observer(clock: FixedClock, replay: bool = True, last_sequence: int = 0) -> Observer:
    return Observer(clock, replay, Earnings(), 10_000.0, True, last_sequence)


def test_in_replay_age_is_market_time_less_stretched_transit() -> None:
    clock = FixedClock(NOW, 600.0)
    inputs = Inputs("SIMX")
    inputs.quotes["SIMX"] = QuoteInput(quote("SIMX", NOW - 60_000 * MS), time.monotonic_ns(), 10 * MS)
    seen = observer(clock).observe(inputs, ObservationCause.QUOTE).underlying
    assert seen.age_ms == 60_000 - 600 * 10
    assert seen.limit_ms == 10_000.0
    assert (seen.bid, seen.ask) == (99.0, 101.0)


def test_live_age_is_time_since_receipt() -> None:
    inputs = Inputs("SIMX")
    inputs.add_quote(quote("SIMX", 0, transit_ms=50.0))
    seen = observer(FixedClock(NOW, 1.0), replay=False).observe(inputs, ObservationCause.QUOTE)
    assert 50.0 <= seen.underlying.age_ms < 5_000.0
    assert seen.data_lag_ms >= 50.0


def test_time_never_goes_back_and_sequences_rise_by_one() -> None:
    clock = FixedClock(NOW, 1.0)
    watch = observer(clock, last_sequence=41)
    first = watch.observe(Inputs("SIMX"), ObservationCause.START)
    clock.now = NOW - 1_000 * MS
    second = watch.observe(Inputs("SIMX"), ObservationCause.TIMER)
    assert (first.sequence, second.sequence) == (42, 43)
    assert second.now == first.now == NOW


def test_what_was_restored_is_shown_once_even_when_sequences_go_on() -> None:
    inputs = Inputs("SIMX", restored=RestoredView(True, 5, 99.0, 3, 1, 0.0, False, 7))
    watch = observer(FixedClock(NOW, 1.0), last_sequence=41)
    assert watch.observe(inputs, ObservationCause.START).restored.daily_hedge_count == 3
    assert not watch.observe(inputs, ObservationCause.TIMER).restored.valid


def test_the_session_of_the_day_is_the_exchanges() -> None:
    seen = observer(FixedClock(NOW, 1.0)).observe(Inputs("SIMX"), ObservationCause.TIMER)
    assert seen.session_open < NOW < seen.session_close
    saturday = NOW + 4 * 86_400_000 * MS
    closed = observer(FixedClock(saturday, 1.0)).observe(Inputs("SIMX"), ObservationCause.TIMER)
    assert (closed.session_open, closed.session_close) == (0, 0)


def test_a_leg_shows_each_broker_delta_once() -> None:
    inputs = Inputs("SIMX")
    inputs.legs[CALL] = Leg(parse_instrument_id(CALL), Decimal(20), Decimal("2.5"), Decimal(0), Decimal(0))
    inputs.add_quote(quote(CALL, NOW, greeks=Greeks(0.5, 0.1, 1.0, -1.0, 0.2, "BROKER")))
    watch = observer(FixedClock(NOW, 1.0))
    first, second = (watch.observe(inputs, ObservationCause.QUOTE).legs[0] for _ in range(2))
    assert first.active
    assert first.is_call
    assert (first.contracts, first.multiplier, first.strike) == (20.0, 100.0, 100.0)
    assert first.broker_delta == 0.5
    assert math.isnan(second.broker_delta)


def test_nothing_heard_is_nothing_known() -> None:
    seen = observer(FixedClock(NOW, 1.0)).observe(Inputs("SIMX"), ObservationCause.START)
    assert not any(seen.links)
    assert math.isinf(seen.feed_silence_ms)
    assert math.isnan(seen.underlying.bid)


def test_a_position_break_is_not_reconciled_nor_is_the_brokers_restart() -> None:
    inputs = Inputs("SIMX")
    ready = BrokerLink(LinkState.READY)
    inputs.market_data_open = inputs.execution_open = inputs.portfolio_open = True
    inputs.execution_link = inputs.feed_link = ready
    inputs.reconciled = inputs.reports_known = inputs.positions_complete = True
    watch = observer(FixedClock(NOW, 1.0))
    assert watch.observe(inputs, ObservationCause.LINK).links.reconciled
    inputs.position_break = "POSITION_BREAK SIMX: journal 1, broker 2"
    assert not watch.observe(inputs, ObservationCause.LINK).links.reconciled
    inputs.position_break = ""
    inputs.execution_reasons = ("RESTART_WINDOW: the broker restarts at 23:45 EST",)
    assert not watch.observe(inputs, ObservationCause.LINK).links.reconciled
    assert inputs.agreed
