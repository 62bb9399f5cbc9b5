"""The lamp: ok, degraded or blocked from the reasons that stand, red over yellow over green."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from hedgerow.domain.trading_state import StatusLamp


class SelfCheck(StrEnum):
    """What a check says of one part."""

    OK = "ok"
    DEGRADED = "degraded"
    BLOCKED = "blocked"


DESIGNED_OR_MENDING = {
    "WAITING_IB": "no broker connection; it is retried on an interval",
    "STARTING": "the daemon is starting",
    "NOT_CONFIGURED": "no strategy is configured",
    "SERVICE_DOWN": "a service this needs does not answer; it is retried",
    "PAUSED": "paused by an operator",
    "FLATTENED": "flattened by an operator; it stays paused until it is resumed",
    "KILLED": "killed by an operator; nothing leaves until the kill is lifted by its name",
    "STOPPED_BY_OPERATOR": "stopped by an operator",
    "RESTART_WINDOW": "the broker is about to restart, or just has; only what reduces leaves",
    "NOT_ENABLED": "the strategy is not enabled",
    "NO_POSITION": "no option legs to hedge",
    "PAUSE_COST": "a hedge is wanted and its cost gate holds it back",
    "PAUSE_LIQ": "a hedge is wanted and the spread is too wide",
    "SPREAD_TOO_WIDE": "the spread is above its configured cap",
    "OUTSIDE_RTH": "the exchange is closed",
    "EARNINGS_BLACKOUT": "an earnings date is near",
    "MAX_DAILY_HEDGES": "the session's hedge count is used up",
    "MAX_POSITION": "the hedge wanted would pass the position limit",
    "MAX_NET_DELTA": "net delta is beyond its configured cap",
    "REPLAY_DIVERGED": "recorded decisions do not come out the same; `hedgerow replay verify` shows where",
    "REPLAY_REFUSED": "recorded decisions cannot be folded by this code; `hedgerow replay verify` says why",
    "SESSION_LOG_DAMAGED": "a session log is damaged or lacks decisions; `hedgerow replay verify` says where",
}
"""Reasons that turn the lamp yellow, in words; every other reason turns it red."""

FAULTS = {
    "HEARTBEAT_MISSING": "the daemon's heartbeat is missing or too old",
    "STATUS_UNREADABLE": "what the daemon last wrote cannot be read",
    "ORDER_PATH_DOWN": "a service every hedge passes through does not answer; it is retried",
    "SERVICE_UNKNOWN": "whether a service answers is not known",
    "BROKER_DOWN": "the broker connection is lost",
    "FLATTEN_BLOCKED": "a flatten cannot go on before its cause is gone; a resume gives it up",
    "POSITION_BREAK": "ledger and broker hold different positions",
    "POSITION_UNSETTLED": "an option left without an order; it is being matched with an expiry, exercise or assignment",
    "RISK_HALT": "risk is halted or cannot be heard",
    "RISK_REDUCING": "risk passes reducing orders only",
    "CIRCUIT_BREAKER": "the daily loss limit was reached; an operator resets it",
    "UNKNOWN_ORDER": "nobody can prove what became of an order; it is asked about, or resolved by hand",
    "NOT_RECONCILED": "journal and broker do not agree yet",
    "JOURNAL_UNAVAILABLE": "the journal does not accept writes",
    "LEASE_LOST": "another process owns the order path",
    "GREEKS_BAD": "greeks cannot be computed or disagree with the broker's",
    "DATA_STALE": "the underlying's quote is too old",
    "DATA_LAG": "market data arrives late or not at all",
    "DATA_DELAYED": "market data is delayed; it is shown and never traded on",
    "EXECUTION_FAULT": "hedge orders failed and retries are used up",
    "STRATEGY_CONTRACT": "the strategy's code failed or decided against its contract; it decides no more until started",
    "BRIDGE_DOWN": "the strategy's own process is not connected; it is waited for",
    "BRIDGE_LATE": "the strategy's own process did not answer in time",
    "BRIDGE_CHAIN": "a link between the daemon and the strategy's own process is missing, doubled or altered",
    "BRIDGE_ANSWER": "the strategy's own process answered against the contract",
    "ACCOUNT_MODE_MISMATCH": "the broker's account does not match the configured mode",
}
"""The known faults, in words."""


def self_check(reasons: Iterable[str]) -> SelfCheck:
    """Ok without reasons, degraded when each is a designed pause or an absence being mended, else blocked."""
    stand = [reason.split(" ", 1)[0] for reason in reasons]
    if not stand:
        return SelfCheck.OK
    return SelfCheck.DEGRADED if all(reason in DESIGNED_OR_MENDING for reason in stand) else SelfCheck.BLOCKED


_LAMPS = {
    SelfCheck.OK: StatusLamp.GREEN,
    SelfCheck.DEGRADED: StatusLamp.YELLOW,
    SelfCheck.BLOCKED: StatusLamp.RED,
}


def lamp(check: SelfCheck) -> StatusLamp:
    """Green, yellow or red."""
    return _LAMPS[check]


def in_words(reason: str) -> str:
    """A reason with its meaning."""
    code = reason.split(" ", 1)[0]
    meaning = DESIGNED_OR_MENDING.get(code) or FAULTS.get(code)
    return f"{reason}: {meaning}" if meaning else reason
