"""A seeded day to try a strategy on: a market, a broker that also refuses and loses, and faults; no host needed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.contract import Violation
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.hosting import Mode, load_kernel
from hedgerow.strategy.kinds import config_of, load
from hedgerow.strategy.kit.config import StrategyConfig, effective_limits
from hedgerow.strategy.observation import (
    NO_COMMANDS,
    NO_LEGS,
    NO_ORDER,
    NOT_RESTORED,
    LegView,
    LinkView,
    Observation,
    ObservationCause,
    OrderPhase,
    OrderView,
    OutsideView,
    QuoteView,
)
from hedgerow.strategy.session_log import DECISION

NS = 1_000_000_000
OPEN = 1_705_415_400 * NS  # 2024-01-16 09:30 New York
CLOSE = OPEN + 23_400 * NS
EXPIRY = OPEN + 31 * 86_400 * NS + 23_400 * NS
STRIKE, CONTRACTS, VOLATILITY, RATE = 100.0, 20.0, 0.25, 0.02
STEPS = 1_500
"""Evaluations of a trial day, about 15 s of market time apart."""
LINKS_UP = LinkView(True, True, True, True, True)
ALIVE = (OrderPhase.SENT, OrderPhase.WORKING, OrderPhase.PARTIAL)
ENDS = (OrderPhase.FILLED,) * 12 + (OrderPhase.CANCELED, OrderPhase.REJECTED, OrderPhase.DENIED)


@dataclass(slots=True)
class Day:
    """What a strategy did: every observation, the bytes of every decision, and the contract's first violation."""

    observations: list[Observation] = field(default_factory=list)
    decisions: list[bytes] = field(default_factory=list)
    intents: int = 0
    bought: float = 0.0
    broken: Violation | None = None


