"""States and blocks as stretches of time."""

from __future__ import annotations

import numpy as np

from hedgerow.backtest.timeline import Stretch, timeline_of
from hedgerow.strategy.codes import BlockReason, DeltaState

SECOND = 1_000_000_000
SLICE = 30 * SECOND
NEEDED, BAND = int(DeltaState.HEDGE_NEEDED), int(DeltaState.IN_BAND)
NONE, BELOW, COOLDOWN, MOVE = (
    int(each)
    for each in (BlockReason.NONE, BlockReason.BELOW_THRESHOLD, BlockReason.COOLDOWN, BlockReason.MIN_PRICE_MOVE)
)


def times(*seconds: int) -> np.ndarray:
    return np.array(seconds, dtype=np.int64) * SECOND


def test_equal_neighbours_are_one_stretch_and_gaps_carry_the_state_on() -> None:
    states = np.array([BAND, BAND, NEEDED, NEEDED, BAND])
    reasons = np.array([BELOW, BELOW, COOLDOWN, COOLDOWN, BELOW])
    made = timeline_of(times(0, 40, 60, 65, 155), {"D": states}, reasons, [(0, 240 * SECOND)])
    assert made.slice_ns == SLICE
    assert made.states["D"] == (
        Stretch(0, 2 * SLICE, "IN_BAND"),
        Stretch(2 * SLICE, 5 * SLICE, "HEDGE_NEEDED"),
        Stretch(5 * SLICE, 6 * SLICE, "IN_BAND"),
    )
    assert made.blocked == (Stretch(2 * SLICE, 5 * SLICE, "COOLDOWN"),)
    assert made.shares == {"D": {"IN_BAND": 0.6, "HEDGE_NEEDED": 0.4}}


def test_a_slice_says_what_most_of_its_evaluations_say_and_any_block_shows() -> None:
    states = np.array([BAND, NEEDED, NEEDED])
    reasons = np.array([NONE, MOVE, NONE])
    made = timeline_of(times(1, 2, 3), {"D": states}, reasons, [(0, 60 * SECOND)])
    assert made.states["D"] == (Stretch(0, SLICE, "HEDGE_NEEDED"),)
    assert made.blocked == (Stretch(0, SLICE, "MIN_PRICE_MOVE"),)


def test_sessions_stay_apart_and_what_lies_outside_is_not_drawn() -> None:
    sessions = [(0, 60 * SECOND), (1_000 * SECOND, 1_060 * SECOND)]
    states = np.array([BAND, NEEDED, BAND])
    made = timeline_of(times(10, 500, 1_060), {"D": states}, np.array([BELOW, COOLDOWN, BELOW]), sessions)
    assert made.states["D"] == (
        Stretch(0, SLICE, "IN_BAND"),
        Stretch(1_030 * SECOND, 1_060 * SECOND, "IN_BAND"),
    )
    assert made.blocked == ()
    assert made.sessions == tuple(sessions)


def test_long_runs_get_longer_slices() -> None:
    year = 250 * 23_400 * SECOND
    ts = np.arange(0, year, 10_000 * SECOND, dtype=np.int64)
    states = np.arange(len(ts)) % 2
    made = timeline_of(ts, {"D": states}, np.zeros(len(ts), dtype=np.int64), [(0, year)])
    assert len(made.states["D"]) <= 2_000
    assert made.slice_ns == year // 2_000


def test_nothing_evaluated_is_nothing() -> None:
    made = timeline_of(times(), {"D": np.array([], dtype=np.int64)}, np.array([], dtype=np.int64), [(0, 60 * SECOND)])
    assert made.states == {"D": ()}
    assert made.blocked == ()
    assert made.shares == {"D": {}}
