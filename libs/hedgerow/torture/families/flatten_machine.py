"""Promise 7 on pure code: whatever the broker does to a flatten, positions only shrink and it ends at its target."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from hedgerow.domain.instrument import Instrument, parse_instrument_id, stock
from hedgerow.domain.order import Side
from hedgerow.domain.position import ZERO
from hedgerow.torture.registry import CaseFailed, Kind, family, require
from services.execution.domain import flatten as f
from services.execution.domain.flatten import Flatten, FlattenEvent, FlattenKind, Flattens, FlattenState, need
from services.execution.domain.payload import flatten_event, flatten_payload
from services.execution.domain.positions import PositionKey

if TYPE_CHECKING:
    from hedgerow.torture.rig import Rig

ACCOUNT, STRATEGY = "SIM0000001", "goog"
GOOG = stock("GOOG")
LEGS = (parse_instrument_id("GOOG 20160122 750 C", 100), parse_instrument_id("GOOG 20160122 750 P", 100))
LARGEST_SLICE = Decimal(100)
STEPS = 6000
"""A machine that has not come to its end after so many steps never will."""


@family("flatten-machine", promise=7, kind=Kind.PROPERTY, release=10_000)
def flatten_machine(seed: int, rig: Rig) -> None:
    """Random portfolios, one or two flattens of one strategy, lost cancels, late fills, refusals, crashes midway."""
    FlattenWorld.rolled(random.Random(seed)).play()


@dataclass
class Order:
    """An order at the broker: what rests, signed, and what was asked of it."""

    name: str
    instrument_id: str
    signed: Decimal
    own: bool
    cancel_asked: bool = False
    unknown: bool = False


@dataclass
class FlattenWorld:
    """A broker that fills, loses cancels, rejects and reports late as its dice say, and the machine beside it."""

    dice: random.Random
    positions: dict[str, Decimal]
    orders: list[Order]
    instruments: dict[str, Instrument]
    asked: list[tuple[str, Decimal, bool]]
    journal: list[FlattenEvent] = field(default_factory=list)
    flattens: Flattens = field(default_factory=Flattens)
    intents: list[tuple[str, str]] = field(default_factory=list)
    placed: Decimal = ZERO
    filled_own: Decimal = ZERO
    compared: bool = False
    quoted: set[str] = field(default_factory=set)
    denials: int = 0
    resting: bool = False
    late: list[tuple[str, Decimal]] = field(default_factory=list)

    @classmethod
    def rolled(cls, dice: random.Random) -> FlattenWorld:
        """A portfolio, resting orders and one or two flattens, by the dice."""
        legs = LEGS if dice.random() < 0.4 else ()
        instruments = {each.instrument_id: each for each in (GOOG, *legs)}
        positions = {name: Decimal(dice.randint(-600, 600)) for name in instruments}
        orders = [
            Order(f"s{number}", dice.choice(list(instruments)), Decimal(signed), own=False)
            for number in range(dice.randint(0, 3))
            if (signed := dice.randint(-80, 80))
        ]
        target = positions["GOOG"] * dice.randint(0, 100) // 100 if dice.random() < 0.3 else ZERO
        asked = [("f-1", target, bool(legs))]
        if dice.random() < 0.3:
            asked.append(("f-2", ZERO, bool(legs)))
        return cls(dice, positions, orders, instruments, asked)

    @property
    def flatten(self) -> Flatten:
        """The one to work on: the oldest that is not over, else the latch a late fill opens again."""
        found = self.flattens.current(STRATEGY) or self.flattens.latch(STRATEGY)
        if found is None:
            raise CaseFailed("no flatten stands")
        return found

    def play(self) -> None:
        """Steps until everything asked is done."""
        for _ in range(STEPS):
            if self.asked and (not self.journal or self.dice.random() < 0.1):
                self._begin(*self.asked.pop(0))
            flatten = self.flatten
            if flatten.state is FlattenState.DONE and not (self.late or self.asked):
                break
            if flatten.state is FlattenState.DONE:
                self._apply(flatten, FlattenKind.CLOSING, reason="LATE_FILL")
            if self.dice.random() < 0.03:
                self._crash()
            self._step(self.flatten)
            self._happen()
        last = self.flatten
        require(last.state is FlattenState.DONE, f"{last.request_id} is {last.state.value} after {STEPS} steps")
        for name, quantity in self.positions.items():
            aim = last.target if name == "GOOG" else ZERO
            require(need(quantity, aim) == 0, f"{quantity} {name} are left, the target is {aim}")
        require(not self.orders, "done with orders at the broker")
        require(abs(self.filled_own) <= self.placed, f"{self.filled_own} filled of {self.placed} placed")

    def _begin(self, request_id: str, target: Decimal, include_options: bool) -> None:
        held = tuple(f.Held(ACCOUNT, self.instruments[name], quantity) for name, quantity in self.positions.items())
        event = FlattenEvent(
            FlattenKind.BEGUN, request_id, 1, 1, strategy=STRATEGY, target=target, include_options=include_options,
            positions=held,
        )  # fmt: skip
        self._journal(event)

    def _apply(self, flatten: Flatten, kind: FlattenKind, reason: str = "") -> None:
        self._journal(FlattenEvent(kind, flatten.request_id, 2, 2, reason=reason))

    def _journal(self, event: FlattenEvent) -> None:
        read = flatten_event(event.kind.value, flatten_payload(event))
        require(read == event, f"{event.kind} reads back as another event")
        self.journal.append(event)
        self.flattens.apply(event)

    def _crash(self) -> None:
        """A new process: everything but the journal, the book and the broker is forgotten."""
        fresh = Flattens()
        for event in self.journal:
            fresh.apply(event)
        for intent_id, name in self.intents:
            fresh.note_order(intent_id, name)
        # Orders and events fold in any order; only the times of the last change could tell.
        require(fresh.by_id == self.flattens.by_id, "the journal rebuilds another flatten")
        self.flattens, self.compared, self.denials, self.resting = fresh, False, 0, False
        self.quoted.clear()

    def _fill(self, order: Order, quantity: Decimal) -> None:
        before = self.positions[order.instrument_id]
        after = self.positions[order.instrument_id] = before + quantity
        order.signed -= quantity
        self.compared = False
        if order.own:
            require(abs(after) < abs(before), f"{order.instrument_id} went from {before} to {after}")
            require(after * before >= 0, f"{order.instrument_id} crossed zero, from {before} to {after}")
            self.filled_own += abs(quantity)
        if order.signed == 0:
            self.orders.remove(order)

    def _happen(self) -> None:
        """Something at the broker, by the dice."""
        if self.late and self.dice.random() < 0.3:
            name, quantity = self.late.pop()  # of an order that was canceled: the report comes after
            self.positions[name] += quantity
            self.compared = False
        for order in list(self.orders):
            roll = self.dice.random()
            if roll < 0.35:
                part = (order.signed * Decimal(self.dice.choice(("0.3", "0.7", "1")))).to_integral_value()
                if part:
                    self._fill(order, part)
            elif order.cancel_asked and roll < 0.8:
                self.orders.remove(order)
                self.compared = False
                if not order.own and self.dice.random() < 0.2:
                    self.late.append((order.instrument_id, order.signed))
            elif roll > 0.97:
                order.unknown = True
            elif order.unknown and roll < 0.9:
                order.unknown = False

    def _around(self, flatten: Flatten) -> f.Surroundings:
        """What the machine is shown."""
        orders = tuple(
            f.OpenOrder(each.name, each.own, each.unknown, not each.cancel_asked or self.dice.random() < 0.2,
                        each.own and self.dice.random() < 0.3)
            for each in self.orders
        )  # fmt: skip
        lines = tuple(
            f.Line(PositionKey(ACCOUNT, STRATEGY, name), self.instruments[name], quantity,
                   flatten.target if name == "GOOG" else ZERO)
            for name, quantity in self.positions.items()
        )  # fmt: skip
        return f.Surroundings(
            lines, orders, self.compared, not_ready="BROKER_DOWN" if self.dice.random() < 0.05 else "",
            legs_known=flatten.legs is not None, quotes={name: f.Quote(749.0, 749.2) for name in self.quoted},
            denials=self.denials, denied="TRADING_HALTED halted" if self.denials else "", resting=self.resting,
            slices=dict.fromkeys(self.instruments, LARGEST_SLICE),
        )  # fmt: skip

    def _step(self, flatten: Flatten) -> None:
        """One step of the machine, carried out."""
        self.resting = self.resting and self.dice.random() < 0.5
        step = f.decide(flatten, self._around(flatten))
        match step:
            case f.Cancel():
                for order in self.orders:
                    lost = self.dice.random() < 0.3
                    order.cancel_asked = order.cancel_asked or (order.name in step.names and not lost)
            case f.Compare():
                for name, quantity in self.late:  # the broker tells what was late
                    self.positions[name] += quantity
                self.late.clear()
                self.compared = True
            case f.FindLegs():
                self._apply(flatten, FlattenKind.LEGS)
            case f.Ask():
                if flatten.state is not FlattenState.CLOSING:
                    self._apply(flatten, FlattenKind.CLOSING)
                if self.dice.random() < 0.8:
                    self.quoted.add(step.instrument.instrument_id)
            case f.Place():
                self.quoted.clear()
                self._place(flatten, step)
            case f.Block():
                if flatten.state is not FlattenState.BLOCKED:
                    self._apply(flatten, FlattenKind.BLOCKED, reason=step.reason)
            case f.Done():
                self._apply(flatten, FlattenKind.DONE)

    def _place(self, flatten: Flatten, step: f.Place) -> None:
        name = step.line.instrument.instrument_id
        wanted = need(self.positions[name], flatten.target if name == "GOOG" else ZERO)
        require(not self.orders, "a closing order beside another order")
        require(step.side is (Side.BUY if wanted > 0 else Side.SELL), f"{step.side.value} where {wanted} are needed")
        require(0 < step.quantity <= min(abs(wanted), LARGEST_SLICE), f"{step.quantity} where {wanted} are needed")
        intent_id = flatten.next_intent_id
        require(intent_id not in {known for known, _ in self.intents}, f"intent {intent_id} is used twice")
        self.intents.append((intent_id, f"hr-{intent_id}"))
        self.flattens.note_order(intent_id, f"hr-{intent_id}")
        if self.dice.random() < 0.15:
            self.denials, self.resting = self.denials + 1, True
            return
        self.denials = 0
        self.placed += step.quantity
        self.orders.append(Order(f"hr-{intent_id}", name, step.quantity * step.side.sign, own=True))
        self.compared = False
