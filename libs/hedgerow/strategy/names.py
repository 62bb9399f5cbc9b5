"""Codes back to the specification's words, for snapshots, records and people."""

from __future__ import annotations

from typing import NamedTuple

from hedgerow.strategy.codes import (
    FIRST_BLOCK,
    BlockReason,
    DeltaState,
    ExecutionState,
    Gate,
    HedgeFSM,
    LiquidityState,
    MarketState,
    OptionState,
    SystemState,
    TradingFSM,
    Verdict,
)
from hedgerow.strategy.decision import Decision


class DecisionNames(NamedTuple):
    """One decision's codes in words; `block_reason` is empty when a hedge left or is being worked."""

    option_state: str
    delta_state: str
    market_state: str
    liquidity_state: str
    execution_state: str
    system_state: str
    trading_fsm: str
    hedge_fsm: str
    block_reason: str
    blocked: bool


def decision_names(decision: Decision) -> DecisionNames:
    """The words for one decision's codes."""
    return DecisionNames(
        OptionState(decision.option_state).name,
        DeltaState(decision.delta_state).name,
        MarketState(decision.market_state).name,
        LiquidityState(decision.liquidity_state).name,
        ExecutionState(decision.execution_state).name,
        SystemState(decision.system_state).name,
        TradingFSM(decision.trading_fsm).name,
        HedgeFSM(decision.hedge_fsm).name,
        "" if decision.block_reason == BlockReason.NONE else BlockReason(decision.block_reason).name,
        decision.block_reason >= FIRST_BLOCK,
    )


def verdict_names(decision: Decision) -> dict[str, str]:
    """Each gate's verdict (PASS, FAIL, NOT_EVALUATED) by gate name, in gate order."""
    return {gate.name: Verdict(decision.guard_verdicts[gate]).name for gate in Gate}


def standing_reasons(decision: Decision) -> tuple[str, ...]:
    """Every gate that fails now, in gate order: why a hedge could not leave, wanted or not."""
    return tuple(gate.name for gate in Gate if decision.guard_verdicts[gate] == Verdict.FAIL)
