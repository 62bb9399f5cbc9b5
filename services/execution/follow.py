"""What the broker says, event by event, recorded: fills from executions only, errors as reasons to ask."""

from __future__ import annotations

from collections.abc import Callable

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.execution_report import split_revision
from hedgerow.domain.order import OrderStatus
from hedgerow.failpoints import failpoint
from hedgerow.telemetry.logs import get_logger
from services.execution.barrier import Barrier
from services.execution.domain import commands as c
from services.execution.domain.reconcile import REFERENCE_PREFIX
from services.execution.order_log import OrderLog
from services.execution.ports import BrokerEvent, CommissionSeen, ExecutionSeen, OrderSeen, OrderTrouble

_RESTING = frozenset({OrderStatus.WORKING, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_CANCEL})
_LIVE = _RESTING | {OrderStatus.FILLED}


class Follower:
    """Turns broker events into commands on the log; called inside the network read that brought them."""

    def __init__(
        self, log: OrderLog, barrier: Barrier, clock: Clock, on_unplaced: Callable[[str], None],
        cancel_again: Callable[[str], None],
    ) -> None:  # fmt: skip
        """`on_unplaced` hears in words what bears our name and is not ours; `cancel_again` which order lives on.

        A canceled order may do so under another permanent id: one cancel reaches one of them.
        """
        self._cancel_again = cancel_again
        self._log = log
        self._barrier = barrier
        self._clock = clock
        self._on_unplaced = on_unplaced
        self._logger = get_logger()

    def on_event(self, event: BrokerEvent) -> None:
        """Records one event; what was known already changes nothing."""
        failpoint("follow.event")
        market, wall = self._clock.market_now(), wall_now()
        match event:
            case ExecutionSeen():
                name = self._log.book.name_of(event.client_order_id, event.broker_order_id, event.perm_id)
                if name is not None:
                    over = self._log.book.orders[name].status
                    failpoint("follow.fill")
                    self._log.record(c.RecordFill(name, event.fill, event.perm_id, event.fill.event_time, wall))
                    failpoint("follow.filled")
                    corrected = split_revision(event.fill.execution_id)[1] > 1
                    if corrected and not self._log.book.orders[name].status.is_terminal:
                        self._barrier.suspect(name)  # done at the broker, perhaps, and less than it was
                    elif over.is_terminal:
                        self._take_back(name, market, wall)
                elif event.client_order_id.startswith(REFERENCE_PREFIX):
                    self._on_unplaced(f"execution {event.fill.execution_id}: {event.client_order_id} is no known order")
            case CommissionSeen():
                cost = c.RecordCommission(event.execution_id, event.amount, event.realized_pnl, market, wall)
                failpoint("follow.commission")
                self._log.record(cost)
            case OrderSeen():
                self._order(event, market, wall)
            case OrderTrouble():
                name = self._log.book.by_broker_id.get(event.broker_order_id)
                if name is not None and not self._log.book.orders[name].status.is_terminal:
                    self._logger.warning("broker error on an order", order=name, code=event.code, text=event.text)
                    text = f"{event.code}: {event.text}"
                    self._barrier.suspect(
                        name, refused=text if event.rejects else "", cancel_refused=event.cancel_refused
                    )

    def _order(self, event: OrderSeen, market: int, wall: int) -> None:
        failpoint("follow.status")
        name = self._log.book.name_of(event.client_order_id, event.broker_order_id, event.perm_id)
        if name is None:
            return
        known = self._log.book.orders[name]
        if known.status.is_terminal and event.status in _RESTING:
            another = event.perm_id not in known.perm_ids
            if another or known.status is not OrderStatus.FILLED:
                self._barrier.suspect(name)  # late news, or it lives on
            if not another:
                return
        match event.status:
            case OrderStatus.CANCELED:
                failpoint("follow.canceled")
                self._log.record(c.RecordCancel(name, "", event.text, market, wall, event.perm_id))
                order = self._log.book.orders[name]
                if order.cancel_sent and not order.status.is_terminal and event.perm_id in order.canceled_perm_ids:
                    self._cancel_again(name)
            case OrderStatus.REJECTED:
                failpoint("follow.rejected")
                self._log.record(c.RecordReject(name, "BROKER_REJECTED", event.text, market, wall))
            case status if status in _LIVE:
                failpoint("follow.acknowledged")
                self._log.record(c.Acknowledge(name, event.perm_id, market, wall, "", event.broker_order_id))
            case OrderStatus.UNKNOWN:
                self._barrier.suspect(name)
        if known.status.is_terminal:
            self._take_back(name, market, wall)
        if event.filled > self._log.book.orders[name].cum_qty:
            self._barrier.claim(name, event.filled)

    def _take_back(self, name: str, market: int, wall: int) -> None:
        """What was over and lives on is canceled: nobody wants it any more."""
        if not self._log.book.orders[name].status.is_terminal:
            self._barrier.suspect(name)
            self._log.record(c.RequestCancel(name, "NO_LONGER_WANTED", market, wall))
            self._cancel_again(name)
