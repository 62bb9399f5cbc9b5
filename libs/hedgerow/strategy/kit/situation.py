"""What a strategy's rule reads, and what it answers."""

from __future__ import annotations

from typing import NamedTuple

from hedgerow.strategy.decision import LegGreeksSlots
from hedgerow.strategy.kit.bars import Moves
from hedgerow.strategy.kit.book import Book
from hedgerow.strategy.kit.classifier import Composite
from hedgerow.strategy.kit.execution import Execution
from hedgerow.strategy.kit.guard import Standing
from hedgerow.strategy.kit.state import Memory, Progress, Session


class Valued(NamedTuple):
    """The market and the legs as one observation shows them; it depends on quotes and `VALUE_PARAMS` alone.

    `spot` is the usable mid (NaN when stale), `mark` the last one; `memory` is what the next observation starts from.
    """

    spot: float
    mark: float
    spread_pct: float
    moves: Moves
    book: Book
    greeks: LegGreeksSlots
    memory: Memory


class Situation(NamedTuple):
    """All that is known before the rule is asked.

    `progress` is how far hedging had got (a restart's facts included), `execution` the same after this observation's
    order events: `execution.hedges` are the last hedge's time (ns) and price and today's count. `at` holds spot,
    spread and net delta in shares. `cause` is the BlockReason that leads to SAFE, or NONE.
    """

    progress: Progress
    hedge_fsm_before: int
    execution: Execution
    composite: Composite
    at: Standing
    book: Book
    session: Session
    daily_pnl: float
    fault_time: int
    cause: int
    resumed: bool
    started: bool


class Wish(NamedTuple):
    """A strategy's own answer: what it wants now, before cost gate, guard and slicing.

    `begin`: a new hedge is wanted. `target`: its signed shares (+ buys), whole numbers; a hedge being worked is
    re-aimed at it. `done`: a hedge that began has reached its aim, what rests of it is taken back. `reason`: the
    BlockReason below FIRST_BLOCK that says why none is wanted.
    """

    begin: bool
    target: float
    done: bool
    reason: int
