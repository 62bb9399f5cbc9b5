"""A strategy that does what a script says, and small feeds to run it over, plain."""

from __future__ import annotations

import math
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from hedgerow.backtest.binding import bind
from hedgerow.backtest.columns import Result
from hedgerow.backtest.commissions import NO_COMMISSION
from hedgerow.backtest.engine import Risk, Settings, run_bound
from hedgerow.backtest.feed import Day, Feed
from hedgerow.backtest.fills import TOUCH, FillModel
from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.decision import IntentView
from hedgerow.strategy.observation import Observation, ObservationCause

S = 1_000_000_000
OPEN = 1_700_000_000 * S
NOTHING = IntentView(0, 0, 0, 0, 0.0, math.nan, False)


class Told(NamedTuple):
    """What a decision of the scripted strategy holds."""

    intent: IntentView


class Scripted:
    """Does at each time what it was told, and keeps every observation."""

    def __init__(self, *script: tuple[float, IntentView], always: IntentView | None = None) -> None:
        self.script = [(OPEN + round(at * S), intent) for at, intent in script]
        self.always = always
        self.seen: list[Observation] = []

    def step(self, params: None, state: int, o: Observation) -> tuple[int, Told]:
        """The next line of the script once its time has come."""
        self.seen.append(o)
        if self.always is not None and o.cause != ObservationCause.START:
            return state + 1, Told(self.always._replace(number=state + 1))
        if state < len(self.script) and o.now >= self.script[state][0] and o.cause != ObservationCause.START:
            return state + 1, Told(self.script[state][1])
        return state, Told(NOTHING)

    def phases(self) -> list[tuple[float, int, int, float]]:
        """Every evaluation as (seconds, cause, phase, shares held)."""
        return [((o.now - OPEN) / S, o.cause, o.order.phase, o.stock_quantity) for o in self.seen]


def buy(quantity: float, limit: float, number: int = 1, side: int = 1, reduce_only: bool = False) -> IntentView:
    """An order wanted."""
    return IntentView(IntentAction.SUBMIT.value, number, number, side, quantity, limit, reduce_only)


CANCEL = NOTHING._replace(action=IntentAction.CANCEL.value, number=1)


def nothing(line: Any, *rest: Any) -> None:
    """These decisions have nothing to record."""


def quotes(*rows: tuple[float, float, float, float]) -> Feed:
    """(seconds, bid, ask, size on both sides) as a feed of one session."""
    at, bid, ask, size = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    ts = OPEN + np.round(at * S).astype(np.int64)
    return Feed(
        "SPY", ts, np.zeros(len(ts), np.int8), bid, ask, size, size, (),
        (Day(date(2023, 11, 14), OPEN, OPEN + 3_600 * S, 0),),
    )  # fmt: skip


def run(strategy: Scripted, feed: Feed, model: FillModel = TOUCH, risk: Risk | None = None, **more: Any) -> Result:
    """The script over the feed, without commissions."""
    writers = {"count_decision": nothing, "write_decision": nothing, "write_greeks": nothing}
    bound = bind(strategy.step, lambda params: 0, "plain", writers)
    return run_bound(bound, feed, None, Settings(model, NO_COMMISSION, **more), record=False, risk=risk)
