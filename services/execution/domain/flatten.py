"""A flatten as a pure machine: decide(flatten, surroundings) -> the next step, apply(event) -> where it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from hedgerow.domain.command import FLATTEN_INTENT_PREFIX
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import Side
from hedgerow.domain.position import ZERO
from services.execution.domain.positions import PositionKey

BLOCKING_DENIALS = 3
"""So many refusals in a row and the flatten is blocked; it goes on trying, ever more rarely."""


MOVING = frozenset({"CANCELING", "WORKING", "LATE_FILL"})
"""Codes of a wait for an order, not for a cause to be gone."""


class FlattenState(StrEnum):
    """Where a flatten stands."""

    CANCELING = "CANCELING"  # recorded: new intents are refused, resting orders are being canceled
    CLOSING = "CLOSING"  # reduce-only orders are being worked
    DONE = "DONE"
    BLOCKED = "BLOCKED"  # cannot go on without an operator; goes on by itself once the cause is gone


class FlattenKind(StrEnum):
    """What the journal tells of a flatten; every name begins with FLATTEN_."""

    BEGUN = "FLATTEN_BEGUN"
    LEGS = "FLATTEN_LEGS"  # the option legs the strategy took over are known
    CLOSING = "FLATTEN_CLOSING"
    BLOCKED = "FLATTEN_BLOCKED"
    DONE = "FLATTEN_DONE"
    LIFTED = "FLATTEN_LIFTED"  # resumed: the latch is gone, a blocked flatten given up


class Held(NamedTuple):
    """A position in words the journal can hold."""

    account: str
    instrument: Instrument
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class FlattenEvent:
    """One fact about one flatten; `event_time` is market time, `receive_time` wall time, ns UTC.

    BEGUN carries what was asked: `asked_time` is the wall time of the command, `sequence` its place in the command
    store, or that of the newest command heard before it was asked otherwise, `positions` those before. LEGS
    carries in `positions` what the strategy holds beyond its own executions, DONE the positions after.
    """

    kind: FlattenKind
    request_id: str
    event_time: int
    receive_time: int
    strategy: str = ""
    target: Decimal = ZERO
    include_options: bool = False
    asked_time: int = 0
    actor: str = ""
    reason: str = ""
    positions: tuple[Held, ...] = ()
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Flatten:
    """A flatten as its events add up; `reason` says why it is BLOCKED, `lifted` that a resume ended it."""

    request_id: str
    strategy: str
    target: Decimal
    include_options: bool
    asked_time: int
    actor: str
    why: str
    before: tuple[Held, ...]
    created_at: int
    updated_at: int
    state: FlattenState = FlattenState.CANCELING
    reason: str = ""
    legs: tuple[Held, ...] | None = None
    lifted: bool = False
    orders: tuple[str, ...] = ()
    sequence: int = 0

    @property
    def under_way(self) -> bool:
        """Whether it is being worked and no operator's decision is asked for."""
        return not self.lifted and self.state in (FlattenState.CANCELING, FlattenState.CLOSING)

    @property
    def active(self) -> bool:
        """Whether there is anything left to do, blocked or not."""
        return not self.lifted and self.state is not FlattenState.DONE

    @property
    def prefix(self) -> str:
        """How the ids of its intents begin."""
        return f"{FLATTEN_INTENT_PREFIX}{hashlib.sha256(self.request_id.encode()).hexdigest()[:16]}-"

    @property
    def next_intent_id(self) -> str:
        """The id of its next intent: numbered by those journaled, so that none is used twice."""
        return f"{self.prefix}{len(self.orders) + 1}"

    def held_beyond(self, key: PositionKey) -> Decimal:
        """What the strategy holds there beyond its own executions: a leg it took over."""
        for leg in self.legs or ():
            if (leg.account, leg.instrument.instrument_id) == (key.account, key.instrument_id):
                return leg.quantity
        return ZERO


