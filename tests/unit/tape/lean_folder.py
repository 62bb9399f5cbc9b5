"""Small LEAN data folders made on the spot: real zips, rows chosen by the test."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

DAY = date(2015, 12, 24)
OPEN_MS = 34_200_000


def bar(ms: int, bid: int | None, ask: int | None, size: int = 100) -> str:
    """One quote bar row; prices in 1/10000 dollar, None for an absent side."""
    sides = []
    for price in (bid, ask):
        text = "" if price is None else str(price)
        sides += [text] * 4 + [str(0 if price is None else size)]
    return ",".join([str(ms), *sides])


def write_zip(path: Path, members: dict[str, str]) -> Path:
    """A zip of those files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def equity_zip(data: Path, rows: list[str], resolution: str = "minute", symbol: str = "abc", day: date = DAY) -> Path:
    """The symbol's quotes of that day."""
    path = data / "equity" / "usa" / resolution / symbol / f"{day:%Y%m%d}_quote.zip"
    return write_zip(path, {f"{day:%Y%m%d}_{symbol}_{resolution}_quote.csv": "\n".join(rows) + "\n" if rows else ""})


def option_name(right: str, strike: int, expiry: str, symbol: str = "abc", day: date = DAY) -> str:
    """The file name of one contract; strike in 1/10000 dollar."""
    return f"{day:%Y%m%d}_{symbol}_minute_quote_american_{right}_{strike}_{expiry}.csv"


def option_zip(data: Path, members: dict[str, list[str]], symbol: str = "abc", day: date = DAY) -> Path:
    """The symbol's option chain of that day, rows by file name."""
    path = data / "option" / "usa" / "minute" / symbol / f"{day:%Y%m%d}_quote_american.zip"
    return write_zip(path, {name: "".join(f"{row}\n" for row in rows) for name, rows in members.items()})
