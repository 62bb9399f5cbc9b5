"""What a tape holds, told in a few numbers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hedgerow.tape.format import Tape
from hedgerow.tape.quality import gap_limit_s, gaps
from hedgerow.tape.reader import read_tape
from hedgerow.tape.sessions import NEW_YORK, days_to_expiry, last_trading_day

_GAPS_LISTED = 10


def describe(path: Path) -> dict[str, Any]:
    """A JSON-ready description of the tape at `path`.

    Times are ISO 8601 in New York, shares are fractions of 1, gaps are stretches of the session without a
    quote of the underlying, one and a half intervals or longer: a missing bar is one.
    Raises InvalidValue as `read_tape` does.
    """
    tape = read_tape(path)
    meta = tape.meta
    underlying = tape.instrument == 0
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        "symbol": meta.symbol,
        "date": meta.date.isoformat(),
        "time_zone": meta.time_zone,
        "interval_ms": meta.interval_ms,
        "source": meta.source,
        "seed": meta.seed,
        "session": {"open": _local(meta.session_open_ns), "close": _local(meta.session_close_ns)},
        "rows": len(tape),
        "underlying_rows": int(np.count_nonzero(underlying)),
        "extended_rows": int(np.count_nonzero(tape.extended)),
        "crossed_rows": tape.crossed,
        "trades": len(tape.trades) if tape.trades is not None else 0,
        "quality": dict(meta.quality),
        "first": _local(int(tape.ts[0])) if len(tape) else None,
        "last": _local(int(tape.ts[-1])) if len(tape) else None,
        "two_sided_share": {
            "underlying": _two_sided_share(tape, underlying),
            "options": _two_sided_share(tape, ~underlying),
        },
        "instruments": len(meta.instruments),
        "expiries": _expiries(tape),
        "gaps": _gaps(tape, underlying),
    }


def _local(ns: int) -> str:
    """ISO 8601 in New York, to the millisecond."""
    return datetime.fromtimestamp(ns // 1_000_000 / 1_000, NEW_YORK).isoformat(timespec="milliseconds")


def _two_sided_share(tape: Tape, rows: NDArray[np.bool_]) -> float | None:
    if not rows.any():
        return None
    return round(1.0 - float(np.mean(np.isnan(tape.bid[rows]) | np.isnan(tape.ask[rows]))), 6)


def _expiries(tape: Tape) -> list[dict[str, Any]]:
    rows_of = np.bincount(tape.instrument, minlength=len(tape.meta.instruments))
    found: dict[Any, dict[str, Any]] = {}
    strikes: dict[Any, set[Any]] = {}
    for index, instrument in enumerate(tape.meta.instruments):
        expiry = instrument.expiry
        if expiry is None:
            continue
        entry = found.setdefault(
            expiry,
            {
                "expiry": expiry.isoformat(),
                "last_trading_day": last_trading_day(expiry).isoformat(),
                "dte": days_to_expiry(expiry, tape.meta.date),
                "contracts": 0,
                "rows": 0,
            },
        )
        entry["contracts"] += 1
        entry["rows"] += int(rows_of[index])
        strikes.setdefault(expiry, set()).add(instrument.strike)
    return [{**found[expiry], "strikes": len(strikes[expiry])} for expiry in sorted(found)]


def _gaps(tape: Tape, underlying: NDArray[np.bool_]) -> dict[str, Any]:
    meta = tape.meta
    seen = tape.ts[underlying & ~tape.extended]
    ends = np.concatenate(([meta.session_open_ns], seen, [meta.session_close_ns]))
    lengths, found = gaps(seen, meta.session_open_ns, meta.session_close_ns, meta.interval_ms)
    return {
        "count": len(found),
        "at_least_s": gap_limit_s(meta.interval_ms),
        "longest_s": round(float(lengths.max()), 3),
        "first": [
            {"from": _local(int(ends[at])), "to": _local(int(ends[at + 1])), "seconds": round(float(lengths[at]), 3)}
            for at in found[:_GAPS_LISTED]
        ],
    }
