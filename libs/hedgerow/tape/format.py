"""The tape's format: one day of best bids and offers as Parquet columns, with what they mean in the metadata.

A row says: from `ts` on, this instrument's best bid and offer are these. Times are ns UTC, prices in
currency per share, sizes in shares or contracts. An absent side is null in the file and NaN in memory.
Version 1 holds quotes alone, version 2 public prints besides (see `trades`); both are read.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, parse_instrument_id

T = TypeVar("T")

VERSION = 1
VERSION_WITH_TRADES = 2
METADATA_KEY = b"hedgerow"
MAKE_AGAIN = "make it again with `hedgerow tape import-lean`, `import-csv`, `import-ib` or `synth`"

SCHEMA = pa.schema(
    [
        pa.field("ts", pa.int64(), nullable=False),
        pa.field("instrument", pa.int32(), nullable=False),
        pa.field("bid", pa.float64()),
        pa.field("ask", pa.float64()),
        pa.field("bid_size", pa.float64(), nullable=False),
        pa.field("ask_size", pa.float64(), nullable=False),
        pa.field("extended", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True)
class TapeMeta:
    """What a tape is of.

    `interval_ms` is the bar interval (0 for ticks); `source` says where it came from; `seed` is set for
    synthetic days; the session is the regular one, ns UTC; `instruments[0]` is the underlying, and the
    `instrument` column counts into `instruments`. `quality` counts, by kind, the defects the importer found (see
    `hedgerow.tape.quality`), those it found none of left out. Raises InvalidValue when the fields contradict
    each other.
    """

    version: int
    symbol: str
    date: dt.date
    time_zone: str
    interval_ms: int
    source: str
    seed: int | None
    session_open_ns: int
    session_close_ns: int
    instruments: tuple[Instrument, ...]
    quality: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if self.version not in (VERSION, VERSION_WITH_TRADES):
            rule = f"this release reads versions {VERSION} and {VERSION_WITH_TRADES}"
            raise InvalidValue("tape version", self.version, rule, MAKE_AGAIN)
        if self.interval_ms < 0:
            raise InvalidValue("tape interval_ms", self.interval_ms, "0 for ticks or the bar interval in milliseconds")
        if not 0 < self.session_open_ns < self.session_close_ns < 2**63:
            raise InvalidValue("tape session", (self.session_open_ns, self.session_close_ns), "opens before it closes")
        if not self.instruments or self.instruments[0].is_option or self.instruments[0].symbol != self.symbol:
            raise InvalidValue("tape instruments", self.symbol, "instrument 0 is the underlying stock itself")
        if len(set(self.instruments)) != len(self.instruments):
            raise InvalidValue("tape instruments", self.symbol, "no instrument is listed twice")

    @property
    def underlying(self) -> Instrument:
        """The stock the options are on: instrument 0."""
        return self.instruments[0]

    def to_json(self) -> str:
        """The metadata as the file carries it."""
        document: dict[str, Any] = {
            "version": self.version,
            "symbol": self.symbol,
            "date": self.date.isoformat(),
            "time_zone": self.time_zone,
            "interval_ms": self.interval_ms,
            "source": self.source,
            "seed": self.seed,
            "session": {"open_ns": self.session_open_ns, "close_ns": self.session_close_ns},
            "instruments": [{"instrument_id": i.instrument_id, "multiplier": i.multiplier} for i in self.instruments],
        }
        if self.quality:
            document["quality"] = dict(self.quality)
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> TapeMeta:
        """The metadata a file carries; raises InvalidValue naming the key that is missing or wrong."""
        try:
            document = json.loads(text)
        except ValueError as error:
            raise InvalidValue("tape metadata", "hedgerow", f"JSON ({error})", MAKE_AGAIN) from error
        if not isinstance(document, dict):
            raise InvalidValue("tape metadata", "hedgerow", "a JSON object", MAKE_AGAIN)
        session = _take(document, "session", dict)
        date = _take(document, "date", str)
        try:
            day = dt.date.fromisoformat(date)
        except ValueError as error:
            raise InvalidValue("tape metadata date", date, "YYYY-MM-DD", MAKE_AGAIN) from error
        return cls(
            version=_take(document, "version", int),
            symbol=_take(document, "symbol", str),
            date=day,
            time_zone=_take(document, "time_zone", str),
            interval_ms=_take(document, "interval_ms", int),
            source=_take(document, "source", str),
            seed=None if document.get("seed") is None else _take(document, "seed", int),
            session_open_ns=_take(session, "open_ns", int),
            session_close_ns=_take(session, "close_ns", int),
            instruments=tuple(_instrument(entry) for entry in _take(document, "instruments", list)),
            quality=_quality(document),
        )


def _take(document: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = document.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidValue(f"tape metadata {key}", value, f"a value of type {kind.__name__}", MAKE_AGAIN)
    return value


def _quality(document: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    counts = _take(document, "quality", dict) if "quality" in document else {}
    return tuple((str(kind), _take(counts, kind, int)) for kind in counts)


def _instrument(entry: object) -> Instrument:
    if not isinstance(entry, dict):
        raise InvalidValue("tape metadata instruments", entry, "objects of instrument_id and multiplier", MAKE_AGAIN)
    return parse_instrument_id(_take(entry, "instrument_id", str), _take(entry, "multiplier", int))


@dataclass(frozen=True, eq=False)
class TapeColumns:
    """The rows, one numpy array per column, all of one length, in time order.

    ts int64, instrument int32, bid, ask, bid_size, ask_size float64, extended bool (the row falls outside
    the regular session).
    """

    ts: NDArray[np.int64]
    instrument: NDArray[np.int32]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask_size: NDArray[np.float64]
    extended: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def crossed(self) -> int:
        """How many rows have their bid above their ask: real, so allowed, but worth knowing."""
        return int(np.count_nonzero(self.bid > self.ask))

    def take(self, rows: NDArray[np.intp]) -> TapeColumns:
        """Those rows, in that order."""
        return TapeColumns(**{name: getattr(self, name)[rows] for name in COLUMN_NAMES})

    def in_time_order(self) -> TapeColumns:
        """The same rows sorted by time, then instrument; rows equal in both keep their order."""
        return self.take(np.lexsort((self.instrument, self.ts)))


COLUMN_NAMES = tuple(field.name for field in fields(TapeColumns))


@dataclass(frozen=True, eq=False)
class Trades:
    """Public prints, one numpy array per column, in time order; of bars the close and the volume.

    ts int64 ns UTC, instrument int32 as the quotes', price and size float64, condition int64 (flags as published).
    """

    ts: NDArray[np.int64]
    instrument: NDArray[np.int32]
    price: NDArray[np.float64]
    size: NDArray[np.float64]
    condition: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, eq=False)
class Tape(TapeColumns):
    """A tape in memory: its columns, in `meta` what they are of, and the public prints where it has any."""

    meta: TapeMeta
    trades: Trades | None = None

    @classmethod
    def of(cls, meta: TapeMeta, columns: TapeColumns) -> Tape:
        """Those rows as a tape, without prints."""
        return cls(meta=meta, **{name: getattr(columns, name) for name in COLUMN_NAMES})


def check_columns(where: str, columns: TapeColumns, instruments: int) -> None:
    """Raise InvalidValue, naming `where`, the row (counted from 0) and the column, unless the rows make a tape.

    Prices are finite and above zero or absent (NaN), sizes finite and not negative, time never goes back.
    """
    for name in COLUMN_NAMES:
        values = getattr(columns, name)
        expected = SCHEMA.field(name).type.to_pandas_dtype()
        if values.dtype != expected or values.shape != columns.ts.shape or values.ndim != 1:
            rule = f"one {np.dtype(expected).name} per row, {len(columns)} rows"
            raise InvalidValue(f"{where} column {name}", f"{values.dtype} of {values.shape}", rule)
    _refuse(where, "ts", columns.ts, columns.ts <= 0, "a time in ns UTC is above zero")
    known = (columns.instrument < 0) | (columns.instrument >= instruments)
    _refuse(where, "instrument", columns.instrument, known, f"the metadata lists {instruments} instruments, from 0")
    for name in ("bid", "ask"):
        prices = getattr(columns, name)
        # NaN passes: it is the absent side.
        _refuse(where, name, prices, (prices <= 0) | (prices == np.inf), "a price is finite and above zero or absent")
    for name in ("bid_size", "ask_size"):
        sizes = getattr(columns, name)
        _refuse(where, name, sizes, ~(sizes >= 0) | (sizes == np.inf), "a size is finite and not negative")
    backwards = np.zeros(len(columns), dtype=np.bool_)
    np.less(columns.ts[1:], columns.ts[:-1], out=backwards[1:])
    _refuse(where, "ts", columns.ts, backwards, "time never goes backwards, and the row before is later")


def _refuse(where: str, name: str, values: NDArray[Any], bad: NDArray[np.bool_], rule: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidValue(f"{where} row {row} {name}", cast(Any, values[row]).item(), rule, MAKE_AGAIN)
