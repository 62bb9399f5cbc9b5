"""Import a CSV file of quotes, public prints or bars by a declared mapping, one day after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, Right, option, parse_instrument_id, stock
from hedgerow.tape.csv_mapping import CsvMapping, SizeUnit
from hedgerow.tape.csv_source import batches
from hedgerow.tape.csv_values import Floats, Rows, local_days, times
from hedgerow.tape.examine import examine
from hedgerow.tape.format import VERSION, TapeColumns, TapeMeta, Trades
from hedgerow.tape.quality import DEFAULTS, Policy, Report, day_source
from hedgerow.tape.sessions import TIME_ZONE, hours_of
from hedgerow.tape.writer import write_tape

_OCC = re.compile(r"(?P<root>[A-Z.]{1,6}) *(?P<expiry>\d{6})(?P<right>[CP])(?P<strike>\d{8})")
_RIGHTS = {"C": Right.CALL, "CALL": Right.CALL, "P": Right.PUT, "PUT": Right.PUT}
_BETWEEN = "\x1f"


class Imported(NamedTuple):
    """One tape that was written."""

    path: Path
    meta: TapeMeta
    report: Report


class Choice(NamedTuple):
    """What of a file is wanted: one underlying and one day, empty and None for all there is."""

    symbol: str = ""
    day: date | None = None


EVERYTHING = Choice()


def import_csv(
    file: Path,
    mapping: CsvMapping,
    out: Path,
    choice: Choice = EVERYTHING,
    policy: Policy = DEFAULTS,
    progress: Callable[[int], None] | None = None,
) -> list[Imported]:
    """Write the tape of a CSV file to `out`, or its tapes into the folder `out`: SYMBOL-DATE.parquet, one per day.

    Memory holds one day's columns, never the file's text: days of a file in time order are written as they end.
    `progress` is told rows read. Raises InvalidValue naming file, row and column for what the mapping does not fit,
    several days or symbols where `out` is no folder, or what `policy` refuses.
    """
    day_of = _Days(file, mapping, out, policy)
    rows = 0
    for first, batch in batches(file, mapping):
        day_of.take(_Batch(Rows(str(file), first, batch), mapping, choice))
        rows += batch.num_rows
        if progress is not None:
            progress(rows)
    return day_of.finish(choice)


class _Key(NamedTuple):
    symbol: str
    day: date


@dataclass
class _Day:
    """What came of one underlying's day so far, part by part; instruments as they came, the stock first."""

    instruments: dict[Instrument, int]
    parts: list[dict[str, NDArray[Any]]] = field(default_factory=list)


class _Batch:
    """One batch as arrays: a dictionary of instruments, and per row its number in it."""

    def __init__(self, rows: Rows, mapping: CsvMapping, choice: Choice) -> None:
        self.rows, self.mapping = rows, mapping
        self.instruments, self.number = _instruments(rows, mapping)
        ts = times(rows, mapping.time, choice.day)
        days = local_days(ts)
        shift = mapping.interval_ms * 1_000_000 if mapping.stamped == "start" else 0
        if mapping.interval_ms and not shift:
            days = local_days(ts - mapping.interval_ms * 1_000_000)
        symbols = np.array([each.symbol for each in self.instruments])
        wanted = np.array([choice.symbol in ("", each) for each in symbols.tolist()], dtype=np.bool_)[self.number]
        if choice.day is not None:
            wanted &= days == np.datetime64(choice.day)
        self.days, self.wanted, self.symbols = days, wanted, symbols
        self.columns: dict[str, NDArray[Any]] = {"ts": ts + shift, **self._values()}

    def _values(self) -> dict[str, NDArray[Any]]:
        rows, mapping = self.rows, self.mapping
        size, empty = mapping.size, np.full(self.rows.batch.num_rows, np.nan)
        is_stock = np.array([not each.is_option for each in self.instruments])[self.number]
        lot = np.where(is_stock, float(size.lot), 1.0) if size.unit is SizeUnit.LOTS else 1.0

        def price(name: str) -> Floats:
            values = rows.numbers(name)
            return empty if values is None else _scaled(values, mapping.price.scale)

        def sizes(name: str, of: str) -> Floats:
            values, there = rows.numbers(name), rows.given(of)
            if values is None:
                return np.where(there, size.default, 0.0)
            return np.where(rows.given(name), values * lot, 0.0)

        traded, half = price("price"), mapping.half_spread_usd
        if half is not None:
            there = rows.given("price")
            size_of = sizes("size", "price")
            return {
                "bid": traded - half, "ask": traded + half, "bid_size": size_of, "ask_size": size_of,
                "bid_given": there, "ask_given": there, "price": empty, "size": empty,
            }  # fmt: skip
        return {
            "bid": price("bid"), "ask": price("ask"),
            "bid_size": sizes("bid_size", "bid"), "ask_size": sizes("ask_size", "ask"),
            "bid_given": rows.given("bid"), "ask_given": rows.given("ask"),
            "price": traded, "size": sizes("size", "price"),
        }  # fmt: skip

    def groups(self) -> Iterator[tuple[_Key, NDArray[np.intp]]]:
        """The wanted rows of each underlying and day, days rising."""
        for day in np.unique(self.days[self.wanted]):
            of_day = self.wanted & (self.days == day)
            for symbol in np.unique(self.symbols[self.number[of_day]]).tolist():
                yield _Key(symbol, day.astype(object)), np.flatnonzero(of_day & (self.symbols == symbol)[self.number])


