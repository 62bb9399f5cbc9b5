"""States, answers and order events of a strategy in another process, as the bridge's messages."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

from google.type import decimal_pb2

from hedgerow.api.strategy.v1 import bridge_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.link_chain import LinkChain
from hedgerow.strategy.codes import BlockReason, IntentAction, TradingFSM
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.observation import Observation, ObservationCause, OrderPhase
from hedgerow.wire.common import decimal_from_wire, decimal_to_wire, positive_decimal_from_wire, timestamp_to_wire

MOST_SHARES = 10_000_000
_WORKING = (OrderPhase.SENT, OrderPhase.WORKING, OrderPhase.PARTIAL, OrderPhase.UNKNOWN)
_ACTIONS: dict[int, IntentAction] = {
    bridge_pb2.BRIDGE_ACTION_NONE: IntentAction.NONE,
    bridge_pb2.BRIDGE_ACTION_TRADE: IntentAction.SUBMIT,
    bridge_pb2.BRIDGE_ACTION_CANCEL: IntentAction.CANCEL,
}


class Answer(NamedTuple):
    """What the other process asks for; quantity in signed whole shares, price in USD, NaN for the touch."""

    sequence: int
    action: IntentAction
    quantity: float
    limit_price: float


def link_to_wire(chain: LinkChain, kind: bridge_pb2.LinkKind, follows: bytes, payload: bytes) -> bridge_pb2.ChainLink:
    """The chain's next link."""
    index, head = chain.add(kind, follows, payload)
    return bridge_pb2.ChainLink(index=index, kind=kind, follows=follows, payload=payload, hash=head)


def take_link(chain: LinkChain, link: bridge_pb2.ChainLink) -> None:
    """Takes a link received; raises BrokenChain when it is not the next one as it was sent."""
    chain.take(link.index, link.kind, link.follows, link.payload, link.hash)


def state_to_wire(o: Observation, decision: Decision) -> bridge_pb2.BridgeState:
    """The state an evaluation saw and what came of it."""
    q = o.underlying
    state = bridge_pb2.BridgeState(
        sequence=o.sequence, market_time=timestamp_to_wire(o.now), cause=ObservationCause(o.cause).name,
        bid=_known(q.bid), ask=_known(q.ask), stock_quantity=o.stock_quantity, net_delta=_known(decision.net_delta),
        gamma=_known(decision.gamma), in_session=decision.in_session,
        trading_fsm_state=TradingFSM(decision.trading_fsm).name,
        block_reason="" if decision.block_reason == BlockReason.NONE else BlockReason(decision.block_reason).name,
        order_working=o.order.phase in _WORKING or decision.intent.action == IntentAction.SUBMIT,
        paused=o.commands.paused,
    )  # fmt: skip
    if q.event_time:
        state.quote_time.CopyFrom(timestamp_to_wire(q.event_time))
    for leg, greeks in zip(o.legs, decision.legs, strict=True):
        if leg.active:
            state.legs.add(
                is_call=leg.is_call, strike=leg.strike, contracts=leg.contracts, multiplier=leg.multiplier,
                expiry_close=timestamp_to_wire(leg.expiry_close), bid=_known(leg.bid), ask=_known(leg.ask),
                delta=_known(greeks.delta), gamma=_known(greeks.gamma),
            )  # fmt: skip
    return state


def order_event_to_wire(o: Observation) -> bridge_pb2.BridgeOrderEvent:
    """What is known of the newest order; its phase is not NONE."""
    order = o.order
    event = bridge_pb2.BridgeOrderEvent(
        intent_number=order.intent_number, phase=OrderPhase(order.phase).name, cum_qty=_decimal(order.cum_qty),
        leaves_qty=_decimal(order.leaves_qty), stock_quantity=o.stock_quantity,
    )  # fmt: skip
    if order.cum_qty > 0 and math.isfinite(order.average_price):
        event.average_price.CopyFrom(_decimal(order.average_price))
    if order.event_time:
        event.event_time.CopyFrom(timestamp_to_wire(order.event_time))
    return event


def answer_from_wire(intent: bridge_pb2.BridgeIntent) -> Answer:
    """The answer, checked; raises InvalidValue naming field, value and rule."""
    action = _ACTIONS.get(intent.action)
    if action is None:
        raise InvalidValue("action", intent.action, "NONE, TRADE or CANCEL")
    if action is not IntentAction.SUBMIT:
        for name in ("quantity", "limit_price"):
            if intent.HasField(name):
                raise InvalidValue(name, getattr(intent, name).value, "only with TRADE")
        return Answer(intent.sequence, action, 0.0, math.nan)
    quantity = decimal_from_wire("quantity", intent.quantity)
    if quantity == 0 or quantity != quantity.to_integral_value() or abs(quantity) > MOST_SHARES:
        raise InvalidValue("quantity", intent.quantity.value, f"whole shares, not 0, at most {MOST_SHARES}")
    limit = math.nan
    if intent.HasField("limit_price"):
        limit = float(positive_decimal_from_wire("limit_price", intent.limit_price))
    return Answer(intent.sequence, action, float(quantity), limit)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _decimal(value: float) -> decimal_pb2.Decimal:
    return decimal_to_wire(Decimal(repr(round(value, 6))))
