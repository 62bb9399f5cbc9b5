"""Writing evaluations and marks as rows."""

from __future__ import annotations

import math
from typing import Any

from hedgerow.backtest.fills import Position
from hedgerow.backtest.tables import ACTIVE, Legs
from hedgerow.strategy.codes import GATE_COUNT
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision, Verdicts
from hedgerow.strategy.intent_rules import broken_rule
from hedgerow.strategy.observation import MAX_LEGS, Observation


@compiled
def packed(verdicts: Verdicts) -> int:
    """Two bits per gate, gate 0 lowest."""
    bits = 0
    for gate in range(GATE_COUNT):
        bits += verdicts[gate] << (2 * gate)
    return bits


@compiled
def write_decision(line: Any, o: Observation, d: Decision) -> None:
    """One evaluation as a row of DECISIONS."""
    line["sequence"] = d.sequence
    line["now"] = d.now
    line["quote_time"] = d.quote_time
    line["spot"] = d.spot
    line["spread_pct"] = d.spread_pct
    line["net_delta"] = d.net_delta
    line["option_delta"] = d.option_delta
    line["gamma"] = d.gamma
    line["vega"] = d.vega
    line["theta"] = d.theta
    line["target_shares"] = d.target_shares
    line["quantity"] = d.intent.quantity
    line["limit_price"] = d.intent.limit_price
    line["daily_pnl"] = d.daily_pnl
    line["stock_quantity"] = o.stock_quantity
    line["verdicts"] = packed(d.guard_verdicts)
    line["cause"] = o.cause
    line["option_state"] = d.option_state
    line["delta_state"] = d.delta_state
    line["market_state"] = d.market_state
    line["liquidity_state"] = d.liquidity_state
    line["execution_state"] = d.execution_state
    line["system_state"] = d.system_state
    line["trading_fsm"] = d.trading_fsm
    line["hedge_fsm"] = d.hedge_fsm
    line["block_reason"] = d.block_reason
    line["safe_cause"] = d.safe_cause
    line["action"] = d.intent.action
    line["side"] = d.intent.side


@compiled
def check_decision(o: Observation, d: Decision, newest: int) -> int:
    """The IntentRule the decision breaks; `newest` is the number of the order before."""
    return broken_rule(o, d, newest)


@compiled
def unchecked(o: Observation, d: Any, newest: int) -> int:
    """For decisions of another shape."""
    return 0


@compiled
def count_decision(reasons: Any, d: Decision) -> None:
    """One evaluation among those of its block reason."""
    reasons[d.block_reason] += 1


@compiled
def count_nothing(reasons: Any, d: Any) -> None:
    """For decisions without a reason."""


@compiled
def write_greeks(line: Any, d: Decision) -> None:
    """A mark's greeks, as the decision at that instant has them."""
    line["net_delta"] = d.net_delta
    line["gamma"] = d.gamma
    line["vega"] = d.vega
    line["theta"] = d.theta
    volatilities = line["implied_volatility"]
    volatilities[0] = d.legs[0].implied_volatility
    volatilities[1] = d.legs[1].implied_volatility
    volatilities[2] = d.legs[2].implied_volatility
    volatilities[3] = d.legs[3].implied_volatility
    volatilities[4] = d.legs[4].implied_volatility
    volatilities[5] = d.legs[5].implied_volatility
    volatilities[6] = d.legs[6].implied_volatility
    volatilities[7] = d.legs[7].implied_volatility


@compiled
def option_value(legs: Legs) -> float:
    """The held legs at their last two-sided mids, USD; one never quoted counts at what it was taken over at."""
    value = 0.0
    for k in range(MAX_LEGS):
        if legs.status[k] == ACTIVE:
            mark = legs.mark[k] if math.isfinite(legs.mark[k]) else legs.average_price[k]
            value += legs.contracts[k] * legs.multiplier[k] * mark
    return value


@compiled
def write_mark(line: Any, now: int, spot: float, position: Position, legs: Legs, option_cash: float) -> None:
    """The position marked at mid, as a row of MARKS; without greeks."""
    value = option_value(legs)
    held = position.quantity * spot if position.quantity != 0.0 else 0.0
    line["ts"] = now
    line["spot"] = spot
    line["stock_quantity"] = position.quantity
    line["cash"] = position.cash
    line["commissions"] = position.commissions
    line["option_value"] = value
    line["option_cash"] = option_cash
    line["pnl"] = position.cash + held + option_cash + value - position.commissions