class _Days:
    """The days under way and those written."""

    def __init__(self, file: Path, mapping: CsvMapping, out: Path, policy: Policy) -> None:
        self._file, self._mapping, self._out, self._policy = file, mapping, out, policy
        self._folder = out.is_dir()
        self._open: dict[_Key, _Day] = {}
        self._written: dict[_Key, Imported] = {}
        self._symbols: set[str] = set()

    def take(self, batch: _Batch) -> None:
        """Adds a batch's rows to their days; days that later rows have left behind are written."""
        self._symbols |= set(batch.symbols.tolist())
        for key, rows in batch.groups():
            if key in self._written:
                fault = batch.rows.first + int(rows[0])
                rule = "days in time order: its day was written already"
                raise InvalidValue(f"{self._file} row {fault} time", key.day.isoformat(), rule, "sort the file by time")
            day = self._open.setdefault(key, _Day({stock(key.symbol): 0}))
            place = np.zeros(len(batch.instruments), dtype=np.int32)
            for number in np.unique(batch.number[rows]).tolist():
                place[number] = day.instruments.setdefault(batch.instruments[number], len(day.instruments))
            part = {name: values[rows] for name, values in batch.columns.items()}
            day.parts.append({**part, "instrument": place[batch.number[rows]]})
            if not self._folder and len({*self._open, *self._written}) > 1:
                found = ", ".join(f"{each.symbol} {each.day}" for each in sorted({*self._open, *self._written}))
                rule = f"a folder, for the file holds more than one symbol's day ({found}, ...)"
                raise InvalidValue(
                    "--out", str(self._out), rule, "name a folder that exists, or give --symbol and --date"
                )
        if len(batch.days):
            latest = batch.days[-1].astype(object)
            # the day before may still get a late row; two days back is over
            for key in [key for key in self._open if (latest - key.day).days > 1]:
                self._write(key)

    def finish(self, choice: Choice) -> list[Imported]:
        """Writes what is left; raises InvalidValue where there was nothing."""
        for key in sorted(self._open):
            self._write(key)
        if not self._written:
            wanted = " ".join(str(each) for each in choice if each) or "rows"
            there = f"the file holds {', '.join(sorted(self._symbols)) or 'no rows'}"
            raise InvalidValue("file", str(self._file), f"a file that holds {wanted}; {there}")
        return [self._written[key] for key in sorted(self._written)]

    def _write(self, key: _Key) -> None:
        day = self._open.pop(key)
        hours = hours_of(key.day, f"{self._file} date")
        whole = {name: np.concatenate([part[name] for part in day.parts]) for name in day.parts[0]}
        day.parts.clear()
        mapping, instruments = self._mapping, tuple(day.instruments)
        source = day_source(f"{self._file} {key.symbol} {key.day}", key.day, hours, mapping.interval_ms, instruments)
        columns, given, trades, bad_trades = _parted(whole, hours, mapping)
        kept, report = examine(source, columns, self._policy, given)
        counts = (*report.counts, *((("BAD_TRADE", bad_trades),) if bad_trades else ()))
        meta = TapeMeta(
            VERSION, key.symbol, key.day, TIME_ZONE, mapping.interval_ms, f"csv: {self._file.name}", None, *hours,
            instruments, counts,
        )  # fmt: skip
        path = self._out / f"{key.symbol}-{key.day}.parquet" if self._folder else self._out
        self._written[key] = Imported(path, write_tape(path, meta, kept, trades), report)


