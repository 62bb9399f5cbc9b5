"""A day's downloaded bars: what to ask for, what came so far, and the tape they make."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument
from hedgerow.tape.examine import examine
from hedgerow.tape.format import VERSION, TapeColumns, TapeMeta, Trades
from hedgerow.tape.quality import DEFAULTS, Policy, Report, day_source
from hedgerow.tape.sessions import TIME_ZONE, session
from hedgerow.tape.writer import write_tape

_NS_PER_S = 1_000_000_000
# The longest stretch the broker gives in one answer, in seconds, by the bar's length; longer bars come by the day.
_STRETCH_S = {1: 1_800, 5: 7_200}
BAR_SECONDS = (1, 5, 60, 300, 3_600)
SIDES = ("BID", "ASK")
PRINTS = "TRADES"
_STOCK_SIZE, _OPTION_SIZE = 100.0, 10.0


class Piece(NamedTuple):
    """One request: bars of `side` of instrument number `instrument` that end at `end_ns`, at most `bars`."""

    instrument: int
    side: str
    end_ns: int
    bars: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.instrument:05d}-{self.side}-{self.end_ns}.json"


class HistoryBar(NamedTuple):
    """One bar: its start in ns UTC, closing price and volume."""

    start_ns: int
    close: float
    volume: float


class DayOfHistory:
    """One underlying's day in the folder `out`: pieces that came are kept beside the tape until it is whole.

    `instruments[0]` is the stock. Raises InvalidValue for a closed day or a bar length the broker has not.
    """

    def __init__(
        self, out: Path, day: date, instruments: Sequence[Instrument], bar_seconds: int, prints: bool = False
    ) -> None:
        if bar_seconds not in BAR_SECONDS:
            raise InvalidValue("--bar-size", bar_seconds, f"one of {', '.join(map(str, BAR_SECONDS))} seconds")
        hours = session(day)
        if hours is None:
            raise InvalidValue("date", day.isoformat(), "a day on which the exchange is open")
        self.day, self.instruments, self.bar_seconds, self.hours = day, tuple(instruments), bar_seconds, hours
        self._prints = prints
        self.path = out / f"{instruments[0].symbol}-{day}.parquet"
        self._parts = out / f".{instruments[0].symbol}-{day}.parts"

    @property
    def done(self) -> bool:
        """Whether the tape is there."""
        return self.path.is_file()

    def pieces(self) -> list[Piece]:
        """All requests of the day, in the order they are made."""
        open_ns, close_ns = self.hours
        stretch_ns = _STRETCH_S.get(self.bar_seconds, close_ns - open_ns) * _NS_PER_S
        if self.bar_seconds not in _STRETCH_S:
            stretch_ns = close_ns - open_ns
        sides = (*SIDES, PRINTS) if self._prints else SIDES
        pieces = []
        for number in range(len(self.instruments)):
            for side in sides:
                for start in range(open_ns, close_ns, stretch_ns):
                    end = min(start + stretch_ns, close_ns)
                    count = -((start - end) // (self.bar_seconds * _NS_PER_S))
                    pieces.append(Piece(number, side, end, count))
        return pieces

    def begin(self) -> None:
        """Makes the folder of the pieces; those of another question (other contracts, another bar) are thrown away."""
        question = json.dumps([self.bar_seconds, [each.instrument_id for each in self.instruments]])
        asked = self._parts / "question.json"
        if asked.is_file() and asked.read_text() != question:
            shutil.rmtree(self._parts)
        self._parts.mkdir(parents=True, exist_ok=True)
        _write(asked, question)

    def missing(self) -> Iterator[Piece]:
        """The pieces that did not come yet."""
        for piece in self.pieces():
            if not (self._parts / piece.name).is_file():
                yield piece

    def keep(self, piece: Piece, bars: Sequence[HistoryBar]) -> None:
        """Keeps what a request gave: a download that ends here goes on after it."""
        _write(self._parts / piece.name, json.dumps(bars))

    def write(self, source: str, policy: Policy = DEFAULTS) -> tuple[TapeMeta, Report]:
        """Makes the tape of the pieces and throws them away; raises InvalidValue where the stock has no bar."""
        rows = self._rows()
        if not (rows.instrument == 0).any():
            shutil.rmtree(self._parts)  # what did not come may come another time
            fix = "ask for another day, or check the account's market-data permissions"
            raise InvalidValue("date", self.day.isoformat(), f"bars of {self.instruments[0].symbol}: none came", fix)
        examined = day_source(str(self.path), self.day, self.hours, self.bar_seconds * 1_000, self.instruments)
        kept, report = examine(examined, rows, policy)
        meta = TapeMeta(
            VERSION, self.instruments[0].symbol, self.day, TIME_ZONE, self.bar_seconds * 1_000, source, None,
            *self.hours, self.instruments, report.counts,
        )  # fmt: skip
        meta = write_tape(self.path, meta, kept, self._trades())
        shutil.rmtree(self._parts)
        return meta, report

    def _bars(self, side: str) -> NDArray[np.float64]:
        """Bars of one side as rows of instrument, start, close, volume; each bar once, in order."""
        found = [
            (piece.instrument, *bar)
            for piece in self.pieces()
            if piece.side == side
            for bar in json.loads((self._parts / piece.name).read_text())
        ]
        # ns do not fit a float: seconds do, and bars begin on them
        table = np.array([(n, start // _NS_PER_S, close, volume) for n, start, close, volume in found])
        table = table.reshape(-1, 4)
        _, first = np.unique(table[:, :2], axis=0, return_index=True)
        inside = table[first]
        begin, end = (at / _NS_PER_S for at in self.hours)
        return np.asarray(inside[(inside[:, 1] >= begin) & (inside[:, 1] < end)])

    def _rows(self) -> TapeColumns:
        bid, ask = (self._bars(side) for side in SIDES)
        keys, at = np.unique(np.concatenate((bid[:, :2], ask[:, :2])), axis=0, return_inverse=True)
        at = at.reshape(-1)
        prices = np.full((2, len(keys)), np.nan)
        prices[0, at[: len(bid)]] = bid[:, 2]
        prices[1, at[len(bid) :]] = ask[:, 2]
        size = np.where(keys[:, 0] == 0, _STOCK_SIZE, _OPTION_SIZE)
        return TapeColumns(
            ts=(keys[:, 1].astype(np.int64) + self.bar_seconds) * _NS_PER_S,
            instrument=keys[:, 0].astype(np.int32),
            bid=prices[0],
            ask=prices[1],
            bid_size=np.where(np.isnan(prices[0]), 0.0, size),
            ask_size=np.where(np.isnan(prices[1]), 0.0, size),
            extended=np.zeros(len(keys), dtype=np.bool_),
        ).in_time_order()

    def _trades(self) -> Trades | None:
        if not self._prints:
            return None
        bars = self._bars(PRINTS)
        bars = bars[(bars[:, 3] > 0) & (bars[:, 2] > 0)]
        ts = (bars[:, 1].astype(np.int64) + self.bar_seconds) * _NS_PER_S
        order = np.lexsort((bars[:, 0], ts))
        number, price, volume = bars[order, 0].astype(np.int32), bars[order, 2].copy(), bars[order, 3].copy()
        return Trades(ts[order], number, price, volume, np.zeros(len(bars), dtype=np.int64))


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a piece half written would be taken for one that came."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    os.replace(part, path)
