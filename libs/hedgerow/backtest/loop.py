"""The loop: quotes in, observation, step, intent, order, fills; one source, run plain or compiled.

At one instant the quotes of that time are taken in and the resting order is matched against each; then the strategy
decides once, and again after every event that follows from it (an order that arrives, trades, is denied or canceled).
What falls between two instants happens in between, at its own time: an order or a cancel that reaches the market, a
leg that begins or ends, a timer when nothing was quoted for so long in session.

`step`, `check_decision`, `count_decision`, `write_decision` and `write_greeks` are looked up in this module's globals:
`binding` runs the same code over others.
"""

from __future__ import annotations

import math
from typing import Any

from hedgerow.backtest.desk import (
    MAX_TURNS,
    NEVER,
    after_arrival,
    after_cancel,
    after_query,
    after_submit,
    after_trading,
    mid_of,
    order_due,
    touch_of,
)
from hedgerow.backtest.fills import Position, position_after, rests
from hedgerow.backtest.recording import check_decision, count_decision, write_decision, write_greeks, write_mark
from hedgerow.backtest.tables import (
    ACTIVE,
    ASKED,
    BROKEN,
    DONE,
    FREE,
    FULL,
    OVER,
    PENDING,
    Days,
    Desk,
    Legs,
    Rows,
    Setup,
    Tables,
    World,
)
from hedgerow.backtest.view import observe
from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import IntentView
from hedgerow.strategy.gamma_scalper.step import step
from hedgerow.strategy.intent_rules import IntentRule
from hedgerow.strategy.kit.profit import OPENING_NS
from hedgerow.strategy.observation import MAX_LEGS, Observation, ObservationCause

NS_PER_MINUTE = 60_000_000_000
LAST_TURN = 2 * MAX_TURNS
"""At one instant nothing more is evaluated for what a decision itself brought about."""
EXERCISED_FROM = 0.01
"""USD per share in the money from which an option is exercised at expiry."""


@compiled
def last_mid(rows: Rows, quote_row: int) -> float:
    """The underlying's last mid in or before that row, NaN when there was none."""
    row = quote_row
    while row >= 0:
        if rows.slot[row] == 0:
            mid = mid_of(touch_of(rows, row, 0.0, 0.0))
            if math.isfinite(mid):
                return mid
        row -= 1
    return math.nan


@compiled
def leg_due(legs: Legs) -> int:
    """When the next leg begins, is given up, or expires (the first instant after its close)."""
    due = NEVER
    for k in range(MAX_LEGS):
        if legs.status[k] == PENDING:
            due = min(due, legs.active_from[k])
        elif legs.status[k] == ACTIVE:
            due = min(due, min(legs.active_to[k], legs.expiry_close[k] + 1))
    return due


@compiled
def after_legs(
    legs: Legs, desk: Desk, cash: float, realized: float, now: int, spot: float
) -> tuple[Desk, float, float]:
    """Legs that begin or end by `now`: the desk, the cash for options and their realized P&L after it, USD.

    A leg given up leaves at its mark. One that expires in the money is exercised or assigned: it is worth nothing any
    more, and its shares change hands at the strike.
    """
    position = desk.position
    for k in range(MAX_LEGS):
        shares = legs.contracts[k] * legs.multiplier[k]
        if legs.status[k] == PENDING and legs.active_from[k] <= now:
            legs.status[k] = ACTIVE
            cash -= legs.average_price[k] * shares
        if legs.status[k] == ACTIVE and legs.expiry_close[k] < now:
            legs.status[k] = OVER
            realized -= legs.average_price[k] * shares
            inside = spot - legs.strike[k] if legs.is_call[k] else legs.strike[k] - spot
            if inside >= EXERCISED_FROM and shares != 0.0:
                signed = shares if legs.is_call[k] else -shares
                month_volume = position.month_volume
                after = position_after(position, signed, legs.strike[k], 0.0)
                position = Position(
                    after.quantity, after.average_price, after.realized, after.cash, after.commissions, month_volume
                )  # fmt: skip
        elif legs.status[k] == ACTIVE and legs.active_to[k] <= now:
            legs.status[k] = OVER
            mark = legs.mark[k] if math.isfinite(legs.mark[k]) else legs.average_price[k]
            cash += mark * shares
            realized += (mark - legs.average_price[k]) * shares
    after_desk = Desk(
        desk.order, position, desk.bid_taken, desk.ask_taken, desk.orders, desk.fills, desk.cancels, desk.denied
    )
    return after_desk, cash, realized