def _parted(
    whole: dict[str, NDArray[Any]], hours: tuple[int, int], mapping: CsvMapping
) -> tuple[TapeColumns, tuple[NDArray[np.bool_], NDArray[np.bool_]], Trades | None, int]:
    """A day's quotes, where their sides were given, its prints in time order, and how many were none."""
    traded = ~np.isnan(whole["price"])
    quotes = np.flatnonzero(whole["bid_given"] | whole["ask_given"] | ~traded)
    ts = whole["ts"][quotes]
    # as in every tape: a bar belongs to the session it starts in, a tick to the one it comes in
    start = ts - mapping.interval_ms * 1_000_000
    bid, ask, bid_size, ask_size = (whole[name][quotes] for name in ("bid", "ask", "bid_size", "ask_size"))
    extended = (start < hours[0]) | (start >= hours[1])
    columns = TapeColumns(ts, whole["instrument"][quotes], bid, ask, bid_size, ask_size, extended)
    given = (whole["bid_given"][quotes], whole["ask_given"][quotes])
    good = np.flatnonzero(traded & (whole["price"] > 0) & np.isfinite(whole["price"]) & (whole["size"] >= 0))
    good = good[np.argsort(whole["ts"][good], kind="stable")]
    bad = int(np.count_nonzero(traded)) - len(good)
    if not len(good):
        return columns, given, None, bad
    ts, instrument, price, size = (whole[name][good] for name in ("ts", "instrument", "price", "size"))
    return columns, given, Trades(ts, instrument, price, size, np.zeros(len(good), dtype=np.int64)), bad


def _scaled(values: Floats, scale: float) -> Floats:
    """Divides by the whole number where the scale is one's inverse: 491800 x 0.0001 is 49.18 and no more."""
    inverse = round(1.0 / scale)
    return values / inverse if inverse > 1 and abs(1.0 / inverse - scale) < 1e-15 else values * scale


def _instruments(rows: Rows, mapping: CsvMapping) -> tuple[list[Instrument], NDArray[np.intp]]:
    """The batch's instruments, and each row's number in the list; raises InvalidValue naming the row of a wrong one."""
    names = ("symbol", "instrument", "expiry", "strike", "right", "multiplier")
    texts = {name: pc.fill_null(text, "") for name in names if (text := rows.text(name)) is not None}
    if not texts:
        return [stock(mapping.symbol)], np.zeros(rows.batch.num_rows, dtype=np.intp)
    joined = pc.binary_join_element_wise(*texts.values(), _BETWEEN)
    coded = joined.dictionary_encode() if isinstance(joined, pa.Array) else joined.combine_chunks().dictionary_encode()
    found = []
    for text in coded.dictionary.to_pylist():
        try:
            found.append(_instrument(dict(zip(texts, text.split(_BETWEEN), strict=True)), mapping.symbol))
        except (ValueError, InvalidOperation) as error:
            rule = str(error) if isinstance(error, InvalidValue) else "a stock or an option contract"
            raise rows.fault(next(iter(texts)), pc.equal(joined, text), rule) from error
    return found, np.asarray(coded.indices.to_numpy()).astype(np.intp)


def _instrument(fields: dict[str, str], symbol: str) -> Instrument:
    multiplier = int(fields.get("multiplier", "").strip() or 100)
    whole = fields.get("instrument", "").strip().upper()
    if whole:
        occ = _OCC.fullmatch(whole)
        if occ is None:
            return parse_instrument_id(whole, multiplier)
        expiry = datetime.strptime(occ["expiry"], "%y%m%d").date()
        return option(occ["root"], expiry, Decimal(occ["strike"]).scaleb(-3), Right(occ["right"]), multiplier)
    name = (fields.get("symbol", "").strip() or symbol).upper()
    expiry_text, strike, right = (fields.get(each, "").strip() for each in ("expiry", "strike", "right"))
    if not expiry_text:
        return stock(name)
    known = _RIGHTS.get(right.upper())
    if known is None:
        raise InvalidValue("right", right, f"one of {', '.join(_RIGHTS)}")
    return option(name, date.fromisoformat(expiry_text), Decimal(strike), known, multiplier)
