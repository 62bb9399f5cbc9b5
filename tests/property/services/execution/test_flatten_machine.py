"""Whatever the broker does to a flatten: the position only ever shrinks, and it ends done or blocked with a reason."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Side
from services.execution.domain import flatten as f
from services.execution.domain.flatten import Flatten, FlattenEvent, FlattenKind, Flattens, FlattenState, need
from services.execution.domain.payload import flatten_event, flatten_payload
from services.execution.domain.positions import PositionKey

KEY = PositionKey("SIM0000001", "goog", "GOOG")
GOOG = stock("GOOG")
ZERO = Decimal(0)


@dataclass
class Order:
    """An order at the broker: what rests, and what it may still fill."""

    name: str
    signed: Decimal
    own: bool
    cancel_asked: bool = False
    unknown: bool = False


@dataclass
class Broker:
    """A broker that fills, loses cancels, rejects and reports late as its dice say."""

    dice: random.Random
    position: Decimal
    orders: list[Order]
    journal: list[FlattenEvent] = field(default_factory=list)
    flattens: Flattens = field(default_factory=Flattens)
    placed: list[Decimal] = field(default_factory=list)
    filled_own: Decimal = ZERO
    filled_foreign: Decimal = ZERO
    compared: bool = False
    quoted: bool = False
    denials: int = 0
    resting: bool = False
    late: list[Decimal] = field(default_factory=list)

    def apply(self, kind: FlattenKind, **changes: object) -> None:
        """Journals an event and folds it, as its payload reads back."""
        event = FlattenEvent(kind, "f-1", len(self.journal), len(self.journal), **changes)  # type: ignore[arg-type]
        read = flatten_event(kind.value, flatten_payload(event))
        assert read == event
        self.journal.append(event)
        self.flattens.apply(event)

    @property
    def flatten(self) -> Flatten:
        return self.flattens.by_id["f-1"]

    def crash(self) -> None:
        """A new process: everything but the journal, the book and the broker is forgotten."""
        fresh = Flattens()
        numbers = iter(self.flatten.orders)
        for event in self.journal:
            fresh.apply(event)
        for name in numbers:
            fresh.note_order(self._intent_of(name), name)
        assert fresh.by_id == self.flattens.by_id
        self.flattens, self.compared, self.quoted, self.denials, self.resting = fresh, False, False, 0, False

    @staticmethod
    def _intent_of(name: str) -> str:
        return name.removeprefix("hr-")

    def fill(self, order: Order, quantity: Decimal) -> None:
        """Executes some of it."""
        before = self.position
        self.position += quantity
        order.signed -= quantity
        self.compared = False
        if order.own:
            assert abs(self.position) < abs(before)
            assert self.position * before >= 0
            self.filled_own += quantity
        else:
            self.filled_foreign += quantity
        if order.signed == 0:
            self.orders.remove(order)

    def _late_fill(self, quantity: Decimal) -> None:
        self.position += quantity
        self.filled_foreign += quantity

    def happen(self) -> None:
        """Something at the broker, by the dice."""
        if self.late and self.dice.random() < 0.3:
            self._late_fill(self.late.pop())  # of an order that was canceled: the report comes after
            self.compared = False
        for order in list(self.orders):
            roll = self.dice.random()
            if roll < 0.35:
                part = (order.signed * Decimal(self.dice.choice(("0.3", "0.7", "1")))).to_integral_value()
                if part:
                    self.fill(order, part)
            elif order.cancel_asked and roll < 0.8:
                self.orders.remove(order)
                self.compared = False
                if not order.own and self.dice.random() < 0.2:
                    self.late.append(order.signed)
            elif roll > 0.97:
                order.unknown = True
            elif order.unknown and roll < 0.9:
                order.unknown = False

    def around(self) -> f.Surroundings:
        """What the machine is shown."""
        target = self.flatten.target
        orders = tuple(
            f.OpenOrder(each.name, each.own, each.unknown, not each.cancel_asked or self.dice.random() < 0.2,
                        each.own and self.dice.random() < 0.3)
            for each in self.orders
        )  # fmt: skip
        quotes = {"GOOG": f.Quote(749.0, 749.2)} if self.quoted else {}
        return f.Surroundings(
            (f.Line(KEY, GOOG, self.position, target),), orders, self.compared,
            not_ready="BROKER_DOWN" if self.dice.random() < 0.05 else "", quotes=quotes, denials=self.denials,
            denied="TRADING_HALTED halted" if self.denials else "", resting=self.resting,
            slices={"GOOG": Decimal(100)},
        )  # fmt: skip

    def step(self) -> f.Step:
        """One step of the machine, carried out."""
        self.resting = self.resting and self.dice.random() < 0.5
        step = f.decide(self.flatten, self.around())
        match step:
            case f.Cancel():
                for order in self.orders:
                    lost = self.dice.random() < 0.3
                    order.cancel_asked = order.cancel_asked or (order.name in step.names and not lost)
            case f.Compare():
                self._late_fill(sum(self.late, ZERO))  # the broker tells what was late
                self.late.clear()
                self.compared = True
            case f.Ask():
                if self.flatten.state is not FlattenState.CLOSING:
                    self.apply(FlattenKind.CLOSING)
                self.quoted = self.dice.random() < 0.8
            case f.Place():
                self.quoted = False
                self._place(step)
            case f.Block():
                if self.flatten.state is not FlattenState.BLOCKED:
                    self.apply(FlattenKind.BLOCKED, reason=step.reason)
            case f.Done():
                self.apply(FlattenKind.DONE)
        return step

    def _place(self, step: f.Place) -> None:
        wanted = need(self.position, self.flatten.target)
        assert not self.orders
        assert step.side is (Side.BUY if wanted > 0 else Side.SELL)
        assert 0 < step.quantity <= min(abs(wanted), 100)
        intent_id = self.flatten.next_intent_id
        name = f"hr-{intent_id}"
        assert name not in self.flatten.orders
        self.flattens.note_order(intent_id, name)
        if self.dice.random() < 0.15:
            self.denials, self.resting = self.denials + 1, True
            return
        self.denials = 0
        signed = step.quantity * step.side.sign
        self.placed.append(signed)
        self.orders.append(Order(name, signed, own=True))
        self.compared = False


@settings(max_examples=400, deadline=None)
@given(st.integers(-600, 600), st.integers(0, 100), st.lists(st.integers(-80, 80), max_size=3), st.integers(0, 2**32))
def test_a_flatten_only_reduces_and_ends(start: int, percent: int, resting: list[int], seed: int) -> None:
    dice = random.Random(seed)
    orders = [Order(f"s{n}", Decimal(signed), own=False) for n, signed in enumerate(resting) if signed]
    broker = Broker(dice, Decimal(start), orders)
    target = Decimal(start * percent // 100) if dice.random() < 0.3 else ZERO
    broker.apply(
        FlattenKind.BEGUN, strategy="goog", target=target, positions=(f.Held(KEY.account, GOOG, Decimal(start)),)
    )
    for _ in range(3000):
        if broker.flatten.state is FlattenState.DONE and not broker.late:
            break
        if broker.flatten.state is FlattenState.DONE:
            broker.apply(FlattenKind.CLOSING, reason="LATE_FILL")
        if dice.random() < 0.03:
            broker.crash()
        broker.step()
        broker.happen()
    assert broker.flatten.state is FlattenState.DONE
    assert need(broker.position, target) == 0
    assert not broker.orders
    # What was executed of the closing orders, and nothing else, took the strategy's own fills to the target.
    assert start + broker.filled_foreign + broker.filled_own == broker.position
    assert abs(broker.filled_own) <= sum(map(abs, broker.placed))


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_what_is_needed_never_takes_the_position_past_zero_or_target(position: int, target: int) -> None:
    held, aim = Decimal(position), Decimal(target)
    after = held + need(held, aim)
    assert abs(after) <= abs(held)
    assert after * held >= 0
    if aim * held >= 0 and abs(aim) <= abs(held):
        assert after == aim


def test_an_order_nobody_can_prove_and_a_break_block_by_name() -> None:
    broker = Broker(random.Random(1), Decimal(40), [])
    broker.apply(FlattenKind.BEGUN, strategy="goog")
    unknown = f.OpenOrder("hr-1", own=False, unknown=True, cancel_due=False)
    line = f.Line(KEY, GOOG, Decimal(40), ZERO)
    assert f.decide(broker.flatten, f.Surroundings((line,), (unknown,), compared=True)) == f.Block(
        "UNKNOWN_ORDER hr-1: nobody can prove what became of it"
    )
    broken = line._replace(broken="the broker holds 10")
    assert f.decide(broker.flatten, f.Surroundings((broken,), (), compared=True)) == f.Block(
        "POSITION_BREAK the broker holds 10"
    )
    halted = f.Surroundings((line,), (), compared=True, denials=3, denied="TRADING_HALTED x", resting=True)
    assert f.decide(broker.flatten, halted) == f.Block("TRADING_HALTED x")


def test_a_second_flatten_waits_for_the_first_and_the_latch_is_the_newest_done() -> None:
    flattens = Flattens()
    for name in ("a", "b"):
        flattens.apply(FlattenEvent(FlattenKind.BEGUN, name, 1, 1, strategy="goog"))
    current = flattens.current("goog")
    assert current is not None
    assert current.request_id == "a"
    flattens.apply(FlattenEvent(FlattenKind.DONE, "a", 2, 2))
    current = flattens.current("goog")
    assert current is not None
    assert current.request_id == "b"
    flattens.apply(FlattenEvent(FlattenKind.DONE, "b", 3, 3))
    assert flattens.current("goog") is None
    latch = flattens.latch("goog")
    assert latch is not None
    assert not latch.under_way
    for name in ("a", "b"):
        flattens.apply(FlattenEvent(FlattenKind.LIFTED, name, 4, 4))
    assert flattens.latch("goog") is None
    assert list(flattens.latched()) == []
