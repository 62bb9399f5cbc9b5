"""What the daemon makes of quotes as they arrive."""

from __future__ import annotations

import time

from hedgerow.domain.quote import Greeks, Quote
from services.strategy.inputs import Inputs

GREEKS = Greeks(0.5, 0.02, 10.0, -5.0, 0.2, "BROKER")


def _quote(touched: int, greeks: Greeks | None = None) -> Quote:
    return Quote("SIMX", 99.9, 100.1, 1.0, 1.0, 1_000, 1_000, touched, False, greeks)


def test_a_quote_takes_as_long_as_since_it_was_received() -> None:
    inputs = Inputs("SIMX")
    inputs.add_quote(_quote(time.monotonic_ns() - 5_000_000))
    assert 5.0 <= inputs.data_lag_ms < 1_000.0


def test_new_greeks_of_an_old_quote_are_no_lag() -> None:
    inputs = Inputs("SIMX")
    touched = time.monotonic_ns()
    inputs.add_quote(_quote(touched))
    first = inputs.quotes["SIMX"]
    before = inputs.data_lag_ms
    inputs.add_quote(_quote(touched, GREEKS))
    second = inputs.quotes["SIMX"]
    assert (second.arrived, second.transit, inputs.data_lag_ms) == (first.arrived, first.transit, before)
    assert second.quote.broker_greeks == GREEKS
    assert not second.delta_used
