"""The compiled consolidation against the plainest one: dictionaries, and every best found anew at every row."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.tape.lean_ticks import TickFeed, consolidate


class Tick(NamedTuple):
    """One row of a tick file."""

    wait_ms: int
    bid: int
    bid_size: int
    ask: int
    ask_size: int
    exchange: str
    suspicious: int


# Few prices, sizes and exchanges, so that ties, withdrawals and crossings are common.
TICKS = st.lists(
    st.builds(
        Tick,
        wait_ms=st.integers(0, 2),
        bid=st.sampled_from([0, 0, 98, 99, 100]),
        bid_size=st.sampled_from([0, 100, 100, 200]),
        ask=st.sampled_from([0, 0, 99, 100, 101]),
        ask_size=st.sampled_from([0, 100, 100, 200]),
        exchange=st.sampled_from(["Q", "N", "P", "NASDAQ"]),
        suspicious=st.sampled_from([0, 0, 0, 0, 1]),
    ),
    max_size=60,
)
Rows = list[tuple[int, int, int, int, int]]


def text_of(ticks: list[Tick]) -> bytes:
    time, lines = 34_200_000, []
    for tick in ticks:
        time += tick.wait_ms
        sides = f"{tick.bid},{tick.bid_size},{tick.ask},{tick.ask_size}"
        lines.append(f"{time},{sides},{tick.exchange},1,{tick.suspicious}\n")
    return "".join(lines).encode()


def spoken(tick: Tick) -> tuple[bool, bool]:
    """Which sides a row speaks of; both when it holds nothing at all."""
    bid, ask = bool(tick.bid or tick.bid_size), bool(tick.ask or tick.ask_size)
    return (bid, ask) if bid or ask else (True, True)


def quote(price: int, size: int) -> tuple[int, int]:
    return (price, size) if price and size else (0, 0)


def best_of_exchanges(ticks: list[Tick]) -> Rows:
    bids: dict[str, tuple[int, int]] = {}
    asks: dict[str, tuple[int, int]] = {}
    rows: Rows = []
    time, last = 34_200_000, (0, 0, 0, 0)
    for tick in ticks:
        time += tick.wait_ms
        if tick.suspicious:
            continue
        says_bid, says_ask = spoken(tick)
        if says_bid:
            bids[tick.exchange] = quote(tick.bid, tick.bid_size)
        if says_ask:
            asks[tick.exchange] = quote(tick.ask, tick.ask_size)
        bid = max((price for price, _ in bids.values()), default=0)
        ask = min((price for price, _ in asks.values() if price), default=0)
        bid_size = sum(size for price, size in bids.values() if price == bid and price)
        ask_size = sum(size for price, size in asks.values() if price == ask and price)
        if (bid, bid_size, ask, ask_size) != last:
            last = (bid, bid_size, ask, ask_size)
            rows.append((time, *last))
    return rows


def best_as_stated(ticks: list[Tick]) -> Rows:
    """Cut into statements first (a bid row and the ask row of the same time after it are one), then followed."""
    timed: list[tuple[int, Tick]] = []
    time = 34_200_000
    for tick in ticks:
        time += tick.wait_ms
        if not tick.suspicious:
            timed.append((time, tick))
    rows: Rows = []
    market, last = (0, 0, 0, 0), (0, 0, 0, 0)
    at = 0
    while at < len(timed):
        time, first = timed[at]
        parts = [first]
        if spoken(first) == (True, False) and at + 1 < len(timed):
            next_time, second = timed[at + 1]
            if next_time == time and spoken(second) == (False, True):
                parts.append(second)
        for part in parts:
            says_bid, says_ask = spoken(part)
            bid = quote(part.bid, part.bid_size) if says_bid else market[:2]
            ask = quote(part.ask, part.ask_size) if says_ask else market[2:]
            market = (*bid, *ask)
        if market != last:
            rows.append((time, *market))
            last = market
        at += len(parts)
    return rows


@settings(deadline=None, max_examples=300)
@given(TICKS, st.integers(1, 200))
def test_best_of_the_exchanges(ticks: list[Tick], chunk: int) -> None:
    text = text_of(ticks)
    chunks = [text[at : at + chunk] for at in range(0, len(text), chunk)]
    found = consolidate("file", chunks, TickFeed.EXCHANGES)
    assert [tuple(row) for row in found.rows.tolist()] == best_of_exchanges(ticks)
    assert found.ticks == len(ticks)


@settings(deadline=None, max_examples=300)
@given(TICKS, st.integers(1, 200))
def test_best_as_stated(ticks: list[Tick], chunk: int) -> None:
    text = text_of(ticks)
    chunks = [text[at : at + chunk] for at in range(0, len(text), chunk)]
    found = consolidate("file", chunks, TickFeed.NATIONAL_BEST)
    assert [tuple(row) for row in found.rows.tolist()] == best_as_stated(ticks)
