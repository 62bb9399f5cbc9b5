"""What the daemon leaves for others to read: snapshots, decision records and their live stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from hedgerow.clock import wall_now
from hedgerow.domain.errors import Unavailable
from hedgerow.rpc.streams import ConflatingBroadcast
from hedgerow.settings import StatusSettings
from hedgerow.store.history import History
from hedgerow.store.retention import prune
from hedgerow.store.status_sink import StatusSink
from hedgerow.store.writer import AsyncWriter
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.names import decision_names, verdict_names
from hedgerow.strategy.observation import Observation, ObservationCause
from hedgerow.telemetry.logs import get_logger

PRUNE_INTERVAL_S = 3600.0


def decision_record(
    observation: Observation, decision: Decision, intent_id: str, config_hash: str, code_version: str
) -> dict[str, Any]:
    """One decision in words, JSON-ready; units as in the Decision's own fields."""
    names = decision_names(decision)
    wanted = decision.intent
    return {
        "sequence": decision.sequence,
        "market_ts": decision.now,
        "cause": ObservationCause(observation.cause).name,
        "option_position": names.option_state,
        "delta_deviation": names.delta_state,
        "market_regime": names.market_state,
        "liquidity": names.liquidity_state,
        "execution_state": names.execution_state,
        "system_health": names.system_state,
        "trading_fsm_state": names.trading_fsm,
        "hedge_fsm_state": names.hedge_fsm,
        "net_delta": _finite(decision.net_delta),
        "option_delta": _finite(decision.option_delta),
        "gamma": _finite(decision.gamma),
        "vega": _finite(decision.vega),
        "theta": _finite(decision.theta),
        "spot": _finite(decision.spot),
        "stock_position": observation.stock_quantity,
        "block_reason": names.block_reason,
        "blocked": names.blocked,
        "gates": verdict_names(decision),
        "intent_id": intent_id,
        "intent_quantity": wanted.side * wanted.quantity if intent_id else None,
        "limit_price": _finite(wanted.limit_price) if intent_id else None,
        "daily_pnl": _finite(decision.daily_pnl),
        "daily_hedge_count": decision.daily_hedge_count,
        "in_session": decision.in_session,
        "quote_time": decision.quote_time,
        "leg_quote_times": [leg.event_time for leg in observation.legs if leg.active],
        "config_hash": config_hash,
        "code_version": code_version,
    }


class Records:
    """Writes off the event loop; history rows at most once per interval, and always with an order event."""

    def __init__(self, sink: StatusSink, history: History, history_interval_s: float) -> None:
        self._sink = sink
        self._history = history
        self._history_interval_s = history_interval_s
        self._next_history = 0.0
        self._warned = ""
        self._log = get_logger()
        self.live: ConflatingBroadcast[dict[str, Any]] = ConflatingBroadcast(lambda record: record["sequence"], 1024)

    def snapshot(self, snapshot: Mapping[str, Any], history: bool) -> None:
        """Makes it the current one; appends it to the history when asked or when the interval is over."""
        now = time.monotonic()
        if now >= self._next_history:
            history = True
        if history:
            self._next_history = now + self._history_interval_s
        self._sink.write(snapshot, history, snapshot.get("market_ts") or 0)
        self._warn(self._sink.failed or self._history.failed)

    def decision(
        self, observation: Observation, decision: Decision, intent_id: str, config_hash: str, code_version: str,
        wall_ns: int,
    ) -> None:  # fmt: skip
        """Queues the record for the store and shows it to whoever watches; `wall_ns` is when the evaluation began."""
        record = decision_record(observation, decision, intent_id, config_hash, code_version)
        row = {
            "sequence": decision.sequence,
            "wall_ns": wall_ns,
            "market_ns": decision.now,
            "record": record,
            **{key: record[key] for key in _COLUMNS},
        }
        self._history.append("decisions", row)
        if self.live.readers:
            self.live.publish(record)

    def _warn(self, failed: str) -> None:
        if failed != self._warned:
            self._warned = failed
            if failed:
                self._log.error("status sink failed", error=failed)


async def keep_within(status: StatusSettings, writer: AsyncWriter, interval_s: float = PRUNE_INTERVAL_S) -> None:
    """Cuts history and decisions to `status.retention_days` and `status.max_mb`, at once and then on an interval."""
    log = get_logger()
    while True:
        try:
            pruned = await prune(writer, now_ns=wall_now(), retention_days=status.retention_days, max_mb=status.max_mb)
        except Unavailable as error:
            log.warning("history not pruned", error=str(error))
        else:
            log.info("history pruned", rows=pruned)
        await asyncio.sleep(interval_s)


_COLUMNS = (
    "cause", "trading_fsm_state", "hedge_fsm_state", "net_delta", "spot", "block_reason", "intent_id", "config_hash",
    "code_version",
)  # fmt: skip


def _finite(value: float) -> float | None:
    return value if value - value == 0.0 else None
