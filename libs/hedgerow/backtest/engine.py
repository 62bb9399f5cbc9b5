"""Runs one strategy over a feed: the live `step`, plain or compiled, and what it did as columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hedgerow.backtest.binding import Bound, bound
from hedgerow.backtest.columns import Counts, Result, as_columns
from hedgerow.backtest.feed import Feed
from hedgerow.backtest.fills import NO_TOUCH, Order, Position, Touch
from hedgerow.backtest.loading import DEFAULT, SPARE, Settings, inputs_of, roomier, setup_of, tables_for, world_at_start
from hedgerow.backtest.sharing import SharedGreeks, bound_to_shared
from hedgerow.backtest.tables import ASKED, BROKEN, DONE, Setup, World
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.codes import BlockReason
from hedgerow.strategy.decision import IntentView
from hedgerow.strategy.hosting import Mode
from hedgerow.strategy.intent_rules import broken_contract

__all__ = ["Asked", "Risk", "Settings", "run", "run_bound"]


class Asked(NamedTuple):
    """What risk is asked about: the order wanted, and all that was known at that moment.

    `touch` is the underlying's quote, sizes as displayed; `stale_ms` its effective freshness limit; `open_order` the
    newest order before this one.
    """

    now: int
    intent: IntentView
    touch: Touch
    position: Position
    open_order: Order
    stale_ms: float


Risk = Callable[[Asked], int]
"""A rule set's verdict on one order: 0 allows it, any other number is the reason the strategy sees with DENIED."""


def run(
    feed: Feed,
    params: Any,
    settings: Settings = DEFAULT,
    *,
    strategy: str = "gamma_scalper",
    mode: Mode = "compiled",
    record: bool = True,
    risk: Risk | None = None,
    shared: SharedGreeks | None = None,
) -> Result:
    """The strategy of that kind with these parameters over the whole feed; the same arguments give the same result.

    `record` False leaves the decisions out, all else stays. `risk` is asked about every order before it leaves.
    `shared` (of `prepare_greeks`) spares valuing the legs again and changes nothing. Raises InvalidValue for a
    strategy that does not exist, an empty feed, or greeks made with anything that makes a difference.
    """
    runner = bound(strategy, mode) if shared is None else bound_to_shared(strategy, mode)
    return run_bound(runner, feed, params, settings, record=record, risk=risk, shared=shared)


def run_bound(
    runner: Bound, feed: Feed, params: Any, settings: Settings = DEFAULT, *, record: bool = True,
    risk: Risk | None = None, shared: SharedGreeks | None = None,
) -> Result:  # fmt: skip
    """`run` with a loop that is already bound to its strategy."""
    if len(feed) == 0:
        raise InvalidValue("feed", feed.symbol, "at least one quote")
    setup = setup_of(feed, settings, record, risk is not None)
    if shared is not None:
        shared.check(feed, params, setup)
    legs_valued = None if shared is None else shared.shared
    rows, days, legs = inputs_of(feed, runner.mode == "plain")
    tables = tables_for(len(feed) + SPARE if record else 2)
    world = world_at_start(feed, setup)
    state = runner.initial_state(params)
    why = -1
    while why != DONE:
        state, world, why = runner.run_rows(params, state, setup, rows, days, legs, tables, legs_valued, world)
        if why > BROKEN:
            raise broken_contract(why - BROKEN, world.intent, world.sequence)
        if why == ASKED:
            assert risk is not None
            world = world._replace(verdict=int(risk(_asked(feed, setup, world))))
        elif why != DONE:
            tables = roomier(tables, world)
    marks = tables.marks[: world.marks]
    position = world.desk.position
    return Result(
        counts=Counts(
            len(feed), world.sequence, world.desk.orders, world.desk.fills, world.desk.cancels, world.desk.denied
        ),
        decisions=as_columns(tables.decisions[: world.decisions]),
        orders=as_columns(tables.orders[: world.desk.orders]),
        fills=as_columns(tables.fills[: world.desk.fills]),
        marks=as_columns(marks),
        reasons={reason.name: int(tables.reasons[reason]) for reason in BlockReason if tables.reasons[reason]},
        pnl=float(marks["pnl"][-1]) if len(marks) else 0.0,
        commissions=float(position.commissions),
        stock_quantity=float(position.quantity),
        code_version=runner.code_version,
        engine_version=runner.engine_version,
        state=state,
    )


def _asked(feed: Feed, setup: Setup, world: World) -> Asked:
    row = world.quote_row
    touch = Touch(
        float(feed.bid[row]), float(feed.ask[row]), int(feed.ts[row]), float(feed.bid_size[row]),
        float(feed.ask_size[row]),
    ) if row >= 0 else NO_TOUCH  # fmt: skip
    return Asked(world.now, world.intent, touch, world.desk.position, world.desk.order, setup.stale_ms)
