"""Days of every kind for one gamma scalper, made from a seed: markets, faults, orders and commands, tick by tick."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.observation import (
    NO_COMMANDS,
    NO_LEG,
    NO_LEGS,
    NO_ORDER,
    NO_QUOTE,
    LegView,
    ObservationCause,
    OrderPhase,
    QuoteView,
    RestoredView,
    RiskState,
)
from tests.strategy_world import CLOSE, EXPIRY, LINKS_UP, NS, OPEN, World, option_leg

BROKEN_PHASES = (OrderPhase.CANCELED, OrderPhase.REJECTED, OrderPhase.DENIED, OrderPhase.UNKNOWN)


class Kind(NamedTuple):
    """One kind of day: log move per tick (noise, drift, a jump now and then), spread, and how often what goes wrong."""

    noise: float = 3e-4
    drift: float = 0.0
    jump: float = 0.0
    half_spread: tuple[float, ...] = (0.05,)
    no_quote: float = 0.0
    one_sided: float = 0.0
    feed_lost: float = 0.0
    trouble: float = 0.0  # links, commands, risk states, blackout, disabled, lag
    broken_orders: float = 0.05
    expiry: int = EXPIRY
    close: int = CLOSE
    params: Params = Params()


TIGHT = Params(
    max_daily_hedge_count=3, max_position_shares=300.0, max_daily_loss_usd=9000.0, max_net_delta_shares=900.0,
    max_spread_pct=0.12, min_hedge_shares=40.0, cooldown_ns=20 * NS, next_dividend_usd=0.5,
)  # fmt: skip
EAGER = Params(
    hedge_threshold_shares=12.0, cooldown_ns=0, min_price_move_pct=0.0, max_hedge_shares_per_order=40.0,
    automatic_recovery=False, breach_reduce_only=True, max_daily_loss_usd=6000.0, max_hedge_retries=1,
)  # fmt: skip
KINDS = {
    "quiet": Kind(noise=2e-5),
    "normal": Kind(),
    "trend": Kind(noise=5e-5, drift=2e-4),
    "choppy": Kind(noise=2e-3, params=EAGER),
    "gap": Kind(jump=0.02),
    "crash": Kind(noise=1e-3, drift=-8e-4, half_spread=(0.05, 0.6, 3.0), params=TIGHT),
    "wide": Kind(half_spread=(0.05, 0.45, 0.6, 2.5)),
    "one_sided": Kind(one_sided=0.2, no_quote=0.1),
    "feed_loss": Kind(feed_lost=0.15, no_quote=0.1),
    "broken_orders": Kind(noise=8e-4, broken_orders=0.6, params=EAGER),
    "trouble": Kind(noise=8e-4, trouble=0.4, params=EAGER),
    "caps": Kind(noise=6e-4, trouble=0.1, half_spread=(0.05, 0.5), params=TIGHT),
    "fixed_volatility": Kind(params=Params(fixed_volatility=0.3, cooldown_ns=NS)),
    "half_day": Kind(noise=5e-4, close=OPEN + 1800 * NS),
    "expiry": Kind(noise=5e-4, expiry=OPEN + 2400 * NS, close=OPEN + 2400 * NS, trouble=0.05, params=EAGER),
}


class Day(World):
    """One day of a kind; each `tick` is at least one evaluation."""

    def __init__(self, kind: Kind, dice: random.Random) -> None:
        super().__init__(kind.params, dice.choice((0.05, 0.15, 0.3, 0.9)), dice.choice((20.0, -20.0, 5.0)))
        self.kind, self.dice = kind, dice
        self.resumes = self.resets = 0

    def legs(self) -> tuple[LegView, ...]:
        """A straddle whose quotes are sometimes old, one-sided, worthless, or beside the broker's delta."""
        views, dice = [], self.dice
        years = (self.kind.expiry - self.now) / (365 * 86_400 * NS)
        for is_call, contracts in zip((True, False), self.contracts, strict=True):
            if not contracts:
                views.append(NO_LEG)
                continue
            model = black_scholes(is_call, self.spot, 750.0, years, 0.02, 0.0, self.volatility)
            mid = model.price if dice.random() > 0.02 else 1e-3
            leg = option_leg(
                is_call, 750.0, contracts, max(mid, 0.11), self.now, expiry_close=self.kind.expiry, average_price=18.0
            )  # fmt: skip
            roll = dice.random()
            if roll < 0.02:
                leg = leg._replace(bid=math.nan)
            elif roll < 0.10:
                age = dice.choice((5e3, 700e3))
                leg = leg._replace(event_time=self.now - int(age * 1e6), age_ms=age)
            elif roll < 0.14:
                leg = leg._replace(broker_delta=model.delta + dice.choice((0.0, 0.2)))
            views.append(leg)
        return (*views, *NO_LEGS[2:])

    def tick(self) -> None:
        """Time passes, the market moves, something may break; then an order event or a quote."""
        dice, kind = self.dice, self.kind
        self.pass_time(dice.choice((0.0, 0.2, 1.0, 5.0, 12.0)))
        self.spot *= math.exp(dice.gauss(kind.drift, kind.noise))
        if dice.random() < 0.02:
            self.spot *= math.exp(dice.choice((-1, 1)) * kind.jump)
        self.half_spread = dice.choice(kind.half_spread)
        if dice.random() < 0.3:
            self.extra = self._extra()
        if dice.random() < 0.01:
            self.contracts = dice.choice(((20.0, 20.0), (20.0, 0.0), (0.0, 0.0), (-20.0, -20.0), (3.0, 3.0)))
        if self.order.phase == OrderPhase.UNKNOWN and dice.random() < 0.5:
            self.report(OrderPhase.CANCELED)
        elif self.is_open and dice.random() < 0.5:
            self._order_event()
        else:
            self.see(dice.choice((ObservationCause.QUOTE,) * 6 + (ObservationCause.TIMER, ObservationCause.POSITION)))

    def _order_event(self) -> None:
        dice, leaves = self.dice, self.order.leaves_qty
        wait = dice.choice((0.0, 0.0, 10.0, 4000.0))
        if dice.random() < self.kind.broken_orders:
            self.report(dice.choice(BROKEN_PHASES), order_wait_ms=wait)
        elif dice.random() < 0.4 and leaves > 1:
            self.report(OrderPhase.PARTIAL, float(dice.randrange(1, int(leaves))), order_wait_ms=wait)
        elif dice.random() < 0.5:
            self.report(OrderPhase.WORKING, order_wait_ms=wait)
        else:
            self.report(OrderPhase.FILLED, leaves, order_wait_ms=wait)

    def _extra(self) -> dict[str, Any]:
        """What the next evaluations see besides the market."""
        dice, kind = self.dice, self.kind
        extra: dict[str, Any] = {"session_close": kind.close}
        self.resumes += dice.random() < 0.3
        self.resets += dice.random() < 0.1
        commands = NO_COMMANDS._replace(resume_number=self.resumes, reset_number=self.resets)
        extra["commands"] = commands
        roll = dice.random()
        if roll < kind.no_quote:
            extra["underlying"] = NO_QUOTE if self.sequence < 50 else QuoteView(math.nan, math.nan, self.now, 9.0, 5e3)
        elif roll < kind.no_quote + kind.one_sided:
            extra["underlying"] = QuoteView(self.spot, math.nan, self.now, 10.0, 5000.0)
        if dice.random() < kind.feed_lost:
            extra |= dice.choice(
                (
                    {"links": LINKS_UP._replace(feed_up=False)}, {"feed_silence_ms": 9e3}, {"data_lag_ms": 3e3},
                    {"underlying": QuoteView(self.spot - 0.05, self.spot + 0.05, self.now - 20 * NS, 2e4, 5e3)},
                )
            )  # fmt: skip
        if dice.random() < kind.trouble:
            extra |= self._trouble(commands)
        return extra

    def _trouble(self, commands: Any) -> dict[str, Any]:
        dice = self.dice
        return dice.choice(
            (
                {"links": LINKS_UP._replace(**{dice.choice(LINKS_UP._fields): False})},
                {"commands": commands._replace(paused=True)}, {"commands": commands},
                {"commands": commands._replace(stop=dice.random() < 0.2)},
                {"trading_state": int(dice.choice(list(RiskState)))}, {"earnings_blackout": True},
                {"enabled": dice.random() < 0.7}, {"data_lag_ms": 3e3}, {"commands": commands, "trading_state": 1},
            )
        )  # fmt: skip

    def restart(self) -> None:
        """A new process: the same state of the kernel sees a START, with or without what the journal restored."""
        restored = RestoredView(
            self.dice.random() < 0.7, self.now - 30 * NS, self.spot, 2, OPEN, 100.0, self.dice.random() < 0.1,
            self.order.intent_number,
        )  # fmt: skip
        if not restored.valid:
            self.order = NO_ORDER
        self.extra = {}
        self.see(ObservationCause.START, restored=restored)


def day(name: str, seed: int, ticks: int) -> Day:
    """One day of that kind with at least `ticks` evaluations, all in its `log`."""
    dice = random.Random(f"{name} {seed}")
    made = Day(KINDS[name], dice)
    made.now -= dice.choice((0, 0, 120)) * NS
    if dice.random() < 0.3:
        made.see()  # before it was started
    made.start()
    while made.sequence < ticks:
        made.tick()
        if made.dice.random() < 0.004:
            made.restart()
    return made


def days(ticks: int, first_seed: int = 0, per_day: int = 400) -> Iterator[tuple[str, Day]]:
    """Days of all kinds in turn, until `ticks` evaluations are made."""
    made = 0
    number = 0
    while made < ticks:
        name = list(KINDS)[number % len(KINDS)]
        one = day(name, first_seed + number // len(KINDS), per_day)
        yield name, one
        made += len(one.log)
        number += 1
