"""Decision records and snapshots to protobuf."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from google.protobuf.json_format import ParseDict

from hedgerow.api.strategy.v1 import strategy_pb2
from hedgerow.wire.common import timestamp_to_wire

_TEXTS = (
    "cause", "option_position", "delta_deviation", "market_regime", "liquidity", "execution_state", "system_health",
    "trading_fsm_state", "hedge_fsm_state", "block_reason", "intent_id", "config_hash", "code_version",
)  # fmt: skip


def decision_to_wire(record: Mapping[str, Any]) -> strategy_pb2.DecisionRecord:
    """A decision record as the strategy's store holds it."""
    message = strategy_pb2.DecisionRecord(
        sequence=record["sequence"],
        market_time=timestamp_to_wire(record["market_ts"]),
        gates=record["gates"],
        intent_quantity=record["intent_quantity"],
        spot=record["spot"],
        quote_time=timestamp_to_wire(record["quote_time"]),
        **{name: record[name] for name in _TEXTS},
    )
    message.net_delta = float("nan") if record["net_delta"] is None else record["net_delta"]
    return message


def snapshot_to_wire(snapshot: Mapping[str, Any]) -> struct_pb2.Struct:
    """A snapshot; whole numbers beyond 2^53 (times in ns) become text, for JSON numbers cannot hold them."""
    return ParseDict(json.loads(json.dumps(_safe(snapshot))), struct_pb2.Struct())


def _safe(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, float) and value - value != 0.0:
        return None
    if isinstance(value, Mapping):
        return {str(key): _safe(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(one) for one in value]
    return value
