"""Small seeded days and specs that backtest tests share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from hedgerow.backtest.feed import FOR_EVER, Feed, Leg, feed_of
from hedgerow.tape.format import Tape
from hedgerow.tape.select import select_straddle
from hedgerow.tape.synth_model import model_days
from hedgerow.tape.writer import write_tape

FIRST, SECOND = date(2024, 1, 16), date(2024, 1, 17)


def made_days(seed: int = 7, days: int = 1, symbol: str = "SIMX", interval_ms: int = 60_000) -> list[Tape]:
    """Seeded days in a row in memory, a quote of the underlying every minute."""
    return [Tape.of(*made) for made in model_days(seed, FIRST, days, symbol, interval_ms=interval_ms)]


def made_tape() -> Tape:
    """The first of them."""
    return made_days()[0]


def straddle_feed(tape: Tape, active_to: int = FOR_EVER) -> Feed:
    """A tape with ten contracts of the straddle a session would adopt."""
    straddle = select_straddle(tape, 21, 35)
    legs = (
        Leg(straddle.call, 10.0, straddle.call_mid, straddle.as_of_ns, active_to),
        Leg(straddle.put, 10.0, straddle.put_mid, straddle.as_of_ns, active_to),
    )
    return feed_of([tape], legs)


def written(tape: Tape, folder: Path) -> Path:
    """A tape as a file in that folder, named by symbol and day."""
    path = folder / f"{tape.meta.symbol}-{tape.meta.date}.parquet"
    write_tape(path, tape.meta, tape)
    return path


def scalper(name: str = "one", symbol: str = "SIMX", **gates: Any) -> dict[str, Any]:
    """An entry of `strategies:`."""
    return {"name": name, "account": "SIM0000001", "underlying": {"symbol": symbol}, "gates": gates}


def threshold(shares: float) -> dict[str, Any]:
    """The gates' part that hedges from so many shares on."""
    return {"delta": {"hedge_threshold": shares}}
