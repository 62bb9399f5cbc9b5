"""What a position is taken over at, out of the tapes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from hedgerow.backtest.inputs import legs_of
from hedgerow.backtest.spec import Leg, Position
from hedgerow.strategy.trial import trial_config
from hedgerow.tape.format import Tape
from hedgerow.tape.synth import synth_tape


def test_a_listed_leg_is_taken_over_at_its_first_quote_that_is_not_crossed() -> None:
    config = trial_config("gamma_scalper")
    tape = Tape.of(*synth_tape(5, date(2024, 3, 13), config.underlying.symbol, interval_ms=60_000))
    rows = np.flatnonzero((tape.instrument == 1) & ~tape.extended & np.isfinite(tape.bid + tape.ask))
    bid = tape.bid.copy()
    bid[rows[0]] = tape.ask[rows[0]] + 8.0
    wanted = tape.meta.instruments[1].instrument_id
    held = Position(kind="legs", legs=(Leg(instrument=wanted, contracts=1.0),))
    (leg,) = legs_of(held, config, (replace(tape, bid=bid),))
    assert leg.average_price == pytest.approx((tape.bid[rows[1]] + tape.ask[rows[1]]) * 0.5)