@compiled
def marked_from(legs: Legs, session_open: int) -> int:
    """From when a session's minutes are marked: its open, unless a held leg has not quoted since."""
    for k in range(MAX_LEGS):
        if legs.status[k] == ACTIVE and legs.time[k] < session_open:
            return session_open + OPENING_NS
    return session_open


@compiled
def fresh_quote(desk: Desk) -> Desk:
    """The desk when a new quote of the underlying shows: nothing of it is taken."""
    return Desk(desk.order, desk.position, 0.0, 0.0, desk.orders, desk.fills, desk.cancels, desk.denied)


@compiled
def new_month(desk: Desk) -> Desk:
    """The desk in another calendar month: no shares traded yet."""
    p = desk.position
    position = Position(p.quantity, p.average_price, p.realized, p.cash, p.commissions, 0.0)
    return Desk(
        desk.order, position, desk.bid_taken, desk.ask_taken, desk.orders, desk.fills, desk.cancels, desk.denied
    )


@compiled
def judge(params: Any, state: Any, o: Observation, shared: Any, instant: int) -> Any:
    """The strategy's decision; legs valued for all (`shared`) are for a loop bound to take them."""
    return step(params, state, o)


@compiled
def run_rows(
    params: Any, state: Any, setup: Setup, rows: Rows, days: Days, legs: Legs, tables: Tables, shared: Any,
    world: World,
) -> tuple[Any, World, int]:  # fmt: skip
    """Goes on from `world` until all rows are done, a table is full, or an intent needs risk's verdict."""
    count = len(rows.ts)
    row = world.row
    day = world.day
    sequence = world.sequence
    now = world.now
    cause = world.cause
    turns = world.turns
    instants = world.instants
    quote_row = world.quote_row
    timer_due = world.timer_due
    next_mark = world.next_mark
    decisions = world.decisions
    marks = world.marks
    intent = world.intent
    verdict = world.verdict
    desk = world.desk
    option_cash = world.option_cash
    options_realized = world.options_realized

    next_day_row = days.first_row[day + 1]
    session_open = days.session_open[day]
    session_close = days.session_close[day]
    blackout = days.blackout[day]
    due = min(order_due(desk.order, session_close), leg_due(legs))
    last_ts = rows.ts[count - 1]
    most_decisions = len(tables.decisions) - 1
    most_orders = len(tables.orders) - 1
    most_fills = len(tables.fills) - 2
    most_marks = len(tables.marks) - 2
    resting = rests(desk.order)
    traded = False
    why = DONE + 0

    while True:
        if intent.action != IntentAction.NONE:
            if desk.orders >= most_orders:
                why = FULL + 0
                break
            if intent.action == IntentAction.SUBMIT:
                if setup.ask_risk and verdict == FREE:
                    why = ASKED + 0
                    break
                touch = touch_of(rows, quote_row, desk.bid_taken, desk.ask_taken)
                denied = desk.denied
                desk = after_submit(setup, tables, desk, intent, verdict, turns, now, mid_of(touch))
                if desk.denied > denied and turns < LAST_TURN:
                    cause = ObservationCause.ORDER_EVENT + 0
            elif intent.action == IntentAction.CANCEL:
                desk = after_cancel(setup, desk, now)
            else:
                desk = after_query(desk)
                if turns < LAST_TURN:
                    cause = ObservationCause.ORDER_EVENT + 0
            verdict = FREE + 0
            intent = IntentView(IntentAction.NONE + 0, 0, 0, 0, 0.0, math.nan, False)
            resting = rests(desk.order)
            due = min(order_due(desk.order, session_close), leg_due(legs))

        if cause >= 0:
            if decisions >= most_decisions or marks >= most_marks or desk.fills >= most_fills:
                why = FULL + 0
                break
            sequence += 1
            turns += 1
            o = observe(
                setup, rows, legs, sequence, cause, now, quote_row, session_open, session_close, desk.position,
                options_realized, desk.order, blackout,
            )  # fmt: skip
            state, decision = judge(params, state, o, shared, instants - 1)
            broken = check_decision(o, decision, desk.order.number)
            if broken != IntentRule.NONE:
                intent = decision.intent
                why = BROKEN + broken
                break
            count_decision(tables.reasons, decision)
            if setup.record:
                write_decision(tables.decisions[decisions], o, decision)
                decisions += 1
            intent = decision.intent
            minute_due = now >= next_mark and marked_from(legs, session_open) <= now <= session_close
            happened = cause == ObservationCause.ORDER_EVENT or cause == ObservationCause.POSITION
            if minute_due or happened or row == count:
                spot = last_mid(rows, quote_row)
                if math.isfinite(spot):
                    line = tables.marks[marks]
                    write_mark(line, now, spot, desk.position, legs, option_cash)
                    write_greeks(line, decision)
                    marks += 1
                    next_mark = (now // NS_PER_MINUTE + 1) * NS_PER_MINUTE
            cause = -1
            continue

        if row == count:
            # Beyond the last row only what is on its way goes on, and what ends with the last row itself.
            due = order_due(desk.order, session_close if session_close <= last_ts else NEVER)
            if leg_due(legs) <= last_ts + 1:
                due = min(due, leg_due(legs))
            timer_due = NEVER
            if due >= NEVER:
                break
        t = rows.ts[row] if row < count else NEVER
        if due < t and due <= timer_due:
            if due > now:
                now = due
                if row < count and session_open <= now < session_close:
                    turns = 0
            touch = touch_of(rows, quote_row, desk.bid_taken, desk.ask_taken)
            if order_due(desk.order, session_close) <= due:
                desk = after_arrival(setup, tables, desk, touch, now, session_open <= now < session_close)
                cause = ObservationCause.ORDER_EVENT + 0
            else:
                desk, option_cash, options_realized = after_legs(
                    legs, desk, option_cash, options_realized, now, last_mid(rows, quote_row)
                )
                cause = ObservationCause.POSITION + 0
                instants += 1
                timer_due = now + setup.timer_ns
            resting = rests(desk.order)
            due = min(order_due(desk.order, session_close), leg_due(legs))
            continue
        if timer_due < t:
            if session_open <= timer_due <= session_close:
                now = timer_due
                cause = ObservationCause.TIMER + 0
                turns = 0
                instants += 1
                timer_due = now + setup.timer_ns
            else:
                timer_due = session_open if timer_due < session_open and session_open < t else NEVER
            continue

        if row == next_day_row:
            day += 1
            next_day_row = days.first_row[day + 1]
            session_open = days.session_open[day]
            session_close = days.session_close[day]
            blackout = days.blackout[day]
            if days.month[day] != days.month[day - 1]:
                desk = new_month(desk)
        now = t
        slot = rows.slot[row]
        if slot == 0:
            quote_row = row
            if resting and now < session_close:
                filled = desk.fills
                desk = fresh_quote(desk)
                touch = touch_of(rows, quote_row, 0.0, 0.0)
                desk = after_trading(setup, tables, desk, touch, now)
                if desk.fills > filled:
                    traded = True
                    resting = rests(desk.order)
                    due = min(order_due(desk.order, session_close), leg_due(legs))
            elif desk.bid_taken + desk.ask_taken > 0.0:
                desk = fresh_quote(desk)
        else:
            k = slot - 1
            bid = rows.bid[row]
            ask = rows.ask[row]
            legs.bid[k] = bid
            legs.ask[k] = ask
            legs.time[k] = t
            if 0.0 < bid <= ask < math.inf:
                legs.mark[k] = (bid + ask) * 0.5
        row += 1
        if row == count or rows.ts[row] != t:
            turns = 0
            instants += 1
            timer_due = now + setup.timer_ns
            cause = ObservationCause.ORDER_EVENT + 0 if traded else ObservationCause.QUOTE + 0
            traded = False
    return state, World(
        row, day, sequence, now, cause, turns, instants, quote_row, timer_due, next_mark, decisions, marks, intent,
        verdict, desk, option_cash, options_realized,
    ), why  # fmt: skip
