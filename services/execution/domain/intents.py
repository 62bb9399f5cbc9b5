"""Intents before they are orders: validation, the payload hash, the id an order gets from them."""

from __future__ import annotations

import hashlib
import json
import math
from decimal import Decimal
from functools import lru_cache

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import Intent, OrderType

MAX_ID_LENGTH = 64


def validate(intent: Intent) -> None:
    """Refuses an intent no order could be made of; raises InvalidValue naming the field."""
    for key in ("intent_id", "strategy", "account"):
        value = getattr(intent, key)
        if not 1 <= len(value) <= MAX_ID_LENGTH or not value.isprintable():
            raise InvalidValue(f"intent.{key}", value, f"1 to {MAX_ID_LENGTH} printable characters")
    _positive("intent.quantity", intent.quantity)
    if intent.quantity != intent.quantity.to_integral_value():
        raise InvalidValue("intent.quantity", str(intent.quantity), "whole shares or contracts")
    if intent.order_type is OrderType.LIMIT:
        if intent.limit_price is None:
            raise InvalidValue("intent.limit_price", None, "a LIMIT order has a limit price")
        _positive("intent.limit_price", intent.limit_price)
    elif intent.limit_price is not None:
        raise InvalidValue("intent.limit_price", str(intent.limit_price), "a MARKET order has no limit price")
    for key, price in (("intent.bid", intent.bid), ("intent.ask", intent.ask)):
        if price is not None and not (math.isfinite(price) and price > 0):
            raise InvalidValue(key, price, "a finite number above zero, or unset")
    if not (math.isfinite(intent.quote_age_ms) and intent.quote_age_ms >= 0):
        raise InvalidValue("intent.quote_age_ms", intent.quote_age_ms, "a finite number, zero or more")


def _positive(key: str, value: Decimal) -> None:
    if not (value.is_finite() and value > 0):
        raise InvalidValue(key, str(value), "a finite number above zero")


@lru_cache(maxsize=128)
def payload_hash(intent: Intent) -> str:
    """SHA-256, hex, of everything the intent wants; its trace context is no part of that."""
    instrument = intent.instrument
    limit = None if intent.limit_price is None else _digits(intent.limit_price)
    wanted = (
        intent.intent_id, intent.strategy, intent.account, instrument.instrument_id, instrument.multiplier,
        instrument.exchange, instrument.currency, intent.side.value, _digits(intent.quantity),
        intent.order_type.value, limit, intent.time_in_force.value, intent.reduce_only, intent.decision_sequence,
        intent.reason, intent.bid, intent.ask, intent.quote_time, intent.quote_age_ms, intent.created_at,
        intent.quote_delayed,
    )  # fmt: skip
    return hashlib.sha256(json.dumps(wanted).encode()).hexdigest()


def _digits(value: Decimal) -> str:
    return format(value.normalize(), "f")


@lru_cache(maxsize=128)
def client_order_id_of(intent: Intent) -> str:
    """Our id of the intent's order, sent to the broker as its reference.

    A function of the intent alone: should the journal be lost, the broker's copy still names the intent.
    """
    return "hr-" + hashlib.sha256(f"{intent.account}|{intent.intent_id}".encode()).hexdigest()[:20]
