"""A small world around one gamma scalper: a market, one order at a broker, a position; tests move it event by event."""

from __future__ import annotations

import math
import random
from typing import Any

from hedgerow.domain.position import Position
from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.decision import Decision, IntentView
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.gamma_scalper.state import State, initial_state
from hedgerow.strategy.gamma_scalper.step import step
from hedgerow.strategy.observation import (
    NO_COMMANDS,
    NO_LEG,
    NO_LEGS,
    NO_ORDER,
    NOT_RESTORED,
    LegView,
    LinkView,
    Observation,
    ObservationCause,
    OrderPhase,
    OrderView,
    QuoteView,
)

NS = 1_000_000_000
OPEN = 1_450_967_400 * NS  # 2015-12-24 09:30 New York
CLOSE = OPEN + 12_600 * NS
EXPIRY = OPEN + 29 * 86_400 * NS
LINKS_UP = LinkView(True, True, True, True, True)
OPEN_PHASES = (OrderPhase.SENT, OrderPhase.WORKING, OrderPhase.PARTIAL)


def option_leg(
    is_call: bool = True,
    strike: float = 750.0,
    contracts: float = 20.0,
    mid: float = 18.0,
    time: int = OPEN,
    **more: Any,
) -> LegView:
    """One leg quoted 0.2 wide around `mid`."""
    leg = LegView(
        True, is_call, strike, contracts, 100.0, EXPIRY, mid - 0.1, mid + 0.1, time, 10.0, math.nan, mid
    )  # fmt: skip
    return leg._replace(**more)


def observation(**changes: Any) -> Observation:
    """A healthy observation in session: a straddle near the money, no stock, nothing working."""
    legs = (option_leg(True, mid=18.0), option_leg(False, mid=19.0), *NO_LEGS[2:])
    healthy = Observation(
        1, ObservationCause.QUOTE, OPEN, QuoteView(747.95, 748.05, OPEN, 10.0, 5000.0), OPEN, CLOSE, legs, 0.0,
        math.nan, 0.0, 0.0, 0.0, NO_ORDER, 0.0, 0, NO_COMMANDS, LINKS_UP, 10.0, 5.0, True, False, NOT_RESTORED,
    )  # fmt: skip
    return healthy._replace(**{name: value + 0 if name == "cause" else value for name, value in changes.items()})


