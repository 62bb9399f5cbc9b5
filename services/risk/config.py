"""What risk is configured with, checked whole before it serves."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from hedgerow.rules.delayed_data import DelayedData
from hedgerow.rules.instrument import InstrumentRule
from hedgerow.rules.order_notional import OrderNotional
from hedgerow.rules.order_rate import OrderRate
from hedgerow.rules.order_size import OrderSize
from hedgerow.rules.position import PositionLimit
from hedgerow.rules.price_collar import PriceCollar
from hedgerow.rules.rule import RuleSet
from hedgerow.rules.stale_quote import StaleQuote
from hedgerow.rules.trading_state import TradingStateRule
from hedgerow.settings import RiskSettings, Settings


class RiskConfig(BaseModel):
    """Everything risk is told; durations are wall time.

    `behind_wait_ms`: how long a check waits for the fold of execution's reports to reach its
    journal sequence. `approval_settle_s`: how long after its expiry an approval that execution
    never reported keeps its reservation. `answers_kept`: verdicts held for repeated questions;
    `answers_restored`: how many of them are read back after a restart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: RiskSettings
    behind_wait_ms: float = Field(default=50.0, ge=0, le=1000)
    approval_settle_s: float = Field(default=2.0, ge=0)
    answers_kept: int = Field(default=100_000, ge=1)
    answers_restored: int = Field(default=10_000, ge=0)
    heartbeat_s: float = Field(default=0.5, gt=0)

    @classmethod
    def of(cls, settings: Settings) -> RiskConfig:
        """Risk's part of the settings."""
        return cls(limits=settings.risk, heartbeat_s=settings.timing.stream_heartbeat_s)

    def rule_set(self, version: int) -> RuleSet:
        """The rules in order of evaluation; the first denial is an order's reason."""
        limits = self.limits
        return RuleSet(
            version,
            (
                TradingStateRule(),
                InstrumentRule(),
                DelayedData(),
                StaleQuote(),
                OrderSize(Decimal(limits.max_order_quantity)),
                OrderNotional(Decimal(str(limits.max_order_notional_usd))),
                PositionLimit(Decimal(limits.max_position_shares)),
                PriceCollar(Decimal(str(limits.price_collar_pct))),
                OrderRate(limits.max_orders_per_minute),
            ),
        )
