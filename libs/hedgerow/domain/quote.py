"""Quotes as market data carries them: floats for the numeric kernel, None for an absent side."""

from __future__ import annotations

from typing import NamedTuple


class Greeks(NamedTuple):
    """Model greeks per share of one option.

    delta per 1.00 of spot, gamma per dollar, vega per 1.00 of volatility, theta per year;
    `source` is MODEL, BROKER or STALE.
    """

    delta: float
    gamma: float
    vega: float
    theta: float
    implied_volatility: float
    source: str


class Quote(NamedTuple):
    """Best bid and offer; an absent side is None, never zero; times are ns UTC.

    `event_time` is market time, `receive_time` wall time at market-data, `monotonic_time`
    CLOCK_MONOTONIC ns of the same instant (0 when it came from another host).
    """

    instrument_id: str
    bid: float | None
    ask: float | None
    bid_size: float
    ask_size: float
    event_time: int
    receive_time: int
    monotonic_time: int
    delayed: bool = False
    broker_greeks: Greeks | None = None

    @property
    def mid(self) -> float | None:
        """Half way between the sides, None when one is absent."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) * 0.5
