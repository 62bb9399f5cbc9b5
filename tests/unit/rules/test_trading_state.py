"""Trading state: HALTED passes nothing, REDUCING reduce-only orders, ACTIVE all."""

from __future__ import annotations

import pytest

from hedgerow.domain.trading_state import TradingState
from hedgerow.rules.trading_state import TradingStateRule
from tests.unit.rules.orders import facts, order


@pytest.mark.parametrize(
    ("state", "reduce_only", "reason"),
    [
        (TradingState.ACTIVE, False, ""),
        (TradingState.ACTIVE, True, ""),
        (TradingState.REDUCING, False, "TRADING_REDUCING"),
        (TradingState.REDUCING, True, ""),
        (TradingState.HALTED, False, "TRADING_HALTED"),
        (TradingState.HALTED, True, "TRADING_HALTED"),
    ],
)
def test_states(state: TradingState, reduce_only: bool, reason: str) -> None:
    verdict = TradingStateRule().evaluate(order(reduce_only=reduce_only), facts(state))
    assert (verdict.allowed, verdict.reason) == (reason == "", reason)
