"""The stock position that offsets a strategy's option delta, from its fresh snapshot; a flatten only reduces."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from hedgerow.domain.errors import FailedPrecondition
from hedgerow.domain.position import ZERO
from hedgerow.domain.status import StrategyStatus

NOT_FRESH = frozenset(
    {"HEARTBEAT_MISSING", "STATUS_UNREADABLE", "STOPPED_BY_OPERATOR", "STARTING", "SERVICE_DOWN", "WAITING_IB",
     "BROKER_DOWN", "NOT_RECONCILED", "POSITION_BREAK", "POSITION_UNSETTLED", "GREEKS_BAD", "DATA_STALE",
     "DATA_LAG", "DATA_DELAYED", "OUTSIDE_RTH"}
)  # fmt: skip
"""Reasons under which a snapshot's net delta or position is not what holds now."""


def neutral_target(status: StrategyStatus) -> Decimal:
    """Signed whole shares to end at; raises FailedPrecondition naming why there is no such position.

    `status` is the strategy's as control judges it now: its reasons say whether the snapshot is fresh.
    """
    stale = [reason for reason in status.reasons if reason.split(" ", 1)[0] in NOT_FRESH]
    if stale:
        raise _refused(f"net delta is not fresh: {stale[0]}", "NOT_FRESH")
    net_delta, stock = _number(status.snapshot, "net_delta"), _number(status.snapshot, "stock_position")
    if net_delta is None or stock is None:
        raise _refused("net delta is not known", "NOT_FRESH")
    target = (stock - net_delta).to_integral_value(ROUND_HALF_EVEN)
    if not min(ZERO, stock) <= target <= max(ZERO, stock):
        raise _refused(f"neutral is {target} shares, held are {stock}: flatten only reduces", "ONLY_REDUCES")
    return target


def _number(snapshot: Mapping[str, Any], key: str) -> Decimal | None:
    value = snapshot.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = Decimal(repr(value))
    return number if number.is_finite() else None


def _refused(why: str, reason: str) -> FailedPrecondition:
    return FailedPrecondition(f"flatten to neutral: {why}", reason)
