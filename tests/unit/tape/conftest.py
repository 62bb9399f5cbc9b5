"""Real days, imported once for all tests of the tape."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from hedgerow.tape.format import Tape
from hedgerow.tape.lean import import_lean
from hedgerow.tape.reader import read_tape

ImportedDay = Callable[[str, date], Tape]


@pytest.fixture(scope="session")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ImportedDay:
    """A function giving the tape of a symbol and date of the real market data."""
    folder = tmp_path_factory.mktemp("imported")
    tapes: dict[str, Tape] = {}

    def get(symbol: str, day: date) -> Tape:
        if symbol not in tapes:
            path = folder / f"{symbol}.parquet"
            import_lean(shared_data, symbol, day, path)
            tapes[symbol] = read_tape(path)
        return tapes[symbol]

    return get