class Flattens:
    """All flattens and the latches they leave; changed only by `apply` and `note_order`."""

    def __init__(self) -> None:
        self.by_id: dict[str, Flatten] = {}
        self._of_prefix: dict[str, str] = {}
        self._of_strategy: dict[str, list[str]] = {}

    def apply(self, event: FlattenEvent) -> Flatten:
        """Folds one event in; a second BEGUN of one id is a fault of the journal."""
        if event.kind is FlattenKind.BEGUN:
            if event.request_id in self.by_id:
                raise ValueError(f"flatten {event.request_id} begins twice in the journal")
            flatten = Flatten(
                event.request_id, event.strategy, event.target, event.include_options, event.asked_time, event.actor,
                event.reason, event.positions, event.receive_time, event.receive_time, sequence=event.sequence,
            )  # fmt: skip
            self._of_prefix[flatten.prefix] = flatten.request_id
            self._of_strategy.setdefault(flatten.strategy, []).append(flatten.request_id)
        else:
            flatten = _after(self.by_id[event.request_id], event)
        self.by_id[event.request_id] = flatten
        return flatten

    def note_order(self, intent_id: str, client_order_id: str) -> None:
        """An order entered the book; one of a flatten's intents is numbered with it."""
        flatten = self.of_intent(intent_id)
        if flatten is not None:
            self.by_id[flatten.request_id] = replace(flatten, orders=(*flatten.orders, client_order_id))

    def of_intent(self, intent_id: str) -> Flatten | None:
        """The flatten one of whose own intents that is; None for anybody else's."""
        request_id = self._of_prefix.get(intent_id[: intent_id.rfind("-") + 1])
        return None if request_id is None else self.by_id[request_id]

    def of(self, strategy: str) -> list[Flatten]:
        """The strategy's flattens, oldest first."""
        return [self.by_id[request_id] for request_id in self._of_strategy.get(strategy, ())]

    def current(self, strategy: str) -> Flatten | None:
        """The flatten to work on: the oldest that is not over."""
        return next((flatten for flatten in self.of(strategy) if flatten.active), None)

    def latched(self) -> Iterable[str]:
        """Strategies whose new hedges are refused."""
        return [name for name in self._of_strategy if self.latch(name) is not None]

    def latch(self, strategy: str) -> Flatten | None:
        """The flatten since which the strategy's new hedges are refused; None when they are not."""
        standing = [flatten for flatten in self.of(strategy) if not flatten.lifted]
        return next((flatten for flatten in standing if flatten.active), standing[-1] if standing else None)

    def held_beyond(self, key: PositionKey) -> Decimal:
        """What the strategy was found to hold there beyond its own executions, by the flatten it is closed by."""
        flatten = self.current(key.strategy)
        return ZERO if flatten is None else flatten.held_beyond(key)


def _after(flatten: Flatten, event: FlattenEvent) -> Flatten:
    flatten = replace(flatten, updated_at=event.receive_time)
    match event.kind:
        case FlattenKind.LEGS:
            return replace(flatten, legs=event.positions)
        case FlattenKind.CLOSING:
            return replace(flatten, state=FlattenState.CLOSING, reason="")
        case FlattenKind.BLOCKED:
            return replace(flatten, state=FlattenState.BLOCKED, reason=event.reason)
        case FlattenKind.DONE:
            return replace(flatten, state=FlattenState.DONE, reason="")
        case FlattenKind.LIFTED:
            return replace(flatten, lifted=True)
        case _:
            raise ValueError(f"{event.kind} does not follow in flatten {flatten.request_id}")


def need(position: Decimal, target: Decimal) -> Decimal:
    """Signed quantity that takes `position` towards `target` and only ever reduces: never beyond it, never past zero.

    A target further out than the position needs nothing; one on the other side of zero is read as zero.
    """
    low, high = min(ZERO, position), max(ZERO, position)
    return max(low, min(target, high)) - position


class Line(NamedTuple):
    """One position to close; `broken` says why the broker's net position forbids it, empty when it does not."""

    key: PositionKey
    instrument: Instrument
    quantity: Decimal
    target: Decimal
    broken: str = ""


