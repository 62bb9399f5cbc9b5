"""An intent's identity: what is brought again is recognized, what differs is not taken for it."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderType, Side, TimeInForce
from hedgerow.torture.registry import Kind, family, require
from hedgerow.torture.rig import Rig
from services.execution.domain.intents import client_order_id_of, payload_hash


@family("intent-names", promise=1, kind=Kind.PROPERTY, release=10_000)
def intent_names(seed: int, rig: Rig) -> None:
    """An intent brought again has the same hash and name; another payload another hash, another id another name."""
    draw = random.Random(seed)
    intent = _intent(draw)
    again = replace(intent, traceparent="another", quantity=intent.quantity.quantize(Decimal("1.000")))
    require(payload_hash(again) == payload_hash(intent), f"{intent} is not recognized when it is brought again")
    require(client_order_id_of(again) == client_order_id_of(intent), f"{intent} brought again has another order name")
    other = replace(intent, **draw.choice(_changes(intent)))
    require(payload_hash(other) != payload_hash(intent), f"{other} is taken for {intent}")
    namesake = replace(intent, intent_id=intent.intent_id + str(draw.randrange(10)))
    require(client_order_id_of(namesake) != client_order_id_of(intent), f"two intents share {intent.intent_id}'s order")


def _intent(draw: random.Random) -> Intent:
    limit = draw.choice((None, Decimal(draw.randrange(1, 10**6)) / 100))
    return Intent(
        intent_id=f"i-{draw.getrandbits(32)}", strategy=f"s-{draw.randrange(9)}", account=f"SIM{draw.randrange(9)}",
        instrument=stock(draw.choice(("GOOG", "SIMX"))), side=draw.choice(tuple(Side)),
        quantity=Decimal(draw.randrange(1, 1000)), order_type=OrderType.LIMIT if limit else OrderType.MARKET,
        limit_price=limit, time_in_force=draw.choice(tuple(TimeInForce)), reduce_only=draw.random() < 0.5,
        decision_sequence=draw.randrange(10**6), reason="HEDGE_NEEDED", bid=draw.uniform(1, 900), ask=None,
        quote_time=draw.randrange(1, 2**62), quote_age_ms=draw.uniform(0, 1e4), created_at=draw.randrange(1, 2**62),
    )  # fmt: skip


def _changes(intent: Intent) -> list[dict[str, Any]]:
    return [
        {"quantity": intent.quantity + 1}, {"side": Side.SELL if intent.side is Side.BUY else Side.BUY},
        {"strategy": intent.strategy + "0"}, {"reduce_only": not intent.reduce_only}, {"quote_delayed": True},
        {"limit_price": (intent.limit_price or Decimal(0)) + Decimal("0.01"), "order_type": OrderType.LIMIT},
        {"decision_sequence": intent.decision_sequence + 1}, {"quote_time": intent.quote_time + 1},
        {"instrument": stock("ELSE")}, {"account": intent.account + "0"},
    ]  # fmt: skip
