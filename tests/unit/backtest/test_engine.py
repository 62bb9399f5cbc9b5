"""The engine from tape to columns, plain: what the strategy is shown and what its orders do."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from hedgerow.backtest.engine import run
from hedgerow.backtest.feed import Feed
from hedgerow.strategy.codes import BlockReason, IntentAction
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.tape.format import Tape
from hedgerow.tape.synth import synth_tape
from tests.backtest_world import straddle_feed


@pytest.fixture(scope="module")
def feed() -> Feed:
    """A quarter of a synthetic day with the straddle a session would adopt."""
    return straddle_feed(Tape.of(*synth_tape(7, date(2024, 3, 13), interval_ms=10_000))).between(0, 1_200)


def test_a_day_is_hedged_and_its_columns_tell_one_story(feed: Feed) -> None:
    result = run(feed, Params(), mode="plain")
    sent = result.decisions["action"] == IntentAction.SUBMIT
    assert result.counts.ticks == len(feed)
    assert result.counts.orders == sent.sum() == len(result.orders["number"]) > 0
    assert result.orders["submit_ts"].tolist() == result.decisions["now"][sent].tolist()
    signed = result.fills["side"] * result.fills["quantity"]
    assert result.stock_quantity == signed.sum()
    assert result.commissions == pytest.approx(result.fills["commission"].sum())
    assert result.marks["pnl"][-1] == result.pnl
    assert np.all(np.diff(result.decisions["sequence"]) == 1)
    assert np.all(np.diff(result.decisions["now"]) >= 0)
    counted = np.bincount(result.decisions["block_reason"], minlength=max(BlockReason) + 1)
    assert result.reasons == {reason.name: counted[reason] for reason in BlockReason if counted[reason]}
    assert run(feed, Params(), mode="plain", record=False).reasons == result.reasons
