"""Observations, decisions and what differs between two of them, in the words of their codes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

from hedgerow.cli.output import wall_text
from hedgerow.strategy.codes import BlockReason, Gate, IntentAction, Provenance, Verdict
from hedgerow.strategy.contract import CODES
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.observation import Observation, ObservationCause, OrderPhase, RiskState
from hedgerow.strategy.replay import Tick, same_bits
from hedgerow.strategy.session_log import DECISION, OBSERVATION

_CODES: dict[str, type[IntEnum]] = {
    **CODES,
    "intent.action": IntentAction,
    "cause": ObservationCause,
    "order.phase": OrderPhase,
    "trading_state": RiskState,
}
_SIDES = {1: "BUY", -1: "SELL", 0: "none"}
_NOT_FINITE = {"nan": "NaN", "inf": "infinite", "-inf": "-infinite"}
_TIME = re.compile(r"(^|[._])(now|quote_time|event_time|expiry_close|session_open|session_close|last_hedge_time)$")
_INDEX = re.compile(r"\[(\d+)\]")


def field_title(name: str) -> str:
    """A field's dotted name for people: the gate's name instead of its index, legs counted from 1."""
    index = _INDEX.search(name)
    if name.startswith("guard_verdicts") and index is not None:
        number = int(index[1])
        return f"gate {Gate(number).name}" if number < len(Gate) else f"gate {number}"
    return _INDEX.sub(lambda found: f" {int(found[1]) + 1}", name)


def in_words(name: str, value: Any) -> str:
    """A field's value in words: the code's name, the time as a date, a number in full."""
    codes = Verdict if name.startswith("guard_verdicts") else _CODES.get(name)
    if name.endswith(".provenance"):
        codes = Provenance
    if codes is not None:
        known = codes._value2member_map_.get(value)
        return known.name if isinstance(known, IntEnum) else f"{value} (unknown code)"
    if name == "intent.side":
        return _SIDES.get(value, f"{value} (unknown side)")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else _NOT_FINITE[str(value)]
    return f"{wall_text(value)} ({value})" if value and _TIME.search(name) else str(value)


def sides(tick: Tick) -> Iterator[tuple[str, Any, Any, bool]]:
    """Every field of both decisions in layout order: name, recorded, replayed, whether they differ."""
    recorded, replayed = DECISION.scalars(tick.recorded), DECISION.scalars(tick.replayed)
    for name, old, new in zip(DECISION.names, recorded, replayed, strict=True):
        yield name, old, new, not same_bits(old, new)


def record_in_words(record: Decision | Observation) -> dict[str, str]:
    """Every field of a record by name, in words."""
    layout: Any = DECISION if isinstance(record, Decision) else OBSERVATION
    return {name: in_words(name, value) for name, value in zip(layout.names, layout.scalars(record), strict=True)}


def observation_line(seen: Observation) -> str:
    """What was seen, in one line."""
    quote, legs = seen.underlying, sum(leg.active for leg in seen.legs)
    parts = [
        in_words("cause", seen.cause),
        f"{quote.bid:g}/{quote.ask:g}" if quote.event_time else "no quote",
        f"stock {seen.stock_quantity:g}",
        f"{legs} leg{'s' if legs != 1 else ''}",
    ]
    if seen.order.phase != OrderPhase.NONE:
        order = seen.order
        parts.append(
            f"order {order.intent_number} {in_words('order.phase', order.phase)} {order.cum_qty:g} filled, "
            f"{order.leaves_qty:g} open"
        )
    return ", ".join(parts)


def decision_line(decision: Decision) -> str:
    """What was decided, in one line."""
    states = ", ".join(
        in_words(name, getattr(decision, name)) for name in ("delta_state", "market_state", "trading_fsm", "hedge_fsm")
    )
    reason = "" if decision.block_reason == BlockReason.NONE else f", {in_words('block_reason', decision.block_reason)}"
    return f"net delta {decision.net_delta:.4g}, {states}{reason}"


def order_line(decision: Decision) -> str:
    """What was asked of execution, in one line; empty when nothing."""
    wanted = decision.intent
    if wanted.action == IntentAction.NONE:
        return ""
    if wanted.action != IntentAction.SUBMIT:
        return f"{in_words('intent.action', wanted.action)} order {wanted.number}"
    reduce = ", reduce only" if wanted.reduce_only else ""
    return (
        f"SUBMIT order {wanted.number}: {in_words('intent.side', wanted.side)} {wanted.quantity:g} "
        f"at {wanted.limit_price:g}{reduce}"
    )


def tick_document(tick: Tick, whole: bool) -> dict[str, Any]:
    """One tick, JSON-ready; `whole` adds both decisions and the observation, every field in words."""
    document: dict[str, Any] = {
        "run_id": tick.run.run_id,
        "sequence": tick.observation.sequence,
        "position": tick.position,
        "market_ns": tick.observation.now,
        "market_time": wall_text(tick.observation.now),
        "cause": in_words("cause", tick.observation.cause),
        "observation": observation_line(tick.observation),
        "decision": decision_line(tick.recorded),
        "order": order_line(tick.recorded) or None,
        "diverges": tick.diverges,
        "checksum_holds": tick.intact,
        "fields": [
            {
                "name": name,
                "title": field_title(name),
                "recorded": _finite(old),
                "replayed": _finite(new),
                "recorded_words": in_words(name, old),
                "replayed_words": in_words(name, new),
            }
            for name, old, new, different in sides(tick)
            if different
        ],
    }
    if whole:
        document["recorded"] = record_in_words(tick.recorded)
        document["replayed"] = record_in_words(tick.replayed)
        document["observed"] = record_in_words(tick.observation)
    return document


def _finite(value: Any) -> Any:
    """JSON has no NaN: the words beside it say so."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
