"""A broker that loses, hides, doubles and corrects: whatever comes, settled answers end with both sides agreed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hedgerow.domain.execution_report import Fill
from hedgerow.domain.order import OrderStatus, Side
from services.execution.domain import commands as c
from services.execution.domain.events import OrderEvent, Resolution
from services.execution.domain.intents import client_order_id_of
from services.execution.domain.ledger import Ledger
from services.execution.domain.payload import from_payload, to_payload
from services.execution.domain.reconcile import Absence, BrokerTruth, Findings, SeenExecution, SeenOrder, reconcile
from tests.unit.services.execution.samples import allow, intent

FATES = ("taken", "lost", "never sent")


@dataclass
class Row:
    """One order as the broker has it."""

    name: str
    order_id: int
    perm_id: int
    left: int
    filled: int = 0
    canceled: bool = False

    @property
    def live(self) -> bool:
        return not self.canceled and self.left > 0

    @property
    def seen(self) -> SeenOrder:
        """As an answer shows it: a completed one has no order id."""
        if self.live:
            status = OrderStatus.PARTIALLY_FILLED if self.filled else OrderStatus.WORKING
            return SeenOrder(self.name, self.order_id, self.perm_id, status, "")
        status = OrderStatus.CANCELED if self.canceled else OrderStatus.FILLED
        return SeenOrder(self.name, 0, self.perm_id, status, "")


class Reconciling(RuleBasedStateMachine):
    """The journal's side is the real ledger, the broker's a model; between them reports that may not arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.events: list[OrderEvent] = []
        self.rows: list[Row] = []
        self.executed: dict[str, tuple[Row, list[int]]] = {}  # execution -> its quantities, revision by revision
        self.told: list[c.Command] = []
        self.numbers = 0
        self.frames: list[str] = []

    def record(self, command: c.Command) -> None:
        self.events += [entry.event for entry in self.ledger.handle(command)]

    def tell(self, command: c.Command, arrives: bool) -> None:
        """A report of the broker's, which may be lost; it can come again later."""
        self.told.append(command)
        if arrives:
            self.record(command)

    @rule(quantity=st.integers(1, 9), fate=st.sampled_from(FATES), acknowledged=st.booleans())
    def submit(self, quantity: int, fate: str, acknowledged: bool) -> None:
        self.numbers += 1
        wanted = intent(self.numbers, quantity, Side.BUY if self.numbers % 3 else Side.SELL)
        name, number = client_order_id_of(wanted), self.ledger.book.last_broker_order_id + 1
        self.record(c.Admit(wanted, allow(wanted), number, 1, 1, 1))
        if fate == "never sent":
            return
        self.frames.append(name)
        self.record(c.MarkSent(name, 1, 1))
        if fate == "taken":
            self.take(name, number, quantity, acknowledged)

    def take(self, name: str, order_id: int, quantity: int, acknowledged: bool) -> None:
        row = Row(name, order_id, 100 + len(self.rows), quantity)
        self.rows.append(row)
        self.tell(c.Acknowledge(name, row.perm_id, 2, 2, "", order_id), acknowledged)

    @precondition(lambda self: any(row.live for row in self.rows))
    @rule(data=st.data(), same_id=st.booleans(), acknowledged=st.booleans())
    def double(self, data: st.DataObject, same_id: bool, acknowledged: bool) -> None:
        row = data.draw(st.sampled_from([row for row in self.rows if row.live]))
        self.take(row.name, row.order_id if same_id else row.order_id + 1000, row.left, acknowledged)

    @precondition(lambda self: any(row.live for row in self.rows))
    @rule(data=st.data(), arrives=st.booleans())
    def execute(self, data: st.DataObject, arrives: bool) -> None:
        row = data.draw(st.sampled_from([row for row in self.rows if row.live]))
        quantity = data.draw(st.integers(1, row.left))
        row.left, row.filled = row.left - quantity, row.filled + quantity
        base = f"e.{len(self.executed)}"
        self.executed[base] = (row, [quantity])
        self.tell(c.RecordFill(row.name, self.fill(base), row.perm_id, 3, 3), arrives)

    @precondition(lambda self: bool(self.executed))
    @rule(data=st.data(), arrives=st.booleans())
    def correct(self, data: st.DataObject, arrives: bool) -> None:
        base = data.draw(st.sampled_from(sorted(self.executed)))
        row, quantities = self.executed[base]
        quantities.append(data.draw(st.integers(0, quantities[-1])))
        self.tell(c.RecordFill(row.name, self.fill(base), row.perm_id, 3, 3), arrives)

    def fill(self, base: str) -> Fill:
        """An execution as it stands."""
        _, quantities = self.executed[base]
        return Fill(f"{base}.{len(quantities):02}", Decimal(quantities[-1]), Decimal(100), None, None, 3)

    @precondition(lambda self: bool(self.told))
    @rule(data=st.data())
    def an_old_report_arrives(self, data: st.DataObject) -> None:
        command = data.draw(st.sampled_from(self.told))
        terminal = self.ledger.book.orders[command.client_order_id].status.is_terminal  # type: ignore[union-attr]
        if not (terminal and isinstance(command, c.Acknowledge)):  # such a one only raises a suspicion
            self.record(command)

    @precondition(lambda self: bool(self.ledger.book.open))
    @rule(data=st.data(), arrives=st.booleans())
    def cancel(self, data: st.DataObject, arrives: bool) -> None:
        name = data.draw(st.sampled_from(list(self.ledger.book.open)))
        self.record(c.RequestCancel(name, "test", 4, 4))
        self.cancel_frames(name, arrives)

    def cancel_frames(self, name: str, arrives: bool = True) -> None:
        """One frame per order id; each reaches the newest order under it, and a report of it brings the next."""
        for number in self.ledger.book.orders[name].broker_ids:
            self.cancel_by_id(number, name, arrives)

    def cancel_by_id(self, number: int, name: str, arrives: bool) -> None:
        live = [row for row in self.rows if row.live and row.order_id == number]
        if live:
            live[-1].canceled = True
            self.tell(c.RecordCancel(name, "", "", 5, 5, live[-1].perm_id), arrives)
            if arrives and not self.ledger.book.orders[name].status.is_terminal:
                self.cancel_by_id(number, name, arrives)

    @precondition(lambda self: any(order.status is OrderStatus.UNKNOWN for order in self.ledger.book.open_orders()))
    @rule(data=st.data())
    def an_operator_says(self, data: st.DataObject) -> None:
        unknown = [each for each in self.ledger.book.open_orders() if each.status is OrderStatus.UNKNOWN]
        order = data.draw(st.sampled_from(unknown))
        words = [OrderStatus.CANCELED]
        if not order.cum_qty:
            words += [OrderStatus.REJECTED, OrderStatus.DENIED]
        becomes = data.draw(st.sampled_from(words))
        word = Resolution(f"r-{len(self.events)}", "ann", "said so")
        self.record(c.Resolve(order.client_order_id, becomes, word, 6, 6))
        assert self.ledger.book.orders[order.client_order_id].status is becomes

    @rule(data=st.data())
    def compare(self, data: st.DataObject) -> None:
        """The broker may hide orders, or not settle: nothing is concluded that a later answer would not mend."""
        hidden = data.draw(st.sets(st.sampled_from([row.name for row in self.rows]))) if self.rows else set()
        before = {each.client_order_id: each.status for each in self.ledger.book.orders.values()}
        settled = data.draw(st.booleans())
        self.reconcile(hidden, settled)
        for name, order in self.ledger.book.orders.items():
            if name in hidden and before[name] is not OrderStatus.UNKNOWN:
                assert order.status is OrderStatus.UNKNOWN if settled and name in self.asked else True
            if not settled and order.status is OrderStatus.UNKNOWN:
                assert before[name] is OrderStatus.UNKNOWN

    def reconcile(self, hidden: set[str], settled: bool) -> Findings:
        book = self.ledger.book
        self.asked = list(book.open)
        shown = sorted((row for row in self.rows if row.name not in hidden), key=lambda row: not row.live)
        truth = BrokerTruth(
            tuple(row.seen for row in shown),
            tuple(
                SeenExecution(row.name, row.order_id, row.perm_id, self.fill(base))
                for base, (row, _) in self.executed.items()
                if row.name not in hidden
            ),
        )
        found = reconcile(
            book, truth, Absence(self.asked, book.sequence, settled), refused={}, cancel_refused=(), market_now=9,
            wall_now=9,
        )  # fmt: skip
        for command in found.commands:
            self.record(command)
        for number in found.strays:
            row = next(row for row in self.rows if row.live and row.order_id == number)
            row.canceled = True
        for name in found.reopened:
            self.record(c.RequestCancel(name, "NO_LONGER_WANTED", 9, 9))
            self.cancel_frames(name)
        return found

    @rule()
    def restart(self) -> None:
        rebuilt = Ledger()
        for event in self.events:
            rebuilt.replay(from_payload(event.kind, json.loads(json.dumps(to_payload(event)))))
        assert rebuilt.book.view() == self.ledger.book.view()
        assert rebuilt.book.resolutions == self.ledger.book.resolutions
        assert rebuilt.book.by_broker_id == self.ledger.book.by_broker_id
        self.ledger = rebuilt

    @invariant()
    def nothing_is_sent_twice_nor_ids_given_twice(self) -> None:
        assert len(set(self.frames)) == len(self.frames)
        numbers = [order.broker_order_id for order in self.ledger.book.orders.values()]
        assert len(set(numbers)) == len(numbers)
        assert all(order.leaves_qty >= 0 for order in self.ledger.book.orders.values())

    def teardown(self) -> None:
        """The broker speaks plainly at last: both sides agree, or the order is UNKNOWN."""
        for _ in range(len(self.rows) + 2):
            found = self.reconcile(set(), settled=True)
        assert not found.blocking
        for name, order in self.ledger.book.orders.items():
            rows = [row for row in self.rows if row.name == name]
            held = sum(quantities[-1] for row, quantities in self.executed.values() if row.name == name)
            assert order.cum_qty == held
            assert not (held and order.status is OrderStatus.DENIED)
            live = any(row.live for row in rows)
            assert not (live and order.status.is_terminal), (order, rows)
            if not live and not order.status.is_terminal:
                assert order.status is OrderStatus.UNKNOWN
                assert not rows
        signed = sum((each.cum_qty * each.intent.side.sign for each in self.ledger.book.orders.values()), Decimal(0))
        assert sum(self.ledger.book.net_positions().values(), Decimal(0)) == signed


TestReconciling = Reconciling.TestCase
TestReconciling.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
