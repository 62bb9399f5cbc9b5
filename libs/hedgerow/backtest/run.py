"""Runs a spec: every strategy over all its days in order, its state carried from day to day, and the report of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hedgerow.backtest import summary
from hedgerow.backtest.columns import Result
from hedgerow.backtest.commissions import IBKR_FIXED, IBKR_TIERED, NO_COMMISSION
from hedgerow.backtest.engine import Settings, run
from hedgerow.backtest.feed import Feed, feed_of
from hedgerow.backtest.fills import FillModel
from hedgerow.backtest.inputs import Say, check_symbols, hash_of, legs_of, quiet, tape_hash, tapes_of
from hedgerow.backtest.judge import Judge
from hedgerow.backtest.report import Report
from hedgerow.backtest.rule_sets import rule_set
from hedgerow.backtest.spec import Spec
from hedgerow.backtest.synthetic import synthetic_straddle
from hedgerow.domain.backtest_run import check_run_id
from hedgerow.strategy.hosting import Mode
from hedgerow.strategy.kinds import load
from hedgerow.strategy.kit.config import StrategyConfig, effective_limits
from hedgerow.strategy.protocol import LIVE, check_context
from hedgerow.tape.format import Tape

SCHEDULES = {"fixed": IBKR_FIXED, "tiered": IBKR_TIERED, "none": NO_COMMISSION}


@dataclass(frozen=True, eq=False)
class StrategyRun:
    """One strategy's run: what it ran over, under which limits, what came out, what its risk rules said."""

    config: StrategyConfig
    effective: dict[str, float]
    feed: Feed
    tape_hash: str
    result: Result
    judge: Judge | None


@dataclass(frozen=True, eq=False)
class BacktestRun:
    """A whole run: the report, and behind it every strategy's columns."""

    report: Report
    strategies: tuple[StrategyRun, ...]


def run_spec(spec: Spec, run_id: str, mode: Mode = "compiled", say: Say = quiet) -> BacktestRun:
    """Runs every strategy of the spec over all its days; the same spec and run id give the same report.

    An empty run id is made from configuration and data. `mode` changes the speed alone. `say` is told what is being
    done. Raises InvalidValue naming key, value, rule, fix.
    """
    if run_id:
        check_run_id(run_id, "run-id")
    tapes = tapes_of(spec, say)
    check_symbols(spec, tapes)
    hashes = {symbol: [tape_hash(tape) for tape in days] for symbol, days in tapes.items()}
    runs = []
    for config in spec.strategies:
        symbol = config.underlying.symbol
        say(f"running {config.name}")
        runs.append(_run(spec, config, tapes[symbol], hash_of(hashes[symbol]), mode))
    run_id = run_id or made_run_id(spec, hashes)
    return BacktestRun(summary.report_of(spec, run_id, tapes, hashes, tuple(runs)), tuple(runs))


def made_run_id(spec: Spec, hashes: dict[str, list[str]]) -> str:
    """A run id from configuration and data: another of either makes another run."""
    told = "\n".join([spec.config_hash, *(each for symbol in sorted(hashes) for each in hashes[symbol])])
    return f"run-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _run(spec: Spec, config: StrategyConfig, tapes: tuple[Tape, ...], tapes_hash: str, mode: Mode) -> StrategyRun:
    feed = feed_for(spec, config, tapes)
    check_context(load(config.kind).NEEDS, supplied(feed), "this backtest")
    effective = effective_limits(config, feed.interval_ms)
    rules = rule_set(spec.rules)
    judge = Judge(rules, config) if rules is not None else None
    result = run(
        feed, load(config.kind).params(config, effective), settings_of(spec, config, effective),
        strategy=config.kind, mode=mode, risk=judge,
    )  # fmt: skip
    return StrategyRun(config, effective, feed, tapes_hash, result, judge)


def supplied(feed: Feed) -> frozenset[str]:
    """The fields of an Observation that a run over this feed can fill: no broker's greeks, legs where it has some."""
    legs = frozenset(name for name in LIVE if name.split(".")[0] == "legs") if not feed.legs else frozenset()
    return LIVE - legs - {"legs.broker_delta"}


def feed_for(spec: Spec, config: StrategyConfig, tapes: tuple[Tape, ...]) -> Feed:
    """What one strategy of the spec runs over."""
    if spec.position.kind == "synthetic_straddle" and config.adopt != "none":
        held = spec.position
        tapes, legs = synthetic_straddle(
            tapes, contracts=held.contracts, volatility=held.volatility, days_to_expiry=held.days_to_expiry,
            interval_ms=held.interval_ms, spread_pct=held.spread_pct, rate=config.greeks.risk_free_rate,
            dividend=config.greeks.dividend_yield,
        )  # fmt: skip
        feed = feed_of(tapes, legs)
    else:
        feed = feed_of(tapes, legs_of(spec.position, config, tapes))
    return feed.with_earnings(config.gates.strategy.earnings)


def settings_of(spec: Spec, config: StrategyConfig, effective: dict[str, float]) -> Settings:
    """The engine's settings for one strategy of the spec."""
    fills = spec.fills
    return Settings(
        fills=FillModel(fills.model == "mid", fills.half_spread, round(fills.latency_ms * 1_000_000), fills.partials),
        commissions=SCHEDULES[spec.commissions],
        stale_limit_ms=effective["stale_ts_threshold_ms"],
        enabled=config.enabled,
    )
