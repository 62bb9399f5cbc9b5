"""Bad market data: each kind of defect found, counted, named and handled by a stated policy.

The defaults and what each kind means are in docs/market-data-quality.md; `hedgerow.tape.examine` looks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument
from hedgerow.tape.sessions import midnight_ns

Floats = NDArray[np.float64]

_NS_PER_S = 1_000_000_000
# Ticks have no interval to miss; a minute without one is worth telling.
_TICK_GAP_S = 60.0
# A price this many times above or below what it should be near is no price.
ABSURD_FACTOR = 5.0


class Defect(StrEnum):
    """Kinds of defect, in the order they are looked for."""

    NOT_A_NUMBER = "NOT_A_NUMBER"
    ZERO_PRICE = "ZERO_PRICE"
    ABSURD_PRICE = "ABSURD_PRICE"
    BAD_SIZE = "BAD_SIZE"
    ABSENT_SIDE = "ABSENT_SIDE"
    ZERO_SIZE = "ZERO_SIZE"
    OUT_OF_DAY = "OUT_OF_DAY"
    TIME_REVERSAL = "TIME_REVERSAL"
    DUPLICATE = "DUPLICATE"
    CROSSED = "CROSSED"
    GAP = "GAP"


class Action(StrEnum):
    """What is done about a defect: left alone, its row dropped, mended, or the whole import refused."""

    KEEP = "keep"
    DROP = "drop"
    REPAIR = "repair"
    REFUSE = "refuse"


Policy = Mapping[Defect, Action]

_KEEP, _DROP, _REPAIR, _REFUSE = Action.KEEP, Action.DROP, Action.REPAIR, Action.REFUSE
# The default comes first; what is not listed is impossible (a tape holds no such row) or means nothing.
ALLOWED: dict[Defect, tuple[Action, ...]] = {
    Defect.NOT_A_NUMBER: (_REPAIR, _DROP, _REFUSE),
    Defect.ZERO_PRICE: (_REPAIR, _DROP, _REFUSE),
    Defect.ABSURD_PRICE: (_REPAIR, _DROP, _REFUSE),
    Defect.BAD_SIZE: (_REPAIR, _DROP, _REFUSE),
    Defect.ABSENT_SIDE: (_KEEP, _DROP, _REFUSE),
    Defect.ZERO_SIZE: (_KEEP, _REPAIR, _DROP, _REFUSE),
    Defect.OUT_OF_DAY: (_DROP, _REFUSE),
    Defect.TIME_REVERSAL: (_REFUSE, _DROP, _REPAIR),
    Defect.DUPLICATE: (_DROP, _KEEP, _REFUSE),
    Defect.CROSSED: (_KEEP, _DROP, _REFUSE),
    Defect.GAP: (_KEEP, _REFUSE),
}
DEFAULTS: dict[Defect, Action] = {defect: actions[0] for defect, actions in ALLOWED.items()}


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of defect: how many, what was done, and the first (row from 0 as the source gave it, ts in ns UTC).

    Prices and sizes are counted by side, GAP by stretch (its row is the one after it), the rest by row.
    """

    defect: Defect
    count: int
    action: Action
    first_row: int
    first_ts: int


@dataclass(frozen=True)
class Report:
    """What was wrong with `rows` rows: a finding per kind that occurred; `kept` rows are left."""

    rows: int
    kept: int
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """Kind and count, as a tape's metadata carries them."""
        return tuple((each.defect.value, each.count) for each in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "rows": self.rows,
            "kept": self.kept,
            "defects": {
                each.defect.value: {
                    "count": each.count, "action": each.action.value, "first_row": each.first_row,
                    "first_ts": each.first_ts,
                }
                for each in self.findings
            },
        }  # fmt: skip


class Source(NamedTuple):
    """Where quotes come from, for judging them.

    `name` is for messages; times ns UTC: the day's bounds and its regular session; `interval_ms` 0 for ticks.
    """

    name: str
    day_start_ns: int
    day_end_ns: int
    session_open_ns: int
    session_close_ns: int
    interval_ms: int
    instruments: tuple[Instrument, ...]


def day_source(
    name: str, day: date, session_ns: tuple[int, int], interval_ms: int, instruments: tuple[Instrument, ...]
) -> Source:
    """A source of one New York day; a bar that starts in its last interval is known at the midnight after."""
    return Source(
        name, midnight_ns(day), midnight_ns(day + timedelta(days=1)) + 1, *session_ns, interval_ms, instruments
    )


def policy_of(texts: Iterable[str]) -> Policy:
    """The defaults with `KIND=action` overrides; raises InvalidValue naming kinds, and actions of the kind."""
    policy = dict(DEFAULTS)
    for text in texts:
        name, _, action = text.partition("=")
        try:
            defect = Defect(name.strip().upper().replace("-", "_"))
        except ValueError as error:
            raise InvalidValue("policy", text, f"KIND=action, KIND one of {', '.join(Defect)}") from error
        if action.strip().lower() not in ALLOWED[defect]:
            raise InvalidValue("policy", text, f"for {defect} one of {', '.join(ALLOWED[defect])}")
        policy[defect] = Action(action.strip().lower())
    return policy


def gaps(ts: NDArray[np.int64], open_ns: int, close_ns: int, interval_ms: int) -> tuple[Floats, NDArray[np.intp]]:
    """Seconds between the session's ends and the quotes `ts` in it, and which of these stretches are gaps.

    One and a half intervals or longer, a minute for ticks: a missing bar is one. Stretch k ends at quote k.
    """
    lengths = np.diff(np.concatenate(([open_ns], ts, [close_ns]))) / _NS_PER_S
    return lengths, np.flatnonzero(lengths >= gap_limit_s(interval_ms))


def gap_limit_s(interval_ms: int) -> float:
    """Seconds without a quote of the underlying that make a gap."""
    return 1.5 * interval_ms / 1_000 if interval_ms else _TICK_GAP_S
