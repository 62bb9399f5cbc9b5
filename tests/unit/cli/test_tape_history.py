"""A download asks for each piece once, waits where it must, goes on where it ended, and makes the tape of what came."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from hedgerow.cli.tape_history import HISTORY_PACED, download, import_ib, sessions_between
from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.domain.instrument import Instrument, Right, option, stock
from hedgerow.rpc.errors import DETAILS_KEY, status_details
from hedgerow.tape.history import DayOfHistory, HistoryBar, Piece
from hedgerow.tape.reader import read_tape

DAY = date(2015, 12, 24)
GOOG = stock("GOOG")
CALL = option("GOOG", date(2016, 1, 22), Decimal(750), Right.CALL)
NS = 10**9


class Refused(grpc.RpcError):
    """A call's failure as gRPC tells it."""

    def __init__(self, error: Unavailable) -> None:
        self._details = status_details(error, grpc.StatusCode.UNAVAILABLE)

    def trailing_metadata(self) -> list[tuple[str, bytes]]:
        return [(DETAILS_KEY, self._details)]


class Broker:
    """Answers with bars whose price tells side and minute; the ask of minute 3 and options' minute 5 are lacking."""

    def __init__(self, fails_after: int = 10**6, paced: int = 0, reason: str = HISTORY_PACED) -> None:
        self.asked: list[Piece] = []
        self._left, self._paced, self._reason = fails_after, paced, reason

    def __call__(self, instrument: Instrument, piece: Piece, bar_seconds: int) -> list[HistoryBar]:
        if self._left == 0:
            raise Refused(Unavailable("gone", "DRAINING"))
        if self._paced:
            self._paced -= 1
            raise Refused(Unavailable("wait", self._reason))
        self._left -= 1
        self.asked.append(piece)
        starts = range(piece.end_ns - piece.bars * bar_seconds * NS, piece.end_ns, bar_seconds * NS)
        base = {"BID": 100.0, "ASK": 101.0, "TRADES": 100.5}[piece.side] + 10 * instrument.is_option
        return [
            HistoryBar(start, base + n / 1_000, float(n))
            for n, start in enumerate(starts)
            if not (piece.side == "ASK" and n == 3) and not (instrument.is_option and n == 5)
        ]


def day(folder: Path, bar_seconds: int = 60, prints: bool = False) -> DayOfHistory:
    return DayOfHistory(folder, DAY, [GOOG, CALL], bar_seconds, prints)


def quiet(_: str) -> None: ...


def test_bids_and_asks_become_quotes_at_their_bars_end(tmp_path: Path) -> None:
    of, broker = day(tmp_path, prints=True), Broker()
    download(of, broker, quiet)
    assert [(piece.instrument, piece.side, piece.bars) for piece in broker.asked] == [
        (number, side, 210) for number in (0, 1) for side in ("BID", "ASK", "TRADES")
    ]
    meta, report = of.write("test")
    tape = read_tape(of.path)
    assert tape.meta == meta
    assert meta.interval_ms == 60_000
    rows = np.flatnonzero(tape.instrument == 0)
    open_ns = meta.session_open_ns
    assert tape.ts[rows].tolist() == [open_ns + (n + 1) * 60 * NS for n in range(210)]
    assert tape.bid[rows][:4].tolist() == [100.0, 100.001, 100.002, 100.003]
    np.testing.assert_array_equal(tape.ask[rows][:4], [101.0, 101.001, 101.002, np.nan])
    assert (tape.instrument == 1).sum() == 209
    assert dict(report.counts) == {"ABSENT_SIDE": 2}
    assert tape.trades is not None
    assert len(tape.trades) == 209 + 208  # a bar without volume is no print
    assert list(tmp_path.iterdir()) == [of.path]


def test_an_interrupted_download_goes_on_after_what_came(tmp_path: Path) -> None:
    first = Broker(fails_after=3)
    with pytest.raises(Refused):
        download(day(tmp_path), first, quiet)
    second = Broker()
    again = day(tmp_path)
    download(again, second, quiet)
    assert len(second.asked) == 1
    assert [*first.asked, *second.asked] == again.pieces()
    again.write("test")
    assert again.done


def test_another_question_begins_anew(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        download(day(tmp_path), Broker(fails_after=3), quiet)
    other, broker = day(tmp_path, bar_seconds=300), Broker()
    download(other, broker, quiet)
    assert len(broker.asked) == 4


def test_pacing_is_waited_for(tmp_path: Path) -> None:
    waits: list[float] = []
    broker = Broker(paced=3)
    download(day(tmp_path), broker, quiet, waits.append)
    assert len(waits) == 3
    assert len(broker.asked) == 4


def test_a_lost_connection_is_waited_for_a_while(tmp_path: Path) -> None:
    waits: list[float] = []
    download(day(tmp_path), Broker(paced=6, reason="BROKER_DOWN"), quiet, waits.append)
    assert len(waits) == 6
    with pytest.raises(Refused):
        download(day(tmp_path, bar_seconds=300), Broker(paced=7, reason="BROKER_DOWN"), quiet, waits.append)
    assert len(waits) == 12


def test_seconds_come_in_stretches_the_broker_gives(tmp_path: Path) -> None:
    of, broker = day(tmp_path, bar_seconds=1), Broker()
    pieces = of.pieces()
    assert len(pieces) == 2 * 2 * 7
    assert {piece.bars for piece in pieces} == {1_800}
    download(of, broker, quiet)
    of.write("test")
    tape = read_tape(of.path)
    assert (tape.instrument == 0).sum() == 12_600
    assert day(tmp_path, bar_seconds=3_600).pieces()[0].bars == 4  # three hours and a half


def test_a_day_without_bars_is_told_and_asked_for_again(tmp_path: Path) -> None:
    of = day(tmp_path)
    download(of, lambda instrument, piece, bar_seconds: [], quiet)
    with pytest.raises(InvalidValue, match="bars of GOOG: none came"):
        of.write("test")
    assert list(tmp_path.iterdir()) == []


def test_days_are_sessions_that_are_over(tmp_path: Path) -> None:
    assert sessions_between(DAY, date(2015, 12, 29)) == [DAY, date(2015, 12, 28), date(2015, 12, 29)]
    with pytest.raises(InvalidValue, match=r"^--from: "):
        sessions_between(date(2015, 12, 25), date(2015, 12, 27))
    with pytest.raises(InvalidValue, match=r"^--to: "):
        sessions_between(date(2070, 1, 2), date(2070, 1, 2))
    with pytest.raises(InvalidValue, match=r"^--bar-size: 7 "):
        day(tmp_path, bar_seconds=7)


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("--from", {"first": "2015-12-25"}),
        ("--from", {"first": "Christmas"}),
        ("--to", {"last": "2070-01-02"}),
        ("--bar-size", {"bar_size": "7m"}),
        ("--option", {"options": ["TWX 20160122 70 C"]}),
        ("--option", {"options": ["GOOG"]}),
        ("--out", {"out": Path("/nowhere")}),
        ("policy", {"policies": ["GAP=drop"]}),
    ],
)
def test_what_cannot_be_is_named_before_anyone_is_asked(tmp_path: Path, key: str, changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=f"^{key}: "):
        import_ib("nowhere", **{"symbol": "GOOG", "first": "2015-12-24", "out": tmp_path, **changed})
