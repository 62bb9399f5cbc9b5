"""Broker truth against the book: what to record, what is unproven, what differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.domain.execution_report import Fill, split_revision
from hedgerow.domain.order import OrderStatus
from hedgerow.domain.position import ZERO
from services.execution.domain import commands as c
from services.execution.domain.book import Book
from services.execution.domain.orders import Order

REFERENCE_PREFIX = "hr-"
"""How every client_order_id of ours begins, at the broker too."""

_LIVE = frozenset({
    OrderStatus.SENT, OrderStatus.WORKING, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_CANCEL
})  # fmt: skip

_RESTING = frozenset({OrderStatus.WORKING, OrderStatus.PARTIALLY_FILLED})


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """One order of an open-orders or completed-orders answer; `client_id` is set where it is not this connection's."""

    client_order_id: str
    broker_order_id: int
    perm_id: int
    status: OrderStatus
    text: str
    client_id: int = 0


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
class Absence:
    """What may be concluded from an order's not being there.

    `settled`: the broker said the same twice running. `asked` are the open orders it had been told of before;
    `since` is the book's sequence when it was asked last, so that what changed later is no contradiction.
    `reason` says why an order may be missing.
    """

    asked: Collection[str]
    since: int
    settled: bool = True
    reason: str = "NOT_FOUND_AT_BROKER"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a comparison came to: commands to record, then the blocking and the remarkable differences, in words.

    `absent` are orders the broker shows nowhere; `reopened` were terminal here and are live there; `strays` are
    broker order ids that rest there although their order is filled: both have to be canceled. `lingering` were to be
    canceled and rest there as if nobody had asked.
    """

    commands: list[c.Command] = field(default_factory=list)
    blocking: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    strays: list[int] = field(default_factory=list)
    lingering: list[str] = field(default_factory=list)


def reconcile(
    book: Book, truth: BrokerTruth, absence: Absence, *, refused: Mapping[str, str], cancel_refused: Collection[str],
    market_now: int, wall_now: int,
) -> Findings:  # fmt: skip
    """Compares.

    `refused` maps orders to the text of an explicit broker reject, which counts as proof only
    together with the order's absence here; `cancel_refused` are orders whose cancel the broker
    would not take: shown as open, they are no longer PENDING_CANCEL. An order asked about that is
    nowhere becomes UNKNOWN: not found does not mean that it never existed.
    """
    found = Findings()
    seen: set[str] = set()
    executed: dict[str, list[Fill]] = {}
    for execution in truth.executions:
        name = book.name_of(execution.client_order_id, execution.broker_order_id, execution.perm_id)
        if name is not None:
            executed.setdefault(name, []).append(execution.fill)
            fill = c.RecordFill(name, execution.fill, execution.perm_id, market_now, wall_now, "RECONCILED")
            found.commands.append(fill)
        elif execution.client_order_id.startswith(REFERENCE_PREFIX):
            text = f"execution {execution.fill.execution_id} of {execution.client_order_id}: not our order"
            found.blocking.append(text)
    # Executed in part and nowhere else it is as lost as any other.
    seen.update(name for name, fills in executed.items() if _filled(book.orders[name], fills)[0])
    for order in truth.orders:
        name = book.name_of(order.client_order_id, order.broker_order_id, order.perm_id)
        if name is None:
            if order.client_order_id.startswith(REFERENCE_PREFIX) and not order.status.is_terminal:
                found.blocking.append(f"order {order.client_order_id} is open at the broker and not in the journal")
            continue
        seen.add(name)
        known = book.orders[name]
        if order.client_id and order.status in _LIVE:
            text = f"order {name} rests at the broker under client id {order.client_id}: only that one can cancel it"
            found.blocking.append(text)
        if order.status in _LIVE and known.status.is_terminal:
            if absence.settled and known.sequence <= absence.since:
                _revive(found, known, order, market_now, wall_now)
            continue
        acknowledged = "CANCEL_REFUSED" if name in cancel_refused else ""
        evidence = _evidence(known, order, executed.get(name, []), acknowledged, market_now, wall_now)
        found.commands.extend(evidence)
        if known.cancel_sent and order.status in _RESTING and not (acknowledged or order.client_id):
            found.lingering.append(name)
    if absence.settled:
        for name in absence.asked:
            if name not in seen and not book.orders[name].status.is_terminal:
                found.commands.append(_missing(name, refused, absence.reason, market_now, wall_now))
                found.absent.append(name)
    found.remarks.extend(position_differences(book, truth))
    return found


def _missing(name: str, refused: Mapping[str, str], reason: str, market_now: int, wall_now: int) -> c.Command:
    if name in refused:
        return c.RecordReject(name, "BROKER_REJECTED", refused[name], market_now, wall_now)
    text = "in no open order, completed order or execution of the broker"
    return c.MarkUnknown(name, reason, text, market_now, wall_now)


def _revive(found: Findings, known: Order, order: SeenOrder, market_now: int, wall_now: int) -> None:
    """The broker shows as live what is terminal here: nobody wants it any more, so it has to go."""
    name = known.client_order_id
    if known.status is OrderStatus.FILLED:
        if not order.client_id:
            found.strays.append(order.broker_order_id)
        found.blocking.append(
            f"order {name} is filled and rests at the broker once more (order id {order.broker_order_id}, "
            f"permanent id {order.perm_id})"
        )
        return
    text = f"{known.status.value} in the journal, {order.status.value} at the broker: {order.text}"
    found.commands.append(c.Reopen(name, order.perm_id, order.broker_order_id, text, market_now, wall_now))
    found.reopened.append(name)


def _evidence(
    known: Order, order: SeenOrder, executed: list[Fill], acknowledged: str, market_now: int, wall_now: int
) -> list[c.Command]:
    name = known.client_order_id
    match order.status:
        case OrderStatus.CANCELED:
            return [c.RecordCancel(name, "RECONCILED", order.text, market_now, wall_now, order.perm_id)]
        case OrderStatus.REJECTED:
            return [c.RecordReject(name, "BROKER_REJECTED", order.text, market_now, wall_now)]
        case OrderStatus.FILLED:
            whole, filled, latest = _filled(known, executed)
            text = f"the broker says filled, its executions add up to {filled} of {known.intent.quantity}"
            if not whole:
                if any(split_revision(fill.execution_id)[1] > 1 for fill in latest.values()):
                    # A correction took some back: the order is done all the same, with what is left.
                    return [c.RecordCancel(name, "CORRECTED", text, market_now, wall_now)]
                return [c.MarkUnknown(name, "FILL_MISSING", text, market_now, wall_now)]
        case OrderStatus.UNKNOWN:
            text = order.text or "the broker shows it in a state that proves nothing"
            return [c.MarkUnknown(name, "BROKER_STATE_UNKNOWN", text, market_now, wall_now)]
        case OrderStatus.SENT:
            return []  # the broker holds it back; neither acknowledged nor lost
    number = 0 if order.client_id else order.broker_order_id  # a cancel by an id of another client reaches nothing
    return [c.Acknowledge(name, order.perm_id, market_now, wall_now, acknowledged, number)]


def _filled(known: Order, executed: list[Fill]) -> tuple[bool, Decimal, dict[str, Fill]]:
    """Whether all of the order is executed by what either side knows, how much, and the executions that say so."""
    latest = _latest([*known.executions.values(), *executed])
    filled = sum((fill.quantity for fill in latest.values()), ZERO)
    return filled >= known.intent.quantity, filled, latest


def _latest(fills: list[Fill]) -> dict[str, Fill]:
    """The highest revision of each execution."""
    latest: dict[str, Fill] = {}
    for fill in fills:
        base, revision = split_revision(fill.execution_id)
        known = latest.get(base)
        if known is None or split_revision(known.execution_id)[1] < revision:
            latest[base] = fill
    return latest


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
