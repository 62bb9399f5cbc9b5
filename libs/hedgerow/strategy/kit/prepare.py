"""The second part of the chain: fills, profit, composite state, faults; all that a rule is asked on."""

from __future__ import annotations

import math

from hedgerow.strategy.codes import BlockReason, MarketState, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.classifier import (
    Composite,
    classify_delta,
    classify_execution,
    classify_liquidity,
    classify_market,
    classify_option,
    classify_system,
)
from hedgerow.strategy.kit.execution import fold_order, order_phase
from hedgerow.strategy.kit.guard import Standing, in_session
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.profit import after_profit, new_session, total_profit
from hedgerow.strategy.kit.restart import at_start
from hedgerow.strategy.kit.situation import Situation, Valued
from hedgerow.strategy.kit.state import Hedges, Progress
from hedgerow.strategy.observation import Observation, ObservationCause, OrderPhase


@compiled
def standing_fault(params: Params, fault_time: int, now: int, faulted: bool, resumed: bool) -> int:
    """When the standing execution fault began, 0 when none stands: an operator or time (market) lifts it."""
    if faulted:
        return now
    if resumed or now - fault_time >= params.fault_hold_ns:
        return 0
    return fault_time


@compiled
def cause_of_safe(o: Observation, market_state: int, greeks_lost: bool, faulted: bool, unknown: bool) -> int:
    """The first reason why the strategy must be in SAFE, or NONE."""
    if not o.links.broker_up:
        return code(BlockReason.BROKER_DOWN)
    if not o.links.reconciled:
        return code(BlockReason.NOT_RECONCILED)
    if market_state == MarketState.STALE:
        return code(BlockReason.DATA_STALE)
    if greeks_lost:
        return code(BlockReason.GREEKS_BAD)
    if faulted or unknown:
        return code(BlockReason.EXECUTION_FAULT)
    return code(BlockReason.NONE)


@compiled
def classify(
    params: Params, o: Observation, valued: Valued, net_delta: float, hedge_fsm: int, greeks_ok: bool
) -> Composite:
    """The composite state; the moves already hold this observation's price."""
    return Composite(
        classify_option(valued.book.legs, valued.book.gamma),
        classify_delta(params, net_delta),
        classify_market(params, o.underlying, o.links.feed_up, valued.moves),
        classify_liquidity(params, valued.spread_pct),
        classify_execution(hedge_fsm, o.links.broker_up),
        classify_system(params, o.trading_state, o.feed_silence_ms, o.data_lag_ms, greeks_ok),
    )


@compiled
def prepare(params: Params, before: Progress, o: Observation, valued: Valued) -> Situation:
    """The situation after observation `o`, of which `valued` is the `value`."""
    s = at_start(before, o)
    reset = o.commands.reset_number > s.reset_number
    resumed = o.commands.resume_number > s.resume_number
    daily_count = 0 if new_session(s.session, o) else s.hedges.daily_count
    hedges = Hedges(s.hedges.last_time, s.hedges.last_price, daily_count)
    execution = fold_order(params, o, s.hedge_fsm, s.working, hedges)

    book = valued.book
    net_delta = book.option_delta + o.stock_quantity
    profit = total_profit(o, valued.mark, book.unrealized_options)
    session = after_profit(params, s.session, o, profit, reset)

    greeks_ok = book.ready and not book.disagreed and math.isfinite(net_delta)
    composite = classify(params, o, valued, net_delta, execution.hedge_fsm, greeks_ok)
    fault_time = standing_fault(params, s.fault_time, o.now, execution.faulted, resumed)
    unknown = order_phase(o, execution.working) == OrderPhase.UNKNOWN
    cause = cause_of_safe(o, composite.market, book.lost or book.disagreed, fault_time > 0, unknown)
    return Situation(
        s,
        before.hedge_fsm,
        execution,
        composite,
        Standing(
            valued.spot,
            valued.spread_pct,
            net_delta,
            greeks_ok,
            fault_time > 0 or unknown,
            session.latched,
            in_session(o),
        ),
        book,
        session,
        profit - session.pnl_baseline,
        fault_time,
        cause,
        resumed,
        o.cause == ObservationCause.START,
    )
