"""Broker truth against the book: what to record, what is unproven, what differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.domain.execution_report import Fill
from hedgerow.domain.order import OrderStatus
from hedgerow.domain.position import ZERO
from services.execution.domain import commands as c
from services.execution.domain.book import Book

REFERENCE_PREFIX = "hr-"
"""How every client_order_id of ours begins, at the broker too."""


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """One order of an open-orders or completed-orders answer."""

    client_order_id: str
    broker_order_id: int
    perm_id: int
    status: OrderStatus
    text: str


@dataclass(frozen=True, slots=True)
class SeenExecution:
    """One execution of an executions answer; `client_order_id` may be empty, then perm id and order id tell."""

    client_order_id: str
    broker_order_id: int
    perm_id: int
    fill: Fill


@dataclass(frozen=True, slots=True)
class BrokerTruth:
    """Answers to all four questions, asked in this order: open orders, completed orders, executions, positions."""

    orders: tuple[SeenOrder, ...]
    executions: tuple[SeenExecution, ...]
    positions: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # (account, instrument_id) -> signed


@dataclass(frozen=True, slots=True)
class Findings:
    """What a comparison came to: commands to record, then the blocking and the remarkable differences, in words."""

    commands: list[c.Command]
    blocking: list[str]
    remarks: list[str]


def reconcile(
    book: Book, truth: BrokerTruth, *, asked: Collection[str], refused: Mapping[str, str],
    cancel_refused: Collection[str], market_now: int, wall_now: int,
) -> Findings:  # fmt: skip
    """Compares; `asked` are the open orders the broker had been told of when it was asked.

    `refused` maps orders to the text of an explicit broker reject, which counts as proof only
    together with the order's absence here; `cancel_refused` are orders whose cancel the broker
    would not take: shown as open, they are no longer PENDING_CANCEL. An order in `asked` that is
    nowhere becomes UNKNOWN: not found does not mean that it never existed.
    """
    commands: list[c.Command] = []
    blocking: list[str] = []
    seen: set[str] = set()
    for execution in truth.executions:
        name = _name(book, execution.client_order_id, execution.broker_order_id, execution.perm_id)
        if name is None:
            if execution.client_order_id.startswith(REFERENCE_PREFIX):
                blocking.append(
                    f"execution {execution.fill.execution_id} of {execution.client_order_id}: not our order"
                )
            continue
        seen.add(name)
        commands.append(c.RecordFill(name, execution.fill, execution.perm_id, market_now, wall_now, "RECONCILED"))
    filled = dict.fromkeys(seen, ZERO)
    for execution in truth.executions:
        name = _name(book, execution.client_order_id, execution.broker_order_id, execution.perm_id)
        if name is not None:
            filled[name] += execution.fill.quantity
    for order in truth.orders:
        name = _name(book, order.client_order_id, order.broker_order_id, order.perm_id)
        if name is None:
            if order.client_order_id.startswith(REFERENCE_PREFIX) and not order.status.is_terminal:
                blocking.append(f"order {order.client_order_id} is open at the broker and not in the journal")
            continue
        seen.add(name)
        acknowledged = "CANCEL_REFUSED" if name in cancel_refused else ""
        commands += _evidence(book, name, order, filled.get(name, ZERO), acknowledged, market_now, wall_now)
    for name in asked:
        known = book.orders[name]
        if name in seen or known.status.is_terminal:
            continue
        if name in refused:
            commands.append(c.RecordReject(name, "BROKER_REJECTED", refused[name], market_now, wall_now))
            continue
        text = "in no open order, completed order or execution of the broker"
        commands.append(c.MarkUnknown(name, "NOT_FOUND_AT_BROKER", text, market_now, wall_now))
    return Findings(commands, blocking, position_differences(book, truth))


def _name(book: Book, client_order_id: str, broker_order_id: int, perm_id: int) -> str | None:
    if client_order_id in book.orders:
        return client_order_id
    if client_order_id:
        return None
    if perm_id and perm_id in book.by_perm_id:
        return book.by_perm_id[perm_id]
    return book.by_broker_id.get(broker_order_id) if broker_order_id else None


def _evidence(
    book: Book, name: str, order: SeenOrder, filled: Decimal, acknowledged: str, market_now: int, wall_now: int
) -> list[c.Command]:
    known = book.orders[name]
    match order.status:
        case OrderStatus.CANCELED:
            return [c.RecordCancel(name, "RECONCILED", order.text, market_now, wall_now)]
        case OrderStatus.REJECTED:
            return [c.RecordReject(name, "BROKER_REJECTED", order.text, market_now, wall_now)]
        case OrderStatus.FILLED if max(filled, known.cum_qty) < known.intent.quantity:
            text = f"the broker says filled, its executions add up to {filled} of {known.intent.quantity}"
            return [c.MarkUnknown(name, "FILL_MISSING", text, market_now, wall_now)]
        case OrderStatus.UNKNOWN:
            text = order.text or "the broker shows it in a state that proves nothing"
            return [c.MarkUnknown(name, "BROKER_STATE_UNKNOWN", text, market_now, wall_now)]
        case OrderStatus.SENT:
            return []  # the broker holds it back; neither acknowledged nor lost
    return [c.Acknowledge(name, order.perm_id, market_now, wall_now, acknowledged)]


def position_differences(book: Book, truth: BrokerTruth) -> list[str]:
    """Instruments this journal traded where the broker's net differs, in words: MANUAL holdings, or a break.

    Who owns the rest is portfolio's ledger to say, so a difference is remarked, not a block.
    """
    remarks = []
    for (account, instrument_id), quantity in sorted(book.net_positions().items()):
        broker = truth.positions.get((account, instrument_id), ZERO)
        if broker != quantity:
            remarks.append(f"{account} {instrument_id}: journal {quantity}, broker {broker}")
    return remarks
