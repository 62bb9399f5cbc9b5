"""Import one symbol's day from a LEAN Data folder into a tape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, Right, option, stock
from hedgerow.tape.examine import examine
from hedgerow.tape.format import VERSION, TapeColumns, TapeMeta, Trades
from hedgerow.tape.lean_bars import PRICE_SCALE, Bars, parse_bars
from hedgerow.tape.lean_source import GET_AGAIN, LeanDay, find_day, only_member, opened_zip
from hedgerow.tape.lean_trades import parse_trades
from hedgerow.tape.quality import DEFAULTS, Policy, day_source
from hedgerow.tape.sessions import TIME_ZONE, hours_of, midnight_ns
from hedgerow.tape.writer import write_tape

# Called with the stage, what is done and what there is to do.
Progress = Callable[[str, int, int], None]

_CHUNK_BYTES = 1 << 20
_NS_PER_MS = 1_000_000
_OPTION_FILE = re.compile(
    r"(?P<day>\d{8})_(?P<symbol>[^_/]+)_(minute|second)_(?P<kind>quote|trade)_american_(?P<right>call|put)"
    r"_(?P<strike>\d{1,12})_(?P<expiry>\d{8})\.csv"
)


def import_lean(
    data: Path,
    symbol: str,
    day: date,
    out: Path,
    progress: Progress | None = None,
    *,
    resolution: str = "",
    trades: bool = True,
    policy: Policy = DEFAULTS,
) -> TapeMeta:
    """Write the tape of `symbol` on `day` from LEAN's folder `data` to `out`; returns its metadata.

    Minute bars with their option chain where they exist, else second bars, else ticks consolidated to the
    best bid and offer, or the `resolution` named; public prints where there are, unless `trades` is off. A bar's
    closing quote becomes available at its start + interval; rows of bars and ticks outside the regular session are
    marked extended. Defects are handled by `policy` and counted in the metadata. Raises InvalidValue, and leaves
    nothing behind, for an unknown symbol or date, a damaged zip, a malformed row, time going backwards, a negative
    value or what the policy refuses.
    """
    underlying = stock(symbol.strip().upper())
    found = find_day(data, underlying.symbol, day, resolution, trades)
    hours = hours_of(day)
    report = progress or _silent
    counts: dict[str, int] = {}
    if found.resolution == "tick":
        columns, note, counts["SUSPICIOUS"] = _ticks(found, day, hours, report)
        instruments: tuple[Instrument, ...] = (underlying,)
    else:
        columns, instruments = _bars(found, underlying, day, hours, report)
        note = ""
    source = day_source(f"{symbol.upper()} {day}", day, hours, found.interval_ms, instruments)
    columns, examined = examine(source, columns, policy)
    prints, left_out = _trades(found, instruments, day, report)
    counts = {**dict(examined.counts), **_summed(counts, left_out)}
    meta = TapeMeta(
        version=VERSION,
        symbol=underlying.symbol,
        date=day,
        time_zone=TIME_ZONE,
        interval_ms=found.interval_ms,
        source=f"lean: {' + '.join(path.relative_to(data).as_posix() for path in found.files)}{note}",
        seed=None,
        session_open_ns=hours[0],
        session_close_ns=hours[1],
        instruments=instruments,
        quality=tuple(counts.items()),
    )
    report("write", 0, len(columns))
    meta = write_tape(out, meta, columns, prints)
    report("write", len(columns), len(columns))
    return meta


def _summed(first: dict[str, int], second: dict[str, int]) -> dict[str, int]:
    totals = {kind: first.get(kind, 0) + second.get(kind, 0) for kind in (*first, *second)}
    return {kind: count for kind, count in totals.items() if count}


def _trades(
    found: LeanDay, instruments: tuple[Instrument, ...], day: date, report: Progress
) -> tuple[Trades | None, dict[str, int]]:
    """The prints of the stock and of the contracts quoted, in time order; counts of those left out, by kind."""
    texts: list[tuple[int, str, bytes]] = []
    if found.equity_trades is not None:
        with opened_zip(found.equity_trades) as archive:
            member = only_member(archive, found.equity_trades)
            texts.append((0, f"{found.equity_trades}:{member.filename}", archive.read(member)))
    if found.option_trades is not None:
        place = {instrument: number for number, instrument in enumerate(instruments)}
        listed = _option_texts(found.option_trades, instruments[0].symbol, day, report, "trade")
        texts += [(place[each], name, text) for each, name, text in listed if each in place]
    parts = [(number, parse_trades(name, text, found.resolution == "tick")) for number, name, text in texts]
    if not parts:
        return None, {}
    start_ms = np.concatenate([part.start_ms for _, part in parts])
    number = np.repeat(np.array([n for n, _ in parts], dtype=np.int32), [len(part.start_ms) for _, part in parts])
    ts = midnight_ns(day) + (start_ms + found.interval_ms) * _NS_PER_MS
    order = np.lexsort((number, ts))
    price, size, condition = (
        np.concatenate([getattr(part, name) for _, part in parts])[order] for name in ("price", "size", "condition")
    )
    counts = {
        "SUSPICIOUS": sum(part.suspicious for _, part in parts),
        "BAD_TRADE": sum(part.worthless for _, part in parts),
    }
    return Trades(ts[order], number[order], price, size, condition), counts


def _silent(stage: str, done: int, total: int) -> None:
    """No one watches."""


def _ticks(found: LeanDay, day: date, session_ns: tuple[int, int], report: Progress) -> tuple[TapeColumns, str, int]:
    from hedgerow.tape.lean_ticks import consolidate  # noqa: PLC0415  (brings numba, which bars do not need)

    best = consolidate(str(found.equity), _chunks(found.equity, report))
    rows = best.rows
    ts = midnight_ns(day) + rows[:, 0] * _NS_PER_MS
    prices = rows[:, [1, 3]] / PRICE_SCALE
    prices[prices == 0.0] = np.nan
    columns = TapeColumns(
        ts=ts,
        instrument=np.zeros(len(rows), dtype=np.int32),
        bid=np.ascontiguousarray(prices[:, 0]),
        ask=np.ascontiguousarray(prices[:, 1]),
        bid_size=rows[:, 2].astype(np.float64),
        ask_size=rows[:, 4].astype(np.float64),
        extended=(ts < session_ns[0]) | (ts >= session_ns[1]),
    )
    unread = "" if found.options is None else ", option ticks not read"
    return columns, f" ({best.ticks} ticks, feed {best.feed}{unread})", best.suspicious


def _chunks(path: Path, report: Progress) -> Iterator[bytes]:
    """The text of an equity zip's one CSV, piece by piece."""
    done = 0
    with opened_zip(path) as archive:
        member = only_member(archive, path)
        with archive.open(member) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
                done += len(chunk)
                report("ticks", done, max(done, member.file_size))


