"""Order checks and verdicts to and from protobuf."""

from __future__ import annotations

from hedgerow.api.risk.v1 import risk_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import Intent, OrderCheck, RuleVerdict, Verdict
from hedgerow.wire.common import (
    age_from_wire,
    decimal_to_wire,
    instrument_id_from_wire,
    positive_decimal_from_wire,
    price_from_wire,
    text_from_wire,
    timestamp_from_wire,
    timestamp_to_wire,
)
from hedgerow.wire.enums import order_type_from_wire, order_type_to_wire, side_from_wire, side_to_wire
from hedgerow.wire.execution import limit_price_from_wire


def check_of_intent(
    intent: Intent, quote_age_ms: float, quote_limit_ms: float, journal_sequence: int, market_now: int,
    traceparent: str = "",
) -> OrderCheck:  # fmt: skip
    """The check execution asks for an intent: quote age and limit in ms as of `market_now` (ns UTC).

    `traceparent` is that of the question; empty = the intent's own.
    """
    return OrderCheck(
        intent.intent_id,
        intent.strategy,
        intent.account,
        intent.instrument,
        intent.side,
        intent.quantity,
        intent.order_type,
        intent.limit_price,
        intent.reduce_only,
        intent.bid,
        intent.ask,
        quote_age_ms,
        quote_limit_ms,
        journal_sequence,
        market_now,
        intent.quote_delayed,
        traceparent or intent.traceparent,
    )


def check_to_wire(check: OrderCheck) -> risk_pb2.CheckOrderRequest:
    """One order to check."""
    return risk_pb2.CheckOrderRequest(
        intent_id=check.intent_id,
        strategy=check.strategy,
        account=check.account,
        instrument_id=check.instrument.instrument_id,
        multiplier=check.instrument.multiplier,
        side=side_to_wire(check.side),
        quantity=decimal_to_wire(check.quantity),
        order_type=order_type_to_wire(check.order_type),
        limit_price=None if check.limit_price is None else decimal_to_wire(check.limit_price),
        reduce_only=check.reduce_only,
        bid=check.bid,
        ask=check.ask,
        quote_age_ms=check.quote_age_ms,
        quote_limit_ms=check.quote_limit_ms,
        journal_sequence=check.journal_sequence,
        create_time=timestamp_to_wire(check.created_at),
        quote_delayed=check.quote_delayed,
        traceparent=check.traceparent,
    )


def check_from_wire(message: risk_pb2.CheckOrderRequest) -> OrderCheck:
    """The order to check; raises InvalidValue naming the first field that breaks a rule."""
    order_type = order_type_from_wire("order_type", message.order_type)
    return OrderCheck(
        text_from_wire("intent_id", message.intent_id),
        text_from_wire("strategy", message.strategy),
        text_from_wire("account", message.account),
        instrument_id_from_wire("instrument_id", message.instrument_id, message.multiplier),
        side_from_wire("side", message.side),
        positive_decimal_from_wire("quantity", message.quantity),
        order_type,
        limit_price_from_wire(
            "limit_price", order_type, message.limit_price if message.HasField("limit_price") else None
        ),
        message.reduce_only,
        price_from_wire("bid", message.bid) if message.HasField("bid") else None,
        price_from_wire("ask", message.ask) if message.HasField("ask") else None,
        age_from_wire("quote_age_ms", message.quote_age_ms),
        age_from_wire("quote_limit_ms", message.quote_limit_ms),
        message.journal_sequence,
        timestamp_from_wire("create_time", message.create_time),
        message.quote_delayed,
        message.traceparent,
    )


def verdict_to_wire(verdict: Verdict) -> risk_pb2.Verdict:
    """Risk's answer, one verdict per rule."""
    return risk_pb2.Verdict(
        intent_id=verdict.intent_id,
        allowed=verdict.allowed,
        reason=verdict.reason,
        rules=[
            risk_pb2.RuleVerdict(rule=rule.rule, allowed=rule.allowed, reason=rule.reason, detail=rule.detail)
            for rule in verdict.rules
        ],
        rule_set_version=verdict.rule_set_version,
        rule_set_hash=verdict.rule_set_hash,
        epoch=verdict.epoch,
        expire_time=timestamp_to_wire(verdict.expires_at),
    )


def verdict_from_wire(field: str, message: risk_pb2.Verdict) -> Verdict:
    """Risk's answer; raises InvalidValue naming the part below `field` that breaks a rule.

    An answer that allows although one of its rules does not is refused: never allow on a contradiction.
    """
    refusing = [rule.rule for rule in message.rules if not rule.allowed]
    if message.allowed and refusing:
        raise InvalidValue(f"{field}.allowed", True, f"false, for {', '.join(refusing)} does not allow")
    return Verdict(
        text_from_wire(f"{field}.intent_id", message.intent_id),
        message.allowed,
        message.reason,
        tuple(RuleVerdict(rule.rule, rule.allowed, rule.reason, rule.detail) for rule in message.rules),
        message.rule_set_version,
        message.rule_set_hash,
        message.epoch,
        timestamp_from_wire(f"{field}.expire_time", message.expire_time),
    )
