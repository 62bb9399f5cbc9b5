"""LEAN's data folder: which files hold a symbol's day, and what is inside them."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from hedgerow.domain.errors import InvalidValue

# Interval of a bar of each resolution, the one preferred first; a tick has none.
INTERVALS_MS = {"minute": 60_000, "second": 1_000, "tick": 0}
GET_AGAIN = "get the file again from where it came"
_DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError,
    UnicodeDecodeError, struct.error, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class LeanDay:
    """The files of one symbol and day: its equity's quotes; its option chain's and both's trades where there are."""

    resolution: str
    equity: Path
    options: Path | None
    equity_trades: Path | None
    option_trades: Path | None

    @property
    def files(self) -> list[Path]:
        """Those that exist."""
        return [path for path in (self.equity, self.options, self.equity_trades, self.option_trades) if path]

    @property
    def interval_ms(self) -> int:
        """The bar interval, 0 for ticks."""
        return INTERVALS_MS[self.resolution]


def find_day(data: Path, symbol: str, day: date, resolution: str = "", trades: bool = True) -> LeanDay:
    """The files of that resolution; empty: minutes (option chains come in them), else seconds, else ticks.

    Raises InvalidValue naming the dates that exist for the symbol, or the symbols that exist for the date.
    """
    if resolution and resolution not in INTERVALS_MS:
        raise InvalidValue("resolution", resolution, f"one of {', '.join(INTERVALS_MS)}")
    if not (data / "equity" / "usa").is_dir():
        raise InvalidValue(
            "data", str(data), "LEAN's Data folder, holding equity/usa", "name the folder above `equity`"
        )
    folder = symbol.lower()
    for each in [resolution] if resolution else INTERVALS_MS:

        def file(kind: str, name: str, each: str = each) -> Path | None:
            path = data / kind / "usa" / each / folder / f"{day:%Y%m%d}_{name}.zip"
            return path if path.is_file() else None

        equity = file("equity", "quote")
        if equity is not None:
            wanted = ("trade", "trade_american") if trades else ("", "")
            return LeanDay(
                each, equity, file("option", "quote_american"), file("equity", wanted[0]), file("option", wanted[1])
            )
    days = sorted({path.name[:8] for path in data.glob(f"equity/usa/*/{folder}/*_quote.zip")})
    if days:
        listed = ", ".join(datetime.strptime(text, "%Y%m%d").date().isoformat() for text in days if text.isdecimal())
        raise InvalidValue("date", day.isoformat(), f"{data} holds no quotes of {symbol} for it", f"it holds {listed}")
    raise InvalidValue("symbol", symbol, f"{data} holds no quotes of it", _what_else(data, day))


def _what_else(data: Path, day: date) -> str:
    on_day = sorted({path.parent.name.upper() for path in data.glob(f"equity/usa/*/*/{day:%Y%m%d}_quote.zip")})
    if on_day:
        return f"for {day} it holds {', '.join(on_day)}"
    ever = sorted({path.parent.name.upper() for path in data.glob("equity/usa/*/*/*_quote.zip")})
    return f"it holds nothing for {day}, and for other dates {', '.join(ever) or 'nothing'}"


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip at `path`; whatever is damaged in it, now or while reading, becomes InvalidValue."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except InvalidValue:
        raise
    except _DAMAGED as error:
        detail = str(error).partition("\n")[0] or type(error).__name__
        raise InvalidValue("file", str(path), f"a whole zip of CSV files ({detail})", GET_AGAIN) from error


def only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """The one CSV of an equity zip."""
    members = [member for member in archive.infolist() if member.filename.endswith(".csv")]
    if len(members) != 1:
        raise InvalidValue("file", str(path), f"a zip of one CSV, and it holds {len(members)}", GET_AGAIN)
    return members[0]


def row_fault(file: str, row: int, field: str, value: object, rule: str) -> InvalidValue:
    """The error for one field of one CSV row, `row` counted from 1 as editors do."""
    return InvalidValue(f"{file} row {row} {field}", value, rule, GET_AGAIN)