def _bars(
    found: LeanDay, underlying: Instrument, day: date, session_ns: tuple[int, int], report: Progress
) -> tuple[TapeColumns, tuple[Instrument, ...]]:
    with opened_zip(found.equity) as archive:
        member = only_member(archive, found.equity)
        names, texts = [f"{found.equity}:{member.filename}"], [archive.read(member)]
    instruments = [underlying]
    if found.options is not None:
        for instrument, name, text in _option_texts(found.options, underlying.symbol, day, report):
            instruments.append(instrument)
            names.append(name)
            texts.append(text)
    bars = parse_bars(names, texts)
    order = sorted(range(1, len(instruments)), key=lambda i: _listing_order(instruments[i]))
    order.insert(0, 0)
    index = np.empty(len(order), dtype=np.int32)
    index[order] = np.arange(len(order), dtype=np.int32)
    columns = _available(bars, index[bars.file], day, found.interval_ms, session_ns)
    return columns, tuple(instruments[i] for i in order)


def _available(
    bars: Bars, instrument: np.typing.NDArray[np.int32], day: date, interval_ms: int, session_ns: tuple[int, int]
) -> TapeColumns:
    """Bars as rows at the time their close is known; a bar belongs to the session in which it starts."""
    start = midnight_ns(day) + bars.start_ms * _NS_PER_MS
    columns = TapeColumns(
        ts=start + interval_ms * _NS_PER_MS,
        instrument=instrument,
        bid=bars.bid,
        ask=bars.ask,
        bid_size=bars.bid_size,
        ask_size=bars.ask_size,
        extended=(start < session_ns[0]) | (start >= session_ns[1]),
    )
    return columns.in_time_order()


def _option_texts(
    path: Path, symbol: str, day: date, report: Progress, kind: str = "quote"
) -> Iterator[tuple[Instrument, str, bytes]]:
    """Each contract of an option zip, the name of its CSV and its text."""
    with opened_zip(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        seen: set[Instrument] = set()
        for done, member in enumerate(members, start=1):
            instrument = _contract(path, member.filename, symbol, day, kind)
            if instrument in seen:
                raise InvalidValue(f"{path}:{member.filename}", instrument.instrument_id, "listed once", GET_AGAIN)
            seen.add(instrument)
            yield instrument, f"{path}:{member.filename}", archive.read(member)
            if done % 64 == 0 or done == len(members):
                report("option chain", done, len(members))


def _contract(path: Path, name: str, symbol: str, day: date, kind: str) -> Instrument:
    """The contract a CSV's name says it is of; Saturday expiries stay as listed."""
    match = _OPTION_FILE.fullmatch(name)
    rule = f"DATE_{symbol.lower()}_minute_{kind}_american_call|put_STRIKE_EXPIRY.csv of {day:%Y%m%d}"
    if match is None or match["kind"] != kind or match["day"] != f"{day:%Y%m%d}" or match["symbol"] != symbol.lower():
        raise InvalidValue(f"member of {path}", name, rule, GET_AGAIN)
    try:
        expiry = datetime.strptime(match["expiry"], "%Y%m%d").date()
        right = Right.CALL if match["right"] == "call" else Right.PUT
        return option(symbol, expiry, Decimal(match["strike"]).scaleb(-4), right)
    except ValueError as error:
        raise InvalidValue(f"member of {path}", name, f"{rule} ({error})", GET_AGAIN) from error


def _listing_order(instrument: Instrument) -> tuple[date, Decimal, str]:
    """By expiry, then strike, calls before puts."""
    assert instrument.expiry is not None
    assert instrument.strike is not None
    assert instrument.right is not None
    return instrument.expiry, instrument.strike, instrument.right.value
