"""Asks a risk rule set about every order of a backtest, with the facts the risk service would have."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from hedgerow.backtest.engine import Asked
from hedgerow.backtest.fills import is_alive
from hedgerow.backtest.report import RuleCount
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import OrderCheck, OrderType, Side
from hedgerow.domain.trading_state import TradingState
from hedgerow.rules.facts import Exposure, RiskFacts, exact
from hedgerow.rules.rule import RuleSet, first_denial
from hedgerow.strategy.kit.config import StrategyConfig

ALLOWED, DENIED = 0, 1
"""What the strategy sees with a denied order is that it was denied; which rule did it, `counts` tells."""
_NS_PER_MS = 1e6
_MINUTE_NS = 60_000_000_000


class Judge:
    """One strategy's orders before one rule set: called with an order, 0 allows it.

    Every strategy of a run is alone in its account: what others hold is no part of its exposure. The rate's minute is
    market time, wall time having no meaning here.
    """

    def __init__(self, rules: RuleSet, config: StrategyConfig) -> None:
        self.rules = rules
        self._config = config
        self._instrument = stock(config.underlying.symbol)
        self._approved: deque[int] = deque()
        self._verdicts = {rule.name: [0, 0] for rule in rules.rules}

    def __call__(self, asked: Asked) -> int:
        """The verdict on one order, counted by rule."""
        while self._approved and self._approved[0] <= asked.now - _MINUTE_NS:
            self._approved.popleft()
        verdicts = self.rules.evaluate(self._check(asked), self._facts(asked))
        for verdict in verdicts:
            self._verdicts[verdict.rule][0 if verdict.allowed else 1] += 1
        if first_denial(verdicts) is not None:
            return DENIED
        self._approved.append(asked.now)
        return ALLOWED

    @property
    def counts(self) -> dict[str, RuleCount]:
        """How many orders each rule allowed and denied."""
        return {name: RuleCount(*counted) for name, counted in self._verdicts.items()}

    def _check(self, asked: Asked) -> OrderCheck:
        intent, touch = asked.intent, asked.touch
        bid, ask = (price if price > 0.0 else None for price in (touch.bid, touch.ask))
        return OrderCheck(
            intent_id=str(intent.number),
            strategy=self._config.name,
            account=self._config.account,
            instrument=self._instrument,
            side=Side.BUY if intent.side > 0 else Side.SELL,
            quantity=exact(intent.quantity),
            order_type=OrderType.LIMIT,
            limit_price=exact(intent.limit_price),
            reduce_only=bool(intent.reduce_only),
            bid=bid,
            ask=ask,
            quote_age_ms=(asked.now - touch.time) / _NS_PER_MS,
            quote_limit_ms=asked.stale_ms,
            journal_sequence=0,
            created_at=asked.now,
        )

    def _facts(self, asked: Asked) -> RiskFacts:
        order = asked.open_order
        open_quantity = exact(order.quantity - order.filled) if is_alive(order) else Decimal(0)
        exposure = Exposure(
            exact(asked.position.quantity),
            open_quantity if order.side > 0 else Decimal(0),
            open_quantity if order.side < 0 else Decimal(0),
        )
        return RiskFacts(TradingState.ACTIVE, exposure, exposure, len(self._approved))
