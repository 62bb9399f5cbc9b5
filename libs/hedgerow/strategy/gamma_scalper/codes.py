"""The gamma scalper's codes, re-exported beside its functions."""

from hedgerow.strategy.codes import (
    FIRST_BLOCK,
    GATE_COUNT,
    BlockReason,
    DeltaState,
    ExecutionState,
    Gate,
    HedgeFSM,
    IntentAction,
    LiquidityState,
    MarketState,
    OptionState,
    Provenance,
    SystemState,
    TradingFSM,
    Verdict,
    is_blocked,
)

__all__ = [
    "FIRST_BLOCK",
    "GATE_COUNT",
    "BlockReason",
    "DeltaState",
    "ExecutionState",
    "Gate",
    "HedgeFSM",
    "IntentAction",
    "LiquidityState",
    "MarketState",
    "OptionState",
    "Provenance",
    "SystemState",
    "TradingFSM",
    "Verdict",
    "is_blocked",
]
