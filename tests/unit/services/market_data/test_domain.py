"""Age, freshness, silence and gaps."""

from __future__ import annotations

import math

import pytest

from services.market_data.domain import Moment, age_ms, freshness_limit_ms, missed, silence_limit_ms

MS = 1_000_000
MINUTE = 60_000 * MS


def test_live_age_is_monotonic_and_no_clock_jump_changes_it() -> None:
    for wall in (-(10**15), 0, 10**15):
        assert age_ms(0, 100 * MS, Moment(wall, 350 * MS, False)) == 250.0


def test_replay_age_is_market_time_and_never_negative() -> None:
    assert age_ms(5 * MINUTE, 0, Moment(7 * MINUTE, 10**18, True)) == 120_000.0
    assert age_ms(5 * MINUTE, 0, Moment(4 * MINUTE, 0, True)) == 0.0


@pytest.mark.parametrize(
    ("configured", "interval", "limit"), [(5000, 0, 5000), (5000, MINUTE, 120_000), (600_000, MINUTE, 600_000)]
)
def test_no_limit_is_below_two_bars(configured: float, interval: int, limit: float) -> None:
    assert freshness_limit_ms(configured, interval) == limit


@pytest.mark.parametrize(
    ("interval", "speed", "limit"),
    [(0, 1.0, 2000), (MINUTE, 1.0, 120_000), (MINUTE, 600.0, 2000), (MINUTE, 30.0, 4000), (MINUTE, 0.0, math.inf)],
)
def test_between_two_bars_silence_is_normal(interval: int, speed: float, limit: float) -> None:
    assert silence_limit_ms(2000, interval, speed) == limit


WANTED = frozenset({"GOOG"})


@pytest.mark.parametrize(
    ("start_sequence", "sent", "lost"),
    [
        (104, 0, 0),  # has everything
        (103, 1, 0),  # the newest quote is GOOG's and is sent
        (100, 1, 1),  # GOOG at 102 is gone for good
        (99, 1, 2),
        (98, 1, 2),  # one before the history began: at least these
        (1, 3, 1),  # from an earlier run: at least one
    ],
)
def test_a_resumed_reader_is_told_what_it_will_never_see(start_sequence: int, sent: int, lost: int) -> None:
    history = ["GOOG", "TWX", "GOOG", "TWX", "GOOG"]
    assert missed(history, 100, start_sequence, WANTED, sent) == lost
