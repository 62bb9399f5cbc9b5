"""The snapshot a daemon writes to the status sink: what it knows, in the specification's keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hedgerow.domain.self_check import in_words, lamp, self_check
from hedgerow.strategy.codes import HedgeFSM, Provenance, TradingFSM
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit.config import kind_name
from hedgerow.strategy.observation import RiskState
from services.strategy.config import StrategyProcessConfig
from services.strategy.domain.daemon_fsm import DaemonState
from services.strategy.inputs import Inputs


def snapshot(
    config: StrategyProcessConfig,
    run_id: str,
    code_version: str,
    daemon: DaemonState,
    reasons: Sequence[str],
    inputs: Inputs,
    decision: Decision | None,
    counters: Mapping[str, Any],
    wall: int,
    market: int,
) -> dict[str, Any]:
    """The snapshot at wall time `wall` (ns UTC) and market time `market`; unknown values are None."""
    check = self_check(reasons)
    underlying = inputs.underlying
    quote = underlying.quote if underlying else None
    prices = {
        key: {
            "bid": entry.quote.bid,
            "ask": entry.quote.ask,
            "mid": entry.quote.mid,
            "event_ts": entry.quote.event_time,
        }
        for key, entry in inputs.quotes.items()
    }
    own = inputs.position
    risk = inputs.trading_state
    return {
        "strategy": config.strategy.name,
        "kind": kind_name(config.strategy.kind),
        "run_id": run_id,
        "daemon_state": daemon.value,
        "trading_fsm_state": TradingFSM(decision.trading_fsm).name if decision else TradingFSM.BOOT.name,
        "hedge_fsm_state": HedgeFSM(decision.hedge_fsm).name if decision else HedgeFSM.EXEC_IDLE.name,
        "trading_state": risk.name if risk is not RiskState.UNKNOWN else None,
        "status_lamp": lamp(check).value,
        "self_check": check.value,
        "block_reasons": list(reasons),
        "reasons": [in_words(reason) for reason in reasons],
        "symbol": inputs.symbol,
        "spot": quote.mid if quote else None,
        "bid": quote.bid if quote else None,
        "ask": quote.ask if quote else None,
        "net_delta": decision.net_delta if decision else None,
        "option_delta": decision.option_delta if decision else None,
        "stock_position": float(inputs.stock.quantity),
        "option_legs": len(inputs.legs),
        "legs": {key: float(leg.contracts) for key, leg in inputs.legs.items()},
        "leg_greeks": _leg_greeks(inputs, decision) if decision else {},
        "prices": prices,
        "daily_hedge_count": decision.daily_hedge_count if decision else 0,
        "daily_pnl": decision.daily_pnl if decision else None,
        "gamma": decision.gamma if decision else None,
        "vega": decision.vega if decision else None,
        "theta": decision.theta if decision else None,
        "data_lag_ms": inputs.data_lag_ms,
        "last_ack_ts": inputs.last_ack_time or None,
        "next_retry_ts": inputs.next_retry_time or None,
        "last_hedge_price": float(own.last_fill_price) if own.fills else None,
        "last_hedge_time": own.last_fill_time or None,
        "config": config.strategy.model_dump(mode="json"),
        "limits": dict(config.limits),
        "config_hash": config.hash,
        "code_version": code_version,
        "counters": dict(counters),
        "market_ts": market,
        "ts": wall,
    }


def _leg_greeks(inputs: Inputs, decision: Decision) -> dict[str, dict[str, Any]]:
    """Model greeks of each leg's whole position: delta in shares, gamma per USD, vega per 1.00, theta per year.

    Empty while the legs are not those the decision saw: its slots follow the order of their ids.
    """
    if decision.option_legs != len(inputs.legs):
        return {}
    found = {}
    for key, greeks in zip(sorted(inputs.legs), decision.legs, strict=False):
        leg = inputs.legs[key]
        size = float(leg.contracts) * leg.instrument.multiplier
        found[key] = {
            "delta": size * greeks.delta,
            "gamma": size * greeks.gamma,
            "vega": size * greeks.vega,
            "theta": size * greeks.theta,
            "implied_volatility": greeks.implied_volatility,
            "provenance": Provenance(greeks.provenance).name,
        }
    return found