class _Market:
    """The surroundings: each `next` moves the price, the order and sometimes a fault, and shows all of it."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._now, self._spot, self._stock, self._cost = OPEN, 100.0, 0.0, 0.0
        self._order = NO_ORDER
        self._side = 0
        self._links, self._paused = LINKS_UP, False

    def next(self, sequence: int) -> Observation:
        """The observation of the next evaluation."""
        cause = ObservationCause.START if sequence == 1 else self._move()
        spread = 0.3 if self._dice.random() < 0.02 else 0.01
        quote = QuoteView(
            round(self._spot - spread, 2), round(self._spot + spread, 2), self._now, 10.0, 5000.0
        )  # fmt: skip
        held = self._stock
        return Observation(
            sequence, cause.value, self._now, quote, OPEN, CLOSE, (self._leg(True), self._leg(False), *NO_LEGS[2:]),
            held, self._cost / held if held else math.nan, 0.0, 0.0, 0.0, self._order, 0.0, 0,
            NO_COMMANDS._replace(paused=self._paused), self._links, 10.0, 5.0, True, False, NOT_RESTORED,
            self._outside(sequence),
        )  # fmt: skip

    def _outside(self, sequence: int) -> OutsideView:
        """What another process might answer; strategies of this one do not see it."""
        roll = self._dice.random()
        if roll < 0.05:
            return OutsideView(sequence - 1, 0, 0.0, math.nan, self._dice.randrange(1, 5))
        if roll < 0.1:
            wanted = float(self._dice.choice((-40, -15, 7, 30)))
            limit = self._dice.choice((math.nan, self._spot))
            return OutsideView(sequence - 1, IntentAction.SUBMIT.value, wanted, limit, 0)
        return OutsideView(sequence - 1, IntentAction.CANCEL.value if roll < 0.11 else 0, 0.0, math.nan, 0)

    def do(self, decision: Decision) -> None:
        """Carries out what the strategy asks for."""
        wanted = decision.intent
        if wanted.action == IntentAction.SUBMIT:
            self._side = wanted.side
            self._order = OrderView(OrderPhase.SENT.value, wanted.number, 0.0, wanted.quantity, math.nan, self._now, 0)
        elif wanted.action != IntentAction.NONE and self._order.phase in ALIVE:
            self._report(OrderPhase.CANCELED, 0.0)

    def _move(self) -> ObservationCause:
        self._now += self._dice.choice((1, 5, 15, 30)) * NS
        if self._order.phase in ALIVE and self._dice.random() < 0.5:
            phase = self._dice.choice((OrderPhase.WORKING, OrderPhase.PARTIAL, *ENDS))
            leaves = self._order.leaves_qty
            some = float(math.floor(leaves / 2)) if phase == OrderPhase.PARTIAL else 0.0
            if phase == OrderPhase.PARTIAL and not some:
                phase = OrderPhase.WORKING
            self._report(phase, leaves if phase == OrderPhase.FILLED else some)
            return ObservationCause.ORDER_EVENT
        self._spot *= math.exp(self._dice.gauss(0.0, 0.0007))
        if self._dice.random() < 0.02:
            name = self._dice.choice(LINKS_UP._fields)
            self._links = LINKS_UP._replace(**{name: self._links != LINKS_UP})
            return ObservationCause.LINK
        if self._dice.random() < 0.01:
            self._paused = not self._paused
            return ObservationCause.COMMAND
        return ObservationCause.QUOTE

    def _report(self, phase: OrderPhase, fill: float) -> None:
        self._stock += self._side * fill
        self._cost += self._side * fill * self._spot
        done = self._order.cum_qty + fill
        price = self._spot if done else math.nan
        self._order = OrderView(
            phase.value, self._order.intent_number, done, self._order.leaves_qty - fill, price, self._now, 0
        )  # fmt: skip

    def _leg(self, is_call: bool) -> LegView:
        years = (EXPIRY - self._now) / (365 * 86_400 * NS)
        mid = black_scholes(is_call, self._spot, STRIKE, years, RATE, 0.0, VOLATILITY).price
        return LegView(
            True, is_call, STRIKE, CONTRACTS, 100.0, EXPIRY, mid - 0.02, mid + 0.02, self._now, 10.0, math.nan, 2.5
        )  # fmt: skip


def trial_config(kind: str, **keys: Any) -> StrategyConfig:
    """A configuration of that kind on a simulated account; `keys` as under `strategies:`."""
    entry = {"name": "trial", "kind": kind, "account": "SIM0000001", "underlying": {"symbol": "SIMX"}}
    config: StrategyConfig = config_of(entry | keys)
    return config


def plain_day(kind: str, seed: int = 7, steps: int = STEPS, **keys: Any) -> Day:
    """The strategy over the seeded day, plain; ends early where the contract is broken."""
    config = trial_config(kind, **keys)
    hosted = Hosted(load_kernel("plain", kind), load(kind).params(config, effective_limits(config, 0.0)))
    market, day = _Market(seed), Day()
    for sequence in range(1, steps + 1):
        seen = market.next(sequence)
        decision = hosted.decide(seen)
        day.observations.append(seen)
        day.decisions.append(DECISION.pack(decision))
        day.broken = hosted.broken
        if day.broken is not None:
            break
        if decision.intent.action == IntentAction.SUBMIT:
            day.intents += 1
            day.bought += decision.intent.side * decision.intent.quantity
        market.do(decision)
    return day


def same_again(kind: str, day: Day, mode: Mode, **keys: Any) -> tuple[int, str]:
    """(first sequence decided otherwise in that mode, 0 when none is; the mode it really ran in)."""
    config = trial_config(kind, **keys)
    kernel = load_kernel(mode, kind)
    hosted = Hosted(kernel, load(kind).params(config, effective_limits(config, 0.0)))
    for seen, told in zip(day.observations, day.decisions, strict=True):
        if DECISION.pack(hosted.decide(seen)) != told:
            return seen.sequence, kernel.mode
    return 0, kernel.mode
