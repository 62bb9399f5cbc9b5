"""Order events, and facts about flattens, as the plain JSON the journal stores, and back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hedgerow.domain.execution_report import Fill, ReportKind
from hedgerow.domain.instrument import Instrument, Right, SecType
from hedgerow.domain.order import Intent, OrderType, RuleVerdict, Side, TimeInForce, Verdict
from services.execution.domain.events import Admission, Commission, OrderEvent, Resolution
from services.execution.domain.flatten import FlattenEvent, FlattenKind, Held


def to_payload(event: OrderEvent) -> dict[str, Any]:
    """The event as JSON values; decimals as text, times in ns, absent parts left out."""
    payload: dict[str, Any] = {
        "client_order_id": event.client_order_id,
        "event_time": event.event_time,
        "receive_time": event.receive_time,
    }
    for key in ("reason", "text", "perm_id", "broker_order_id", "reopens"):
        value = getattr(event, key)
        if value:
            payload[key] = value
    if event.admission is not None:
        payload["admission"] = _admission(event.admission)
    if event.fill is not None:
        payload["fill"] = _fill(event.fill)
    if event.commission is not None:
        cost = event.commission
        payload["commission"] = [cost.execution_id, str(cost.amount), _text(cost.realized_pnl)]
    if event.resolution is not None:
        payload["resolution"] = [event.resolution.request_id, event.resolution.actor, event.resolution.reason]
    return payload


def from_payload(kind: str, payload: dict[str, Any]) -> OrderEvent:
    """The event a journal row of that kind holds."""
    admission, fill, commission = payload.get("admission"), payload.get("fill"), payload.get("commission")
    return OrderEvent(
        kind=ReportKind(kind),
        client_order_id=payload["client_order_id"],
        event_time=payload["event_time"],
        receive_time=payload["receive_time"],
        reason=payload.get("reason", ""),
        text=payload.get("text", ""),
        perm_id=payload.get("perm_id", 0),
        admission=None if admission is None else _read_admission(admission),
        fill=None if fill is None else _read_fill(fill),
        commission=None
        if commission is None
        else Commission(commission[0], Decimal(commission[1]), _decimal(commission[2])),
        broker_order_id=payload.get("broker_order_id", 0),
        resolution=Resolution(*payload["resolution"]) if "resolution" in payload else None,
        reopens=payload.get("reopens", False),
    )


def flatten_payload(event: FlattenEvent) -> dict[str, Any]:
    """A fact about a flatten as JSON values, absent parts left out."""
    payload: dict[str, Any] = {
        "request_id": event.request_id,
        "event_time": event.event_time,
        "receive_time": event.receive_time,
    }
    for key in ("strategy", "include_options", "asked_time", "actor", "reason", "sequence"):
        value = getattr(event, key)
        if value:
            payload[key] = value
    if event.target:
        payload["target"] = str(event.target)
    if event.positions:
        payload["positions"] = [
            [held.account, _instrument(held.instrument), str(held.quantity)] for held in event.positions
        ]
    return payload


def flatten_event(kind: str, payload: dict[str, Any]) -> FlattenEvent:
    """The fact a journal row of that kind holds."""
    return FlattenEvent(
        kind=FlattenKind(kind),
        request_id=payload["request_id"],
        event_time=payload["event_time"],
        receive_time=payload["receive_time"],
        strategy=payload.get("strategy", ""),
        target=Decimal(payload.get("target", 0)),
        include_options=payload.get("include_options", False),
        asked_time=payload.get("asked_time", 0),
        actor=payload.get("actor", ""),
        reason=payload.get("reason", ""),
        positions=tuple(
            Held(account, _read_instrument(instrument), Decimal(quantity))
            for account, instrument, quantity in payload.get("positions", ())
        ),
        sequence=payload.get("sequence", 0),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _fill(fill: Fill) -> list[Any]:
    return [
        fill.execution_id, str(fill.quantity), str(fill.price), _text(fill.commission), _text(fill.realized_pnl),
        fill.event_time,
    ]  # fmt: skip


def _read_fill(row: list[Any]) -> Fill:
    return Fill(row[0], Decimal(row[1]), Decimal(row[2]), _decimal(row[3]), _decimal(row[4]), row[5])


def _admission(admission: Admission) -> dict[str, Any]:
    intent = admission.intent
    return {
        "payload_hash": admission.payload_hash,
        "broker_order_id": admission.broker_order_id,
        "epoch": admission.epoch,
        "verdict": None if admission.verdict is None else verdict_payload(admission.verdict),
        "intent": intent_payload(intent),
    }


@lru_cache(maxsize=128)
def intent_payload(intent: Intent) -> dict[str, Any]:
    """The intent as JSON values, to be read only: the same intent gives the same dictionary."""
    return {
        "intent_id": intent.intent_id,
        "strategy": intent.strategy,
        "account": intent.account,
        "instrument": _instrument(intent.instrument),
        "side": intent.side.value,
        "quantity": str(intent.quantity),
        "order_type": intent.order_type.value,
        "limit_price": _text(intent.limit_price),
        "time_in_force": intent.time_in_force.value,
        "reduce_only": intent.reduce_only,
        "decision_sequence": intent.decision_sequence,
        "reason": intent.reason,
        "bid": intent.bid,
        "ask": intent.ask,
        "quote_time": intent.quote_time,
        "quote_age_ms": intent.quote_age_ms,
        "quote_delayed": intent.quote_delayed,
        "created_at": intent.created_at,
        "traceparent": intent.traceparent,
        "run_id": intent.run_id,
    }


def _read_admission(row: dict[str, Any]) -> Admission:
    intent = dict(row["intent"])
    intent["instrument"] = _read_instrument(intent["instrument"])
    intent["side"] = Side(intent["side"])
    intent["quantity"] = Decimal(intent["quantity"])
    intent["order_type"] = OrderType(intent["order_type"])
    intent["limit_price"] = _decimal(intent["limit_price"])
    intent["time_in_force"] = TimeInForce(intent["time_in_force"])
    verdict = row["verdict"]
    return Admission(
        intent=Intent(**intent),
        payload_hash=row["payload_hash"],
        verdict=None if verdict is None else _read_verdict(verdict),
        broker_order_id=row["broker_order_id"],
        epoch=row["epoch"],
    )


def _instrument(instrument: Instrument) -> list[Any]:
    return [
        instrument.symbol, instrument.sec_type.value,
        None if instrument.expiry is None else instrument.expiry.isoformat(), _text(instrument.strike),
        None if instrument.right is None else instrument.right.value, instrument.multiplier, instrument.exchange,
        instrument.currency,
    ]  # fmt: skip


def _read_instrument(row: list[Any]) -> Instrument:
    symbol, sec_type, expiry, strike, right, multiplier, exchange, currency = row
    return Instrument(
        symbol, SecType(sec_type), None if expiry is None else date.fromisoformat(expiry), _decimal(strike),
        None if right is None else Right(right), multiplier, exchange, currency,
    )  # fmt: skip


def verdict_payload(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON values."""
    return {
        "intent_id": verdict.intent_id,
        "allowed": verdict.allowed,
        "reason": verdict.reason,
        "rules": [[rule.rule, rule.allowed, rule.reason, rule.detail] for rule in verdict.rules],
        "rule_set_version": verdict.rule_set_version,
        "rule_set_hash": verdict.rule_set_hash,
        "epoch": verdict.epoch,
        "expires_at": verdict.expires_at,
    }


def _read_verdict(row: dict[str, Any]) -> Verdict:
    rules = tuple(RuleVerdict(*rule) for rule in row["rules"])
    return Verdict(**{**row, "rules": rules})
