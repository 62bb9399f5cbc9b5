"""Raw quote ticks to a consolidated best bid and offer: loops over arrays, plain Python that compiles.

Nothing is imported from numba here; `lean_ticks` compiles the functions when a tick file is imported.
None calls another, because numba's cache on disk does not see an edited callee.
"""

from __future__ import annotations

from typing import Any

# Fields of a parsed row.
TIME, BID, BID_SIZE, ASK, ASK_SIZE, EXCHANGE, SUSPICIOUS = range(7)
FIELDS = 7
MAX_DIGITS = 15  # fits int64 with room; a millisecond has 8, a price in 1/10000 dollar has 10
MAX_EXCHANGE_BYTES = 7  # packed into one int64
MAX_EXCHANGES = 64
DAY_MS = 86_400_000


def parse_ticks(data: Any, previous_ms: int, rows: Any) -> tuple[int, int, bool]:
    """Parse whole lines of LEAN quote ticks from bytes into int64 rows of FIELDS columns.

    `data` (uint8) ends with a newline; stops at its end or when `rows` is full. Returns rows parsed,
    bytes consumed, and whether the line at that position is at fault: malformed, or earlier than the one
    before. The exchange's letters are packed into one integer, the condition is skipped.
    """
    size = len(data)
    position = 0
    count = 0
    while position < size and count < len(rows):
        at = position
        for field in range(5):
            value = 0
            first = at
            while at < size and 48 <= data[at] <= 57 and at - first < MAX_DIGITS:
                value = value * 10 + (data[at] - 48)
                at += 1
            if at == first or at >= size or data[at] != 44:
                return count, position, True
            rows[count, field] = value
            at += 1
        code = 0
        first = at
        while at < size and 32 < data[at] < 127 and data[at] != 44 and at - first < MAX_EXCHANGE_BYTES:
            code = code * 256 + data[at]
            at += 1
        if at == first or at >= size or data[at] != 44:
            return count, position, True
        rows[count, EXCHANGE] = code
        at += 1
        while at < size and data[at] != 44 and data[at] != 10:
            at += 1
        if at + 2 >= size or data[at] != 44 or not 48 <= data[at + 1] <= 49:
            return count, position, True
        rows[count, SUSPICIOUS] = data[at + 1] - 48
        at += 2
        if data[at] == 13 and at + 1 < size:
            at += 1
        if data[at] != 10 or rows[count, TIME] < previous_ms or rows[count, TIME] >= DAY_MS:
            return count, position, True
        previous_ms = rows[count, TIME]
        position = at + 1
        count += 1
    return count, position, False


def best_of_exchanges(rows: Any, exchanges: Any, book: Any, best: Any, out: Any) -> int:
    """Fold the exchanges' own quotes into the best bid and offer; write a row of `out` at each change.

    `exchanges` (int64) holds the codes seen, 0 where free. `book` (int64, 4 by exchanges) holds each
    exchange's bid, bid size, ask, ask size, a price of 0 for no quote; `best` (int64, 4) the consolidated
    ones: highest bid, lowest ask, the sum of the sizes there. A side of a row with neither price nor size is
    not spoken of; one with only one of them, or a row with nothing at all, withdraws. Suspicious rows are
    left out. `out` (int64) gets time, bid, bid size, ask, ask size. All three states carry over between
    calls. Returns the rows written, or -1 when there are more exchanges than `exchanges` holds.
    """
    written = 0
    for row in range(len(rows)):
        if rows[row, SUSPICIOUS] != 0:
            continue
        code = rows[row, EXCHANGE]
        at = 0
        while at < len(exchanges) and exchanges[at] != code and exchanges[at] != 0:
            at += 1
        if at == len(exchanges):
            return -1
        exchanges[at] = code
        nothing = rows[row, BID] + rows[row, BID_SIZE] + rows[row, ASK] + rows[row, ASK_SIZE] == 0
        changed = False
        for side in range(0, 4, 2):
            price = rows[row, BID + side]
            size = rows[row, BID_SIZE + side]
            if price + size == 0 and not nothing:
                continue
            if price == 0 or size == 0:
                price = 0
                size = 0
            if book[side, at] == price and book[side + 1, at] == size:
                continue
            book[side, at] = price
            book[side + 1, at] = size
            best_price = 0
            best_size = 0
            for other in range(len(exchanges)):
                if exchanges[other] == 0:
                    break
                candidate = book[side, other]
                if candidate == 0:
                    continue
                better = candidate > best_price if side == 0 else candidate < best_price
                if best_price == 0 or better:
                    best_price = candidate
                    best_size = book[side + 1, other]
                elif candidate == best_price:
                    best_size += book[side + 1, other]
            if best[side] != best_price or best[side + 1] != best_size:
                best[side] = best_price
                best[side + 1] = best_size
                changed = True
        if changed:
            out[written, 0] = rows[row, TIME]
            for column in range(4):
                out[written, column + 1] = best[column]
            written += 1
    return written


def best_as_stated(rows: Any, state: Any, ended: bool, out: Any) -> int:
    """Follow a feed whose every row states the market's best on one side; write a row of `out` at each change.

    A bid row and the ask row right after it, of one time, are one statement and make one row. A row with
    neither price nor size says that the market has neither side; a side with only one of them is none.
    `state` (int64, 10) carries over between calls: the best bid, bid size, ask, ask size; those last written;
    the time of the statement not yet written (-1 for none); whether it may still get its ask. `ended` writes
    that one too. `out` is as for `best_of_exchanges` and has room for one row more than `rows`. Returns the
    rows written.
    """
    written = 0
    for row in range(len(rows) + (1 if ended else 0)):
        last = row == len(rows)
        if not last and rows[row, SUSPICIOUS] != 0:
            continue
        bid_spoken = not last and rows[row, BID] + rows[row, BID_SIZE] != 0
        ask_spoken = not last and rows[row, ASK] + rows[row, ASK_SIZE] != 0
        completes = not last and state[9] == 1 and rows[row, TIME] == state[8] and ask_spoken and not bid_spoken
        if state[8] >= 0 and not completes:
            changed = False
            for column in range(4):
                changed = changed or state[column] != state[column + 4]
                state[column + 4] = state[column]
                out[written, column + 1] = state[column]
            out[written, 0] = state[8]
            if changed:
                written += 1
            state[8] = -1
        if last:
            break
        for side in range(0, 4, 2):
            if (bid_spoken if side == 0 else ask_spoken) or not (bid_spoken or ask_spoken):
                quoted = rows[row, BID + side] != 0 and rows[row, BID_SIZE + side] != 0
                state[side] = rows[row, BID + side] if quoted else 0
                state[side + 1] = rows[row, BID_SIZE + side] if quoted else 0
        state[8] = rows[row, TIME]
        state[9] = 1 if bid_spoken and not ask_spoken else 0
    return written
