"""One evaluation of the gamma scalper: observation in, decision out; pure, the same live and in a backtest."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.strategy.codes import BlockReason, MarketState, TradingFSM, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.gamma_scalper.act import Situation, act
from hedgerow.strategy.gamma_scalper.bars import add_price, moves
from hedgerow.strategy.gamma_scalper.book import Book, total, value_legs
from hedgerow.strategy.gamma_scalper.classifier import (
    Composite,
    classify_delta,
    classify_execution,
    classify_liquidity,
    classify_market,
    classify_option,
    classify_system,
)
from hedgerow.strategy.gamma_scalper.execution import fold_order, order_phase
from hedgerow.strategy.gamma_scalper.explain import explain
from hedgerow.strategy.gamma_scalper.guard import Standing, in_session
from hedgerow.strategy.gamma_scalper.legs import MS_PER_NS
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.gamma_scalper.profit import after_profit, new_session, total_profit
from hedgerow.strategy.gamma_scalper.quotes import mid_price, spread_percent
from hedgerow.strategy.gamma_scalper.restart import at_start
from hedgerow.strategy.gamma_scalper.state import Bars, Hedges, State
from hedgerow.strategy.observation import Observation, ObservationCause, OrderPhase, QuoteView


class Market(NamedTuple):
    """The underlying as remembered: last mid, the event time of its quote, and the bars."""

    spot: float
    spot_time: int
    bars: Bars


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
    params: Params, o: Observation, bars: Bars, book: Book, spread_pct: float, hedge_fsm: int, greeks_ok: bool
) -> Composite:
    """The composite state; `bars` already hold this observation's price."""
    return Composite(
        classify_option(book.legs, book.gamma),
        classify_delta(params, book.net_delta),
        classify_market(params, o.underlying, o.links.feed_up, moves(bars, params.vol_window_min)),
        classify_liquidity(params, spread_pct),
        classify_execution(hedge_fsm, o.links.broker_up),
        classify_system(params, o.trading_state, o.feed_silence_ms, o.data_lag_ms, greeks_ok),
    )


@compiled
def market_after(market: Market, quote: QuoteView) -> Market:
    """The market after this quote: the last mid is kept while a quote is one-sided."""
    mid = mid_price(quote.bid, quote.ask)
    if not math.isfinite(mid):
        return market
    return Market(mid, quote.event_time, add_price(market.bars, quote.event_time, mid))


@compiled
def usable_spot(market: Market, quote: QuoteView, now: int) -> float:
    """The last mid, NaN once it is older than the underlying's freshness limit without being quoted again."""
    quoted = math.isfinite(mid_price(quote.bid, quote.ask))
    if quoted or float(now - market.spot_time) * MS_PER_NS <= quote.limit_ms:
        return market.spot
    return math.nan


@compiled
def step(params: Params, before: State, o: Observation) -> tuple[State, Decision]:
    """The state after observation `o`, and what was decided on it.

    The pipeline is the specification's: fills, greeks, composite state, TradingFSM, intent, gates, HedgeFSM. A
    decision's composite state is what it was based on (E before acting); its machine states are where it led.
    """
    s = at_start(before, o)
    market = market_after(Market(s.spot, s.spot_time, s.bars), o.underlying)
    reset = o.commands.reset_number > s.reset_number
    resumed = o.commands.resume_number > s.resume_number
    daily_count = 0 if new_session(s.session, o) else s.hedges.daily_count
    hedges = Hedges(s.hedges.last_time, s.hedges.last_price, daily_count)
    execution = fold_order(params, o, s.hedge_fsm, s.working, hedges)

    spot = usable_spot(market, o.underlying, o.now)
    legs = value_legs(params, o.now, spot, market.spot_time, o.legs, s.legs)
    book = total(params, o.now, spot, o.stock_quantity, o.legs, legs)
    session = after_profit(params, s.session, o, total_profit(o, market.spot, book.unrealized_options), reset)
    daily_pnl = total_profit(o, market.spot, book.unrealized_options) - session.pnl_baseline

    greeks_ok = book.ready and not book.disagreed and math.isfinite(book.net_delta)
    spread_pct = spread_percent(o.underlying.bid, o.underlying.ask)
    composite = classify(params, o, market.bars, book, spread_pct, execution.hedge_fsm, greeks_ok)
    fault_time = standing_fault(params, s.fault_time, o.now, execution.faulted, resumed)
    unknown = order_phase(o, execution.working) == OrderPhase.UNKNOWN
    cause = cause_of_safe(o, composite.market, book.lost or book.disagreed, fault_time > 0, unknown)

    near = math.isfinite(book.net_delta) and abs(book.net_delta) <= params.epsilon_band_shares
    situation = Situation(
        s.trading_fsm,
        before.hedge_fsm,
        execution,
        composite,
        Standing(
            spot, spread_pct, book.net_delta, greeks_ok, fault_time > 0 or unknown, session.latched, in_session(o)
        ),
        book.legs,
        cause,
        resumed,
        o.cause == ObservationCause.START,
        book.ready,
        s.hedge_open and not near and book.legs > 0,
    )
    action = act(params, o, situation)
    safe_cause = code(BlockReason.NONE)
    if action.trading_fsm == TradingFSM.SAFE:
        safe_cause = cause if cause != BlockReason.NONE else s.safe_cause

    after = State(
        action.trading_fsm,
        action.hedge_fsm,
        action.hedge_open,
        action.working,
        execution.hedges,
        session,
        safe_cause,
        fault_time,
        o.commands.resume_number,
        o.commands.reset_number,
        market.spot,
        market.spot_time,
        market.bars,
        (
            legs[0].memory, legs[1].memory, legs[2].memory, legs[3].memory,
            legs[4].memory, legs[5].memory, legs[6].memory, legs[7].memory,
        ),
    )  # fmt: skip
    decision = Decision(
        o.sequence,
        o.now,
        composite.option,
        composite.delta,
        composite.market,
        composite.liquidity,
        composite.execution,
        composite.system,
        action.trading_fsm,
        action.hedge_fsm,
        spot,
        spread_pct,
        book.net_delta,
        book.option_delta,
        book.gamma,
        book.vega,
        book.theta,
        book.legs,
        action.target,
        action.gates.verdicts,
        explain(params, action, situation, o.enabled, safe_cause),
        safe_cause,
        action.intent,
        (
            legs[0].greeks, legs[1].greeks, legs[2].greeks, legs[3].greeks,
            legs[4].greeks, legs[5].greeks, legs[6].greeks, legs[7].greeks,
        ),
        daily_pnl,
        execution.hedges.daily_count,
        session.latched,
        book.early_exercise,
        situation.at.in_session,
        o.underlying.event_time,
    )  # fmt: skip
    return after, decision
