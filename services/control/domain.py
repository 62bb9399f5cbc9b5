"""The lamp over everything: from each strategy's last snapshot and each process's last answer, nothing older."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hedgerow.domain.self_check import SelfCheck, in_words, self_check
from hedgerow.domain.status import ServiceStatus, StrategyStatus, SystemStatus

ORDER_PATH = frozenset({"market-data", "execution", "risk", "guard"})
"""Services whose silence stops hedging and leaves quotes, orders or the trading state unknown."""
STRATEGY_PREFIX = "strategy-"
STOPPED = "STOPPED_BY_OPERATOR"


@dataclass(frozen=True, slots=True)
class StrategyFact:
    """A configured strategy and its last snapshot: None before the first; `trouble` says why it cannot be read."""

    strategy: str
    snapshot: Mapping[str, Any] | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ProcessFact:
    """A configured process and its last answer; `age_ns` is CLOCK_MONOTONIC since it was asked, None = never."""

    service: str
    serving: bool = False
    detail: str = ""
    last_seen_ns: int = 0
    age_ns: int | None = None


class Limits(NamedTuple):
    """Ages beyond which a fact is unknown, ns."""

    heartbeat_ns: int
    answer_ns: int


class _Standing(NamedTuple):
    reason: str
    words: str


def strategy_status(fact: StrategyFact, wall_ns: int, limit_ns: int) -> StrategyStatus:
    """What is true of a strategy at `wall_ns`: its own reasons while its heartbeat is fresh, else only that it is not.

    A heartbeat from the future proves nothing either: a clock has jumped.
    """
    snapshot = fact.snapshot
    if snapshot is None:
        reason = f"STATUS_UNREADABLE {fact.trouble}" if fact.trouble else "HEARTBEAT_MISSING"
        return StrategyStatus(fact.strategy, "", (reason,))
    run_id, heartbeat, state = snapshot.get("run_id"), snapshot.get("ts"), snapshot.get("daemon_state")
    if state == "STOPPED":  # final: nothing else it wrote, readable or not, weighs any more
        known = heartbeat if type(heartbeat) is int and heartbeat >= 0 else 0
        return StrategyStatus(fact.strategy, _text(run_id), (STOPPED,), known, snapshot)
    if type(heartbeat) is not int or heartbeat < 0:
        return StrategyStatus(fact.strategy, _text(run_id), ("STATUS_UNREADABLE ts",), 0, snapshot)
    missing = abs(wall_ns - heartbeat) > limit_ns
    reasons = ("HEARTBEAT_MISSING",) if missing else _own_reasons(snapshot)
    return StrategyStatus(fact.strategy, _text(run_id), reasons, heartbeat, snapshot)


def _own_reasons(snapshot: Mapping[str, Any]) -> tuple[str, ...]:
    state, reasons = snapshot.get("daemon_state"), snapshot.get("block_reasons")
    if not isinstance(state, str) or not state:
        return ("STATUS_UNREADABLE daemon_state",)
    if not isinstance(reasons, list) or not all(isinstance(each, str) and each.strip() for each in reasons):
        return ("STATUS_UNREADABLE block_reasons",)
    if not reasons and state != "RUNNING":
        return ("STARTING",)  # nothing is wrong with it, and yet no hedge could leave
    return tuple(reasons)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def service_reasons(processes: Iterable[ProcessFact], answer_limit_ns: int, hedging: bool) -> list[str]:
    """Why a process weighs on the lamp; a strategy's own process does so by its heartbeat alone.

    With nobody to hedge, `hedging` False, a silent service stops nothing.
    """
    reasons = []
    for fact in processes:
        if fact.service.startswith(STRATEGY_PREFIX):
            continue
        if fact.age_ns is None or fact.age_ns > answer_limit_ns:
            reasons.append(f"SERVICE_UNKNOWN {fact.service}")
        elif not fact.serving:
            code = "ORDER_PATH_DOWN" if hedging and fact.service in ORDER_PATH else "SERVICE_DOWN"
            reasons.append(f"{code} {fact.service}")
    return reasons


def system_status(
    facts: Sequence[StrategyFact], processes: Sequence[ProcessFact], limits: Limits, broker_mode: str, wall_ns: int,
    market_ns: int = 0, alerts: Sequence[str] = (),
) -> SystemStatus:  # fmt: skip
    """Everything at wall time `wall_ns` (ns UTC); the lamp is the worst of strategies, services and standing alerts."""
    strategies = tuple(strategy_status(fact, wall_ns, limits.heartbeat_ns) for fact in facts)
    named = len(strategies) > 1
    standing = [
        _Standing(reason, f"{each.strategy}: {in_words(reason)}" if named else in_words(reason))
        for each in strategies
        for reason in each.reasons
    ]
    if not strategies:
        standing.append(_Standing("NOT_CONFIGURED", in_words("NOT_CONFIGURED")))
    hedging = any(each.reasons != (STOPPED,) for each in strategies)
    for reason in service_reasons(processes, limits.answer_ns, hedging):
        standing.append(_Standing(reason, in_words(reason)))
    standing += [_Standing(reason, in_words(reason)) for reason in alerts]
    standing.sort(key=lambda each: self_check([each.reason]) is not SelfCheck.BLOCKED)  # stable: red ones first
    return SystemStatus(
        tuple(each.reason for each in standing),
        tuple(each.words for each in standing),
        strategies,
        tuple(_service_status(fact, limits.answer_ns) for fact in processes),
        broker_mode,
        wall_ns,
        market_ns,
    )


def _service_status(fact: ProcessFact, limit_ns: int) -> ServiceStatus:
    if fact.age_ns is None:
        return ServiceStatus(fact.service, False, "not asked yet")
    if fact.age_ns > limit_ns:
        text = f"not asked for {fact.age_ns / 1e9:.0f} s"
        return ServiceStatus(fact.service, False, text, fact.last_seen_ns)
    return ServiceStatus(fact.service, fact.serving, fact.detail, fact.last_seen_ns)
