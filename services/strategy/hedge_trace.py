"""The trace of a hedge as the strategy sees it: the tick that came, the decision on it, its fills coming back."""

from __future__ import annotations

import time
from typing import NamedTuple

from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.domain.trace_context import TraceContext, of_tick, parse
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.names import decision_names, verdict_names
from hedgerow.strategy.observation import ObservationCause
from hedgerow.telemetry.traces import record, sampled
from services.strategy.inputs import Inputs, QuoteInput

MARKET_DATA = "market-data"


class Hedge(NamedTuple):
    """One intent that left: the span of its decision, and the tick above it where a quote had come."""

    intent_id: str
    decide: TraceContext
    tick: TraceContext | None
    quote: QuoteInput | None


class Times(NamedTuple):
    """When an evaluation began and each of its steps was over, CLOCK_MONOTONIC ns."""

    began: int
    observed: int
    decided: int
    logged: int
    acted: int


def begin(intent_id: str, inputs: Inputs) -> Hedge:
    """The trace of the quote heard last; its ids follow from the quote, so no quote carries any."""
    last = max(inputs.quotes.values(), key=lambda entry: entry.arrived, default=None)
    if last is None or not last.quote.receive_time:
        return Hedge(intent_id, sampled(of_tick(intent_id, time.time_ns())), None, None)
    tick = sampled(of_tick(last.quote.instrument_id, last.quote.receive_time))
    return Hedge(intent_id, tick.child(), tick, last)


def tell(
    hedge: Hedge, cause: ObservationCause, decision: Decision, wall: int, times: Times, config_hash: str
) -> None:  # fmt: skip
    """Records the spans of tick and decision, which began at `wall`, ns; called when the intent is gone."""
    intent_id, decide, tick, entry = hedge
    to_wall = wall - times.began
    if tick is not None and entry is not None:
        quote = entry.quote
        # market-data keeps no store, and its part is known here: when it received the quote, and when that was here
        record(
            "tick", tick, 0, quote.receive_time, entry.arrived + to_wall, MARKET_DATA, intent_id=intent_id,
            instrument=quote.instrument_id, bid=quote.bid, ask=quote.ask, event_ns=quote.event_time,
        )  # fmt: skip
    names, wanted = decision_names(decision), decision.intent
    record(
        "decide", decide, tick.span_id if tick is not None else 0, wall, times.acted + to_wall, intent_id=intent_id,
        cause=cause.name, sequence=decision.sequence, market_ns=decision.now, net_delta=decision.net_delta,
        spot=decision.spot, delta_state=names.delta_state, trading_fsm=names.trading_fsm,
        gates=verdict_names(decision), side="BUY" if wanted.side > 0 else "SELL", quantity=wanted.quantity,
        limit_price=wanted.limit_price, config_hash=config_hash,
    )  # fmt: skip
    steps = ("observe", "step", "session_log", "intent")
    for name, start, end in zip(steps, times, times[1:], strict=False):
        record(name, decide.child(name), decide.span_id, start + to_wall, end + to_wall, intent_id=intent_id)


def tell_fill(report: ExecutionReport, quantity: float, started: int) -> None:
    """Records that an execution is in the strategy's own position."""
    fill = parse(report.traceparent)
    if fill is not None:
        record(
            "observe_fill", fill.child(f"strategy/{report.strategy}"), fill.span_id, started, time.time_ns(),
            intent_id=report.intent_id, position=quantity, order_status=report.order_status.value,
        )  # fmt: skip
