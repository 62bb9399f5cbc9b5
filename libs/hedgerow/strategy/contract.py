"""What a decision must be before anything is done about it; the first rule it breaks, by name."""

from __future__ import annotations

import math
import struct
from typing import Any, NamedTuple

from hedgerow.strategy.codes import (
    BlockReason,
    DeltaState,
    ExecutionState,
    HedgeFSM,
    IntentAction,
    LiquidityState,
    MarketState,
    OptionState,
    Provenance,
    SystemState,
    TradingFSM,
    Verdict,
)
from hedgerow.strategy.decision import NO_GREEKS, NO_INTENT, Decision, IntentView, LegGreeksSlots, Verdicts
from hedgerow.strategy.intent_rules import RULES, IntentRule, broken_rule
from hedgerow.strategy.observation import Observation, ObservationCause, OrderPhase
from hedgerow.strategy.session_log import DECISION


class Violation(NamedTuple):
    """The field, what it was, and the rule it broke."""

    field: str
    value: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field} {self.value}: {self.rule}"


CODES = {
    "option_state": OptionState,
    "delta_state": DeltaState,
    "market_state": MarketState,
    "liquidity_state": LiquidityState,
    "execution_state": ExecutionState,
    "system_state": SystemState,
    "trading_fsm": TradingFSM,
    "hedge_fsm": HedgeFSM,
    "block_reason": BlockReason,
    "safe_cause": BlockReason,
}
_KNOWN = {name: frozenset(int(member) for member in codes) for name, codes in CODES.items()}
_VERDICTS = frozenset(int(member) for member in Verdict)
_PROVENANCES = frozenset(int(member) for member in Provenance)
NO_VERDICTS: Verdicts = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
NO_LEG_GREEKS: LegGreeksSlots = (
    NO_GREEKS, NO_GREEKS, NO_GREEKS, NO_GREEKS, NO_GREEKS, NO_GREEKS, NO_GREEKS, NO_GREEKS,
)  # fmt: skip


def violation(o: Observation, decision: Any, newest: int) -> Violation | None:
    """The first rule the decision on `o` breaks, None when it keeps them all; `newest` is the last intent's number."""
    if not isinstance(decision, Decision):
        return Violation("decision", type(decision).__name__, "a Decision")
    try:
        DECISION.pack(decision)
    except (struct.error, TypeError) as error:
        return Violation("decision", str(error), "whole numbers, floats and bools as Decision declares them")
    for name, known in _KNOWN.items():
        if getattr(decision, name) not in known:
            return Violation(name, str(getattr(decision, name)), f"a code of {CODES[name].__name__}")
    for index, verdict in enumerate(decision.guard_verdicts):
        if verdict not in _VERDICTS:
            return Violation(f"guard_verdicts[{index}]", str(verdict), "a code of Verdict")
    for index, leg in enumerate(decision.legs):
        if leg.provenance not in _PROVENANCES:
            return Violation(f"legs[{index}].provenance", str(leg.provenance), "a code of Provenance")
    rule = broken_rule(o, decision, newest)
    if rule == IntentRule.NONE:
        return None
    field, words = RULES[IntentRule(rule)]
    value: Any = decision
    for name in field.split("."):
        value = getattr(value, name)
    if field == "block_reason":
        return Violation(field, BlockReason(value).name, words)
    return Violation(field, f"{value:g}" if isinstance(value, float) else str(value), words)


def first_number(o: Observation, newest: int) -> int:
    """The number of the newest intent, a restart's facts included."""
    return o.restored.last_intent_number if o.cause == ObservationCause.START and o.restored.valid else newest


def refusal(o: Observation, newest: int, canceled: bool) -> Decision:
    """The decision in place of one that broke the contract: nothing leaves, and what rests is taken back once."""
    resting = o.order.phase in (OrderPhase.SENT, OrderPhase.WORKING, OrderPhase.PARTIAL)
    intent = NO_INTENT
    if resting and not canceled and newest > 0 and o.order.intent_number == newest:
        intent = IntentView(IntentAction.CANCEL.value, newest, newest, 0, 0.0, math.nan, False)
    held = BlockReason.STRATEGY_CONTRACT.value
    return Decision(
        sequence=o.sequence,
        now=o.now,
        option_state=OptionState.NONE.value,
        delta_state=DeltaState.INVALID.value,
        market_state=MarketState.NORMAL.value,
        liquidity_state=LiquidityState.NORMAL.value,
        execution_state=(ExecutionState.ORDER_WORKING if resting else ExecutionState.IDLE).value,
        system_state=SystemState.OK.value,
        trading_fsm=TradingFSM.SAFE.value,
        hedge_fsm=(HedgeFSM.CANCEL if resting else HedgeFSM.EXEC_IDLE).value,
        spot=math.nan,
        spread_pct=math.nan,
        net_delta=math.nan,
        option_delta=math.nan,
        gamma=math.nan,
        vega=math.nan,
        theta=math.nan,
        option_legs=sum(leg.active for leg in o.legs),
        target_shares=0.0,
        guard_verdicts=NO_VERDICTS,
        block_reason=held,
        safe_cause=held,
        intent=intent,
        legs=NO_LEG_GREEKS,
        daily_pnl=math.nan,
        daily_hedge_count=0,
        circuit_breaker_latched=False,
        early_exercise_warning=False,
        in_session=o.session_open <= o.now < o.session_close,
        quote_time=o.underlying.event_time,
    )
