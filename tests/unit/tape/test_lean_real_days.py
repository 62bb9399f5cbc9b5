"""The real days, held against what their CSV files say, read here in the plainest way."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from hedgerow.tape.sessions import NEW_YORK
from tests.unit.tape.conftest import ImportedDay

GOOG, TWX, SPY, AIG = date(2015, 12, 24), date(2014, 6, 5), date(2013, 10, 7), date(2013, 10, 7)


def ns(day: date, clock: str) -> int:
    """That New York time, ns UTC."""
    local = datetime.fromisoformat(f"{day.isoformat()}T{clock}").replace(tzinfo=NEW_YORK)
    return int(local.timestamp() * 1000) * 1_000_000


def csv_rows(path: Path, member: str | None = None) -> Iterator[list[str]]:
    with zipfile.ZipFile(path) as archive, archive.open(member or archive.namelist()[0]) as file:
        yield from csv.reader(io.TextIOWrapper(file, "ascii"))


def test_goog_is_all_there(imported: ImportedDay) -> None:
    tape = imported("GOOG", GOOG)
    assert len(tape) == 260 + 275_552
    assert len(tape.meta.instruments) == 2193
    assert tape.meta.instruments[0].instrument_id == "GOOG"
    assert tape.meta.interval_ms == 60_000
    assert tape.meta.time_zone == "America/New_York"
    assert (np.diff(tape.ts) >= 0).all()


def test_goog_closes_early(imported: ImportedDay) -> None:
    tape = imported("GOOG", GOOG)
    assert tape.meta.session_open_ns == ns(GOOG, "09:30")
    assert tape.meta.session_close_ns == ns(GOOG, "13:00")
    regular = tape.ts[(tape.instrument == 0) & ~tape.extended]
    assert regular[0] == ns(GOOG, "09:31")
    assert regular[-1] == ns(GOOG, "13:00")
    early, late = tape.ts <= ns(GOOG, "09:30"), tape.ts > ns(GOOG, "13:00")
    np.testing.assert_array_equal(tape.extended, early | late)
    assert tape.extended.sum() == 216


def test_goog_first_mid_is_the_close_of_the_first_bar(imported: ImportedDay, shared_data: Path) -> None:
    """No look-ahead: the bar that starts at 9:30 is known at 9:31, and nothing of it before."""
    tape = imported("GOOG", GOOG)
    path = shared_data / "equity/usa/minute/goog/20151224_quote.zip"
    bar = next(row for row in csv_rows(path) if row[0] == "34200000")
    row = int(np.argmax((tape.instrument == 0) & ~tape.extended))
    assert tape.ts[row] == ns(GOOG, "09:31")
    assert (tape.bid[row], tape.ask[row]) == (int(bar[4]) / 10_000, int(bar[9]) / 10_000)
    assert (tape.bid_size[row], tape.ask_size[row]) == (int(bar[5]), int(bar[10]))
    assert (tape.bid[row] + tape.ask[row]) / 2 == pytest.approx(749.11)


@pytest.mark.parametrize("member", range(0, 2192, 271))
def test_goog_contracts_row_by_row(imported: ImportedDay, shared_data: Path, member: int) -> None:
    tape = imported("GOOG", GOOG)
    path = shared_data / "option/usa/minute/goog/20151224_quote_american.zip"
    with zipfile.ZipFile(path) as archive:
        name = archive.namelist()[member]
    right, strike, expiry = name.removesuffix(".csv").split("_")[5:]
    wanted = f"GOOG {expiry} {int(strike) / 10_000:g} {'C' if right == 'call' else 'P'}"
    index = [each.instrument_id for each in tape.meta.instruments].index(wanted)
    rows = np.flatnonzero(tape.instrument == index)
    expected = list(csv_rows(path, name))
    assert len(rows) == len(expected)
    for row, fields in zip(rows.tolist(), expected, strict=True):
        assert tape.ts[row] == ns(GOOG, "00:00") + (int(fields[0]) + 60_000) * 1_000_000
        for price, field in ((tape.bid[row], fields[4]), (tape.ask[row], fields[9])):
            assert (np.isnan(price) and field == "") or price == int(field) / 10_000


def test_twx_keeps_its_saturdays(imported: ImportedDay) -> None:
    tape = imported("TWX", TWX)
    assert len(tape) == 476 + 30_468
    assert len(tape.meta.instruments) == 185
    expiries = sorted({each.expiry for each in tape.meta.instruments if each.expiry})
    assert [f"{each:%Y%m%d}" for each in expiries] == ["20140621", "20140719", "20141018", "20150117", "20160115"]
    assert [each.weekday() for each in expiries[:4]] == [5] * 4
    assert tape.meta.session_close_ns == ns(TWX, "16:00")


def test_spy_seconds(imported: ImportedDay) -> None:
    tape = imported("SPY", SPY)
    assert len(tape) == 27_409
    assert tape.meta.interval_ms == 1_000
    assert tape.ts[0] == ns(SPY, "04:00:01")
    assert tape.ts[~tape.extended][0] == ns(SPY, "09:30:01")


def test_aig_ticks_become_the_market(imported: ImportedDay, shared_data: Path) -> None:
    """The file publishes the market's best in pairs: each change of a pair is one row, and hardly any is crossed."""
    tape = imported("AIG", AIG)
    assert tape.meta.interval_ms == 0
    assert "1079935 ticks" in tape.meta.source
    rows = [
        (int(row[0]), int(row[1]), int(row[2]), int(row[3]), int(row[4]))
        for row in csv_rows(shared_data / "equity/usa/tick/aig/20131007_quote.zip")
    ]
    expected: list[tuple[int, ...]] = []
    market, last = (0, 0, 0, 0), (0, 0, 0, 0)
    for at, (time, bid, bid_size, ask, ask_size) in enumerate(rows):
        market = (bid, bid_size, *market[2:]) if bid else (*market[:2], ask, ask_size)
        paired = bid and at + 1 < len(rows) and rows[at + 1][0] == time and rows[at + 1][3]
        if not paired and market != last:
            expected.append((time, *market))
            last = market
    assert len(tape) == len(expected)
    table = np.array(expected)
    np.testing.assert_array_equal(tape.ts, ns(AIG, "00:00") + table[:, 0] * 1_000_000)
    np.testing.assert_array_equal(tape.bid_size, table[:, 2])
    np.testing.assert_array_equal(np.nan_to_num(tape.ask), table[:, 3] / 10_000)
    np.testing.assert_array_equal(np.nan_to_num(tape.bid), table[:, 1] / 10_000)
    assert tape.crossed < 0.0005 * len(tape)
    regular = ~tape.extended
    assert float(np.median(tape.ask[regular] - tape.bid[regular])) == pytest.approx(0.01)
    assert tape.ts[regular][0] >= ns(AIG, "09:30")
    assert tape.ts[regular][-1] < ns(AIG, "16:00")