class World:
    """Moves a market and a broker, feeds `step`, and keeps every observation and decision."""

    def __init__(self, params: Params | None = None, volatility: float = 0.22, contracts: float = 20.0) -> None:
        self.params = params or Params()
        self.step: Any = step
        self.state: State = initial_state(self.params)
        self.now, self.spot, self.volatility = OPEN, 748.0, volatility
        self.sequence, self.half_spread = 0, 0.05
        self.contracts = (contracts, contracts)
        self.stock = Position()
        self.order = NO_ORDER
        self.intent: IntentView | None = None
        self.extra: dict[str, Any] = {}
        self.log: list[tuple[Observation, Decision]] = []

    def legs(self) -> tuple[LegView, ...]:
        """Both legs quoted at the model price, strike 750; a leg without contracts is an empty slot."""
        views = []
        for is_call, contracts in zip((True, False), self.contracts, strict=True):
            years = (EXPIRY - self.now) / (365 * 86_400 * NS)
            mid = black_scholes(is_call, self.spot, 750.0, years, 0.02, 0.0, self.volatility).price
            leg = option_leg(is_call, 750.0, contracts, mid, self.now, average_price=18.0)
            views.append(leg if contracts else NO_LEG)
        return (*views, *NO_LEGS[2:])

    def see(self, cause: ObservationCause = ObservationCause.QUOTE, **changes: Any) -> Decision:
        """One evaluation; what it asks of execution is done by the broker at once (a submit becomes SENT)."""
        self.sequence += 1
        quote = QuoteView(self.spot - self.half_spread, self.spot + self.half_spread, self.now, 10.0, 5000.0)
        usual = {
            "sequence": self.sequence, "cause": cause, "now": self.now, "underlying": quote, "legs": self.legs(),
            "stock_quantity": float(self.stock.quantity), "order": self.order,
            "stock_average_price": float(self.stock.average_price) if self.stock.quantity else math.nan,
            "stock_realized_pnl": float(self.stock.realized_pnl),
        }  # fmt: skip
        seen = observation(**(usual | self.extra | changes))
        self.state, decision = self.step(self.params, self.state, seen)
        self.log.append((seen, decision))
        self._do(decision.intent)
        return decision

    def start(self) -> Decision:
        """The first evaluation."""
        return self.see(ObservationCause.START)

    def _do(self, intent: IntentView) -> None:
        if intent.action == IntentAction.SUBMIT:
            assert self.order.phase not in OPEN_PHASES, "two working orders"
            self.intent = intent
            self.order = OrderView(
                OrderPhase.SENT + 0, intent.number, 0.0, intent.quantity, math.nan, self.now, 0
            )  # fmt: skip

    @property
    def is_open(self) -> bool:
        """Whether an order is alive at the broker."""
        return self.order.phase in OPEN_PHASES

    def report(self, phase: OrderPhase, fill: float = 0.0, **changes: Any) -> Decision:
        """The broker reports a phase, with `fill` further shares at the limit price, and the strategy sees it."""
        assert self.intent is not None
        if fill:
            signed = int(fill) * self.intent.side
            self.stock = self.stock.after(_decimal(signed), _decimal(self.intent.limit_price))
        cum = self.order.cum_qty + fill
        price = self.intent.limit_price if cum else math.nan
        self.order = OrderView(
            phase + 0, self.intent.number, cum, self.intent.quantity - cum, price, self.now, 0
        )  # fmt: skip
        return self.see(ObservationCause.ORDER_EVENT, **changes)

    def fill_all(self) -> Decision:
        """The open order fills whole."""
        return self.report(OrderPhase.FILLED, self.order.leaves_qty)

    def pass_time(self, seconds: float) -> None:
        """Market time passes."""
        self.now += int(seconds * NS)


def _decimal(number: float) -> Any:
    from decimal import Decimal

    return Decimal(str(number))


def random_event(world: World, dice: random.Random) -> None:
    """One event of a rough day: prices, faults, commands, every order report in any order, and one evaluation."""
    world.pass_time(dice.choice((0.0, 0.1, 1.0, 5.0, 30.0, 70.0)))
    roll = dice.random()
    if world.is_open and roll < 0.6:
        phase = dice.choice(list(OrderPhase)[2:])
        leaves = world.order.leaves_qty
        fill = 0.0
        if phase == OrderPhase.FILLED:
            fill = leaves
        elif phase == OrderPhase.PARTIAL and leaves > 1:
            fill = float(dice.randrange(1, int(leaves)))
        elif phase == OrderPhase.PARTIAL:
            phase = OrderPhase.WORKING
        world.report(phase, fill, order_wait_ms=dice.choice((0.0, 10.0, 4000.0)))
        return
    if roll < 0.9:
        world.spot *= math.exp(dice.gauss(0.0, 0.002))
        world.half_spread = dice.choice((0.05, 0.05, 0.05, 0.6, 3.0))
        world.see()
        return
    links = LINKS_UP._replace(**{dice.choice(LINKS_UP._fields): dice.random() < 0.5})
    commands = NO_COMMANDS._replace(paused=dice.random() < 0.5, resume_number=dice.randrange(3))
    world.extra = dice.choice(
        (
            {}, {}, {"links": links}, {"commands": commands}, {"trading_state": dice.randrange(4)},
            {"data_lag_ms": 3000.0}, {"earnings_blackout": True}, {"enabled": False},
        )
    )  # fmt: skip
    if dice.random() < 0.1:
        world.contracts = dice.choice(((20.0, 20.0), (20.0, 0.0), (0.0, 0.0), (-20.0, -20.0)))
    if world.order.phase == OrderPhase.UNKNOWN:
        world.report(OrderPhase.CANCELED)
    world.see(dice.choice(list(ObservationCause)[:6]))
