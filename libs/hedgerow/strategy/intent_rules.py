"""The contract's rules on an intent, compiled with the loops that ask for one at every row."""

from __future__ import annotations

import math
from enum import IntEnum

from hedgerow.domain.errors import FailedPrecondition
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
    code,
)
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision, IntentView
from hedgerow.strategy.observation import Observation


class IntentRule(IntEnum):
    """What an intent broke; NONE is a kept contract."""

    NONE = 0
    SEQUENCE = 1
    NOW = 2
    REASON = 3
    ACTION = 4
    NEWEST = 5
    NUMBER = 6
    SIDE = 7
    QUANTITY = 8
    LIMIT_PRICE = 9
    PARENT = 10
    BLOCKED = 11


LAST_REASON = max(BlockReason).value
REASONS = tuple(reason.value for reason in BlockReason)
LAST_VERDICT = max(Verdict).value
LAST_PROVENANCE = max(Provenance).value
LAST_OPTION = max(OptionState).value
LAST_DELTA = max(DeltaState).value
LAST_MARKET = max(MarketState).value
LAST_LIQUIDITY = max(LiquidityState).value
LAST_EXECUTION = max(ExecutionState).value
LAST_SYSTEM = max(SystemState).value
LAST_TRADING = max(TradingFSM).value
LAST_HEDGE = max(HedgeFSM).value

RULES = {
    IntentRule.SEQUENCE: ("sequence", "the observation's"),
    IntentRule.NOW: ("now", "the observation's"),
    IntentRule.REASON: ("block_reason", "a code of BlockReason"),
    IntentRule.ACTION: ("intent.action", "a code of IntentAction"),
    IntentRule.NEWEST: ("intent.number", "the newest order's, for CANCEL and QUERY"),
    IntentRule.NUMBER: ("intent.number", "rises by one with every SUBMIT"),
    IntentRule.SIDE: ("intent.side", "+1 buys, -1 sells"),
    IntentRule.QUANTITY: ("intent.quantity", "a positive whole number of shares"),
    IntentRule.LIMIT_PRICE: ("intent.limit_price", "a positive finite price"),
    IntentRule.PARENT: ("intent.parent", "the number of a hedge's first slice, 1 to the intent's own"),
    IntentRule.BLOCKED: ("block_reason", "NONE with an intent: what is blocked sends nothing"),
}
"""Field and rule, in words."""


@compiled
def broken_rule(o: Observation, d: Decision, newest: int) -> int:
    """The first IntentRule that the decision on `o` breaks; `newest` is the number of the last intent submitted."""
    if d.sequence != o.sequence:
        return code(IntentRule.SEQUENCE)
    if d.now != o.now:
        return code(IntentRule.NOW)
    if not 0 <= d.block_reason <= LAST_REASON:
        return code(IntentRule.REASON)
    intent = d.intent
    if intent.action == IntentAction.NONE:
        return code(IntentRule.NONE)
    if intent.action == IntentAction.CANCEL or intent.action == IntentAction.QUERY:
        return code(IntentRule.NONE) if intent.number == newest else code(IntentRule.NEWEST)
    if intent.action != IntentAction.SUBMIT:
        return code(IntentRule.ACTION)
    if intent.side != 1 and intent.side != -1:
        return code(IntentRule.SIDE)
    if not (0.0 < intent.quantity < math.inf and intent.quantity == math.floor(intent.quantity)):
        return code(IntentRule.QUANTITY)
    if not 0.0 < intent.limit_price < math.inf:
        return code(IntentRule.LIMIT_PRICE)
    if intent.number != newest + 1:
        return code(IntentRule.NUMBER)
    if not 1 <= intent.parent <= intent.number:
        return code(IntentRule.PARENT)
    if d.block_reason != BlockReason.NONE:
        return code(IntentRule.BLOCKED)
    return code(IntentRule.NONE)


@compiled
def known_codes(d: Decision) -> bool:
    """Whether every code of the decision is one that its IntEnum has."""
    if d.block_reason not in REASONS or d.safe_cause not in REASONS:
        return False
    for verdict in d.guard_verdicts:
        if not 0 <= verdict <= LAST_VERDICT:
            return False
    for leg in d.legs:
        if not 0 <= leg.provenance <= LAST_PROVENANCE:
            return False
    return (
        0 <= d.option_state <= LAST_OPTION
        and 0 <= d.delta_state <= LAST_DELTA
        and 0 <= d.market_state <= LAST_MARKET
        and 0 <= d.liquidity_state <= LAST_LIQUIDITY
        and 0 <= d.execution_state <= LAST_EXECUTION
        and 0 <= d.system_state <= LAST_SYSTEM
        and 0 <= d.trading_fsm <= LAST_TRADING
        and 0 <= d.hedge_fsm <= LAST_HEDGE
    )


@compiled
def keeps_contract(o: Observation, d: Decision, newest: int) -> bool:
    """Whether `contract.violation` finds nothing in a decision whose fields are of the declared types."""
    return known_codes(d) and broken_rule(o, d, newest) == IntentRule.NONE


def broken_contract(rule: int, intent: IntentView, sequence: int) -> FailedPrecondition:
    """The error of a host that ends with the first broken rule, naming field, value and rule."""
    field, words = RULES[IntentRule(rule)]
    name = field.removeprefix("intent.")
    value = f" {getattr(intent, name):g}" if field != name else ""
    return FailedPrecondition(
        f"decision {sequence} breaks the strategy's contract: {field}{value}: {words}", "STRATEGY_CONTRACT"
    )
