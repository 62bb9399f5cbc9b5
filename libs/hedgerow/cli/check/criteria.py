"""Every acceptance criterion: its id, phase, text, and how it is shown to hold."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from hedgerow.domain.errors import InvalidValue


class How(StrEnum):
    """How a criterion is shown."""

    HERE = "automated here"  # `hedgerow check` shows it against a running system
    TESTS = "by tests"  # the test suite shows it, a running system cannot
    HAND = "by hand"
    BOTH = "by hand and by tests"
    NOT_SERVED = "not yet served"  # its parts do not exist yet


class Criterion(NamedTuple):
    """One row of the acceptance list."""

    id: str
    phase: int
    text: str
    how: How


_HERE = How.HERE

CRITERIA: tuple[Criterion, ...] = (
    Criterion("TC-1-R-M1a-1", 1, "a snapshot after each heartbeat and evaluation, at once on entering RUNNING, "
              "a minimal one without a spot", _HERE),
    Criterion("TC-1-R-M1a-2", 1, "state and timestamp readable from the sink without the console", _HERE),
    Criterion("TC-1-R-M1a-3", 1, "the snapshot holds every key of the specification", _HERE),
    Criterion("TC-1-R-M4a-1", 1, "intent, order sent, fill, cancel, reject: one operation record each, "
              "and a history snapshot", _HERE),
    Criterion("TC-1-R-M4a-2", 1, "each record: time, type, side, quantity, price if filled, state and reason", _HERE),
    Criterion("TC-1-R-M4a-3", 1, "records readable from the sink by another process", _HERE),
    Criterion("TC-1-R-H1-1", 1, "the sink has a current view and an append-only history of configurable interval",
              _HERE),
    Criterion("TC-1-R-H1-2", 1, "later statistics need no change of the writer", _HERE),
    Criterion("TC-1-R-H1-3", 1, "sink kind and location are configuration", _HERE),
    Criterion("TC-1-R-C1a-1", 1, "SIGTERM and SIGINT: graceful exit within seconds, every time, no new order after",
              _HERE),
    Criterion("TC-1-R-C1a-2", 1, "a control file containing `stop` does the same within one heartbeat", _HERE),
    Criterion("TC-2-R-M1b-1", 2, "GET /status shows positions, machine states, metrics, config summary", _HERE),
    Criterion("TC-2-R-M1b-2", 2, "GET /status shows the daemon's heartbeat with its console out of sight", _HERE),
    Criterion("TC-2-R-M2-1", 2, "self_check is ok, degraded or blocked", _HERE),
    Criterion("TC-2-R-M2-2", 2, "block_reasons whenever a hedge could not leave", _HERE),
    Criterion("TC-2-R-M2-3", 2, "self_check and block_reasons both in GET /status and in the sink", _HERE),
    Criterion("TC-2-R-M3-1", 2, "status_lamp green, yellow, red = ok, degraded, blocked", _HERE),
    Criterion("TC-2-R-M3-2", 2, "the lamp alone tells normal from degraded", _HERE),
    Criterion("TC-2-R-M3-3", 2, "the lamp alone tells degraded from broken", _HERE),
    Criterion("TC-2-R-M4b-1", 2, "GET /operations with since_ts, until_ts, type, limit", _HERE),
    Criterion("TC-2-R-M4b-2", 2, "GET /operations returns the operations that touched positions", _HERE),
    Criterion("TC-2-R-C1b-1", 2, "POST /control/stop from the LAN: the daemon exits gracefully in time", _HERE),
    Criterion("TC-2-R-C1b-2", 2, "a stop needs no console, never expires and is never lost", _HERE),
    Criterion("TC-2-DOC", 2, "a clean machine reproduces status, lamp, operations, stop by the README", How.BOTH),
    Criterion("TC-3-R-A1-1", 3, "after connecting: account id, balance, net liquidation and the rest the broker gives",
              _HERE),
    Criterion("TC-3-R-A1-2", 3, "positions of all instruments concerned, used by hedging and risk", _HERE),
    Criterion("TC-3-R-A1-3", 3, "accounts kept current by interval and on demand; WAITING_IB and retry without the "
              "broker", _HERE),
    Criterion("TC-3-R-M6-1", 3, "market price of every traded instrument fetched and written to the sink", _HERE),
    Criterion("TC-3-R-M6-2", 3, "GET /status carries the prices", _HERE),
    Criterion("TC-3-R-M6-3", 3, "the page shows positions with price, P&L, option moneyness", _HERE),
    Criterion("TC-3-R-H2-1", 3, "statistics: a separate read-only module on the history the daemon wrote", _HERE),
    Criterion("TC-4-R-B1-1", 4, "a backtest entry that never connects to the broker and never places an order", _HERE),
    Criterion("TC-4-R-B1-2", 4, "history or tape in time order", _HERE),
    Criterion("TC-4-R-B1-3", 4, "theoretical P&L, equity curve, drawdown, parameter sets compared", _HERE),
    Criterion("TC-4-R-B1-4", 4, "full gates and config_hash recorded", _HERE),
    Criterion("TC-4-R-B2-1", 4, "the very same classifier, TradingFSM, guard, intent, gates", _HERE),
    Criterion("TC-4-R-B2-2", 4, "per tick: hedged or not, side, quantity, block reason and guard", _HERE),
    Criterion("TC-4-R-B2-3", 4, "hedge counts, block counts and reasons per parameter set", _HERE),
    Criterion("TC-5-R-C2-1", 5, "pause and resume by control channel", _HERE),
    Criterion("TC-5-R-C2-2", 5, "zero new hedge orders while paused", _HERE),
    Criterion("TC-5-R-C2-3", 5, "after resume as if never paused", _HERE),
    Criterion("TC-5-R-C2-4", 5, "monitoring and self-check alive throughout", _HERE),
    Criterion("TC-5-R-C3-1", 5, "flatten in the control channel and by POST /control/flatten", _HERE),
    Criterion("TC-5-R-C3-2", 5, "stop new hedges, then close by current positions and the target", _HERE),
    Criterion("TC-5-R-C3-3", 5, "the target is 0 or neutral to the option delta; operations are written", _HERE),
    Criterion("TC-5-R-C3-4", 5, "this strategy's hedge exposure is closed", _HERE),
    Criterion("TC-5-R-C3-5", 5, "manual and other strategies' positions are untouched", _HERE),
)  # fmt: skip

PHASES = tuple(sorted({criterion.phase for criterion in CRITERIA}))


def of_phase(phase: int) -> tuple[Criterion, ...]:
    """The criteria of one phase, in the list's order."""
    return tuple(criterion for criterion in CRITERIA if criterion.phase == phase)


def parse_phase(text: str) -> int:
    """The number in `phase1` ... `phase5`; raises InvalidValue."""
    names = {f"phase{phase}": phase for phase in PHASES}
    if text not in names:
        raise InvalidValue("PHASE", text, f"one of {', '.join(names)}", "or `hedgerow check --list`")
    return names[text]
