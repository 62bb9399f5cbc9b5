"""How old a quote is, when it is too old, and what a feed's silence means: pure rules."""

from __future__ import annotations

from typing import NamedTuple

NS_PER_MS = 1_000_000
MS_PER_S = 1000.0


class Moment(NamedTuple):
    """One instant on both clocks, ns; `replay` when market time is a tape's and not the wall's."""

    market: int
    monotonic: int
    replay: bool


def age_ms(event_time: int, monotonic_time: int, now: Moment) -> float:
    """How old a quote is, ms of market time.

    Live it is the monotonic time since receipt, which no clock jump changes. In replay it is market time since the
    event; the way from the simulated gateway to here is inside one host and counted to the quote.
    """
    since = now.market - event_time if now.replay else now.monotonic - monotonic_time
    return max(0, since) / NS_PER_MS


def freshness_limit_ms(configured_ms: float, interval_ns: int) -> float:
    """The limit in force: a tape of bars cannot be fresher than its bars."""
    return max(configured_ms, 2 * interval_ns / NS_PER_MS)


def silence_limit_ms(configured_ms: float, interval_ns: int, speed: float) -> float:
    """Wall ms of silence that mean trouble: between two bars of a replay silence is normal, paused it is endless."""
    if interval_ns == 0:
        return configured_ms
    if speed == 0:
        return float("inf")
    return max(configured_ms, 2 * interval_ns / NS_PER_MS / speed)


def missed(history: list[str], first_sequence: int, start_sequence: int, wanted: frozenset[str], sent: int) -> int:
    """Quotes of `wanted` a resumed reader will never see: those after `start_sequence`, less the `sent` current ones.

    `history` names the instrument of each quote from `first_sequence` on. A reader from before the history (or
    from an earlier run) missed an unknown number, which is told as at least one.
    """
    skip = start_sequence + 1 - first_sequence
    count = sum(1 for instrument_id in history[max(0, skip) :] if instrument_id in wanted)
    return max(count - sent, 1 if skip < 0 else 0)
