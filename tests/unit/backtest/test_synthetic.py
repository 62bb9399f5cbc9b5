"""The synthetic straddle: struck, taken over and quoted at mids alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from hedgerow.backtest.synthetic import synthetic_straddle
from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.tape.format import Tape
from hedgerow.tape.sessions import expiry_close_ns
from hedgerow.tape.synth import synth_tape

DAY = date(2024, 3, 13)


def stock_only() -> Tape:
    tape = Tape.of(*synth_tape(5, DAY, interval_ms=60_000))
    rows = tape.take(np.flatnonzero((tape.instrument == 0) & ~tape.extended))
    return Tape.of(replace(tape.meta, instruments=(tape.meta.underlying,)), rows)


def test_a_crossed_quote_has_no_mid_to_strike_or_price_by() -> None:
    tape = stock_only()
    bid = tape.bid.copy()
    bid[[0, 5]] = tape.ask[[0, 5]] + 8.0
    (made,), legs = synthetic_straddle(
        (replace(tape, bid=bid),), contracts=10.0, volatility=0.2, days_to_expiry=28, interval_ms=60_000,
        spread_pct=0.5, rate=0.02, dividend=0.0,
    )  # fmt: skip
    mids = (tape.bid + tape.ask) * 0.5
    assert legs[0].strike == pytest.approx(mids[1], abs=0.005)
    assert legs[0].active_from == tape.ts[1]
    call = made.instrument == 1
    values, times = (made.bid[call] + made.ask[call]) * 0.5, made.ts[call]
    assert times[0] == tape.ts[1]
    expiry = legs[0].instrument.expiry
    assert expiry is not None
    for row in (4, 5, 6):
        years = (expiry_close_ns(expiry) - int(tape.ts[row])) / (365 * 86_400 * 1_000_000_000)
        spot = float(mids[row if row != 5 else 4])  # the last mid there was
        expected = black_scholes(True, spot, legs[0].strike, years, 0.02, 0.0, 0.2).price
        assert values[np.searchsorted(times, tape.ts[row])] == pytest.approx(expected, rel=1e-12)
