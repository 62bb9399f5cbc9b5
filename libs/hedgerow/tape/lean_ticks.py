"""LEAN quote ticks: a stream of one-sided CSV rows to the consolidated best bid and offer.

A tick file is one of two things. Either every exchange's own quotes, and the best is found among them; or
what the consolidated feed published, where the rows come in pairs of one time, the market's best bid and then
its best offer, each naming the exchange it is at. In the second an exchange that is no longer the best is
never heard of again: treated as the first, its last price would stay the best for hours and cross the market.
Which of the two a file is shows in its first rows, so it is looked at and not configured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape import tick_kernel as kernel
from hedgerow.tape.lean_source import GET_AGAIN, row_fault

_BLOCK_ROWS = 65_536
_FIELDS = ("time", "bid", "bid size", "ask", "ask size", "exchange", "condition", "suspicious")
_NUMBER = re.compile(rf"[0-9]{{1,{kernel.MAX_DIGITS}}}")
_EXCHANGE = re.compile(rf"[!-+\--~]{{1,{kernel.MAX_EXCHANGE_BYTES}}}")


class TickFeed(StrEnum):
    """Whose quotes a tick file holds."""

    EXCHANGES = "EXCHANGES"  # every exchange's own, to be consolidated here
    NATIONAL_BEST = "NATIONAL_BEST"  # the market's best, consolidated by the feed


@dataclass(frozen=True, eq=False)
class BestQuotes:
    """Each change of the best bid and offer.

    `rows` (int64): time in ms since midnight New York, bid, bid size, ask, ask size; prices in 1/10000
    dollar, 0 where there is no quote. `ticks` counts the rows they come from, `suspicious` those of them left out.
    """

    feed: TickFeed
    rows: NDArray[np.int64]
    ticks: int
    suspicious: int


def consolidate(file: str, chunks: Iterable[bytes], feed: TickFeed | None = None) -> BestQuotes:
    """The best bid and offer of a tick file's text, given in chunks of any size; `feed` None looks for itself.

    Raises InvalidValue naming file, row and field for a malformed row or one earlier than the row before.
    """
    parse, of_exchanges, as_stated = _compiled()
    rows = np.empty((_BLOCK_ROWS, kernel.FIELDS), dtype=np.int64)
    out = np.empty((_BLOCK_ROWS + 1, 5), dtype=np.int64)
    exchanges = np.zeros(kernel.MAX_EXCHANGES, dtype=np.int64)
    book = np.zeros((4, kernel.MAX_EXCHANGES), dtype=np.int64)
    best = np.zeros(4, dtype=np.int64)
    state = np.array([0] * 8 + [-1, 0], dtype=np.int64)
    results: list[NDArray[np.int64]] = []
    ticks, filled, previous, suspicious = 0, 0, 0, 0

    def fold(ended: bool) -> None:
        nonlocal feed, suspicious
        block = rows[:filled]
        suspicious += int(np.count_nonzero(block[:, kernel.SUSPICIOUS]))
        if feed is None:
            feed = feed_of(block)
        if feed is TickFeed.NATIONAL_BEST:
            written = as_stated(block, state, ended, out)
        else:
            written = of_exchanges(block, exchanges, book, best, out)
        if written < 0:
            raise InvalidValue("file", file, f"ticks of at most {kernel.MAX_EXCHANGES} exchanges", GET_AGAIN)
        results.append(out[:written].copy())

    for text in _whole_lines(chunks):
        data = np.frombuffer(text, dtype=np.uint8)
        position = 0
        while position < len(data):
            count, used, fault = parse(data[position:], previous, rows[filled:])
            if fault:
                end = text.index(b"\n", position + used)
                raise _fault(file, ticks + count + 1, text[position + used : end], int(previous), count, rows[filled:])
            position += used
            ticks += count
            filled += count
            if count:
                previous = rows[filled - 1, kernel.TIME]
            if filled == _BLOCK_ROWS:
                fold(False)
                filled = 0
    fold(True)
    return BestQuotes(feed or TickFeed.EXCHANGES, np.concatenate(results), ticks, suspicious)


def feed_of(rows: NDArray[np.int64]) -> TickFeed:
    """Which feed parsed rows come from.

    The market's best is published in pairs, bid then ask at one time, the two often from different exchanges,
    and a pair restates the side that did not change. An exchange's own quotes do neither.
    """
    bid = (rows[:, kernel.BID] > 0) & (rows[:, kernel.ASK] == 0)
    ask = (rows[:, kernel.ASK] > 0) & (rows[:, kernel.BID] == 0)
    first = np.flatnonzero(bid[:-1] & ask[1:] & (rows[:-1, kernel.TIME] == rows[1:, kernel.TIME]))
    if len(first) < 8 or 2 * len(first) < 0.95 * len(rows) - 2:
        return TickFeed.EXCHANGES
    bids = rows[first][:, [kernel.BID, kernel.BID_SIZE, kernel.EXCHANGE]]
    asks = rows[first + 1][:, [kernel.ASK, kernel.ASK_SIZE, kernel.EXCHANGE]]
    restated = (bids[1:] == bids[:-1]).all(axis=1) | (asks[1:] == asks[:-1]).all(axis=1)
    two_exchanges = bids[:, 2] != asks[:, 2]
    if restated.mean() > 0.8 and two_exchanges.mean() > 0.1:
        return TickFeed.NATIONAL_BEST
    return TickFeed.EXCHANGES


def _whole_lines(chunks: Iterable[bytes]) -> Iterable[bytes]:
    """The same text cut at line ends; a last line without one gets it."""
    rest = b""
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            yield rest + chunk[:end]
            rest = chunk[end:]
        else:
            rest += chunk
    if rest:
        yield rest + b"\n"


def _fault(file: str, row: int, line: bytes, previous: int, parsed: int, rows: NDArray[np.int64]) -> InvalidValue:
    """The error for the line the parser stopped at."""
    if parsed:
        previous = int(rows[parsed - 1, kernel.TIME])
    text = line.removesuffix(b"\r").decode("latin-1")
    fields = text.split(",")
    if len(fields) != len(_FIELDS):
        return row_fault(file, row, "row", text, f"{len(_FIELDS)} fields")
    for name, value in zip(_FIELDS[:5], fields, strict=False):
        if value.startswith("-"):
            return row_fault(file, row, name, value, "a price or size is never negative")
        if not _NUMBER.fullmatch(value):
            return row_fault(file, row, name, value, f"a whole number of at most {kernel.MAX_DIGITS} digits")
    if not _EXCHANGE.fullmatch(fields[5]):
        return row_fault(file, row, "exchange", fields[5], f"1 to {kernel.MAX_EXCHANGE_BYTES} visible characters")
    if fields[7] not in ("0", "1"):
        return row_fault(file, row, "suspicious", fields[7], "0 or 1")
    if int(fields[0]) < previous:
        return row_fault(file, row, "time", int(fields[0]), f"not earlier than the row before, {previous}")
    if int(fields[0]) >= kernel.DAY_MS:
        return row_fault(file, row, "time", int(fields[0]), "milliseconds since midnight, below 86400000")
    return row_fault(file, row, "row", text, "a plain line of comma-separated fields")


@lru_cache(maxsize=1)
def _compiled() -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """The kernel's loops as machine code, kept on disk where there is a place to keep it."""
    # Imported only where ticks are imported: numba is 100 MB that nothing else here needs.
    import numba  # noqa: PLC0415

    functions = (kernel.parse_ticks, kernel.best_of_exchanges, kernel.best_as_stated)
    try:
        compiled = tuple(numba.njit(cache=True, nogil=True)(function) for function in functions)
        _run_once(*compiled)
    except (RuntimeError, OSError):
        # A read-only install and home, or a full disk: the code is compiled again in each process.
        compiled = tuple(numba.njit(nogil=True)(function) for function in functions)
        _run_once(*compiled)
    return compiled[0], compiled[1], compiled[2]


def _run_once(parse: Callable[..., Any], of_exchanges: Callable[..., Any], as_stated: Callable[..., Any]) -> None:
    """Compile for the types `consolidate` uses, so that a cache that cannot be written shows here."""
    rows = np.empty((0, kernel.FIELDS), dtype=np.int64)
    out = np.empty((1, 5), dtype=np.int64)
    book = np.zeros((4, 1), dtype=np.int64)
    parse(np.frombuffer(b"", dtype=np.uint8), 0, rows)
    of_exchanges(rows, book[0], book, book[0], out)
    as_stated(rows, np.full(10, -1, dtype=np.int64), False, out)