class OpenOrder(NamedTuple):
    """An order of the strategy that is not terminal; `due` says that it waited long enough to be priced anew."""

    name: str
    own: bool
    unknown: bool
    cancel_due: bool  # no cancel is under way, or the last one had no answer in time
    due: bool = False
    fill_claimed: bool = False  # the broker says that more is filled than its executions told yet


class Quote(NamedTuple):
    """A fresh quote's sides, currency per share; None where there is none."""

    bid: float | None
    ask: float | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the next step depends on.

    `compared`: broker and journal were compared since the strategy's orders last changed. `denials` counts the
    refusals since the last order that was sent, `denied` is the newest; `resting`: it is not time to try again.
    """

    lines: tuple[Line, ...]
    orders: tuple[OpenOrder, ...]
    compared: bool
    not_ready: str = ""
    legs_known: bool = True
    legs_trouble: str = ""
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    denials: int = 0
    denied: str = ""
    resting: bool = False
    slices: Mapping[str, Decimal] = field(default_factory=dict)


class Cancel(NamedTuple):
    """Take these orders back."""

    names: tuple[str, ...]


class Compare(NamedTuple):
    """Compare broker and journal: what is decided next rests on it."""


class FindLegs(NamedTuple):
    """Ask which option legs the strategy holds beyond its own executions."""


class Ask(NamedTuple):
    """Get a fresh quote of that instrument, with the side an order of `side` meets."""

    instrument: Instrument
    side: Side


class Place(NamedTuple):
    """Send one reduce-only limit order."""

    line: Line
    side: Side
    quantity: Decimal
    touch: float


class Wait(NamedTuple):
    """Nothing to do but to wait; `reason` is UPPER_SNAKE with details."""

    reason: str


class Block(NamedTuple):
    """It cannot go on without an operator."""

    reason: str


class Done(NamedTuple):
    """The target is reached, nothing is open, broker and journal agree."""


Step = Cancel | Compare | FindLegs | Ask | Place | Wait | Block | Done


def code(reason: str) -> str:
    """The UPPER_SNAKE code a reason begins with."""
    return reason.split(" ", 1)[0]


def decide(flatten: Flatten, around: Surroundings) -> Step:
    """The next step; the same for the same facts, whatever happened to earlier steps."""
    foreign = tuple(each for each in around.orders if not each.own)
    to_cancel = tuple(each.name for each in around.orders if each.cancel_due and (not each.own or each.due))
    if to_cancel:
        return Cancel(to_cancel)
    unknown = next((each for each in around.orders if each.unknown), None)
    if unknown is not None:
        return Block(f"UNKNOWN_ORDER {unknown.name}: nobody can prove what became of it")
    if foreign:
        return Wait(f"CANCELING {len(foreign)} order{'s' if len(foreign) != 1 else ''}")
    if around.orders:
        claimed = next((each for each in around.orders if each.fill_claimed), None)
        return Wait(f"LATE_FILL {claimed.name}" if claimed else f"WORKING {around.orders[0].name}")
    if around.not_ready:
        return Wait(around.not_ready)
    if not around.compared:
        return Compare()
    if flatten.include_options and not around.legs_known:
        return Wait(around.legs_trouble) if around.legs_trouble else FindLegs()
    line = next((each for each in around.lines if need(each.quantity, each.target)), None)
    return Done() if line is None else _close(line, around)


def _close(line: Line, around: Surroundings) -> Step:
    if line.broken:
        return Block(f"POSITION_BREAK {line.broken}")
    if around.denials >= BLOCKING_DENIALS and around.resting:
        return Block(around.denied)
    if around.resting:
        return Wait(around.denied)
    name = line.instrument.instrument_id
    quote = around.quotes.get(name)
    wanted = need(line.quantity, line.target)
    side = Side.BUY if wanted > 0 else Side.SELL
    if quote is None:
        return Ask(line.instrument, side)
    touch = quote.ask if side is Side.BUY else quote.bid
    if touch is None:
        return Wait(f"NO_QUOTE {name} has no {'offer' if side is Side.BUY else 'bid'}")
    quantity = abs(wanted)
    largest = around.slices.get(name)
    return Place(line, side, quantity if largest is None else min(quantity, largest), touch)
