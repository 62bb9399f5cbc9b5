"""The operator's view of the status: flat, snake_case, times in ns, numbers as numbers; conversions only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as WireDecimal

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2

CONTROL_UNREACHABLE = "CONTROL_UNREACHABLE"
_EXACT = 2**53
_UNREACHABLE_WORDS = f"{CONTROL_UNREACHABLE}: control does not answer; what is shown is what it said last"


def build(
    status: control_pb2.Status,
    positions: Iterable[portfolio_pb2.Position],
    portfolio: portfolio_pb2.GetPortfolioResponse,
) -> dict[str, Any]:
    """Everything `GET /status` tells, as a tree of plain values; unknown ones are None."""
    strategies = [_strategy(each) for each in status.strategies]
    spots = {each.get("symbol"): each.get("spot") for each in strategies}
    retries = [each.get("next_retry_ts") for each in strategies]
    retries.append(time_ns(portfolio.link.next_retry_time) or None)
    return {
        "status_lamp": lamp(status.status_lamp),
        "self_check": check(status.self_check),
        "block_reasons": _codes(status),
        "reasons": list(status.reasons),
        "ts": time_ns(status.create_time),
        "market_ts": time_ns(status.market_time) or None,
        "broker_mode": status.broker_mode,
        "strategies": strategies,
        "services": [_service(each) for each in status.services],
        "positions": [_position(each, spots) for each in positions],
        "accounts": [_account(each) for each in portfolio.accounts],
        "accounts_fetched_at": time_ns(portfolio.accounts_fetch_time) or None,
        "next_retry_ts": min((each for each in retries if each), default=None),
        "stale": False,
    }


def reduced_to_stale(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The same when control is silent: what it said last, under red lamps."""
    strategies = [_blocked(each) for each in tree["strategies"]]
    return {
        **_blocked(tree),
        "reasons": [_UNREACHABLE_WORDS, *tree["reasons"]],
        "strategies": strategies,
        "stale": True,
    }


def _blocked(part: Mapping[str, Any]) -> dict[str, Any]:
    reasons = [CONTROL_UNREACHABLE, *part["block_reasons"]]
    return {**part, "status_lamp": "red", "self_check": "blocked", "block_reasons": reasons}


def keep_strategy(tree: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The same with only that strategy and what it owns."""
    return {
        **tree,
        "strategies": [each for each in tree["strategies"] if each["strategy"] == name],
        "positions": [each for each in tree["positions"] if each["owner"] == name],
    }


def _codes(status: control_pb2.Status) -> list[str]:
    """The codes of all reasons, in the order of their words."""
    codes: dict[str, None] = {}
    names = {each.strategy for each in status.strategies}
    for words in status.reasons:
        head, _, rest = words.partition(": ")
        codes[rest.partition(": ")[0] if head in names and rest else head] = None
    return list(codes)


def _strategy(status: control_pb2.StrategyStatus) -> dict[str, Any]:
    """The daemon's snapshot flat, with what control says of it: that is the newer."""
    snapshot = {key: _restored(value) for key, value in MessageToDict(status.snapshot).items()}
    return {
        **snapshot,
        "strategy": status.strategy,
        "run_id": status.run_id,
        "status_lamp": lamp(status.status_lamp),
        "self_check": check(status.self_check),
        "block_reasons": list(status.block_reasons),
        "heartbeat_ts": time_ns(status.heartbeat_time) or None,
    }


def _restored(value: Any) -> Any:
    """Whole numbers as such: a Struct knows only doubles, and carries those beyond 2^53 (times in ns) as text."""
    if isinstance(value, dict):
        return {name: _restored(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_restored(each) for each in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20 and int(value) > _EXACT:
        return int(value)
    return value


def _service(status: control_pb2.ServiceStatus) -> dict[str, Any]:
    return {
        "service": status.service,
        "serving": status.serving,
        "detail": status.detail,
        "last_seen_ts": time_ns(status.last_seen_time) or None,
    }


def _position(position: portfolio_pb2.Position, spots: Mapping[Any, Any]) -> dict[str, Any]:
    instrument = position.instrument
    strike = number(instrument.strike)
    spot = spots.get(instrument.symbol)
    day = instrument.expiry
    return {
        "account": position.account,
        "owner": position.owner,
        "instrument": instrument.instrument_id,
        "symbol": instrument.symbol,
        "sec_type": enum_word(common_pb2.SecType, instrument.sec_type, "SEC_TYPE"),
        "expiry": date(day.year, day.month, day.day).isoformat() if day.day else None,
        "strike": strike,
        "right": enum_word(common_pb2.Right, instrument.right, "RIGHT"),
        "multiplier": instrument.multiplier,
        "currency": instrument.currency,
        "quantity": number(position.quantity),
        "average_price": number(position.average_price),
        "mark_price": number(position.mark_price),
        "unrealized_pnl": number(position.unrealized_pnl),
        "realized_pnl": number(position.realized_pnl),
        "commissions": number(position.commissions),
        "moneyness": spot / strike if spot and strike else None,
    }


def _account(account: portfolio_pb2.Account) -> dict[str, Any]:
    return {
        "account": account.account,
        "balance": number(account.balance),
        "net_liquidation": number(account.net_liquidation),
        "buying_power": number(account.buying_power),
        "currency": account.currency,
        "values": dict(account.values),
        "fetched_at": time_ns(account.fetch_time) or None,
    }


def operation_view(operation: control_pb2.Operation) -> dict[str, Any]:
    """One operation record."""
    return {
        "operation_id": operation.operation_id,
        "ts": time_ns(operation.create_time),
        "market_ts": time_ns(operation.event_time) or None,
        "type": operation.type,
        "strategy": operation.strategy,
        "instrument": operation.instrument_id,
        "side": enum_word(common_pb2.Side, operation.side, "SIDE"),
        "quantity": number(operation.quantity),
        "price": number(operation.price),
        "reason": operation.reason,
        "state": operation.state,
        "client_order_id": operation.client_order_id,
        "text": operation.text,
    }


def command_view(command: control_pb2.Command) -> dict[str, Any]:
    """One command as recorded; `ack_ts` is None and `outcome` empty while it is pending."""
    return {
        "command_id": command.command_id,
        "sequence": command.sequence,
        "kind": enum_word(control_pb2.CommandKind, command.kind, "COMMAND_KIND"),
        "strategy": command.strategy,
        "run_id": command.run_id,
        "actor": command.actor,
        "reason": command.reason,
        "ts": time_ns(command.create_time),
        "ack_ts": time_ns(command.acknowledge_time) or None,
        "outcome": command.outcome,
    }


def lamp(value: int) -> str:
    """green, yellow or red; what is not known is red."""
    return (enum_word(common_pb2.StatusLamp, value, "STATUS_LAMP") or "RED").lower()


def check(value: int) -> str:
    """ok, degraded or blocked; what is not known is blocked."""
    return (enum_word(control_pb2.CheckResult, value, "CHECK_RESULT") or "BLOCKED").lower()


def enum_word(kind: Any, value: int, prefix: str) -> str | None:
    """An enum's name without its prefix; None for UNSPECIFIED."""
    return str(kind.Name(value)).removeprefix(f"{prefix}_") if value in kind.values() and value else None


def number(message: WireDecimal) -> int | float | None:
    """A decimal as a JSON number, whole where it is; None when unset or no number."""
    try:
        value = Decimal(message.value)
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def time_ns(message: Timestamp) -> int:
    """Ns since 1970 UTC; 0 when unset."""
    return message.seconds * 1_000_000_000 + message.nanos
