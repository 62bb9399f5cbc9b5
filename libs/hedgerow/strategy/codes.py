"""The words of the gamma scalper's specification as integer codes; the order is the specification's."""

from __future__ import annotations

from enum import IntEnum

from hedgerow.strategy.compiled import compiled


class OptionState(IntEnum):
    """O: sign of the total gamma."""

    NONE = 0
    LONG_GAMMA = 1
    SHORT_GAMMA = 2


class DeltaState(IntEnum):
    """D: how far the net delta is from zero."""

    IN_BAND = 0
    MINOR = 1
    HEDGE_NEEDED = 2
    FORCE_HEDGE = 3
    INVALID = 4


class MarketState(IntEnum):
    """M: the underlying's regime over the last minute bars."""

    QUIET = 0
    NORMAL = 1
    TREND = 2
    CHOPPY_HIGHVOL = 3
    GAP = 4
    STALE = 5


class LiquidityState(IntEnum):
    """L: the underlying's spread."""

    NORMAL = 0
    WIDE = 1
    EXTREME_WIDE = 2
    NO_QUOTE = 3


class ExecutionState(IntEnum):
    """E: the hedge order and the broker link."""

    IDLE = 0
    ORDER_WORKING = 1
    PARTIAL_FILL = 2
    DISCONNECTED = 3
    BROKER_ERROR = 4


class SystemState(IntEnum):
    """S: whether numbers and surroundings can be trusted."""

    OK = 0
    GREEKS_BAD = 1
    DATA_LAG = 2
    RISK_HALT = 3


class TradingFSM(IntEnum):
    """When to hedge."""

    BOOT = 0
    SYNC = 1
    IDLE = 2
    ARMED = 3
    MONITOR = 4
    NO_TRADE = 5
    PAUSE_COST = 6
    PAUSE_LIQ = 7
    NEED_HEDGE = 8
    HEDGING = 9
    UNWIND = 10
    SAFE = 11
    STOPPED = 12


class HedgeFSM(IntEnum):
    """How a hedge is worked."""

    EXEC_IDLE = 0
    PLAN = 1
    SEND = 2
    WAIT_ACK = 3
    WORKING = 4
    PARTIAL = 5
    REPRICE = 6
    CANCEL = 7
    RECOVER = 8
    FILLED = 9
    FAIL = 10


class Provenance(IntEnum):
    """Where a leg's greeks come from: MODEL from this quote, STALE from a kept volatility, BAD from nothing usable."""

    NONE = 0
    MODEL = 1
    STALE = 2
    BAD = 3


class IntentAction(IntEnum):
    """What the strategy asks of execution."""

    NONE = 0
    SUBMIT = 1
    CANCEL = 2
    QUERY = 3


class Verdict(IntEnum):
    """What one gate said; a gate about an intent is NOT_EVALUATED when there is none."""

    NOT_EVALUATED = 0
    PASS = 1
    FAIL = 2


class BlockReason(IntEnum):
    """Why no hedge left: below FIRST_BLOCK there was nothing to do, from there on a wanted hedge was held back."""

    NONE = 0  # a hedge left, or is being worked on schedule
    BOOTING = 1
    NO_POSITION = 2
    NOT_ENABLED = 3
    BELOW_THRESHOLD = 4
    ORDER_WORKING = 5
    STOPPED = 6
    BROKER_DOWN = 10
    NOT_RECONCILED = 11
    JOURNAL_UNAVAILABLE = 12
    LEASE_LOST = 13
    RISK_HALT = 14
    RISK_REDUCING = 15
    PAUSED = 16
    DATA_STALE = 17
    DATA_LAG = 18
    GREEKS_BAD = 19
    EXECUTION_FAULT = 20
    PAUSE_LIQ = 21
    COOLDOWN = 22
    MIN_PRICE_MOVE = 23
    BELOW_MIN_SIZE = 24
    CIRCUIT_BREAKER = 25
    OUTSIDE_RTH = 26
    EARNINGS_BLACKOUT = 27
    MAX_DAILY_HEDGES = 28
    MAX_POSITION = 29
    MAX_NET_DELTA = 30
    SPREAD_TOO_WIDE = 31
    STRATEGY_CONTRACT = 32  # from here on no gate's: the strategy itself, or its other process
    BRIDGE_DOWN = 33
    BRIDGE_LATE = 34
    BRIDGE_CHAIN = 35
    BRIDGE_ANSWER = 36


FIRST_BLOCK = 10


class Gate(IntEnum):
    """Index of each gate in `Decision.guard_verdicts`; the surroundings come first, then the specification's order."""

    BROKER_DOWN = 0
    NOT_RECONCILED = 1
    JOURNAL_UNAVAILABLE = 2
    LEASE_LOST = 3
    RISK_HALT = 4
    RISK_REDUCING = 5
    PAUSED = 6
    DATA_STALE = 7
    DATA_LAG = 8
    GREEKS_BAD = 9
    EXECUTION_FAULT = 10
    PAUSE_LIQ = 11
    COOLDOWN = 12
    MIN_PRICE_MOVE = 13
    BELOW_MIN_SIZE = 14
    CIRCUIT_BREAKER = 15
    OUTSIDE_RTH = 16
    EARNINGS_BLACKOUT = 17
    MAX_DAILY_HEDGES = 18
    MAX_POSITION = 19
    MAX_NET_DELTA = 20
    SPREAD_TOO_WIDE = 21


GATE_COUNT = 22


@compiled
def code(member: int) -> int:
    """An IntEnum member as its plain integer, in a form that numba compiles."""
    return member + 0


@compiled
def is_blocked(reason: int) -> bool:
    """Whether a wanted hedge was held back (True), or there was nothing to do (False)."""
    return reason >= FIRST_BLOCK
