"""A report made by hand: days of round figures, no engine."""

from __future__ import annotations

import math
from dataclasses import replace

from hedgerow.backtest.report import (
    Curve,
    DayReport,
    ExecutionQuality,
    GammaParts,
    Latency,
    OrderRow,
    Pnl,
    Report,
    Returns,
    RuleCount,
    StrategyReport,
    TapeReport,
    Verdicts,
)
from hedgerow.backtest.timeline import Stretch, Timeline

OPEN_NS = 1_705_415_400_000_000_000  # 2024-01-16 09:30 in New York
DAY_NS = 86_400_000_000_000
MINUTE_NS = 60_000_000_000
SESSION_NS = 390 * MINUTE_NS
PNL = Pnl(total=412.25, gamma=1310.5, theta=-640.0, vega=55.0, hedging_cost=-120.0, slippage=-81.25, commissions=-112.0)
GATES = {
    "adopt": "matching",
    "gates": {"state": {"delta": {"epsilon_band": 10.0, "hedge_threshold": 25.0, "max_delta_limit": 500.0}}},
}
QUALITY = ExecutionQuality(
    orders=6, filled=5, partial=1, canceled=1, denied=0, shares=180.0, cancel_rate=1 / 6, partial_share=0.2,
    decision_slippage_per_share=0.0125, decision_slippage_usd=2.25, arrival_slippage_per_share=0.008,
    arrival_slippage_usd=1.44, fill_ms=Latency(250.0, 800.0, 1_200.0, 30_500.0),
)  # fmt: skip
RETURNS = Returns(389, 1.06, 14.0, 0.1, 3.2, 1.9)


def strategy(name: str = "gamma-scalper", days: int = 1, shift: float = 0.0, **changes: object) -> StrategyReport:
    """One strategy over so many days from 2024-01-16; `shift` moves its curve."""
    opens = [OPEN_NS + day * DAY_NS for day in range(days)]
    ts = [start + minute * MINUTE_NS for start in opens for minute in range(391)]
    phase = [2 * math.pi * index / 130.0 + shift for index in range(len(ts))]
    orders = [
        OrderRow(
            number=number, decided=at, arrived=at + 5_000_000, last_fill=0 if number % 6 == 5 else at + 250_000_000,
            side="BUY" if number % 2 else "SELL", quantity=40.0, limit_price=100.0, decision_mid=100.0,
            arrival_mid=100.002, filled=0.0 if number % 6 == 5 else 36.0,
            average_price=None if number % 6 == 5 else 100.01 if number % 2 else 99.99, commission=1.0,
            status="CANCELED" if number % 6 == 5 else "FILLED",
        )
        for number, at in enumerate(start + hour * 60 * MINUTE_NS for start in opens for hour in range(1, 7))
    ]  # fmt: skip
    stretches = [Stretch(start + 40 * MINUTE_NS, start + 58 * MINUTE_NS, "COOLDOWN") for start in opens]
    needed = [Stretch(start + 40 * MINUTE_NS, start + 60 * MINUTE_NS, "HEDGE_NEEDED") for start in opens]
    whole = tuple(Stretch(start, start + SESSION_NS, "NORMAL") for start in opens)
    made = StrategyReport(
        name=name, kind="gamma_scalper", symbol="SIMX", config_hash="c0ffee" * 8, tape_hash="7a9e" * 16, gates=GATES,
        effective_limits={"stale_ts_threshold_ms": 60_000.0}, legs=(), ticks=391 * days, evaluations=391 * days,
        hedges=5 * days, fills=6 * days, shares=180.0 * days, blocks=18 * days,
        block_reasons={"COOLDOWN": 12 * days, "MIN_PRICE_MOVE": 6 * days}, idle_reasons={"BELOW_THRESHOLD": 300 * days},
        guards={"COOLDOWN": Verdicts(20, 12, 359), "MIN_PRICE_MOVE": Verdicts(26, 6, 359)}, rules={}, pnl=PNL,
        gamma_parts=GammaParts(1200.0, 100.0, 10.5), max_drawdown=310.0, returns=RETURNS, execution=QUALITY,
        days=tuple(DayReport(f"2024-01-{16 + day}", 391, 5, 6, 18, PNL, 310.0) for day in range(days)),
        equity=Curve(
            len(ts), tuple(ts), tuple(round(400.0 * math.sin(p) + 2.0 * index, 6) for index, p in enumerate(phase)),
            tuple(round(100.0 + math.cos(p), 4) for p in phase), tuple(round(24.0 * math.sin(3 * p), 3) for p in phase),
            tuple(-40.0 if p % 2 < 1 else 36.0 for p in phase),
        ),
        orders=tuple(orders), orders_omitted=0,
        timeline=Timeline(
            30_000_000_000, tuple((start, start + SESSION_NS) for start in opens), tuple(stretches),
            {"O": tuple(replace(each, name="LONG_GAMMA") for each in whole), "D": tuple(needed),
             "M": whole, "L": whole, "E": tuple(replace(each, name="IDLE") for each in whole),
             "S": tuple(replace(each, name="OK") for each in whole)},
            {"O": {"LONG_GAMMA": 1.0}, "D": {"IN_BAND": 0.9, "HEDGE_NEEDED": 0.1}, "M": {"NORMAL": 1.0},
             "L": {"NORMAL": 1.0}, "E": {"IDLE": 1.0}, "S": {"OK": 1.0}},
        ),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def timeline(part: StrategyReport) -> Timeline:
    """The strategy's timeline, which one made by hand has."""
    assert part.timeline is not None
    return part.timeline


def report(*strategies: StrategyReport, run_id: str = "by-hand") -> Report:
    """A run of those strategies, of one plain one where none is given."""
    parts = strategies or (strategy(),)
    first = parts[0]
    return Report(
        version=1, run_id=run_id, config_hash="beef" * 16, tape_hash=first.tape_hash, code_version="0123456789abcdef",
        ticks=first.ticks, evaluations=first.evaluations, hedges=first.hedges, fills=first.fills, shares=first.shares,
        blocks=first.blocks, block_reasons=first.block_reasons, guards=first.guards,
        rules={"max_quantity": RuleCount(6, 0)}, rule_set_hash="", pnl=first.pnl, max_drawdown=first.max_drawdown,
        returns=first.returns, execution=first.execution, gates={}, spec={"seed": 7},
        tapes=tuple(TapeReport("SIMX", day.date, "synthetic", 391, "7a9e" * 16, {}) for day in first.days),
        days=first.days, equity=first.equity, strategies=parts,
    )  # fmt: skip
