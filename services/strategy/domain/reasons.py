"""Why a hedge could not leave now, in order of weight: what the lamp is computed from."""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.strategy.codes import BlockReason, TradingFSM
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.names import standing_reasons
from hedgerow.strategy.observation import RiskState
from services.strategy.domain.daemon_fsm import DaemonState
from services.strategy.domain.latch import Latch

CONSEQUENCES_OF_NO_BROKER = frozenset(
    {"BROKER_DOWN", "NOT_RECONCILED", "DATA_STALE", "DATA_LAG", "GREEKS_BAD", "PAUSE_LIQ", "RISK_HALT", "LEASE_LOST",
     "JOURNAL_UNAVAILABLE", "EXECUTION_FAULT"}
)  # fmt: skip
COST_GATES = frozenset({"COOLDOWN", "MIN_PRICE_MOVE", "BELOW_MIN_SIZE"})
"""What holds one hedge back until it is worth its cost: PAUSE_COST while one is wanted, else no reason."""


def block_reasons(
    daemon: DaemonState,
    decision: Decision | None,
    enabled: bool,
    delayed: bool,
    refused: str,
    pause: Latch = Latch.NONE,
    risk: RiskState = RiskState.ACTIVE,
    needs_legs: bool = True,
) -> tuple[str, ...]:
    """The reasons that stand, each once, from this moment's facts only; empty when a hedge could leave.

    `refused` is a latch of the broker link such as ACCOUNT_MODE_MISMATCH, empty when there is none; `pause` is
    the operator's that stands, whether a decision was made on it yet or not; `needs_legs` that without option legs
    there is nothing to do. What is not known yet, such as a
    first decision, is a reason as well.
    """
    if daemon is DaemonState.STOPPED or daemon is DaemonState.STOPPING:
        return ("STOPPED_BY_OPERATOR",)
    if refused:
        return (refused,)
    reasons: list[str] = []
    if daemon is DaemonState.WAITING_IB:
        reasons.append("WAITING_IB")
    elif daemon in (DaemonState.IDLE, DaemonState.CONNECTING, DaemonState.CONNECTED):
        reasons.append("STARTING" if decision is None or daemon is DaemonState.IDLE else "SERVICE_DOWN")
    if pause:
        reasons.append(pause.value)
    if delayed:
        reasons.append("DATA_DELAYED")
    if not enabled:
        reasons.append("NOT_ENABLED")
    if decision is not None:
        hidden = any(reason != pause for reason in reasons)
        reasons.extend(
            each for each in _of_decision(decision, hidden, needs_legs) if not (pause and each == Latch.PAUSED)
        )
        if risk is RiskState.REDUCING:
            reasons.append("RISK_REDUCING")  # its gate is asked only about a hedge that is wanted
    if not reasons and (decision is None or daemon is not DaemonState.RUNNING):
        reasons.append("STARTING")
    return tuple(dict.fromkeys(reasons))


def of_execution(told: Iterable[str], strategy: str) -> tuple[str, ...]:
    """Of execution's block reasons, those that keep this strategy back and that its own gates cannot know."""
    found = []
    for reason in told:
        code, _, words = reason.partition(": ")
        if code == "RESTART_WINDOW" or (code == "UNKNOWN_ORDER" and words.split(" in ")[0].endswith(f" of {strategy}")):
            found.append(f"{code} {words}")
    return tuple(found)


def _of_decision(decision: Decision, hidden: bool, needs_legs: bool) -> list[str]:
    """Gates that fail now; while the broker is away its consequences are not causes of their own.

    Without legs or outside the session nothing is priced or traded, so the market's state is no fault.
    """
    standing = [reason for reason in standing_reasons(decision) if reason not in COST_GATES]
    if hidden:
        standing = [reason for reason in standing if reason not in CONSEQUENCES_OF_NO_BROKER]
    if not decision.in_session:
        standing = [reason for reason in standing if reason not in ("DATA_STALE", "GREEKS_BAD", "PAUSE_LIQ")]
        standing.append("OUTSIDE_RTH")
    if needs_legs and decision.option_legs == 0 and decision.trading_fsm != TradingFSM.UNWIND:
        standing = [reason for reason in standing if reason not in ("GREEKS_BAD",)]
        standing.append("NO_POSITION")
    if decision.trading_fsm == TradingFSM.PAUSE_COST:
        standing.append("PAUSE_COST")
    if decision.circuit_breaker_latched:
        standing.append("CIRCUIT_BREAKER")
    if decision.safe_cause and not hidden:
        cause = BlockReason(decision.safe_cause).name
        if decision.in_session or cause not in ("DATA_STALE", "GREEKS_BAD"):
            standing.append(cause)
    return standing
